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
