package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;

/** Spatial depthwise convolution, a row of outputs a call. */
final class DepthwiseOperation extends VectorOperation {

    private final OperationSpec.Depthwise spec;
    private final DepthwiseRows rows;

    DepthwiseOperation(Lanes lanes, OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        rows = new DepthwiseRows(spec.window(), spec.in().height(), spec.in().channels(), weight, bias);
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        Plane from = spec.in();
        Plane to = spec.out();
        int channels = from.channels();
        int kernelHeight = spec.window().kernelHeight();
        int kernelWidth = spec.window().kernelWidth();
        int strideX = spec.window().strideX();
        int left = spec.window().padding().left();
        float low = low(spec.activation());
        float high = high(spec.activation());
        return new VectorStep(workspace) {
            private final int[][] rowAt = new int[threads][kernelHeight];
            private final int[][] weightAt = new int[threads][kernelHeight];
            private int total;
            private int parts;

            @Override
            int prepare(int batch) {
                total = batch * to.height();
                parts = parts(total, 1);
                return parts;
            }

            @Override
            public void run(int unit, int worker) {
                for (int row = start(unit, parts, total); row < start(unit + 1, parts, total); row++) {
                    rows.locate(row % to.height(), from.height(), from.width() * channels, rowAt[worker], weightAt[worker]);
                    lanes.depthwise(arena, in + row / to.height() * from.elements(), rowAt[worker], from.width(), channels, kernelHeight,
                            kernelWidth, strideX, left, rows.weight, 0, weightAt[worker], channels, rows.bias, 0,
                            arena, out + row * to.width() * channels, channels, to.width(), channels, low, high);
                }
            }
        };
    }
}
