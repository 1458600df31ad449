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
     * For each group of {@code group} channels and each v how many u to compute, [group][v]: up to the last coefficient below a
     * cutoff of the group. As the zigzag order fills the block from its corner, they fall with v.
     */
    static int[] kept(Staircase staircase, int group) {
        int block = staircase.block();
        Zigzag zigzag = Zigzag.of(block);
        int[] kept = new int[VectorOperation.ceilDiv(staircase.channels(), group) * block];
        for (int c = 0; c < staircase.channels(); c++) {
            for (int z = 0; z < staircase.cutoff(c); z++) {
                int at = c / group * block + zigzag.column(z);
                kept[at] = Math.max(kept[at], zigzag.row(z) + 1);
            }
        }
        return kept;
    }
}
