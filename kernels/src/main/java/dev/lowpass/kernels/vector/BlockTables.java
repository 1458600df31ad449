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
     * How many columns of coefficients each group of {@code group} channels needs: up to the last that holds one below a cutoff of
     * the group. 0 where the group keeps nothing.
     */
    static int[] columnsKept(Staircase staircase, int group) {
        Zigzag zigzag = Zigzag.of(staircase.block());
        int[] kept = new int[VectorOperation.ceilDiv(staircase.channels(), group)];
        for (int c = 0; c < staircase.channels(); c++) {
            for (int z = 0; z < staircase.cutoff(c); z++) {
                kept[c / group] = Math.max(kept[c / group], zigzag.column(z) + 1);
            }
        }
        return kept;
    }
}
