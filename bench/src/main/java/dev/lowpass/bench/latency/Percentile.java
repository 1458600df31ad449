package dev.lowpass.bench.latency;

import java.util.List;
import java.util.stream.LongStream;

/** Percentiles by the nearest rank: always a value that was measured. */
public final class Percentile {

    private Percentile() {}

    /**
     * The smallest value that at least {@code percent} per cent of the values do not exceed.
     *
     * @param sorted rising, at least one
     * @param percent above 0, up to 100
     */
    public static long of(long[] sorted, double percent) {
        return sorted[Math.max(0, (int) Math.ceil(percent * sorted.length / 100) - 1)];
    }

    /** The median of all turns' samples. */
    public static long median(List<long[]> turns) {
        return of(turns.stream().flatMapToLong(LongStream::of).sorted().toArray(), 50);
    }
}
