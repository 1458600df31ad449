package dev.lowpass.kernels;

import dev.lowpass.kernels.reference.ReferenceBackend;

/** The back ends of this build. */
public final class Backends {

    private Backends() {}

    /** Plain double precision, the oracle. */
    public static Backend reference() {
        return Reference.BACKEND;
    }

    /** The CPU back end; the lanes it runs on are chosen once per process. */
    public static Backend vector() {
        throw new UnsupportedOperationException("TODO(kernels)");
    }

    /** One class per back end, so that asking for one initialises no other. */
    private static final class Reference {
        static final Backend BACKEND = new CheckedBackend(new ReferenceBackend());
    }
}
