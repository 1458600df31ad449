package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Window;
import java.util.Arrays;

/** The weights and bias of a depthwise convolution, and where the rows of a window lie. */
final class DepthwiseRows {

    final Window window;
    final int height;
    final int channels;
    /** {@code [kernelY][kernelX][c]}, then one row of the kernel of zeros. */
    final float[] weight;
    final float[] bias;

    /** @param height rows of the input */
    DepthwiseRows(Window window, int height, int channels, float[] weight, float[] bias) {
        this.window = window;
        this.height = height;
        this.channels = channels;
        this.weight = Arrays.copyOf(weight, weight.length + window.kernelWidth() * channels);
        this.bias = VectorOperation.padded(bias, channels);
    }

    /**
     * Fills in, for output row {@code y}, where each kernel row's inputs and weights start: input row r at
     * {@code (r modulo rows) * rowElements}. A kernel row in the padding gets zero weights and a row that the window sees anyway, so
     * that nothing is read that does not count, and no loop has a case for borders.
     */
    void locate(int y, int rows, int rowElements, int[] rowAt, int[] weightAt) {
        int y0 = y * window.strideY() - window.padding().top();
        int length = window.kernelWidth() * channels;
        for (int ky = 0; ky < window.kernelHeight(); ky++) {
            int row = Math.max(Math.max(0, y0), Math.min(height - 1, y0 + ky));
            rowAt[ky] = row % rows * rowElements;
            weightAt[ky] = (row == y0 + ky ? ky : window.kernelHeight()) * length;
        }
    }
}
