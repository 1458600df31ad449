package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;

/**
 * Truncated pointwise convolution: one GEMM over all rows {@code [z][n][block]}, each register tile as deep as its first row, which
 * is at least as deep as the rest. That follows the staircase as closely as any bands would, so bands are not looked at.
 *
 * <p>Rows are packed to scratch, in the staircase's order and with zeros from a row's own depth on, unless channels are stored in
 * that order and a block of rows has one depth.
 */
final class BandPointwiseOperation extends VectorOperation {

    private final OperationSpec.BandPointwise spec;
    private final BandGemm band;

    BandPointwiseOperation(Lanes lanes, OperationSpec.BandPointwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        band = new BandGemm(lanes, spec, weight, bias);
    }

    @Override
    public long scratchElements(int maxBatch) {
        return band.gemm.scratchElements() + (long) band.gemm.blockRows() * band.gemm.depth;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = spec.in().channels();
        int blocks = spec.in().blocks(spec.block());
        PackedGemm gemm = band.gemm;
        StaircaseRows rows = band.rows;
        float[] bias = band.bias;
        int blockRows = gemm.blockRows();
        int tail = gemm.scratchElements();
        int[] depths = rows.depths;
        return new GemmStep(workspace, gemm) {
            private int rowsPerZ;

            @Override
            int prepare(int batch) {
                rowsPerZ = batch * blocks;
                return split(depths.length * rowsPerZ, blockRows);
            }

            @Override
            void block(int row0, int row1, int panel0, int panel1, float[] scratch) {
                int deepest = depths[row0 / rowsPerZ];
                float[] a = arena;
                int aAt = in + row0 * channels;
                int aStride = channels;
                if (rows.isPermuted() || deepest != depths[(row1 - 1) / rowsPerZ]) {
                    rows.pack(arena, in, rowsPerZ, 0, rowsPerZ, row0, row1, scratch, tail, deepest);
                    a = scratch;
                    aAt = tail;
                    aStride = deepest;
                }
                gemm.run(panel0, panel1, row1 - row0, a, aAt, aStride, arena, out + row0 * gemm.columns,
                        spec.residual() ? arena : null, residual + row0 * gemm.columns, depths, rowsPerZ, row0, scratch, 0);
                if (bias != null && row0 < rowsPerZ) {
                    int first = gemm.column(panel0);
                    for (int row = row0; row < Math.min(row1, rowsPerZ); row++) {
                        lanes.accumulate(1, bias, first, arena, out + row * gemm.columns + first, gemm.column(panel1) - first);
                    }
                }
            }
        };
    }
}
