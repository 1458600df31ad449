package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Zigzag;

/** Positions of a block's points for the two passes of a separable transform: tables of [line][point] offsets. */
final class BlockTables {

    private BlockTables() {}

    /** Lines are rows: point j of line i at {@code i * rowStride + j * columnStride}. */
    static int[] rows(int block, int rowStride, int columnStride) {
        int[] at = new int[block * block];
        for (int i = 0; i < block; i++) {
            for (int j = 0; j < block; j++) {
                at[i * block + j] = i * rowStride + j * columnStride;
            }
        }
        return at;
    }

    /** By side: a plane of one block, its points {@code stride} apart, lines being rows. */
    static int[][] ofEachSide(int stride) {
        int[][] tables = new int[Zigzag.MAX_BLOCK + 1][];
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            tables[block] = rows(block, block * stride, stride);
        }
        return tables;
    }

    /** Lines are columns. */
    static int[] columns(int block, int rowStride, int columnStride) {
        return rows(block, columnStride, rowStride);
    }

    /** Lines are columns of coefficients: fills in {@code stride} times the zigzag index of (point, line). */
    static void zigzag(int block, int stride, int[] at) {
        Zigzag zigzag = Zigzag.of(block);
        for (int v = 0; v < block; v++) {
            for (int u = 0; u < block; u++) {
                at[v * block + u] = zigzag.index(u, v) * stride;
            }
        }
    }

    /**
     * For each plane and each v how many u to compute, [plane][v]: up to the last coefficient below a cutoff of the plane's channels.
     * As the zigzag order fills the block from its corner, they fall with v.
     *
     * @param starts the first channel of each plane
     * @param wide channels of a plane, where there are as many
     */
    static int[] kept(Staircase staircase, int[] starts, int wide) {
        int block = staircase.block();
        Zigzag zigzag = Zigzag.of(block);
        int[] kept = new int[starts.length * block];
        for (int plane = 0; plane < starts.length; plane++) {
            for (int c = starts[plane]; c < Math.min(staircase.channels(), starts[plane] + wide); c++) {
                for (int z = 0; z < staircase.cutoff(c); z++) {
                    int at = plane * block + zigzag.column(z);
                    kept[at] = Math.max(kept[at], zigzag.row(z) + 1);
                }
            }
        }
        return kept;
    }

    /** The largest cutoff of each plane's channels; parameters as {@link #kept}'s. */
    static int[] depths(Staircase staircase, int[] starts, int wide) {
        int[] depths = new int[starts.length];
        for (int plane = 0; plane < starts.length; plane++) {
            for (int c = starts[plane]; c < Math.min(staircase.channels(), starts[plane] + wide); c++) {
                depths[plane] = Math.max(depths[plane], staircase.cutoff(c));
            }
        }
        return depths;
    }

    /**
     * The first channels of planes of {@code wide} channels that hold them all. The last plane reaches back over the one before, so
     * that it is whole too; both compute the same for the channels they share.
     */
    static int[] starts(int channels, int wide) {
        int[] starts = new int[VectorOperation.ceilDiv(channels, wide)];
        for (int plane = 0; plane < starts.length; plane++) {
            starts[plane] = Math.max(0, Math.min(plane * wide, channels - wide));
        }
        return starts;
    }
}
