package dev.lowpass.bench.latency;

import java.util.Arrays;

/** Nanoseconds in the order in which they were measured. */
final class Durations {

    private long[] values = new long[1 << 10];
    private int length;

    void add(long nanos) {
        if (length == values.length) {
            values = Arrays.copyOf(values, 2 * length);
        }
        values[length++] = nanos;
    }

    int count() {
        return length;
    }

    long[] toArray() {
        return Arrays.copyOf(values, length);
    }
}
