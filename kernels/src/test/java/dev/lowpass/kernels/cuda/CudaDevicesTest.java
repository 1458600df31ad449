package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import dev.lowpass.kernels.emulator.EmulatedDevice.Configuration;
import java.io.File;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is said of machines that lack something. */
@Tag("cuda")
class CudaDevicesTest {

    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
    }

    @AfterEach
    void nothingIsHeld() {
        assertEquals(List.of(), EmulatedDevice.live());
    }

    private static String refusal(int ordinal) {
        return assertThrows(CudaException.class, () -> Backends.cuda(ordinal)).getMessage();
    }

    @Test
    void describesTheDevice() {
        String description = Backends.cuda(0).description();
        // cuBLAS of JCuda's own release: 12, or 11 in the build with JCufft.
        assertTrue(description.matches("cuda: Emulated device \\(sm_90\\) \\(device 0, sm_90, driver for CUDA 12\\.6\\); cuBLAS 1[12]\\.0\\.0 by JCublas"), description);
    }

    private static String cublas(int driverVersion, String... libraries) {
        EmulatedDevice.configure(Configuration.DEFAULT.withDriverVersion(driverVersion));
        System.setProperty(Cublas.LIBRARY_PROPERTY, Stream.of(libraries).map(name -> EmulatedDevice.library(name).toString()).collect(Collectors.joining(File.pathSeparator)));
        try {
            return Backends.cuda(0).description().replaceFirst("^.*?\\); ", "").replace(EmulatedDevice.library("") + "/", "");
        } finally {
            System.clearProperty(Cublas.LIBRARY_PROPERTY);
        }
    }

    /** An older driver does not run it; an older cuBLAS that is there too is taken, or else none. */
    @Test
    void cublasNewerThanTheDriver() {
        assertEquals("cuBLAS 13.0.0, libcublas.so.13, by LWJGL", cublas(13000, "libcublas.so.13", "libcublas.so.12"));
        assertEquals("cuBLAS 12.0.0, libcublas.so.12, by LWJGL, since libcublas.so.13 is 13.0.0, newer than the driver (of CUDA 12.6)",
                cublas(12060, "libcublas.so.13", "libcublas.so.12"));
        assertEquals("there is no cuBLAS, so the hand-written kernels multiply (looked for: libcublas.so.13 is 13.0.0, newer than the driver (of CUDA 12.6),"
                + " libnone.so); to let sessions choose, install the package libcublas of CUDA 12 or set dev.lowpass.cublas to its library",
                cublas(12060, "libcublas.so.13", "libnone.so"));
    }

    @Test
    void noGpu() {
        EmulatedDevice.configure(Configuration.DEFAULT.withDevices(0));
        assertEquals("the NVIDIA driver is there but it finds no GPU; check nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, that it is started with"
                + " access to the GPU, or use the device cpu", refusal(0));
    }

    @Test
    void noSuchDevice() {
        EmulatedDevice.configure(Configuration.DEFAULT.withDevices(2));
        assertEquals("there is no CUDA device 2; this machine has 2, numbered from 0 to 1", refusal(2));
        assertEquals("there is no CUDA device -1; this machine has 2, numbered from 0 to 1", refusal(-1));
        assertEquals("cuda", Backends.cuda(1).name());
    }

    @Test
    void driverTooOld() {
        EmulatedDevice.configure(Configuration.DEFAULT.withDriverVersion(11080));
        assertEquals("the NVIDIA driver is too old: it supports CUDA up to 11.8, and 12.0 is needed; install driver 525.60 or newer, or use the device cpu",
                refusal(0));
    }

    @Test
    void deviceTooOld() {
        EmulatedDevice.configure(Configuration.DEFAULT.withArchitecture(70));
        assertEquals("device 0, Emulated device (sm_70), has compute capability 7.0, and 7.5 (Turing) is the least; use another device or the device cpu", refusal(0));
    }

    @Test
    void brokenDriver() {
        EmulatedDevice.failNth(1, 803, 0);
        assertEquals("CUDA cannot be used: cuInit failed with CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803); check the NVIDIA driver with nvidia-smi (after an"
                + " update: restart the machine), or use the device cpu", refusal(0));
    }

    /** A workspace that does not fit says what was asked, what is free and which batch would fit. */
    @Test
    void outOfMemory() {
        long total = 64L << 20;
        EmulatedDevice.configure(Configuration.DEFAULT.withMemoryBytes(total));
        Backend backend = Backends.cuda(0);
        int elementsPerImage = 1 << 20;
        CudaException failure = assertThrows(CudaException.class, () -> backend.newWorkspace(32, 32L * elementsPerImage, 0, 1));
        assertEquals("the device is out of memory: cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY for a workspace of " + (128L << 20)
                + " bytes (maxBatch 32), " + total + " of " + total + " bytes are free; a maxBatch of 16 would fit", failure.getMessage());
        assertEquals("cuMemAlloc", failure.call());
        assertEquals("CUDA_ERROR_OUT_OF_MEMORY", failure.code());
        assertEquals(List.of(), EmulatedDevice.live());
        backend.newWorkspace(16, 16L * elementsPerImage, 0, 1).close();

        String single = assertThrows(CudaException.class, () -> backend.newWorkspace(1, 32L * elementsPerImage, 0, 1)).getMessage();
        assertEquals("the device is out of memory: cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY for a workspace of " + (128L << 20)
                + " bytes (maxBatch 1), " + total + " of " + total + " bytes are free; free device memory, or use fewer contexts or another device", single);
    }

    /** Weights that do not fit. */
    @Test
    void outOfMemoryForWeights() {
        EmulatedDevice.configure(Configuration.DEFAULT.withMemoryBytes(1L << 20));
        Backend backend = Backends.cuda(0);
        OperationSpec.Pointwise spec = new OperationSpec.Pointwise(new Plane(1, 1, 1024), 1024, Activation.NONE, false);
        assertEquals("cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY (2), bytes 4202752; free device memory, or use a smaller maxBatch or fewer contexts",
                assertThrows(CudaException.class, () -> backend.pointwise(spec, new float[1024 * 1024], null)).getMessage());
    }

    /** A context that a kernel has wrecked stays so until the process ends; closing still works and says so. */
    @Test
    void launchFailuresNameTheKernel() {
        Backend backend = Backends.cuda(0);
        OperationSpec.Add spec = new OperationSpec.Add(new Plane(2, 2, 4), Activation.NONE);
        try (Operation add = backend.add(spec); var workspace = backend.newWorkspace(1, 48, 0, 1)) {
            Operation.Step step = add.bind(workspace, new Operands(0, 16, 32));
            EmulatedDevice.failNth(3, 701, 0);
            assertEquals("cuLaunchKernel failed with CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701), kernel add_f32_c4, grid 1x1, block 256x1, shared bytes 0",
                    assertThrows(CudaException.class, () -> step.run(1)).getMessage());
            step.run(1);
        }
    }
}
