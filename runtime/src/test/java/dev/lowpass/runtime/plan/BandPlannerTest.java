package dev.lowpass.runtime.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Staircase;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BandPlannerTest {

    @Test
    void splitsAtEveryStepWhenBandsAreFree() {
        Staircase staircase = Staircase.of(2, new int[] {4, 1, 3});
        assertEquals("0..1x3 1..3x2 3..4x1", BandPlanner.plan(staircase, 8, 10, new BandCost(1, 1, 0)).toString());
    }

    @Test
    void keepsOneBandWhenALaunchCostsMoreThanItSaves() {
        Staircase staircase = Staircase.of(2, new int[] {4, 1, 3});
        assertEquals("0..4x3", BandPlanner.plan(staircase, 8, 10, new BandCost(1, 1, 1e9)).toString());
    }

    @Test
    void endsBandsWhereTilesAreFull() {
        // K is 4 4 3 3 3 2 2 1 1. One row an index and tiles of four rows: three tiles cost 4 * 4 + 4 * 3 + 4 * 1 = 32, while following the
        // staircase, 4 * 4 + 4 * 3 + 4 * 2 + 4 * 1, would pay 40.
        Staircase staircase = Staircase.of(3, new int[] {9, 7, 5, 2});
        Bands bands = BandPlanner.plan(staircase, 1, 1, new BandCost(4, 1, 0));
        assertEquals("0..3x4 3..7x3 7..9x1", bands.toString());
    }

    @Test
    void givesTheDroppedTailABandOfNoDepth() {
        assertEquals("0..2x2 2..4x0", BandPlanner.plan(Staircase.of(2, new int[] {2, 2}), 4, 1, new BandCost(1, 1, 0)).toString());
        assertEquals("0..4x0", BandPlanner.plan(Staircase.of(2, new int[] {0, 0, 0}), 4, 1, new BandCost(1, 1, 5)).toString());
    }

    @Test
    void isNeverDearerThanAnyOtherPartition() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            int block = 2 + random.nextInt(2);
            int coefficients = block * block;
            Staircase staircase = Staircase.of(block, random.ints(1 + random.nextInt(9), 0, coefficients + 1).toArray());
            BandCost cost = new BandCost(1 + random.nextInt(6), 1 + random.nextInt(4), random.nextInt(60));
            int rows = 1 + random.nextInt(12);
            int outChannels = 1 + random.nextInt(9);
            double best = Double.POSITIVE_INFINITY;
            for (int splits = 0; splits < 1 << (coefficients - 1); splits++) {
                best = Math.min(best, price(partition(staircase, coefficients, splits), cost, rows, outChannels));
            }
            double planned = price(BandPlanner.plan(staircase, outChannels, rows, cost), cost, rows, outChannels);
            assertEquals(best, planned, 1e-9, "round " + round + ": " + cost);
            assertTrue(best < Double.POSITIVE_INFINITY);
        }
    }

    private static Bands partition(Staircase staircase, int coefficients, int splits) {
        int[] ends = java.util.stream.IntStream.rangeClosed(1, coefficients)
                .filter(z -> z == coefficients || (splits >> (z - 1) & 1) == 1)
                .toArray();
        return new Bands(staircase, ends);
    }

    private static double price(Bands bands, BandCost cost, int rows, int outChannels) {
        double sum = 0;
        for (int band = 0; band < bands.count(); band++) {
            sum += cost.of((long) (bands.end(band) - bands.start(band)) * rows, bands.depth(band), outChannels);
        }
        return sum;
    }
}
