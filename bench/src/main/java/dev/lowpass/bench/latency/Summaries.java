package dev.lowpass.bench.latency;

import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Figures of turns. */
public final class Summaries {

    private static final int WINDOWS = 3;

    /** How far the windows' medians may be apart, as a share of the least. */
    private static final double STABLE = 0.1;

    private Summaries() {}

    /**
     * @param turns at least three
     * @param batch images of a call
     * @param percentiles each above 0, up to 100
     */
    public static Receipt.Summary of(List<Receipt.Turn> turns, int batch, List<Double> percentiles) {
        long[] sorted = sorted(turns);
        Map<String, Long> values = new LinkedHashMap<>();
        for (double percent : percentiles) {
            values.put(name(percent), Percentile.of(sorted, percent));
        }
        List<Long> windows = new ArrayList<>();
        for (int i = 0; i < WINDOWS; i++) {
            windows.add(Percentile.of(sorted(turns.subList(i * turns.size() / WINDOWS, (i + 1) * turns.size() / WINDOWS)), 50));
        }
        long least = windows.stream().mapToLong(Long::longValue).min().orElseThrow();
        long most = windows.stream().mapToLong(Long::longValue).max().orElseThrow();
        double seconds = turns.stream().mapToLong(Receipt.Turn::elapsedNanos).sum() / 1e9;
        return new Receipt.Summary(sorted.length * (double) batch / seconds, sorted[0], LongStream.of(sorted).average().orElseThrow(), Percentile.of(sorted, 50),
                sorted[sorted.length - 1], values, windows, most - least <= STABLE * least);
    }

    /** {@code 99} and {@code 99.9}. */
    public static String name(double percent) {
        return percent == Math.rint(percent) ? Long.toString((long) percent) : Double.toString(percent);
    }

    private static long[] sorted(List<Receipt.Turn> turns) {
        return turns.stream().flatMapToLong(turn -> LongStream.of(turn.latencyNanos())).sorted().toArray();
    }
}
