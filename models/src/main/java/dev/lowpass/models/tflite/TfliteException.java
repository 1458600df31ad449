package dev.lowpass.models.tflite;

import java.io.IOException;

/** A TFLite file that cannot be imported: the message names the file, the operator or tensor, the value, the rule and the remedy. */
public final class TfliteException extends IOException {

    private static final long serialVersionUID = 1;

    public TfliteException(String message) {
        super(message);
    }

    public TfliteException(String message, Throwable cause) {
        super(message, cause);
    }
}
