package dev.lowpass.runtime.file;

import java.io.IOException;

/** A model file that is refused: the message names the file, the tensor or field, the value, the rule and the remedy. */
public final class ModelFormatException extends IOException {

    private static final long serialVersionUID = 1;

    public ModelFormatException(String message) {
        super(message);
    }

    public ModelFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
