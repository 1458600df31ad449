package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Precision;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.plan.Plan;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {

    private static final int NETWORKS = 120;

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void agreesWithTheNaiveNetworkWhateverThePlan(String device) {
        double tolerance = device.equals("reference") ? 1e-6 : 2e-5;
        String middle = device.equals("reference") ? "idct_depthwise_dct" : "expand_idct_depthwise_dct";
        boolean sawFused = false;
        boolean sawResidualInFrequency = false;
        for (long seed = 0; seed < NETWORKS; seed++) {
            ModelDefinition model = RandomNetwork.of(seed);
            try (Session session = session(model, device, 3, 2)) {
                sawFused |= has(session.plan(), middle);
                sawResidualInFrequency |= session.plan().steps().stream()
                        .anyMatch(step -> step.spec() instanceof dev.lowpass.kernels.OperationSpec.BandPointwise band && band.residual());
                for (int batch : new int[] {3, 1, 2}) {
                    compare(model, session, batch, tolerance, "seed " + seed + " batch " + batch);
                }
            }
        }
        assertTrue(sawFused && sawResidualInFrequency, "the networks must exercise the fused middle and the residual in the frequency domain");
    }

    private static boolean has(Plan plan, String kernel) {
        return plan.steps().stream().anyMatch(step -> step.spec().kernelName().startsWith(kernel));
    }

    private static void compare(ModelDefinition model, Session session, int batch, double tolerance, String what) {
        Graph graph = model.graph();
        int elements = graph.input().elements();
        Random random = new Random(batch);
        FloatBuffer input = FloatBuffer.allocate(batch * elements);
        FloatBuffer logits = FloatBuffer.allocate(batch * model.classes());
        double[][] expected = new double[batch][];
        for (int image = 0; image < batch; image++) {
            double[] x = new double[elements];
            for (int i = 0; i < elements; i++) {
                float value = random.nextFloat() * 2 - 1;
                x[i] = value;
                input.put(image * elements + i, value);
            }
            expected[image] = NaiveNetwork.run(model, x);
        }
        session.run(input, batch, logits);
        for (int image = 0; image < batch; image++) {
            double largest = 1e-3;
            for (double value : expected[image]) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int i = 0; i < model.classes(); i++) {
                float actual = logits.get(image * model.classes() + i);
                assertEquals(expected[image][i], actual, tolerance * largest, what + " image " + image + " output " + i);
            }
        }
    }

    private static Session session(ModelDefinition model, String device, int maxBatch, int threads) {
        return Model.of(model).newSession(SessionOptions.builder().device(Device.named(device)).maxBatch(maxBatch).threads(threads).build());
    }

    @Test
    void readsAndWritesFromThePositionOfAnyBuffer() {
        ModelDefinition model = RandomNetwork.of(1);
        int elements = model.graph().input().elements();
        try (Session session = session(model, "cpu", 1, 1)) {
            float[] image = random(elements);
            FloatBuffer expected = FloatBuffer.allocate(model.classes());
            session.run(FloatBuffer.wrap(image), 1, expected);

            FloatBuffer input = direct(elements + 5).put(3, image).position(3);
            FloatBuffer logits = direct(model.classes() + 4).position(2);
            session.run(input, 1, logits);
            assertEquals(3, input.position());
            assertEquals(2, logits.position());
            assertEquals(0f, logits.get(1));
            assertEquals(0f, logits.get(model.classes() + 2));
            for (int i = 0; i < model.classes(); i++) {
                assertEquals(expected.get(i), logits.get(2 + i));
            }
        }
    }

    @Test
    void givesTheSameBitsForAnyNumberOfThreads() {
        for (long seed = 0; seed < 20; seed++) {
            ModelDefinition model = RandomNetwork.of(seed);
            FloatBuffer input = FloatBuffer.wrap(random(3 * model.graph().input().elements()));
            FloatBuffer one = FloatBuffer.allocate(3 * model.classes());
            FloatBuffer many = FloatBuffer.allocate(3 * model.classes());
            try (Session single = session(model, "cpu", 3, 1); Session several = session(model, "cpu", 3, 5)) {
                single.run(input, 3, one);
                several.run(input, 3, many);
            }
            assertEquals(one, many, "seed " + seed);
        }
    }

    /**
     * After other networks in the same JVM the compiler was seen to leave two vectors a call on the heap (216 bytes), for it no longer
     * inlines what it has seen called in many ways; one network alone must allocate nothing.
     */
    @Tag("fresh")
    @Test
    void allocatesNothingPerCallAfterWarmUp() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        ModelDefinition model = RandomNetwork.of(3);
        FloatBuffer input = direct(2 * model.graph().input().elements());
        FloatBuffer logits = direct(2 * model.classes());
        try (Session session = session(model, "cpu", 2, 2)) {
            session.warmUp(1, 2);
            long[] ids = threads.getAllThreadIds();
            // Worker threads too: nothing may be allocated by any thread for the session's sake.
            // The compiler may still be at work on a busy machine; what counts is that calls come to allocate nothing.
            long fewest = Long.MAX_VALUE;
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (fewest >= 4_000 && System.nanoTime() < deadline) {
                long before = allocated(threads, ids);
                for (int call = 0; call < 1000; call++) {
                    session.run(input, 1 + call % 2, logits);
                }
                fewest = Math.min(fewest, allocated(threads, ids) - before);
            }
            // The measurement itself allocates (an array a query); a call that allocated would show 16,000 bytes at the least.
            assertTrue(fewest < 4_000, "1,000 calls allocated " + fewest + " bytes");
        }
    }

    private static long allocated(com.sun.management.ThreadMXBean threads, long[] ids) {
        long sum = 0;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == Thread.currentThread().getId() || isWorker(ids[i])) {
                sum += threads.getThreadAllocatedBytes(ids[i]);
            }
        }
        return sum;
    }

    private static final List<Long> WORKERS = new ArrayList<>();

    private static boolean isWorker(long id) {
        if (WORKERS.isEmpty()) {
            Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.isDaemon() && thread.getName().startsWith("lowpass"))
                    .forEach(thread -> WORKERS.add(thread.getId()));
            assertTrue(!WORKERS.isEmpty(), "the session's worker threads must be named lowpass-...");
        }
        return WORKERS.contains(id);
    }

    @Test
    void servesManyThreadsOverFewContexts() throws Exception {
        ModelDefinition model = RandomNetwork.of(5);
        int elements = model.graph().input().elements();
        Session session = Model.of(model).newSession(SessionOptions.builder().device(Device.cpu()).threads(1).contexts(2).build());
        ExecutorService callers = Executors.newFixedThreadPool(6);
        try (session) {
            List<Future<?>> calls = new ArrayList<>();
            for (int caller = 0; caller < 6; caller++) {
                float[] image = random(elements, caller);
                calls.add(callers.submit((Callable<Void>) () -> {
                    FloatBuffer expected = FloatBuffer.allocate(model.classes());
                    session.run(FloatBuffer.wrap(image), 1, expected);
                    for (int i = 0; i < 200; i++) {
                        FloatBuffer logits = FloatBuffer.allocate(model.classes());
                        session.run(FloatBuffer.wrap(image), 1, logits);
                        assertEquals(expected, logits);
                    }
                    return null;
                }));
            }
            for (Future<?> call : calls) {
                call.get(60, TimeUnit.SECONDS);
            }
        } finally {
            callers.shutdownNow();
        }
    }

    @Test
    void closeWaitsForRunningCallsAndLaterUseIsRefused() throws Exception {
        ModelDefinition model = RandomNetwork.of(5);
        FloatBuffer input = FloatBuffer.allocate(model.graph().input().elements());
        Session session = session(model, "cpu", 1, 1);
        CountDownLatch running = new CountDownLatch(4);
        ExecutorService callers = Executors.newFixedThreadPool(4);
        List<Future<Integer>> calls = new ArrayList<>();
        for (int caller = 0; caller < 4; caller++) {
            calls.add(callers.submit(() -> {
                FloatBuffer logits = FloatBuffer.allocate(model.classes());
                running.countDown();
                for (int done = 0; ; done++) {
                    try {
                        session.run(input, 1, logits);
                    } catch (IllegalStateException closed) {
                        assertEquals("the session is closed; make a new one from the model", closed.getMessage());
                        return done;
                    }
                }
            }));
        }
        running.await();
        session.close();
        session.close();
        for (Future<Integer> call : calls) {
            call.get(30, TimeUnit.SECONDS);
        }
        callers.shutdownNow();
        FloatBuffer logits = FloatBuffer.allocate(model.classes());
        assertThrows(IllegalStateException.class, () -> session.run(input, 1, logits));
        assertThrows(IllegalStateException.class, () -> session.warmUp(1));
    }

    @Test
    void refusesBatchesAndBuffersThatDoNotFit() {
        ModelDefinition model = RandomNetwork.of(5);
        int elements = model.graph().input().elements();
        int classes = model.classes();
        try (Session session = session(model, "cpu", 2, 1)) {
            FloatBuffer input = FloatBuffer.allocate(2 * elements);
            FloatBuffer logits = FloatBuffer.allocate(2 * classes);
            assertMessage("batch 3 is out of range; this session takes 1 to 2: split the batch or create the session with a larger maxBatch",
                    () -> session.run(input, 3, logits));
            assertMessage("batch 0 is out of range; this session takes 1 to 2: split the batch or create the session with a larger maxBatch",
                    () -> session.warmUp(0));
            assertMessage("batch 2 needs " + 2 * elements + " floats of input (" + elements + " an image), but the buffer has " + (2 * elements - 1)
                    + " remaining", () -> session.run(input.slice(1, 2 * elements - 1), 2, logits));
            assertMessage("batch 2 needs " + 2 * classes + " floats of logits (" + classes + " an image), but the buffer has " + classes + " remaining",
                    () -> session.run(input, 2, FloatBuffer.allocate(classes)));
            assertMessage("the logits buffer is read-only; give one that can be written", () -> session.run(input, 2, logits.asReadOnlyBuffer()));
            FloatBuffer late = input.duplicate().position(1); // the limit alone would do for two images
            assertMessage("batch 2 needs " + 2 * elements + " floats of input (" + elements + " an image), but the buffer has " + (2 * elements - 1)
                    + " remaining", () -> session.run(late, 2, logits));
            session.run(input.asReadOnlyBuffer(), 2, logits);
        }
    }

    @Test
    void reportsASessionThatWasNeverClosed() throws InterruptedException {
        java.util.logging.Logger logger = java.util.logging.Logger.getLogger(Session.class.getName());
        BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        java.util.logging.Handler handler = new java.util.logging.Handler() {
            @Override
            public void publish(java.util.logging.LogRecord record) {
                messages.add(java.text.MessageFormat.format(record.getMessage(), record.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(handler);
        try {
            session(RandomNetwork.of(5), "cpu", 1, 2); // and forgotten
            String message = null;
            for (int i = 0; i < 100 && message == null; i++) {
                System.gc();
                message = messages.poll(100, TimeUnit.MILLISECONDS);
            }
            assertEquals("a session of a model with input 12x12x3 on cpu was never closed; its memory is freed now: close it, or use try-with-resources",
                    message);
        } finally {
            logger.removeHandler(handler);
        }
    }

    @Test
    void refusesOptionsThatMakeNoSense() {
        assertMessage("maxBatch is 0; it must be from 1 to 16384", () -> SessionOptions.builder().maxBatch(0).build());
        assertMessage("threads is -1; it must be from 1 to 1024", () -> SessionOptions.builder().threads(-1).build());
        assertMessage("contexts is 2000; it must be from 1 to 1024", () -> SessionOptions.builder().contexts(2000).build());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Device.named("tpu")).getMessage().startsWith("no device is named \"tpu\"; this build has auto, cpu"));
    }

    @Test
    void refusesPrecisionsThatTheDeviceLacks() {
        ModelDefinition model = RandomNetwork.of(1);
        SessionOptions options = SessionOptions.builder().device(Device.cpu()).precision(Precision.FP16).build();
        assertEquals("the device cpu computes in [FP32], not in FP16; choose one of these, or a device that has it: FP16 is on every CUDA device, TF32 on"
                + " those of compute capability 8.0 or later",
                assertThrows(IllegalArgumentException.class, () -> Model.of(model).newSession(options)).getMessage());
    }

    @Test
    void closedModelMakesNoSessions() {
        Model model = Model.of(RandomNetwork.of(5));
        try (Session session = model.newSession(SessionOptions.builder().device(Device.cpu()).build())) {
            model.close();
            model.close();
            session.run(FloatBuffer.allocate(session.inputElements()), 1, FloatBuffer.allocate(session.classes()));
            assertThrows(IllegalStateException.class, () -> model.newSession(SessionOptions.builder().device(Device.cpu()).build()));
        }
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable code) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, code).getMessage());
    }

    private static FloatBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(floats * 4).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    private static float[] random(int count) {
        return random(count, 17);
    }

    private static float[] random(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }
}
