package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Staircase;

/**
 * The rows of a truncated pointwise convolution, side by side as a GEMM reads them: those of some blocks of one tensor
 * {@code [z][n][block][c]}, a frequency after another, channels by falling cutoff.
 */
final class StaircaseRows {

    private final int channels;
    private final int tileRows;
    /** Null where channels are stored by falling cutoff. */
    private final int[] order;
    /** By frequency: how many channels count. */
    final int[] depths;

    /** @param tileRows the most rows that are computed to the depth of the first of them */
    StaircaseRows(Staircase staircase, int tileRows) {
        this.tileRows = tileRows;
        channels = staircase.channels();
        depths = new int[staircase.block() * staircase.block()];
        for (int z = 0; z < depths.length; z++) {
            depths[z] = staircase.prefix(z);
        }
        order = staircase.isSorted() ? null : staircase.order();
    }

    /** Whether channels must be brought into order. */
    boolean isPermuted() {
        return order != null;
    }

    /**
     * Packs the rows [row0, row1), zero beyond a row's depth as far as its tile may read, if row0 begins a tile.
     *
     * @param inAt where the tensor begins
     * @param rowsPerZ blocks of the batch
     * @param first the first of the blocks whose rows are counted
     * @param blocks how many these are: row {@code r} is of frequency {@code r / blocks}
     * @param stride elements of a packed row, at least the depth of row0
     */
    void pack(float[] in, int inAt, int rowsPerZ, int first, int blocks, int row0, int row1, float[] out, int outAt, int stride) {
        for (int row = row0; row < row1;) {
            int z = row / blocks;
            int end = Math.min(row1, (z + 1) * blocks);
            int from = inAt + (z * rowsPerZ + first + row - z * blocks) * channels;
            int to = outAt + (row - row0) * stride;
            if (order == null && depths[z] == channels && stride == channels) {
                System.arraycopy(in, from, out, to, (end - row) * channels);
                row = end;
                continue;
            }
            for (; row < end; row++, from += channels, to += stride) {
                int depth = depths[z];
                if (order == null) {
                    System.arraycopy(in, from, out, to, depth);
                } else {
                    for (int rank = 0; rank < depth; rank++) {
                        out[to + rank] = in[from + order[rank]];
                    }
                }
                int read = depths[Math.max(row0, row - tileRows + 1) / blocks];
                for (int rank = depth; rank < read; rank++) {
                    out[to + rank] = 0;
                }
            }
        }
    }
}
