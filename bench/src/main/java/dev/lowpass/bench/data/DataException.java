package dev.lowpass.bench.data;

import java.io.IOException;

/** A list of labels that is refused: the message names the file, the line, the value, the rule and the remedy. */
public final class DataException extends IOException {

    private static final long serialVersionUID = 1;

    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
