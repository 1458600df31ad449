package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;

/** Spatial pointwise convolution: one GEMM over all positions of the batch. */
final class PointwiseOperation extends VectorOperation {

    private final OperationSpec.Pointwise spec;
    private final PackedGemm gemm;

    PointwiseOperation(Lanes lanes, OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        gemm = new PackedGemm(lanes, spec.outChannels(), spec.in().channels(), weight, bias, low(spec.activation()), high(spec.activation()));
    }

    @Override
    public long scratchElements(int maxBatch) {
        return gemm.tailElements();
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = spec.in().channels();
        int area = spec.in().area();
        int blockRows = gemm.blockRows();
        return new GemmStep(workspace, gemm) {
            @Override
            int prepare(int batch) {
                return split(batch * area, blockRows);
            }

            @Override
            void block(int row0, int row1, int panel0, int panel1, float[] scratch) {
                gemm.run(panel0, panel1, row1 - row0, arena, in + row0 * channels, channels, arena, out + row0 * gemm.columns,
                        spec.residual() ? arena : null, residual + row0 * gemm.columns, null, 1, row0, scratch, 0);
            }
        };
    }
}
