package dev.lowpass.models.labels;

import java.io.IOException;

/** A label, or a list of them, that is refused: the message names the file, the line, the value, the rule and the remedy. */
public final class LabelException extends IOException {

    private static final long serialVersionUID = 1;

    public LabelException(String message) {
        super(message);
    }

    public LabelException(String message, Throwable cause) {
        super(message, cause);
    }
}
