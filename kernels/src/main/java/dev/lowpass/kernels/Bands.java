package dev.lowpass.kernels;

import java.util.Arrays;

/**
 * A partition of the zigzag order into bands: band {@code i} covers indices [{@link #start}, {@link #end}) and reads the first
 * {@link #depth} channels in the staircase's order, at least {@code K(z)} for each of its z. Where a band is deeper than
 * K(z), the channels beyond K(z) count as zero. A band of depth 0 does no work beyond writing zeros (or the residual).
 * Immutable.
 */
public final class Bands {

    private final int[] ends;
    private final int[] depths;

    /**
     * @param staircase what the bands must cover
     * @param ends the index after each band's last, rising, the last one block * block; copied
     * @throws IllegalArgumentException when the ends do not partition the order
     */
    public Bands(Staircase staircase, int... ends) {
        this.ends = ends.clone();
        depths = new int[ends.length];
        int start = 0;
        for (int band = 0; band < ends.length; band++) {
            if (ends[band] <= start) {
                throw new IllegalArgumentException("band ends " + Arrays.toString(ends) + " must rise from above 0");
            }
            // K falls with z, so the first index of a band is its deepest.
            depths[band] = staircase.prefix(start);
            start = ends[band];
        }
        int coefficients = staircase.block() * staircase.block();
        if (start != coefficients) {
            throw new IllegalArgumentException("band ends " + Arrays.toString(ends) + " must close with " + coefficients);
        }
    }

    public int count() {
        return ends.length;
    }

    /** The first zigzag index of a band. */
    public int start(int band) {
        return band == 0 ? 0 : ends[band - 1];
    }

    /** The index after the last of a band. */
    public int end(int band) {
        return ends[band];
    }

    /** Input channels that a band reads. */
    public int depth(int band) {
        return depths[band];
    }

    /** Multiplications of one image's blocks and one output channel: the sum of (end - start) * depth, times blocks. */
    public long macs(int blocks) {
        long sum = 0;
        for (int band = 0; band < ends.length; band++) {
            sum += (long) (end(band) - start(band)) * depths[band];
        }
        return sum * blocks;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int band = 0; band < ends.length; band++) {
            text.append(band == 0 ? "" : " ").append(start(band)).append("..").append(end(band)).append('x').append(depths[band]);
        }
        return text.toString();
    }
}
