package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Peak;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;

/** Finds devices, or says why there is none and what helps. */
final class CudaDevices {

    /** JCuda 12 calls functions that came with CUDA 12.0; an older driver lacks them. */
    private static final int LEAST_DRIVER = 12000;

    /** The first driver release that supports {@link #LEAST_DRIVER}, by NVIDIA's table of CUDA releases. */
    private static final String LEAST_DRIVER_RELEASE = "525.60";

    /** The oldest architecture that the kernels are compiled for: sm_75, Turing. */
    private static final int LEAST_COMPUTE_CAPABILITY = 75;

    /** Why JCuda's natives do not load: known at the first attempt only, for later ones find JCuda's class broken. */
    private static String linkFailure;

    private CudaDevices() {}

    /**
     * A device that can be used.
     *
     * @param ordinal its number, from 0
     * @param sharedBytes of shared memory that a block of threads can have at most
     * @param driverVersion the newest CUDA version that the driver supports, 1000 * major + 10 * minor
     */
    record Found(CUdevice handle, int ordinal, String name, int computeCapability, int multiprocessors, int sharedBytes, int driverVersion) {

        /** The newest CUDA version that the driver supports, like 12.6. */
        String driver() {
            return release(driverVersion);
        }

        /** By the clocks, the width of the memory bus and the multiplying units that the driver tells of. */
        Peak peak() {
            // Single-precision units of a multiprocessor, by NVIDIA's CUDA C++ Programming Guide, "Arithmetic Instructions":
            // Turing (7.5) and A100 (8.0) have 64, later ones 128.
            int units = computeCapability <= 80 ? 64 : 128;
            return new Peak(2.0 * units * multiprocessors * Driver.clock(handle),
                    List.of(new Peak.Level(0, Driver.memoryBandwidth(handle))),
                    "computed from what the driver tells: " + multiprocessors + " multiprocessors of " + units + " units, clocks and bus width");
        }
    }

    /** A version as NVIDIA writes it: 12.6 for 12060. */
    static String release(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    static Found open(int ordinal) {
        int status = init();
        if (status == CUresult.CUDA_ERROR_NO_DEVICE) {
            throw noDevice(Driver.failure(status, "cuInit", ""));
        }
        if (status != Driver.SUCCESS) {
            CudaException cause = Driver.failure(status, "cuInit", "");
            throw new CudaException("CUDA cannot be used: " + cause.getMessage()
                    + "; check the NVIDIA driver with nvidia-smi (after an update: restart the machine), or use the device cpu", cause);
        }
        int version = Driver.version();
        if (version < LEAST_DRIVER) {
            throw new CudaException("the NVIDIA driver is too old: it supports CUDA up to " + release(version) + ", and 12.0 is needed; install driver "
                    + LEAST_DRIVER_RELEASE + " or newer, or use the device cpu", null);
        }
        int count = Driver.deviceCount();
        if (count == 0) {
            throw noDevice(null);
        }
        if (ordinal < 0 || ordinal >= count) {
            throw new CudaException("there is no CUDA device " + ordinal + "; this machine has " + count + ", numbered from 0 to " + (count - 1), null);
        }
        CUdevice device = Driver.device(ordinal);
        String name = Driver.name(device);
        int capability = Driver.computeCapability(device);
        if (capability < LEAST_COMPUTE_CAPABILITY) {
            throw new CudaException("device " + ordinal + ", " + name + ", has compute capability " + capability / 10 + "." + capability % 10
                    + ", and 7.5 (Turing) is the least; use another device or the device cpu", null);
        }
        return new Found(device, ordinal, name, capability, Driver.multiprocessors(device), Driver.sharedBytes(device), version);
    }

    private static CudaException noDevice(CudaException cause) {
        return new CudaException("the NVIDIA driver is there but it finds no GPU; check nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, that it"
                + " is started with access to the GPU, or use the device cpu", cause);
    }

    private static int init() {
        try {
            return Driver.init();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
            synchronized (CudaDevices.class) {
                linkFailure = linkFailure == null ? detail(e, "libcuda.so") : linkFailure;
            }
            throw new CudaException("no NVIDIA driver: libcuda.so.1 could not be loaded (" + linkFailure + "); install the driver of the GPU, or use the"
                    + " device cpu", e);
        }
    }

    /** Of the pages that JCuda writes, the line that names the library. */
    static String detail(Throwable error, String library) {
        String first = "";
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            for (String line : String.valueOf(cause.getMessage()).split("\\R")) {
                if (line.contains(library)) {
                    return line.strip();
                }
                first = first.isEmpty() ? line.strip() : first;
            }
        }
        return first;
    }

    /**
     * What to say behind the name of a library that LWJGL did not load: nothing where it is absent; where it is a file that is there, why it does
     * not load, such as that another library, which it needs, is not. LWJGL does not tell; Java does.
     */
    static String loadFailure(String name) {
        if (Files.isRegularFile(Path.of(name))) {
            try {
                System.load(Path.of(name).toAbsolutePath().toString());
            } catch (UnsatisfiedLinkError e) {
                return " does not load (" + String.valueOf(e.getMessage()).strip() + ")";
            }
        }
        return "";
    }
}
