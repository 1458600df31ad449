package dev.lowpass.bench.receipt;

import java.io.IOException;

/** A file that is no receipt, or receipts that cannot be compared: the message says which, why and what to do. */
public final class ReceiptException extends IOException {

    private static final long serialVersionUID = 1;

    public ReceiptException(String message) {
        super(message);
    }

    public ReceiptException(String message, Throwable cause) {
        super(message, cause);
    }
}
