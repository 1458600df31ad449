package dev.lowpass.bench.output;

/** Whoever read the standard output has closed it ({@code lowpass ... | head}): no failure to report, only a reason to stop. */
public final class ClosedOutputException extends RuntimeException {

    private static final long serialVersionUID = 1;

    ClosedOutputException(Throwable cause) {
        super("the standard output was closed", cause);
    }
}
