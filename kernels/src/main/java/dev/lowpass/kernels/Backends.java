package dev.lowpass.kernels;

import dev.lowpass.kernels.reference.ReferenceBackend;
import dev.lowpass.kernels.vector.VectorBackend;

/** The back ends of this build. */
public final class Backends {

    private static Backend vector;

    private Backends() {}

    /** Plain double precision, the oracle. */
    public static Backend reference() {
        return Reference.BACKEND;
    }

    /** The CPU back end; the lanes it runs on are chosen once per process. */
    public static Backend vector() {
        synchronized (Backends.class) {
            if (vector == null) {
                // Not in a class initialiser: a bad request for a lane width must reach every caller as it is.
                vector = new CheckedBackend(new VectorBackend());
            }
            return vector;
        }
    }

    /** One class per back end, so that asking for one initialises no other. */
    private static final class Reference {
        static final Backend BACKEND = new CheckedBackend(new ReferenceBackend());
    }
}
