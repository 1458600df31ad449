package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Window;

/** Spatial depthwise convolution, a row of outputs a call. */
final class DepthwiseOperation extends RowOperation {

    private final OperationSpec.Depthwise spec;
    private final DepthwiseRows rows;

    DepthwiseOperation(Lanes lanes, OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        rows = new DepthwiseRows(spec.window(), spec.in().height(), spec.in().channels(), weight, bias);
    }

    @Override
    Window window() {
        return spec.window();
    }

    @Override
    long rowScratch(int rows) {
        return 0;
    }

    @Override
    Rows rows(int threads) {
        Window window = spec.window();
        int width = spec.in().width();
        int outWidth = spec.out().width();
        int channels = spec.in().channels();
        float low = low(spec.activation());
        float high = high(spec.activation());
        int[][] rowAt = new int[threads][window.kernelHeight()];
        int[][] weightAt = new int[threads][window.kernelHeight()];
        return (y0, y1, in, out, residual, scratch, scratchAt, worker) -> {
            for (int y = y0; y < y1; y++) {
                rows.locate(y, in.rows, in.rowElements, rowAt[worker], weightAt[worker]);
                lanes.depthwise(in.array, in.base, rowAt[worker], width, channels, window.kernelHeight(), window.kernelWidth(), window.strideX(),
                        window.padding().left(), rows.weight, 0, weightAt[worker], channels, rows.bias, 0, out.array, out.at(y), channels, outWidth,
                        channels, low, high);
            }
        };
    }
}
