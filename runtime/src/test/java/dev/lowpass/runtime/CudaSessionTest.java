package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions on the emulated CUDA device. */
@Tag("cuda")
class CudaSessionTest {

    /** CUDA_ERROR_UNKNOWN: no call gives it a meaning of its own. */
    private static final int INJECTED = 999;

    private static final int GLOBAL = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL;

    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
    }

    @AfterEach
    void nothingIsHeld() {
        assertEquals(List.of(), EmulatedDevice.live());
        assertEquals(0, EmulatedDevice.deviceBytes());
    }

    private static Session session(ModelDefinition model, int maxBatch, int contexts) {
        return session(model, maxBatch, contexts, Precision.FP32);
    }

    private static Session session(ModelDefinition model, int maxBatch, int contexts, Precision precision) {
        return Model.of(model).newSession(
                SessionOptions.builder().device(Device.named("cuda:0")).maxBatch(maxBatch).contexts(contexts).precision(precision).build());
    }

    private static FloatBuffer input(ModelDefinition model, int batch) {
        Random random = new Random(batch);
        FloatBuffer input = FloatBuffer.allocate(batch * model.graph().input().elements());
        for (int i = 0; i < input.capacity(); i++) {
            input.put(i, random.nextFloat() * 2 - 1);
        }
        return input;
    }

    private static void compare(ModelDefinition model, FloatBuffer input, int batch, FloatBuffer logits, String what) {
        compare(model, input, batch, logits, 2e-5, what);
    }

    private static void compare(ModelDefinition model, FloatBuffer input, int batch, FloatBuffer logits, double tolerance, String what) {
        int elements = model.graph().input().elements();
        for (int image = 0; image < batch; image++) {
            double[] x = new double[elements];
            for (int i = 0; i < elements; i++) {
                x[i] = input.get(image * elements + i);
            }
            double[] expected = NaiveNetwork.run(model, x);
            double largest = 1e-3;
            for (double value : expected) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int i = 0; i < model.classes(); i++) {
                assertEquals(expected[i], logits.get(image * model.classes() + i), tolerance * largest, what + " image " + image + " output " + i);
            }
        }
    }

    /** Random networks amplify rounding more than trained ones: half precision gets three times its tolerance, which still no wrong term keeps to. */
    @ParameterizedTest
    @CsvSource({"FP32, 60, 2e-5", "TF32, 30, 4e-3", "FP16, 40, 3e-2"})
    void agreesWithTheNaiveNetworkWhateverThePlan(Precision precision, int networks, double tolerance) {
        for (long seed = 0; seed < networks; seed++) {
            ModelDefinition model = RandomNetwork.of(seed);
            try (Session session = session(model, 3, 1, precision)) {
                for (int batch : new int[] {3, 1, 2, 3}) {
                    FloatBuffer input = input(model, batch);
                    FloatBuffer logits = FloatBuffer.allocate(batch * model.classes());
                    session.run(input, batch, logits);
                    compare(model, input, batch, logits, tolerance, precision + " seed " + seed + " batch " + batch);
                }
            }
            assertEquals("", EmulatedDevice.report(), "seed " + seed);
        }
    }

    @Test
    void replaysThePassByOneLaunchAndAllocatesNothing() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        ModelDefinition model = RandomNetwork.of(3);
        FloatBuffer input = input(model, 2);
        FloatBuffer logits = FloatBuffer.allocate(2 * model.classes());
        long thread = Thread.currentThread().getId();
        try (Session session = session(model, 2, 1)) {
            for (int call = 0; call < 100; call++) {
                session.run(input, 1 + call % 2, logits);
            }
            EmulatedDevice.clearCalls();
            session.run(input, 2, logits);
            assertEquals(1, Collections.frequency(EmulatedDevice.calls(), "cuGraphLaunch"), () -> "calls: " + EmulatedDevice.calls());
            assertEquals(0, Collections.frequency(EmulatedDevice.calls(), "cuLaunchKernel"), () -> "calls: " + EmulatedDevice.calls());
            long fewest = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 5; attempt++) {
                long before = threads.getThreadAllocatedBytes(thread);
                for (int call = 0; call < 100; call++) {
                    session.run(input, 1 + call % 2, logits);
                }
                fewest = Math.min(fewest, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertTrue(fewest < 1000, fewest + " bytes were allocated by 100 calls");
        }
    }

    @Test
    void contextsRunAtTheSameTime() throws Exception {
        ModelDefinition model = RandomNetwork.of(5);
        ExecutorService callers = Executors.newFixedThreadPool(4);
        try (Session session = session(model, 2, 2)) {
            List<Callable<Void>> calls = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int batch = 1 + i % 2;
                calls.add(() -> {
                    FloatBuffer input = input(model, batch);
                    FloatBuffer logits = FloatBuffer.allocate(batch * model.classes());
                    session.run(input, batch, logits);
                    compare(model, input, batch, logits, "batch " + batch);
                    return null;
                });
            }
            for (Future<Void> result : callers.invokeAll(calls)) {
                result.get();
            }
        } finally {
            callers.shutdown();
        }
    }

    /** The host application captures a stream of its own, in CUDA's default mode, while another of its threads makes, runs and closes a session. */
    @Test
    void theHostMayCaptureMeanwhile() throws Exception {
        JCudaDriver.cuInit(0);
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        CUcontext context = new CUcontext();
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
        JCudaDriver.cuCtxPushCurrent(context);
        CUdeviceptr memory = new CUdeviceptr();
        JCudaDriver.cuMemAlloc(memory, 64);
        CUstream stream = new CUstream();
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_DEFAULT);
        ExecutorService application = Executors.newSingleThreadExecutor();
        CUgraph graph = new CUgraph();
        try {
            assertEquals(0, application.submit(() -> {
                JCudaDriver.cuCtxSetCurrent(context);
                return JCudaDriver.cuStreamBeginCapture(stream, GLOBAL) + JCudaDriver.cuMemsetD8Async(memory, (byte) 7, 64, stream);
            }).get());
            ModelDefinition model = RandomNetwork.of(3);
            for (Precision precision : new Precision[] {Precision.FP32, Precision.FP16}) {
                assertNull(life(model, input(model, 2), precision));
            }
            assertEquals(GLOBAL, exchangeCaptureMode(GLOBAL));
        } finally {
            // In any case: the tests after this one would fail too.
            int ended = application.submit(() -> JCudaDriver.cuStreamEndCapture(stream, graph)).get();
            application.shutdown();
            assertEquals(0, ended);
        }
        JCudaDriver.cuGraphDestroy(graph);
        JCudaDriver.cuStreamDestroy(stream);
        JCudaDriver.cuMemFree(memory);
        JCudaDriver.cuCtxPopCurrent(new CUcontext());
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
    }

    @Test
    void warmUpRecordsPassesInEveryContext() {
        Assumptions.assumeFalse(EmulatedDevice.isReal(), "an emulated device counts calls");
        ModelDefinition model = RandomNetwork.of(3);
        try (Session session = session(model, 2, 3)) {
            EmulatedDevice.clearCalls();
            session.warmUp(1, 2);
            assertEquals(6, EmulatedDevice.calls().stream().filter(call -> call.startsWith("cuStreamBeginCapture")).count());
        }
    }

    @Test
    void aThreadKeepsItsCaptureMode() {
        int local = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        assertEquals(GLOBAL, exchangeCaptureMode(local));
        ModelDefinition model = RandomNetwork.of(3);
        assertNull(life(model, input(model, 2), Precision.FP32));
        assertEquals(local, exchangeCaptureMode(GLOBAL));
    }

    /** Gives the calling thread a mode; returns the one that it had. */
    private static int exchangeCaptureMode(int mode) {
        JCudaDriver.cuInit(0);
        int[] exchanged = {mode};
        assertEquals(0, JCudaDriver.cuThreadExchangeStreamCaptureMode(exchanged));
        return exchanged[0];
    }

    /**
     * Each call of a session's life fails in turn. Whatever fails: one exception that names the call and the code; a session that could not
     * be made leaves nothing behind; one that failed in a run runs again; one that failed in close is closed.
     */
    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"FP32", "FP16"})
    void anyCallMayFail(Precision precision) {
        ModelDefinition model = RandomNetwork.of(3);
        FloatBuffer input = input(model, 2);
        Set<String> failed = new TreeSet<>();
        int faults = 0;
        for (int n = 1; ; n++) {
            EmulatedDevice.startWithProjectKernels();
            EmulatedDevice.failNth(n, INJECTED, 14);
            CudaException failure = life(model, input, precision);
            String call = EmulatedDevice.failedCall();
            EmulatedDevice.failNth(0, 0, 0);
            assertEquals(List.of(), EmulatedDevice.live(), "after call " + n + ", " + call + ", failed");
            assertEquals(0, EmulatedDevice.deviceBytes(), "after call " + n + ", " + call + ", failed");
            assertEquals(GLOBAL, exchangeCaptureMode(GLOBAL), "after call " + n + ", " + call + ", failed");
            if (call.isEmpty()) {
                assertNull(failure, "without a fault");
                break;
            }
            faults++;
            failed.add(call);
            if (failure == null) {
                throw new AssertionError("call " + n + ", " + call + ", failed, and nobody was told");
            }
            String where = "call " + n + ", " + call + ": " + failure.getMessage();
            assertTrue(call.startsWith(failure.call()) && !failure.call().isEmpty(), where);
            assertEquals("CUDA_ERROR_UNKNOWN", failure.code(), where);
            assertTrue(failure.getMessage().contains(failure.call() + " failed with CUDA_ERROR_UNKNOWN (999)"), where);
        }
        System.out.println("cuda: " + faults + " faults in " + failed.size() + " functions: " + failed);
        assertTrue(failed.size() > 15, () -> "only " + failed);
        // And the process can go on.
        assertNull(life(model, input, precision));
    }

    /** Opens the device, makes a session, runs it and closes it; gives the one failure, if there was one. */
    private static CudaException life(ModelDefinition model, FloatBuffer input, Precision precision) {
        Session session;
        try {
            session = session(model, 2, 1, precision);
        } catch (CudaException e) {
            return e;
        }
        CudaException failure = null;
        FloatBuffer logits = FloatBuffer.allocate(2 * model.classes());
        for (int batch = 1; batch <= 2; batch++) {
            try {
                session.run(input, batch, logits);
            } catch (CudaException e) {
                assertNull(failure, "one fault, one exception");
                failure = e;
                session.run(input, batch, logits);
            }
            compare(model, input, batch, logits, precision == Precision.FP32 ? 2e-5 : 3e-2, "batch " + batch);
        }
        try {
            session.close();
        } catch (CudaException e) {
            assertNull(failure, "one fault, one exception");
            failure = e;
        }
        session.close();
        return failure;
    }
}
