package dev.lowpass.models.image;

import java.io.IOException;

/** A picture that cannot be read: the message names the file, what is wrong with it and the remedy, in one line. */
public final class ImageException extends IOException {

    private static final long serialVersionUID = 1;

    public ImageException(String message) {
        super(message);
    }

    public ImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
