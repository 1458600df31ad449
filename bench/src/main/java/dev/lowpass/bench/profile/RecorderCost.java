package dev.lowpass.bench.profile;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.Table;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import jdk.jfr.Recording;

/**
 * What Java's Flight Recorder costs a session's runs: times with a recording in which both events are off, with {@code lowpass.Run} on,
 * and with {@code lowpass.Op} on too, in turns within one recording: starting one makes the JVM compile anew, which is not their price.
 */
public final class RecorderCost {

    private static final List<String> MODES = List.of("both events off", "lowpass.Run", "lowpass.Run and lowpass.Op");
    private static final long TURN_NANOS = 30_000_000;
    private static final long SETTLE_NANOS = 5_000_000;
    private static final int LEAST_TURNS = 5;

    /** By mode: the calls' times by turn. */
    private final List<List<long[]>> turns;

    private RecorderCost(List<List<long[]>> turns) {
        this.turns = turns;
    }

    /** @param seconds of timed calls in each mode, at least */
    public static RecorderCost measure(ModelDefinition model, Session session, double seconds) {
        int batch = session.options().maxBatch();
        FloatBuffer input = Profiler.pictures(model, batch);
        FloatBuffer logits = FloatBuffer.allocate(batch * session.classes());
        List<List<long[]>> turns = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        try (Recording recording = new Recording()) {
            recording.enable("lowpass.Run");
            recording.enable("lowpass.Op");
            recording.start();
            // It has given event classes new bodies, for which the JVM throws compiled code away: all modes are compiled anew.
            for (int mode = MODES.size() - 1; mode >= 0; mode--) {
                choose(recording, mode);
                session.warmUp(batch);
            }
            long rounds = Math.max(LEAST_TURNS, (long) Math.ceil(1e9 * seconds / TURN_NANOS));
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < MODES.size(); i++) {
                    int mode = (round + i) % MODES.size();
                    choose(recording, mode);
                    turns.get(mode).add(time(() -> session.run(input, batch, logits)));
                }
            }
        }
        return new RecorderCost(turns);
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

    private static long[] time(Runnable call) {
        for (long begun = System.nanoTime(); System.nanoTime() - begun < SETTLE_NANOS;) {
            call.run();
        }
        long[] nanos = new long[256];
        int count = 0;
        long begun = System.nanoTime();
        long now = begun;
        while (now - begun < TURN_NANOS) {
            long before = System.nanoTime();
            call.run();
            now = System.nanoTime();
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * count);
            }
            nanos[count++] = now - before;
        }
        return Arrays.copyOf(nanos, count);
    }

    private Ratio ratio(int mode) {
        return Ratio.of(turns.get(mode), turns.get(0));
    }

    public void print(PrintWriter out) {
        Table table = new Table().left("Flight Recorder").right("calls").right("time").left("95 %");
        for (int mode = 0; mode < MODES.size(); mode++) {
            Ratio ratio = ratio(mode);
            table.row(MODES.get(mode), turns.get(mode).stream().mapToInt(turn -> turn.length).sum(), String.format(Locale.ROOT, "%.4f", ratio.value()),
                    mode == 0 ? "" : String.format(Locale.ROOT, "[%.4f, %.4f]", ratio.low(), ratio.high()));
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
