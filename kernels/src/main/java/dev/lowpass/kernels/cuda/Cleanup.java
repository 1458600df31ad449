package dev.lowpass.kernels.cuda;

/** Goes through all of several steps of tidying up, whichever of them fail, and then reports the first failure. */
final class Cleanup {

    private RuntimeException first;

    void run(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            if (first == null) {
                first = e;
            } else {
                first.addSuppressed(e);
            }
        }
    }

    /** Throws the first failure, if there was one. */
    void rethrow() {
        if (first != null) {
            throw first;
        }
    }

    /** Attaches the failures to the one that made tidying up necessary. */
    void suppressInto(Throwable cause) {
        if (first != null && first != cause) {
            cause.addSuppressed(first);
        }
    }
}
