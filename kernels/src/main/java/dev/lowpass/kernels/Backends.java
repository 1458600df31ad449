package dev.lowpass.kernels;

import dev.lowpass.kernels.cuda.CudaBackend;
import dev.lowpass.kernels.cuda.CudaException;
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

    /**
     * The CUDA back end on a device.
     *
     * @param ordinal the device's number, from 0
     * @throws CudaException when it cannot be had: no JCuda on the class path, no driver or one that is
     *         too old, no GPU, or one that is too old; the message says which and what helps
     */
    public static Backend cuda(int ordinal) {
        requireJCuda();
        return new CheckedBackend(Cuda.open(ordinal));
    }

    /**
     * The CUDA back end with its {@code dct} computed by cuFFT: a check of our kernels by other means, and what they are measured against.
     *
     * @param ordinal the device's number, from 0
     * @throws CudaException as {@link #cuda}, or when there is no cuFFT: the message says what was looked for and what helps
     */
    public static Backend cudaWithCufft(int ordinal) {
        requireJCuda();
        return new CheckedBackend(Cuda.openWithCufft(ordinal));
    }

    private static void requireJCuda() {
        if (!hasJCuda()) {
            throw new CudaException("CUDA needs the JCuda library, which is not on the class path; add org.jcuda:jcuda with its natives, or use the"
                    + " device cpu", null);
        }
    }

    /** Whether the application brings the library that {@link #cuda} needs; says nothing of drivers or devices. */
    public static boolean hasJCuda() {
        try {
            Class.forName("jcuda.driver.JCudaDriver", false, Backends.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** One class per back end, so that asking for one initialises no other. */
    private static final class Reference {
        static final Backend BACKEND = new CheckedBackend(new ReferenceBackend());
    }

    private static final class Cuda {
        static Backend open(int ordinal) {
            return CudaBackend.open(ordinal);
        }

        static Backend openWithCufft(int ordinal) {
            return CudaBackend.open(ordinal).withCufft();
        }
    }
}
