package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Staircase;

/**
 * Truncated pointwise convolution: one GEMM over all rows {@code [z][n][block]}, each register tile as deep as its first row, which
 * is at least as deep as the rest. That follows the staircase as closely as any bands would, so bands are not looked at.
 *
 * <p>Rows are packed to scratch, in the staircase's order and with zeros from a row's own depth on, unless channels are stored in
 * that order and a block of rows has one depth.
 */
final class BandPointwiseOperation extends VectorOperation {

    private final OperationSpec.BandPointwise spec;
    private final PackedGemm gemm;
    private final int[] prefix;
    private final int[] order;
    /** The bias of coefficient 0, block * bias, since the DC basis function is 1 / block; null without a bias. */
    private final float[] bias;

    BandPointwiseOperation(Lanes lanes, OperationSpec.BandPointwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        Staircase staircase = spec.staircase();
        gemm = new PackedGemm(lanes, spec.outChannels(), spec.in().channels(), weight, null, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
        prefix = new int[spec.block() * spec.block()];
        for (int z = 0; z < prefix.length; z++) {
            prefix[z] = staircase.prefix(z);
        }
        order = staircase.isSorted() ? null : staircase.order();
        if (bias == null) {
            this.bias = null;
        } else {
            this.bias = bias.clone();
            for (int o = 0; o < bias.length; o++) {
                this.bias[o] *= spec.block();
            }
        }
    }

    @Override
    public long scratchElements(int maxBatch) {
        return gemm.scratchElements() + (long) gemm.blockRows() * gemm.depth;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = spec.in().channels();
        int blocks = spec.in().blocks(spec.block());
        int blockRows = gemm.blockRows();
        int tail = gemm.scratchElements();
        return new GemmStep(workspace, gemm) {
            private int rowsPerZ;

            @Override
            int prepare(int batch) {
                rowsPerZ = batch * blocks;
                return split(prefix.length * rowsPerZ, blockRows);
            }

            @Override
            void block(int row0, int row1, int panel0, int panel1, float[] scratch) {
                int deepest = prefix[row0 / rowsPerZ];
                float[] a = arena;
                int aAt = in + row0 * channels;
                int aStride = channels;
                if (order != null || deepest != prefix[(row1 - 1) / rowsPerZ]) {
                    pack(row0, row1, scratch);
                    a = scratch;
                    aAt = tail;
                    aStride = deepest;
                }
                gemm.run(panel0, panel1, row1 - row0, a, aAt, aStride, arena, out + row0 * gemm.columns,
                        spec.residual() ? arena : null, residual + row0 * gemm.columns, prefix, rowsPerZ, row0, scratch, 0);
                if (bias != null && row0 < rowsPerZ) {
                    int first = gemm.column(panel0);
                    for (int row = row0; row < Math.min(row1, rowsPerZ); row++) {
                        lanes.accumulate(1, bias, first, arena, out + row * gemm.columns + first, gemm.column(panel1) - first);
                    }
                }
            }

            /** Rows of {@code prefix[row0]} elements each, zero beyond a row's depth as far as its tile may read. */
            private void pack(int row0, int row1, float[] scratch) {
                int stride = prefix[row0 / rowsPerZ];
                int reach = lanes.tileRows() - 1;
                for (int row = row0; row < row1; row++) {
                    int from = in + row * channels;
                    int to = tail + (row - row0) * stride;
                    int depth = prefix[row / rowsPerZ];
                    if (order == null) {
                        System.arraycopy(arena, from, scratch, to, depth);
                    } else {
                        for (int rank = 0; rank < depth; rank++) {
                            scratch[to + rank] = arena[from + order[rank]];
                        }
                    }
                    int read = prefix[Math.max(row0, row - reach) / rowsPerZ];
                    for (int rank = depth; rank < read; rank++) {
                        scratch[to + rank] = 0;
                    }
                }
            }
        };
    }
}
