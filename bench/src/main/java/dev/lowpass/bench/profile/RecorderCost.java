package dev.lowpass.bench.profile;

import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.management.ThreadMXBean;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.Table;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import jdk.jfr.Recording;

/**
 * What Java's Flight Recorder costs a session's runs: times with a recording in which both events are off, with {@code lowpass.Run} on,
 * and with {@code lowpass.Op} on too, in turns within one recording: starting one makes the JVM compile anew, which is not their price.
 * Turns are as short as a few calls and compared with the turn beside them only, or what the machine does besides would hide a price of
 * one per cent. What a call allocates in the calling thread is counted too: nothing, while both events are off.
 */
public final class RecorderCost {

    private static final List<String> MODES = List.of("both events off", "lowpass.Run", "lowpass.Run and lowpass.Op");
    private static final long TURN_NANOS = 10_000_000;
    /** Calls that are not timed: what chose the mode leaves the caches. */
    private static final long SETTLE_NANOS = 5_000_000;
    private static final int LEAST_TURNS = 20;
    private static final int MOST_CALLS = 1 << 14;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** By mode: the calls' times by turn. */
    private final List<List<long[]>> turns;

    /** By mode: bytes that a call allocated, the median of the turns. */
    private final long[] bytes;

    private RecorderCost(List<List<long[]>> turns, long[] bytes) {
        this.turns = turns;
        this.bytes = bytes;
    }

    /** @param seconds of timed calls in each mode, at least */
    public static RecorderCost measure(ModelDefinition model, Session session, double seconds) {
        int batch = session.options().maxBatch();
        FloatBuffer input = Profiler.pictures(model, batch);
        FloatBuffer logits = FloatBuffer.allocate(batch * session.classes());
        Runnable call = () -> session.run(input, batch, logits);
        List<List<long[]>> turns = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<List<Long>> bytes = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        long[] nanos = new long[MOST_CALLS];
        try (Recording recording = new Recording()) {
            recording.enable("lowpass.Run");
            recording.enable("lowpass.Op");
            recording.start();
            // It has given event classes new bodies, for which the JVM throws compiled code away: all modes are compiled anew.
            for (int mode = MODES.size() - 1; mode >= 0; mode--) {
                choose(recording, mode);
                session.warmUp(batch);
                time(call, nanos);
            }
            long rounds = Math.max(LEAST_TURNS, (long) Math.ceil(1e9 * seconds / TURN_NANOS));
            long end = System.nanoTime() + (long) (1e9 * seconds * MODES.size());
            // Where a call is longer than a turn, so many rounds would take longer than was asked for.
            for (int round = 0; round < rounds && (round < LEAST_TURNS || System.nanoTime() < end); round++) {
                for (int i = 0; i < MODES.size(); i++) {
                    // All six orders in turns, so that each mode follows each other one equally often.
                    int mode = (round + (round / MODES.size() % 2 == 0 ? i : MODES.size() - i)) % MODES.size();
                    choose(recording, mode);
                    settle(call);
                    long before = THREADS.getCurrentThreadAllocatedBytes();
                    int count = time(call, nanos);
                    bytes.get(mode).add((THREADS.getCurrentThreadAllocatedBytes() - before) / count);
                    turns.get(mode).add(Arrays.copyOf(nanos, count));
                }
            }
        }
        return new RecorderCost(turns, bytes.stream().mapToLong(each -> each.stream().sorted().toList().get(each.size() / 2)).toArray());
    }

    private static void choose(Recording recording, int mode) {
        set(recording, "lowpass.Run", mode > 0);
        set(recording, "lowpass.Op", mode > 1);
    }

    private static void set(Recording recording, String event, boolean on) {
        if (on) {
            recording.enable(event);
        } else {
            recording.disable(event);
        }
    }

    private static void settle(Runnable call) {
        long begun = System.nanoTime();
        do {
            call.run();
        } while (System.nanoTime() - begun < SETTLE_NANOS);
    }

    /** Allocates nothing. @return how many calls were timed */
    private static int time(Runnable call, long[] nanos) {
        int count = 0;
        long begun = System.nanoTime();
        long now = begun;
        while (now - begun < TURN_NANOS && count < nanos.length) {
            long before = System.nanoTime();
            call.run();
            now = System.nanoTime();
            nanos[count++] = now - before;
        }
        return count;
    }

    private Ratio ratio(int mode) {
        return Ratio.ofPairs(turns.get(mode), turns.get(0));
    }

    public void print(PrintWriter out) {
        Table table = new Table().left("Flight Recorder").right("calls").right("time").left("95 %").right("bytes allocated a call");
        for (int mode = 0; mode < MODES.size(); mode++) {
            Ratio ratio = ratio(mode);
            table.row(MODES.get(mode), turns.get(mode).stream().mapToInt(turn -> turn.length).sum(), String.format(Locale.ROOT, "%.4f", ratio.value()),
                    mode == 0 ? "" : String.format(Locale.ROOT, "[%.4f, %.4f]", ratio.low(), ratio.high()), bytes[mode]);
        }
        table.print(out);
    }

    /** As the field {@code recorder}. */
    public void write(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("recorder");
        for (int mode = 0; mode < MODES.size(); mode++) {
            Ratio ratio = ratio(mode);
            json.writeStartObject();
            json.writeStringField("events", MODES.get(mode));
            json.writeNumberField("time", ratio.value());
            json.writeNumberField("low", ratio.low());
            json.writeNumberField("high", ratio.high());
            json.writeNumberField("bytes_per_call", bytes[mode]);
            json.writeArrayFieldStart("turns");
            for (long[] turn : turns.get(mode)) {
                json.writeArray(turn, 0, turn.length);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
