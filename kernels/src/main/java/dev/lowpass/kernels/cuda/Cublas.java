package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * cuBLAS as this machine has it: the one that JCublas was built for, else any installed version bound by name through LWJGL, else none.
 * One of a later major version of CUDA than the driver's does not run on it (CUDA's minor version compatibility ends there) and counts for
 * nothing. Loaded at most once in a process, and never unloaded.
 */
abstract class Cublas {

    /**
     * Names a library file to be bound through LWJGL in place of an installed one, or several with the system's path separator between, tried in
     * that order, or says {@code none}.
     */
    static final String LIBRARY_PROPERTY = "dev.lowpass.cublas";

    static final String NONE = "none";

    private static final System.Logger LOG = System.getLogger(Cublas.class.getName());

    /** Of each major version with the calls that are made here, newest first. */
    private static final List<String> LIBRARIES = List.of("libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "cublas64_13.dll", "cublas64_12.dll",
            "cublas64_11.dll");

    /** By the value of {@link #LIBRARY_PROPERTY} and the driver's version. */
    private static final Map<String, Choice> CHOICES = new HashMap<>();

    /**
     * What was found.
     *
     * @param library null when there is none
     * @param description what it is and how it is called, or why there is none and what helps
     */
    record Choice(Cublas library, String description) {}

    /**
     * Finds cuBLAS; what was found is logged when it is looked for first.
     *
     * @param driverVersion the newest CUDA version that the driver supports, 1000 * major + 10 * minor
     */
    static synchronized Choice choice(int driverVersion) {
        String wanted = System.getProperty(LIBRARY_PROPERTY, "");
        String key = driverVersion + " " + wanted;
        Choice choice = CHOICES.get(key);
        if (choice == null) {
            choice = find(wanted, driverVersion);
            CHOICES.put(key, choice);
            LOG.log(System.Logger.Level.INFO, choice.description());
        }
        return choice;
    }

    private static Choice find(String wanted, int driverVersion) {
        if (wanted.equals(NONE)) {
            return new Choice(null, "cuBLAS is switched off by " + LIBRARY_PROPERTY + "; the hand-written kernels multiply");
        }
        List<String> missing = new ArrayList<>();
        // Why a better one is not taken: worth knowing, unlike what is not installed.
        List<String> refused = new ArrayList<>();
        if (wanted.isEmpty()) {
            try {
                Cublas library = new JCublasLibrary();
                if (suits(library, "JCublas", driverVersion, refused)) {
                    return new Choice(library, "cuBLAS " + library.version() + " by JCublas");
                }
            } catch (NoClassDefFoundError | UnsatisfiedLinkError e) {
                refused.add("JCublas does not load (" + CudaDevices.detail(e, "libcublas") + ")");
            }
        }
        try {
            for (String name : wanted.isEmpty() ? LIBRARIES : List.of(wanted.split(File.pathSeparator))) {
                try {
                    Cublas library = new DynamicCublas(name);
                    if (suits(library, name, driverVersion, refused)) {
                        return new Choice(library, "cuBLAS " + library.version() + ", " + name + ", by LWJGL"
                                + (refused.isEmpty() ? "" : ", since " + String.join(" and ", refused)));
                    }
                } catch (UnsatisfiedLinkError e) {
                    missing.add(name + CudaDevices.loadFailure(name));
                }
            }
        } catch (NoClassDefFoundError e) {
            missing.add("LWJGL is not on the class path");
        }
        List<String> reasons = new ArrayList<>(refused);
        reasons.addAll(missing);
        return new Choice(null, "there is no cuBLAS, so the hand-written kernels multiply (looked for: " + String.join(", ", reasons)
                + "); to let sessions choose, install the package libcublas of CUDA " + driverVersion / 1000 + " or set " + LIBRARY_PROPERTY + " to its library");
    }

    /** @param refused receives why it does not */
    private static boolean suits(Cublas library, String name, int driverVersion, List<String> refused) {
        if (Integer.parseInt(library.version().split("\\.")[0]) <= driverVersion / 1000) {
            return true;
        }
        refused.add(name + " is " + library.version() + ", newer than the driver (of CUDA " + CudaDevices.release(driverVersion) + ")");
        return false;
    }

    /** The library's version, 12.6.3 for example. */
    abstract String version();

    /** A handle for a context that is current, which keeps sums in single precision. */
    final CublasHandle newHandle() {
        CublasHandle handle = create();
        try {
            check(handle.setMathMode(CublasHandle.WHOLE_SUMS), "cublasSetMathMode", "");
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, handle::destroy);
            throw e;
        }
        return handle;
    }

    abstract CublasHandle create();

    static void check(int status, String call, String detail) {
        if (status != 0) {
            throw failure(status, call, detail);
        }
    }

    private static CudaException failure(int status, String call, String detail) {
        // cublasStatus_t of cublas_api.h.
        String code = switch (status) {
            case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
            case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
            case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
            case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
            case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
            case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
            case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
            case 15 -> "CUBLAS_STATUS_NOT_SUPPORTED";
            case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
            default -> "cublasStatus_t";
        };
        String remedy = status == 1 || status == 3 ? "; free device memory, or set " + LIBRARY_PROPERTY + " to " + NONE + " to go without cuBLAS" : "";
        return new CudaException(call, code, call + " failed with " + code + " (" + status + ")" + (detail.isEmpty() ? "" : ", " + detail) + remedy);
    }
}
