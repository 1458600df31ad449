package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;

/** Spatial depthwise convolution, a row of outputs a call; columns whose window leaves the plane go one by one. */
final class DepthwiseOperation extends VectorOperation {

    private final OperationSpec.Depthwise spec;
    private final float[] weight;
    private final float[] bias;

    DepthwiseOperation(Lanes lanes, OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        this.weight = weight.clone();
        this.bias = padded(bias, spec.in().channels());
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        Plane from = spec.in();
        Plane to = spec.out();
        Window window = spec.window();
        int channels = from.channels();
        int kernelWidth = window.kernelWidth();
        float low = low(spec.activation());
        float high = high(spec.activation());
        // Output columns [inner0, inner1) see the whole kernel.
        int inner0 = Math.min(to.width(), ceilDiv(window.padding().left(), window.strideX()));
        int span = from.width() + window.padding().left() - kernelWidth;
        int inner1 = Math.max(inner0, span < 0 ? 0 : Math.min(to.width(), span / window.strideX() + 1));
        return new VectorStep(workspace) {
            private final int[][] rowAt = new int[threads][window.kernelHeight()];
            private int rows;
            private int parts;

            @Override
            int prepare(int batch) {
                rows = batch * to.height();
                parts = parts(rows, 1);
                return parts;
            }

            @Override
            public void run(int unit, int worker) {
                for (int row = start(unit, parts, rows); row < start(unit + 1, parts, rows); row++) {
                    row(row / to.height(), row % to.height(), rowAt[worker]);
                }
            }

            private void row(int n, int y, int[] at) {
                int y0 = y * window.strideY() - window.padding().top();
                int ky0 = Math.max(0, -y0);
                int ky1 = Math.max(ky0, Math.min(window.kernelHeight(), from.height() - y0));
                for (int ky = ky0; ky < ky1; ky++) {
                    at[ky] = (y0 + ky) * from.width() * channels;
                }
                int image = in + n * from.elements();
                int target = out + (n * to.height() + y) * to.width() * channels;
                for (int x = 0; x < inner0; x++) {
                    part(image, at, ky0, ky1, x, 1, target);
                }
                if (inner1 > inner0) {
                    part(image, at, ky0, ky1, inner0, inner1 - inner0, target);
                }
                for (int x = inner1; x < to.width(); x++) {
                    part(image, at, ky0, ky1, x, 1, target);
                }
            }

            private void part(int image, int[] at, int ky0, int ky1, int x, int xCount, int target) {
                int x0 = x * window.strideX() - window.padding().left();
                int kx0 = Math.max(0, -x0);
                int kx1 = Math.max(kx0, Math.min(kernelWidth, from.width() - x0));
                lanes.depthwise(arena, image + x0 * channels, at, channels, window.strideX(), ky0, ky1, kx0, kx1, weight, 0, channels,
                        kernelWidth, bias, 0, arena, target + x * channels, channels, xCount, channels, low, high);
            }
        };
    }
}
