package dev.lowpass.kernels;

/** Goes through all of several steps of tidying up, whichever of them fail, and then reports the first failure. For one thread. */
public final class Cleanup {

    private RuntimeException first;

    /** Runs a step; a failure is kept for later. */
    public void run(Runnable step) {
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
    public void rethrow() {
        if (first != null) {
            throw first;
        }
    }

    /** Runs steps that a failure has made necessary, and attaches theirs to it. */
    public static void after(Throwable cause, Runnable... steps) {
        Cleanup cleanup = new Cleanup();
        for (Runnable step : steps) {
            cleanup.run(step);
        }
        cleanup.suppressInto(cause);
    }

    /** Attaches the failures to the one that made tidying up necessary. */
    public void suppressInto(Throwable cause) {
        if (first != null && first != cause) {
            cause.addSuppressed(first);
        }
    }
}
