package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.io.File;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstreamCaptureMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What operations and workspaces of one process share: a device's primary context and its kernels. */
@Tag("cuda")
class CudaContextTest {

    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        CudaUnderTest.requireNothingHeldOrWrong();
    }

    /** A kernel that one session uses with little shared memory serves another with much, and then the first again. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"TF32", "FP16"})
    void aKernelIsAllowedTheSharedMemoryOfItsGreediestUser(Precision precision) {
        Backend backend = Backends.cuda(0).withPrecision(precision);
        try (Bound small = new Bound(backend, 7); Bound large = new Bound(backend, 28)) {
            large.check();
            small.check();
        }
        try (Bound large = new Bound(backend, 28); Bound small = new Bound(backend, 7)) {
            small.check();
            large.check();
        }
    }

    /** An expanding pass over a square plane, in which every weight is 0, so that all that comes out is the DCT of a constant. */
    private static final class Bound implements AutoCloseable {
        private static final int BLOCK = 7;
        private static final int CHANNELS = 8;

        private final OperationSpec.ExpandIdctDepthwiseDct spec;
        private final Operation operation;
        private final Workspace workspace;
        private final Operation.Step step;

        Bound(Backend backend, int side) {
            Plane plane = new Plane(side, side, CHANNELS);
            Staircase full = Staircase.full(BLOCK, CHANNELS);
            spec = new OperationSpec.ExpandIdctDepthwiseDct(new OperationSpec.BandPointwise(plane, CHANNELS, full, false),
                    new OperationSpec.IdctDepthwiseDct(plane, Activation.RELU6, Window.square(3, 1, Padding.all(1)), Activation.RELU6, full));
            assertTrue(backend.fuses(spec), "this is about the kernel that makes the whole block");
            float[] bias = new float[CHANNELS];
            Arrays.fill(bias, 2);
            operation = backend.expandIdctDepthwiseDct(spec, new float[CHANNELS * CHANNELS], null, new float[9 * CHANNELS], bias);
            workspace = backend.newWorkspace(1, 2L * plane.elements(), operation.scratchElements(1), 1);
            step = operation.bind(workspace, new Operands(0, plane.elements()));
        }

        void check() {
            int elements = spec.in().elements();
            float[] values = new float[elements];
            workspace.write(0, FloatBuffer.wrap(values), 0, elements);
            step.run(1);
            workspace.read(elements, FloatBuffer.wrap(values), 0, elements);
            float[] expected = new float[elements];
            Arrays.fill(expected, 0, elements / (BLOCK * BLOCK), 2 * BLOCK);
            assertArrayEquals(expected, values, 0.01f);
        }

        @Override
        public void close() {
            workspace.close();
            operation.close();
        }
    }

    /** cublasDestroy synchronises the device, which CUDA forbids while any stream of the context captures: here, another session's. */
    @Test
    void aSessionMayCloseWhileAnotherRecords() throws InterruptedException {
        OperationSpec.Pointwise spec = new OperationSpec.Pointwise(new Plane(2, 4, 8), 8, Activation.NONE, false);
        Backend backend = Backends.cuda(0).withTactics(TacticChoice.CUBLAS);
        // Of another context object, as another Device.cuda(0) has it.
        Backend other = Backends.cuda(0).withTactics(TacticChoice.CUBLAS);
        float[] weight = new float[64];
        for (int i = 0; i < 8; i++) {
            weight[9 * i] = 3;
        }
        float[] values = new float[64];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        try (Operation operation = backend.pointwise(spec, weight, null); Operation closing = other.pointwise(spec, weight, null);
                Workspace workspace = backend.newWorkspace(1, 128, operation.scratchElements(1), 1)) {
            Workspace closed = other.newWorkspace(1, 128, closing.scratchElements(1), 1);
            closing.bind(closed, new Operands(0, 64)).run(1);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread closer = new Thread(closed::close);
            closer.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
            Operation.Step step = operation.bind(workspace, new Operands(0, 64));
            workspace.write(0, FloatBuffer.wrap(values), 0, 64);
            List<Thread.State> states = new ArrayList<>();
            try (Workspace.Recording recording = workspace.record(() -> {
                closer.start();
                states.add(restOf(closer));
                step.run(1);
            })) {
                closer.join();
                recording.run();
                workspace.read(64, FloatBuffer.wrap(values), 0, 64);
            }
            assertEquals(List.of(Thread.State.WAITING), states, "it should wait for the recording");
            assertEquals(null, failure.get());
            for (int i = 0; i < 64; i++) {
                assertEquals(3 * i, values[i], "value " + i);
            }
        }
    }

    /** Our captures are no other thread's matter: the host application may allocate meanwhile, in CUDA's default mode. */
    @Test
    void theHostMayAllocateWhileASessionRecords() throws InterruptedException {
        OperationSpec.Add spec = new OperationSpec.Add(new Plane(1, 1, 4), Activation.NONE);
        CudaContext context = new CudaContext(CudaDevices.open(0).handle(), 90);
        context.retain();
        Backend backend = Backends.cuda(0);
        try (Operation add = backend.add(spec); Workspace workspace = backend.newWorkspace(1, 48, 0, 1)) {
            Operation.Step step = add.bind(workspace, new Operands(0, 32, 16));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread host = new Thread(() -> {
                context.enter(new CudaContext.Entry());
                int[] mode = {CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL}; // the host knows nothing of ours
                Driver.exchangeCaptureMode(mode);
                Driver.free(Driver.allocate(64));
            });
            host.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
            try (Workspace.Recording recording = workspace.record(() -> {
                host.start();
                restOf(host);
                step.run(1);
            })) {
                host.join();
                assertEquals(null, failure.get());
                workspace.write(0, FloatBuffer.wrap(new float[] {1, 2, 3, 4}), 0, 4);
                workspace.write(16, FloatBuffer.wrap(new float[] {4, 3, 2, 1}), 0, 4);
                recording.run();
                float[] sums = new float[4];
                workspace.read(32, FloatBuffer.wrap(sums), 0, 4);
                assertArrayEquals(new float[] {5, 5, 5, 5}, sums);
            }
        } finally {
            context.release();
        }
    }

    /** Kept, it would fail for ever. */
    @Test
    void anImageThatTheDriverRefusesIsNotKept(@TempDir Path cache) throws IOException {
        System.setProperty(Cache.PROPERTY, cache.toString());
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, "/nowhere/libnvrtc.so");
        Path kept = RuntimeCompiler.cached("elementwise", 90);
        Files.createDirectories(kept.getParent());
        Files.write(kept, new byte[100]);
        CudaException failure = assertThrows(CudaException.class, () -> loadCompiled("elementwise", "add_f32_c4"));
        assertTrue(failure.getMessage().contains(", is not installed as /nowhere/libnvrtc.so; "), failure.getMessage());
        assertFalse(Files.exists(kept));
    }

    /** A GPU newer than every NVRTC, and the newest NVRTC newer than the driver: PTX of the next one runs. */
    @Test
    void ptxOfAnOlderNvrtcIsLoaded(@TempDir Path folder) {
        System.setProperty(Cache.PROPERTY, folder.toString());
        StandInNvrtc standIn = new StandInNvrtc(folder);
        Path newer = standIn.build(12, 8, "8.7", new int[] {75, 80, 90});
        Path older = standIn.build(12, 4, "8.4", new int[] {75, 80, 89});
        EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withArchitecture(100));
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, newer.toString());
        String message = assertThrows(CudaException.class, () -> loadCompiled("elementwise", "add_f32_c4")).getMessage();
        assertTrue(message.matches("no installed NVRTC compiles the kernels for this GPU \\(sm_100\\) and its driver \\(of CUDA 12\\.6\\): .* of CUDA 12\\.8:"
                + " cuModuleLoadData failed with CUDA_ERROR_UNSUPPORTED_PTX_VERSION \\(222\\), image elementwise compiled for compute_90, \\d+ bytes; install the"
                + " package cuda-nvrtc of CUDA 12\\.6 or a newer driver, .*"), message);
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, newer + File.pathSeparator + older);
        loadCompiled("elementwise", "add_f32_c4");
    }

    /** Loads what NVRTC makes of a source, and finds a kernel in it. */
    private static void loadCompiled(String source, String kernel) {
        CudaDevices.Found device = CudaDevices.open(0);
        CudaContext context = new CudaContext(device.handle(), device.computeCapability());
        context.retain();
        try {
            context.with(() -> {
                CUmodule module = new CUmodule();
                KernelImages.loadCompiled(module, source, device.computeCapability());
                try {
                    Driver.function(module, kernel);
                } finally {
                    Driver.unload(module);
                }
            });
        } finally {
            context.release();
            System.clearProperty(Nvrtc.LIBRARY_PROPERTY);
        }
    }

    /** What a thread comes to: waiting or its end. */
    private static Thread.State restOf(Thread thread) {
        while (thread.getState() != Thread.State.WAITING && thread.isAlive()) {
            Thread.onSpinWait();
        }
        return thread.getState();
    }
}
