package dev.lowpass.kernels;

import java.util.Arrays;

/**
 * Which channels count at which frequency: channels sorted by falling cutoff, so that at zigzag index {@code z} the ones
 * that count are the first {@code K(z)}, and K falls as z rises.
 *
 * <p>Channel positions here are those of the tensor as it is stored. Immutable.
 */
public final class Staircase {

    private final int block;
    private final int[] cutoffs;
    private final int[] order;
    private final int[] prefix;
    private final boolean sorted;

    private Staircase(int block, int[] cutoffs) {
        this.block = block;
        this.cutoffs = cutoffs;
        int coefficients = Zigzag.of(block).coefficients();
        int[] perCutoff = new int[coefficients + 1];
        for (int channel = 0; channel < cutoffs.length; channel++) {
            int cutoff = cutoffs[channel];
            if (cutoff < 0 || cutoff > coefficients) {
                throw new IllegalArgumentException("cutoff[" + channel + "] is " + cutoff + "; with block " + block
                        + " a cutoff is from 0 to " + coefficients);
            }
            perCutoff[cutoff]++;
        }
        // Counting sort by falling cutoff, stable in the channel's position.
        int[] next = new int[coefficients + 1];
        for (int cutoff = coefficients - 1; cutoff >= 0; cutoff--) {
            next[cutoff] = next[cutoff + 1] + perCutoff[cutoff + 1];
        }
        prefix = new int[coefficients];
        for (int z = 0; z < coefficients; z++) {
            prefix[z] = next[z]; // channels whose cutoff is above z
        }
        order = new int[cutoffs.length];
        boolean identity = true;
        for (int channel = 0; channel < cutoffs.length; channel++) {
            int rank = next[cutoffs[channel]]++;
            order[rank] = channel;
            identity &= rank == channel;
        }
        sorted = identity;
    }

    /**
     * @param block the DCT block side, 2 to 16
     * @param cutoffs one per channel, 0 to block * block; copied
     * @throws IllegalArgumentException when the block or a cutoff is out of range
     */
    public static Staircase of(int block, int[] cutoffs) {
        return new Staircase(block, cutoffs.clone());
    }

    /** A staircase that keeps everything: every channel counts at every frequency. */
    public static Staircase full(int block, int channels) {
        int[] cutoffs = new int[channels];
        Arrays.fill(cutoffs, Zigzag.of(block).coefficients());
        return new Staircase(block, cutoffs);
    }

    public int block() {
        return block;
    }

    public int channels() {
        return cutoffs.length;
    }

    /** The cutoff of the channel stored at {@code channel}. */
    public int cutoff(int channel) {
        return cutoffs[channel];
    }

    /** The stored position of the {@code rank}-th channel in falling order of cutoffs. */
    public int channelAt(int rank) {
        return order[rank];
    }

    /** A copy of the whole order: {@code order()[rank]} is {@link #channelAt}. */
    public int[] order() {
        return order.clone();
    }

    /** Whether channels are stored in falling order already, so that rank and position agree. */
    public boolean isSorted() {
        return sorted;
    }

    /** {@code K(z)}: how many channels have a cutoff above {@code z}. */
    public int prefix(int z) {
        return prefix[z];
    }

    /** The sum of the cutoffs: kept coefficients of one block over all channels. */
    public long keptCoefficients() {
        long sum = 0;
        for (int cutoff : cutoffs) {
            sum += cutoff;
        }
        return sum;
    }

    /** The share of coefficients that is kept, 0 to 1. */
    public double keptShare() {
        return keptCoefficients() / ((double) cutoffs.length * block * block);
    }

    /** The same staircase for channels stored in another order: new position p holds what {@code positions[p]} held. */
    public Staircase permuted(int[] positions) {
        int[] moved = new int[positions.length];
        for (int p = 0; p < positions.length; p++) {
            moved[p] = cutoffs[positions[p]];
        }
        return new Staircase(block, moved);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Staircase that && block == that.block && Arrays.equals(cutoffs, that.cutoffs);
    }

    @Override
    public int hashCode() {
        return 31 * block + Arrays.hashCode(cutoffs);
    }
}
