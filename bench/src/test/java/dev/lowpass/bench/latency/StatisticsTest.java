package dev.lowpass.bench.latency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void percentilesAreMeasuredValues() {
        long[] sorted = {10, 20, 30, 40};
        assertEquals(10, Percentile.of(sorted, 25));
        assertEquals(20, Percentile.of(sorted, 25.1));
        assertEquals(20, Percentile.of(sorted, 50));
        assertEquals(40, Percentile.of(sorted, 99));
        assertEquals(40, Percentile.of(sorted, 100));
        assertEquals(10, Percentile.of(sorted, 1e-9));
        long[] thousand = LongStream.rangeClosed(1, 1000).toArray();
        assertEquals(999, Percentile.of(thousand, 99.9));
        assertEquals(550, Percentile.of(thousand, 55));
        assertEquals(7, Percentile.of(new long[] {7}, 50));
        assertEquals(2, Percentile.median(List.of(new long[] {3}, new long[] {1, 2})));
    }

    private static Receipt.Turn turn(long elapsed, long... latencies) {
        return new Receipt.Turn(0, elapsed, latencies, null, 0, 0);
    }

    @Test
    void summaryKeepsOutliersAndCountsImages() {
        Receipt.Summary summary = Summaries.of(List.of(turn(40, 10, 12), turn(60, 11, 1000), turn(100, 10, 11)), 8, List.of(50.0, 99.0, 99.9));
        assertEquals(8 * 6 * 1e9 / 200, summary.imagesPerSecond(), 1);
        assertEquals(10, summary.minNanos());
        assertEquals(11, summary.medianNanos());
        assertEquals(1000, summary.maxNanos());
        assertEquals(1054 / 6.0, summary.meanNanos(), 1e-9);
        assertEquals(Map.of("50", 11L, "99", 1000L, "99.9", 1000L), summary.percentiles());
    }

    @Test
    void stableWithinTenPerCent() {
        Receipt.Summary stable = Summaries.of(List.of(turn(1, 100), turn(1, 110), turn(1, 105), turn(1, 104)), 1, List.of());
        assertEquals(List.of(100L, 110L, 104L), stable.windowMedians());
        assertTrue(stable.stable());
        assertFalse(Summaries.of(List.of(turn(1, 100), turn(1, 111), turn(1, 105)), 1, List.of()).stable());
    }

    /** Turns whose calls share an offset: whole turns must be drawn, or the interval would be far too narrow. */
    private static List<long[]> turns(Random random, double center, int count) {
        List<long[]> turns = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double shared = center * (1 + 0.02 * random.nextGaussian());
            turns.add(random.longs(50).map(x -> Math.round(1e6 * shared * (1 + 0.002 * ((x & 0xff) / 128.0 - 1)))).toArray());
        }
        return turns;
    }

    @Test
    void intervalHoldsTheTrueRatioAboutAsOftenAsItSays() {
        Random random = new Random(4);
        int held = 0;
        int excludedOne = 0;
        int trials = 200;
        for (int i = 0; i < trials; i++) {
            Ratio ratio = Ratio.of(turns(random, 1.1, 15), turns(random, 1, 15));
            assertTrue(ratio.low() <= ratio.value() && ratio.value() <= ratio.high());
            held += ratio.low() <= 1.1 && 1.1 <= ratio.high() ? 1 : 0;
            excludedOne += ratio.low() > 1 ? 1 : 0;
        }
        assertTrue(held > 0.87 * trials, held + " of " + trials);
        assertTrue(excludedOne > 0.9 * trials, excludedOne + " of " + trials);
    }

    @Test
    void ratioOfOneTurnIsCertainOfItself() {
        assertEquals(new Ratio(2, 2, 2), Ratio.of(List.of(new long[] {4, 4, 4}), List.of(new long[] {2})));
    }

    /** A machine that becomes slower and faster by a tenth hides one per cent from turns as a whole, and not from pairs. */
    @Test
    void pairsSeeWhatSlowChangesHide() {
        Random random = new Random(5);
        List<long[]> first = new ArrayList<>();
        List<long[]> second = new ArrayList<>();
        double speed = 1;
        for (int i = 0; i < 400; i++) {
            speed = Math.max(0.7, Math.min(1.4, speed * (1 + 0.05 * random.nextGaussian())));
            double now = speed;
            first.add(random.doubles(3).mapToLong(x -> Math.round(1.01e6 * now * (1 + 0.01 * x))).toArray());
            second.add(random.doubles(3).mapToLong(x -> Math.round(1e6 * now * (1 + 0.01 * x))).toArray());
        }
        Ratio paired = Ratio.ofPairs(first, second);
        Ratio whole = Ratio.of(first, second);
        assertEquals(1.01, paired.value(), 0.002);
        assertTrue(paired.low() > 1.008 && paired.high() < 1.012 && paired.low() < paired.value() && paired.value() < paired.high(), paired.toString());
        assertTrue(whole.high() - whole.low() > 10 * (paired.high() - paired.low()), whole.toString());
    }

    @Test
    void pairedIntervalHoldsTheTrueRatioAboutAsOftenAsItSays() {
        Random random = new Random(6);
        int held = 0;
        for (int i = 0; i < 200; i++) {
            Ratio ratio = Ratio.ofPairs(turns(random, 1.1, 31), turns(random, 1, 31));
            held += ratio.low() <= 1.1 && 1.1 <= ratio.high() ? 1 : 0;
        }
        assertTrue(held > 0.9 * 200 && held < 200, held + " of 200");
        assertThrows(IllegalArgumentException.class, () -> Ratio.ofPairs(List.of(new long[] {1}), List.of()));
    }
}
