package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;

/** Dense convolution: the taps of a few rows of positions are gathered, and a GEMM runs over them. */
final class Conv2dOperation extends RowOperation {

    private final OperationSpec.Conv2d spec;
    private final PackedGemm gemm;
    /** Elements of a row of taps, kernelX and channels: contiguous in the plane too. */
    private final int tapElements;
    /** The same in whole vectors, as it is copied: the elements too many are overwritten by the next row of taps, or lie between positions. */
    private final int copied;
    /** From one position's taps to the next's. */
    private final int stride;

    Conv2dOperation(Lanes lanes, OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        Window window = spec.window();
        tapElements = window.kernelWidth() * spec.in().channels();
        copied = ceilDiv(tapElements, lanes.width()) * lanes.width();
        stride = (window.kernelHeight() - 1) * tapElements + copied;
        gemm = new PackedGemm(lanes, spec.outChannels(), window.kernelHeight() * tapElements, weight, bias, low(spec.activation()),
                high(spec.activation()));
    }

    @Override
    Window window() {
        return spec.window();
    }

    @Override
    long rowScratch(int rows) {
        return gemm.scratchElements() + (long) rows * spec.out().width() * stride;
    }

    @Override
    Rows rows(int threads) {
        int width = spec.out().width();
        return (y0, y1, in, out, residual, scratch, scratchAt, worker) -> {
            int taps = scratchAt + gemm.scratchElements();
            for (int y = y0; y < y1;) {
                int count = out.together(y, y1);
                for (int row = 0; row < count; row++) {
                    gather(y + row, in, scratch, taps + row * width * stride);
                }
                gemm.run(0, gemm.panels, count * width, scratch, taps, stride, out.array, out.at(y), null, 0, null, 1, 0, scratch, scratchAt);
                y += count;
            }
        };
    }

    /** The taps of output row {@code y}, {@code [x][kernelY][kernelX][in]}, zero outside the plane. */
    private void gather(int y, RowBuffer in, float[] taps, int tapsAt) {
        Plane from = spec.in();
        Window window = spec.window();
        int channels = from.channels();
        int width = spec.out().width();
        int left = window.padding().left();
        // Outputs [first, end) have all their columns inside the plane.
        int first = Math.min(width, ceilDiv(left, window.strideX()));
        int end = Math.max(first, Math.min(width, Math.floorDiv(from.width() + left - window.kernelWidth(), window.strideX()) + 1));
        for (int ky = 0; ky < window.kernelHeight(); ky++) {
            int row = y * window.strideY() - window.padding().top() + ky;
            int to = tapsAt + ky * tapElements;
            if (row < 0 || row >= from.height()) {
                for (int x = 0; x < width; x++) {
                    zero(taps, to + x * stride, to + x * stride + tapElements);
                }
                continue;
            }
            int source = in.at(row) - left * channels;
            lanes.copy(in.array, source + first * window.strideX() * channels, window.strideX() * channels, taps, to + first * stride, stride,
                    end - first, copied);
            for (int x = 0; x < first; x++) {
                edge(x * window.strideX() - left, in.array, source + x * window.strideX() * channels, taps, to + x * stride);
            }
            for (int x = end; x < width; x++) {
                edge(x * window.strideX() - left, in.array, source + x * window.strideX() * channels, taps, to + x * stride);
            }
        }
    }

    /** A row of taps, from column {@code x0} on, of which some lie outside the plane. */
    private void edge(int x0, float[] in, int source, float[] taps, int to) {
        int channels = spec.in().channels();
        int first = Math.min(tapElements, Math.max(0, -x0) * channels);
        int end = Math.max(first, Math.min(spec.window().kernelWidth(), spec.in().width() - x0) * channels);
        zero(taps, to, to + first);
        for (int i = first; i < end; i++) {
            taps[to + i] = in[source + i];
        }
        zero(taps, to + end, to + tapElements);
    }

    private static void zero(float[] taps, int start, int end) {
        for (int i = start; i < end; i++) {
            taps[i] = 0;
        }
    }
}
