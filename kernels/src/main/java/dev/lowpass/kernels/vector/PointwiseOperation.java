package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Window;

/** Spatial pointwise convolution: one GEMM over all positions of the batch. */
final class PointwiseOperation extends RowOperation {

    private static final Window POINT = Window.square(1, 1, Padding.NONE);

    private final OperationSpec.Pointwise spec;
    private final PackedGemm gemm;

    PointwiseOperation(Lanes lanes, OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        gemm = new PackedGemm(lanes, spec.outChannels(), spec.in().channels(), weight, bias, low(spec.activation()), high(spec.activation()));
    }

    @Override
    public long scratchElements(int maxBatch) {
        return gemm.scratchElements();
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

    @Override
    Window window() {
        return POINT;
    }

    @Override
    long rowScratch(int rows) {
        return gemm.scratchElements();
    }

    @Override
    Rows rows(int threads) {
        int channels = spec.in().channels();
        int width = spec.in().width();
        return (y0, y1, in, out, residual, scratch, scratchAt, worker) -> {
            for (int y = y0; y < y1;) {
                int count = out.together(y, y + in.together(y, y1));
                gemm.run(0, gemm.panels, count * width, in.array, in.at(y), channels, out.array, out.at(y), residual == null ? null : residual.array,
                        residual == null ? 0 : residual.at(y), null, 1, 0, scratch, scratchAt);
                y += count;
            }
        };
    }
}
