package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Staircase;
import java.util.Arrays;

/** Finds the partition of the zigzag order into bands that costs least. */
final class BandPlanner {

    private BandPlanner() {}

    /**
     * The cheapest bands, by dynamic programming over every zigzag index. Not only where K falls: rows are paid by the tile, so a
     * band may well end later, where its last tile is full.
     *
     * @param rowsPerCoefficient rows that each zigzag index brings: blocks of the whole batch
     */
    static Bands plan(Staircase staircase, int outChannels, long rowsPerCoefficient, BandCost cost) {
        int coefficients = staircase.block() * staircase.block();
        double[] best = new double[coefficients + 1];
        int[] from = new int[coefficients + 1];
        for (int end = 1; end <= coefficients; end++) {
            best[end] = Double.POSITIVE_INFINITY;
            for (int start = 0; start < end; start++) {
                double total = best[start] + cost.of((end - start) * rowsPerCoefficient, staircase.prefix(start), outChannels);
                if (total < best[end]) {
                    best[end] = total;
                    from[end] = start;
                }
            }
        }
        int[] ends = new int[coefficients];
        int bands = 0;
        for (int end = coefficients; end > 0; end = from[end]) {
            ends[coefficients - ++bands] = end;
        }
        return new Bands(staircase, Arrays.copyOfRange(ends, coefficients - bands, coefficients));
    }
}
