package dev.lowpass.models;

import java.io.IOException;

/** An import that is refused: the message names the file, the value, the rule and the remedy. */
public final class ImportException extends IOException {

    private static final long serialVersionUID = 1;

    public ImportException(String message) {
        super(message);
    }

    public ImportException(String message, Throwable cause) {
        super(message, cause);
    }
}
