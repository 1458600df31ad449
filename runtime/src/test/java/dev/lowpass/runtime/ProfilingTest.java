package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.plan.Plan;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run tells of its time: to the Flight Recorder, and to a {@link RunTiming}. */
class ProfilingTest {

    private static final int BATCH = 64;
    private static final int RUNS = 20;

    @TempDir
    Path folder;

    private Session session(Model model) {
        return model.newSession(SessionOptions.builder().device(Device.cpu()).maxBatch(BATCH).threads(2).build());
    }

    private Model model() throws IOException {
        Path file = folder.resolve("random.safetensors");
        ModelFile.write(RandomNetwork.of(3), file, ModelFile.WeightType.F32);
        return Model.load(file);
    }

    private void run(Session session) {
        FloatBuffer input = FloatBuffer.allocate(BATCH * session.inputElements());
        FloatBuffer logits = FloatBuffer.allocate(BATCH * session.classes());
        for (int i = 0; i < RUNS; i++) {
            session.run(input, BATCH, logits);
        }
    }

    private List<RecordedEvent> stop(Recording recording) throws IOException {
        Path file = folder.resolve("recording.jfr");
        recording.stop();
        recording.dump(file);
        return RecordingFile.readAllEvents(file);
    }

    /** By time: a file holds events as threads' buffers were flushed. */
    private static List<RecordedEvent> named(String name, List<RecordedEvent> events) {
        return events.stream().filter(event -> event.getEventType().getName().equals(name)).sorted(Comparator.comparing(RecordedEvent::getStartTime)).toList();
    }

    @Test
    void aRecordingTellsOfRunsAndNotOfOps() throws IOException {
        try (Model model = model(); Session session = session(model); Recording recording = new Recording()) {
            recording.start();
            run(session);
            List<RecordedEvent> events = stop(recording);
            List<RecordedEvent> runs = named("lowpass.Run", events);
            assertEquals(RUNS, runs.size());
            RecordedEvent run = runs.get(0);
            assertEquals("random.safetensors", run.getString("model"));
            assertEquals("cpu", run.getString("device"));
            assertEquals(BATCH, run.getInt("batch"));
            assertTrue(run.getDuration().toNanos() > 0);
            assertTrue(run.getDuration("waitingTime").compareTo(run.getDuration()) < 0);
            assertEquals(Thread.currentThread().getName(), run.getThread().getJavaName());
            assertTrue(named("lowpass.Op", events).isEmpty(), "operations are recorded on demand only");
        }
    }

    @Test
    void aRunOfPixelsIsARunToo() throws IOException {
        try (Model model = model(); Session session = session(model); Recording recording = new Recording()) {
            recording.enable("lowpass.Op");
            recording.start();
            session.run(ByteBuffer.allocate(2 * session.inputElements()), 2, FloatBuffer.allocate(2 * session.classes()));
            List<RecordedEvent> events = stop(recording);
            assertEquals(List.of(2), named("lowpass.Run", events).stream().map(run -> run.getInt("batch")).toList());
            assertEquals(session.plan().steps().size(), named("lowpass.Op", events).size());
        }
    }

    @Test
    void aRecordingWithOpsTellsOfEachStep() throws IOException {
        try (Model model = model(); Session session = session(model); Recording recording = new Recording()) {
            recording.enable("lowpass.Op");
            recording.start();
            run(session);
            List<RecordedEvent> events = stop(recording);
            List<RecordedEvent> ops = named("lowpass.Op", events);
            List<RecordedEvent> runs = named("lowpass.Run", events);
            List<Plan.Step> steps = session.plan().steps();
            assertEquals(RUNS, runs.size());
            assertEquals(RUNS * steps.size(), ops.size());
            double closest = 0;
            for (int run = 0; run < RUNS; run++) {
                RecordedEvent whole = runs.get(run);
                long sum = 0;
                for (int i = 0; i < steps.size(); i++) {
                    RecordedEvent op = ops.get(run * steps.size() + i);
                    Plan.Step step = steps.get(i);
                    assertEquals("random.safetensors", op.getString("model"));
                    assertEquals("cpu", op.getString("device"));
                    assertEquals(BATCH, op.getInt("batch"));
                    assertEquals(i, op.getInt("step"));
                    assertEquals(String.join(", ", step.ops()), op.getString("ops"));
                    assertEquals(step.spec().kernelName(), op.getString("kernel"));
                    assertFalse(op.getStartTime().isBefore(whole.getStartTime()));
                    assertFalse(op.getEndTime().isAfter(whole.getEndTime()));
                    // The event's clock and System.nanoTime are two clocks.
                    long computing = op.getDuration("computeTime").toNanos();
                    assertTrue(computing > 0 && computing < 1.05 * op.getDuration().toNanos() + 10_000, op.toString());
                    sum += op.getDuration().toNanos();
                }
                assertTrue(sum <= whole.getDuration().toNanos(), "steps do not overlap");
                closest = Math.max(closest, (double) sum / whole.getDuration().toNanos());
            }
            assertTrue(closest > 0.5, "the steps make up a run but for copies and the events themselves, and were at most " + closest + " of it");
        }
    }

