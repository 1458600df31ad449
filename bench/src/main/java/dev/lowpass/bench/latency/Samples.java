package dev.lowpass.bench.latency;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** The durations of calls in nanoseconds, in the turns in which they were measured. Every call of a turn is kept, outliers too. */
public final class Samples {

    private final List<long[]> turns = new ArrayList<>();
    private long[] current = new long[1 << 10];
    private int length;

    void add(long nanos) {
        if (length == current.length) {
            current = Arrays.copyOf(current, 2 * length);
        }
        current[length++] = nanos;
    }

    void endTurn() {
        turns.add(Arrays.copyOf(current, length));
        length = 0;
    }

    public int count() {
        return turns.stream().mapToInt(turn -> turn.length).sum();
    }

    /** By turn. */
    public List<long[]> turns() {
        return turns;
    }

    /** All, rising. */
    public long[] sorted() {
        return turns.stream().flatMapToLong(LongStream::of).sorted().toArray();
    }

    public long median() {
        return Percentile.of(sorted(), 50);
    }
}
