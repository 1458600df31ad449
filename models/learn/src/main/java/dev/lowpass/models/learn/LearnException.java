package dev.lowpass.models.learn;

/** Learning that cannot go on: the message says what failed, the value, the rule and the remedy. */
public final class LearnException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public LearnException(String message) {
        super(message);
    }

    public LearnException(String message, Throwable cause) {
        super(message, cause);
    }
}