    /**
     * Nobody pays for events that nobody wants: no object is made for them, neither before the first recording, nor in one that has them
     * off, nor after the last. By the reference, whose calls allocate nothing whatever compiled them.
     */
    @Tag("fresh")
    @Test
    void eventsThatAreOffCostNoObject() throws IOException {
        try (Model model = model(); Session session = model.newSession(SessionOptions.builder().device(Device.reference()).maxBatch(1).build())) {
            FloatBuffer input = FloatBuffer.allocate(session.inputElements());
            FloatBuffer logits = FloatBuffer.allocate(session.classes());
            assertEquals(0, fewestBytes(session, input, logits), "without a recording");
            try (Recording recording = new Recording()) {
                recording.disable("lowpass.Run");
                recording.disable("lowpass.Op");
                recording.start();
                assertEquals(0, fewestBytes(session, input, logits), "with both events off");
                recording.enable("lowpass.Run");
                for (int i = 0; i < RUNS; i++) {
                    session.run(input, 1, logits);
                }
                recording.disable("lowpass.Run");
                session.run(input, 1, logits);
                List<RecordedEvent> events = stop(recording);
                assertEquals(RUNS, named("lowpass.Run", events).size(), "runs that were asked for, and no other");
                assertEquals(0, named("lowpass.Op", events).size());
            }
            assertEquals(0, fewestBytes(session, input, logits), "after the last recording");
        }
    }

