package dev.lowpass.kernels;

/** The back ends of this build. */
public final class Backends {

    private Backends() {}

    /** Plain double precision, the oracle. */
    public static Backend reference() {
        throw new UnsupportedOperationException("TODO(kernels)");
    }

    /** The CPU back end; the lanes it runs on are chosen once per process. */
    public static Backend vector() {
        throw new UnsupportedOperationException("TODO(kernels)");
    }
}
