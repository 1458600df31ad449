package dev.lowpass.bench.output;

/** A result that cannot be written: the message names the file, the reason and the remedy, in one line. */
public final class OutputException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public OutputException(String message) {
        super(message);
    }

    public OutputException(String message, Throwable cause) {
        super(message, cause);
    }
}