    /** What a hundred calls allocate once the compiler has come to rest. */
    private static long fewestBytes(Session session, FloatBuffer input, FloatBuffer logits) {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long fewest = Long.MAX_VALUE;
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (fewest > 0 && System.nanoTime() < deadline) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100; i++) {
                session.run(input, 1, logits);
            }
            fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return fewest;
    }

    /** What Flight Recorder's tools show is up to these. */
    @Test
    void eventsAreDescribed() throws IOException {
        try (Model model = model(); Session session = session(model); Recording recording = new Recording()) {
            recording.enable("lowpass.Op");
            recording.start();
            run(session);
            List<RecordedEvent> events = stop(recording);
            RecordedEvent run = named("lowpass.Run", events).get(0);
            RecordedEvent op = named("lowpass.Op", events).get(0);
            for (RecordedEvent event : List.of(run, op)) {
                assertEquals(List.of("Lowpass"), event.getEventType().getCategoryNames());
                assertTrue(event.getEventType().getDescription().length() > 10);
                for (jdk.jfr.ValueDescriptor field : event.getFields()) {
                    assertFalse(field.getLabel() == null || field.getLabel().isBlank(), field.getName());
                }
            }
            for (jdk.jfr.ValueDescriptor field : List.of(run.getEventType().getField("waitingTime"), op.getEventType().getField("computeTime"))) {
                assertEquals(jdk.jfr.Timespan.NANOSECONDS, field.getAnnotation(jdk.jfr.Timespan.class).value());
            }
        }
    }

    /** The JDK's own tool, which knows nothing of Lowpass but what the recording tells. */
    @Test
    void flightRecordersToolShowsEvents() throws IOException, InterruptedException {
        Path tool = Path.of(System.getProperty("java.home"), "bin", "jfr");
        assumeTrue(Files.isExecutable(tool), "skipped: this Java has no " + tool);
        try (Model model = model(); Session session = session(model); Recording recording = new Recording()) {
            recording.enable("lowpass.Op");
            recording.start();
            run(session);
            stop(recording);
            String file = folder.resolve("recording.jfr").toString();
            String runs = output(tool.toString(), "print", "--events", "lowpass.Run", file);
            assertEquals(RUNS, Pattern.compile("lowpass\\.Run \\{").matcher(runs).results().count(), runs);
            for (String field : List.of("model = \"random\\.safetensors\"", "device = \"cpu\"", "batch = " + BATCH, "duration = [\\d.]+ (ms|us|s)", "waitingTime = [\\d.]+ (ns|us|ms|s)",
                    "eventThread = \"" + Pattern.quote(Thread.currentThread().getName()) + "\"")) {
                assertTrue(Pattern.compile("^ *" + field, Pattern.MULTILINE).matcher(runs).find(), () -> field + " in " + runs);
            }
            String ops = output(tool.toString(), "print", "--events", "lowpass.Op", file);
            for (Plan.Step step : session.plan().steps()) {
                assertTrue(ops.contains("kernel = \"" + step.spec().kernelName() + "\""), step.spec().kernelName());
            }
            assertTrue(Pattern.compile("^ *computeTime = [\\d.]+ (ns|us|ms|s)", Pattern.MULTILINE).matcher(ops).find(), ops);
            if (Runtime.version().feature() >= 21) { // the first that has tables of events
                String table = output(tool.toString(), "view", "--width", "200", "lowpass.Op", file);
                for (String column : List.of("Duration", "Device", "Batch", "Step", "Kernel", "Compute Time")) {
                    assertTrue(table.contains(column), () -> column + " in " + table);
                }
            }
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), text);
        return text;
    }

    @Test
    void aTimingTellsOfPhasesAndSteps() throws IOException {
        try (Model model = model(); Session session = session(model)) {
            FloatBuffer input = FloatBuffer.allocate(BATCH * session.inputElements());
            FloatBuffer expected = FloatBuffer.allocate(BATCH * session.classes());
            for (int i = 0; i < input.capacity(); i++) {
                input.put(i, i % 17 / 17f);
            }
            session.run(input, BATCH, expected);
            FloatBuffer logits = FloatBuffer.allocate(BATCH * session.classes());
            RunTiming steps = RunTiming.ofSteps(session);
            session.run(input, BATCH, logits, steps);
            assertEquals(expected, logits);
            long sum = 0;
            for (int i = 0; i < session.plan().steps().size(); i++) {
                assertTrue(steps.stepNanos(i) > 0);
                sum += steps.stepNanos(i);
            }
            assertEquals(steps.computeNanos(), sum);
            assertTrue(steps.writeNanos() > 0 && steps.readNanos() > 0);

            RunTiming phases = RunTiming.ofPhases();
            logits.put(0, -1);
            session.run(input, BATCH, logits, phases);
            assertEquals(expected, logits);
            assertTrue(phases.computeNanos() > 0 && phases.writeNanos() > 0 && phases.readNanos() > 0);
            assertEquals("this timing has no steps; make it by RunTiming.ofSteps",
                    assertThrows(IllegalStateException.class, () -> phases.stepNanos(0)).getMessage());
        }
    }

    @Test
    void refusesTheTimingOfAnotherSession() {
        try (Session session = Model.of(RandomNetwork.of(3)).newSession(SessionOptions.builder().device(Device.cpu()).build());
                Session other = Model.of(RandomNetwork.of(5)).newSession(SessionOptions.builder().device(Device.cpu()).build())) {
            int steps = session.plan().steps().size();
            int others = other.plan().steps().size();
            assertTrue(steps != others);
            FloatBuffer input = FloatBuffer.allocate(other.inputElements());
            FloatBuffer logits = FloatBuffer.allocate(other.classes());
            assertEquals("the timing is for " + steps + " steps, and this session has " + others + "; make it by RunTiming.ofSteps of this session",
                    assertThrows(IllegalArgumentException.class, () -> other.run(input, 1, logits, RunTiming.ofSteps(session))).getMessage());
        }
    }
}
