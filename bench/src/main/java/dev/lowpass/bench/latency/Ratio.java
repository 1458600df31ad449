package dev.lowpass.bench.latency;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How many times longer one series of samples takes than another, by their medians, with a confidence interval of 95 %.
 *
 * <p>The interval is a percentile bootstrap (Efron, 1979) over whole turns: calls of a turn resemble each other, so drawing single
 * calls would make it too narrow. Both series are drawn independently.
 *
 * @param value the median of the first over that of the second
 * @param low the interval's lower end
 * @param high the interval's upper end
 */
public record Ratio(double value, double low, double high) {

    private static final int RESAMPLES = 1000;
    private static final double TAIL = 0.025;

    /** Each series as its turns; none may be empty. */
    public static Ratio of(List<long[]> first, List<long[]> second) {
        long[] a = resampledMedians(first, 1);
        long[] b = resampledMedians(second, 2);
        double[] ratios = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            ratios[i] = (double) a[i] / b[i];
        }
        Arrays.sort(ratios);
        int tail = (int) (TAIL * RESAMPLES);
        return new Ratio((double) Percentile.median(first) / Percentile.median(second), ratios[tail], ratios[RESAMPLES - 1 - tail]);
    }

    /**
     * The same for turns that were run in pairs, right after one another: the median of the ratios of their medians. What slowly changes
     * on the machine meets both turns of a pair and leaves the ratio alone. Pairs are drawn for the interval.
     *
     * @param first as many turns as {@code second}
     * @param second turn {@code i} beside turn {@code i} of the first; none may be empty
     */
    public static Ratio ofPairs(List<long[]> first, List<long[]> second) {
        if (first.size() != second.size() || first.isEmpty()) {
            throw new IllegalArgumentException(first.size() + " turns cannot be paired with " + second.size() + "; give as many, at least one");
        }
        double[] ratios = new double[first.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = (double) Percentile.median(List.of(first.get(i))) / Percentile.median(List.of(second.get(i)));
        }
        SplittableRandom random = new SplittableRandom(1);
        double[] medians = new double[RESAMPLES];
        double[] drawn = new double[ratios.length];
        for (int i = 0; i < RESAMPLES; i++) {
            for (int j = 0; j < drawn.length; j++) {
                drawn[j] = ratios[random.nextInt(ratios.length)];
            }
            medians[i] = median(drawn);
        }
        Arrays.sort(medians);
        int tail = (int) (TAIL * RESAMPLES);
        return new Ratio(median(ratios), medians[tail], medians[RESAMPLES - 1 - tail]);
    }

    /** Sorts them. */
    private static double median(double[] values) {
        Arrays.sort(values);
        int half = values.length / 2;
        return values.length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }

    private record Sample(long nanos, int turn) {}

    /** The median over as many turns, drawn with replacement, many times. */
    private static long[] resampledMedians(List<long[]> turns, long seed) {
        int count = turns.stream().mapToInt(turn -> turn.length).sum();
        Sample[] sorted = new Sample[count];
        int at = 0;
        for (int turn = 0; turn < turns.size(); turn++) {
            for (long nanos : turns.get(turn)) {
                sorted[at++] = new Sample(nanos, turn);
            }
        }
        Arrays.sort(sorted, (x, y) -> Long.compare(x.nanos, y.nanos));
        SplittableRandom random = new SplittableRandom(seed);
        long[] medians = new long[RESAMPLES];
        int[] times = new int[turns.size()];
        for (int i = 0; i < RESAMPLES; i++) {
            Arrays.fill(times, 0);
            long drawn = 0;
            for (int j = 0; j < times.length; j++) {
                int turn = random.nextInt(times.length);
                times[turn]++;
                drawn += turns.get(turn).length;
            }
            long below = 0;
            for (int j = 0; 2 * below < drawn; j++) {
                below += times[sorted[j].turn];
                medians[i] = sorted[j].nanos;
            }
        }
        return medians;
    }
}
