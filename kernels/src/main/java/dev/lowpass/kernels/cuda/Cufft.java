package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUstream;

/**
 * cuFFT as this machine has it: by JCufft where it is on the class path, else any installed version bound by name through LWJGL, else none.
 * It checks the DCT kernels and is measured against them; no network needs it.
 */
abstract class Cufft {

    /** Names a library file to be bound through LWJGL in place of an installed one. */
    static final String LIBRARY_PROPERTY = "dev.lowpass.cufft";

    /** cufftType of cufft.h: single-precision real samples to complex spectra. */
    static final int R2C = 0x2a;

    /** CUDA 13 has cuFFT 12, CUDA 12 has 11, CUDA 11 has 10. */
    private static final List<String> LIBRARIES = List.of("libcufft.so.12", "libcufft.so.11", "libcufft.so.10", "cufft64_12.dll", "cufft64_11.dll", "cufft64_10.dll");

    /** By status; cufftResult of cufft.h. */
    private static final List<String> CODES = List.of("CUFFT_SUCCESS", "CUFFT_INVALID_PLAN", "CUFFT_ALLOC_FAILED", "CUFFT_INVALID_TYPE", "CUFFT_INVALID_VALUE",
            "CUFFT_INTERNAL_ERROR", "CUFFT_EXEC_FAILED", "CUFFT_SETUP_FAILED", "CUFFT_INVALID_SIZE", "CUFFT_UNALIGNED_DATA");

    /** Transforms of many blocks at once, made for one stream. */
    interface Plan {

        /** Enqueues the transform of samples at one device address into spectra at another. */
        void execute(long samples, long spectra);

        void destroy();
    }

    /**
     * Finds cuFFT.
     *
     * @throws CudaException when there is none: says what was looked for and what helps
     */
    static Cufft find() {
        String wanted = System.getProperty(LIBRARY_PROPERTY, "");
        List<String> missing = new ArrayList<>();
        if (wanted.isEmpty()) {
            try {
                return new JCufftLibrary();
            } catch (ClassNotFoundException e) {
                missing.add("JCufft is not on the class path, for which the build must be of -Djcuda.version=11.8.0, its newest release");
            } catch (LinkageError e) {
                missing.add("JCufft does not load (" + CudaDevices.detail(e, "libcufft") + ")");
            }
        }
        try {
            for (String name : wanted.isEmpty() ? LIBRARIES : List.of(wanted)) {
                try {
                    return new DynamicCufft(name);
                } catch (UnsatisfiedLinkError e) {
                    missing.add(name + CudaDevices.loadFailure(name));
                }
            }
        } catch (NoClassDefFoundError e) {
            missing.add("LWJGL is not on the class path");
        }
        throw new CudaException("there is no cuFFT (looked for: " + String.join(", ", missing) + "); install the package libcufft of the CUDA toolkit or set "
                + LIBRARY_PROPERTY + " to its library", null);
    }

    /** Its version and how it is called. */
    abstract String description();

    /**
     * Real transforms of two dimensions of {@code lanes} blocks: element (i, j) of block m is sample {@code (i * block + j) * lanes + m}, and
     * (u, v), v up to block / 2, complex number {@code (u * (block / 2 + 1) + v) * lanes + m}. The context must be current.
     *
     * @param stream in which the plan will run
     */
    abstract Plan plan(int block, int lanes, CUstream stream);

    /** The plan with its stream set, or destroyed if that fails. */
    static Plan withStream(Plan plan, Runnable setStream) {
        try {
            setStream.run();
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, plan::destroy);
            throw e;
        }
        return plan;
    }

    static String sizes(int block, int lanes) {
        return lanes + " transforms of " + block + "x" + block;
    }

    static void check(int status, String call, String detail) {
        if (status != 0) {
            String code = status < CODES.size() ? CODES.get(status) : "cufftResult";
            throw new CudaException(call, code, call + " failed with " + code + " (" + status + ")" + (detail.isEmpty() ? "" : ", " + detail));
        }
    }
}
