package dev.lowpass.kernels.reference;

import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Zigzag;
import java.util.Arrays;

/**
 * The block DCT of one image's plane, as two products with the basis: {@code X^ = D X D'} and {@code X = D' X^ D}. The image is
 * spatial, {@code [y][x][c]}, on one side; on the other side it is one of a batch in {@code [z][n][block][c]}, so that its
 * index z lies {@code step} elements after z - 1.
 */
final class BlockDct {

    private final Plane plane;
    private final int block;
    private final int channels;
    private final double[][] basis;
    private final Zigzag zigzag;

    BlockDct(Plane plane, int block) {
        this.plane = plane;
        this.block = block;
        channels = plane.channels();
        basis = DctBasis.of(block);
        zigzag = Zigzag.of(block);
    }

    /** Elements of the intermediate product. */
    int scratchElements() {
        return block * block * channels;
    }

    /** Writes zero at and beyond each channel's cutoff. {@code half} is the intermediate product {@code X D'}. */
    void forward(double[] in, int image, double[] out, int frequency, int step, Staircase staircase, double[] scratch, int half) {
        for (int blockY = 0; blockY < plane.height() / block; blockY++) {
            for (int blockX = 0; blockX < plane.width() / block; blockX++) {
                int corner = image + (blockY * block * plane.width() + blockX * block) * channels;
                Arrays.fill(scratch, half, half + scratchElements(), 0);
                for (int y = 0; y < block; y++) {
                    for (int v = 0; v < block; v++) {
                        for (int x = 0; x < block; x++) {
                            int from = corner + (y * plane.width() + x) * channels;
                            addScaled(basis[v][x], in, from, scratch, half + (y * block + v) * channels);
                        }
                    }
                }
                for (int z = 0; z < zigzag.coefficients(); z++) {
                    int u = zigzag.row(z);
                    int v = zigzag.column(z);
                    int to = frequency + z * step + (blockY * (plane.width() / block) + blockX) * channels;
                    Arrays.fill(out, to, to + channels, 0);
                    for (int y = 0; y < block; y++) {
                        addScaled(basis[u][y], scratch, half + (y * block + v) * channels, out, to);
                    }
                    for (int c = 0; c < channels; c++) {
                        if (z >= staircase.cutoff(c)) {
                            out[to + c] = 0;
                        }
                    }
                }
            }
        }
    }

    /** {@code half} is the intermediate product {@code D' X^}. */
    void inverse(double[] in, int frequency, int step, double[] out, int image, double[] scratch, int half) {
        for (int blockY = 0; blockY < plane.height() / block; blockY++) {
            for (int blockX = 0; blockX < plane.width() / block; blockX++) {
                int corner = image + (blockY * block * plane.width() + blockX * block) * channels;
                Arrays.fill(scratch, half, half + scratchElements(), 0);
                for (int z = 0; z < zigzag.coefficients(); z++) {
                    int u = zigzag.row(z);
                    int v = zigzag.column(z);
                    int from = frequency + z * step + (blockY * (plane.width() / block) + blockX) * channels;
                    for (int y = 0; y < block; y++) {
                        addScaled(basis[u][y], in, from, scratch, half + (y * block + v) * channels);
                    }
                }
                for (int y = 0; y < block; y++) {
                    for (int x = 0; x < block; x++) {
                        int to = corner + (y * plane.width() + x) * channels;
                        Arrays.fill(out, to, to + channels, 0);
                        for (int v = 0; v < block; v++) {
                            addScaled(basis[v][x], scratch, half + (y * block + v) * channels, out, to);
                        }
                    }
                }
            }
        }
    }

    /** {@code to[c] += scale * from[c]} over the channels. */
    private void addScaled(double scale, double[] from, int fromOffset, double[] to, int toOffset) {
        for (int c = 0; c < channels; c++) {
            to[toOffset + c] += scale * from[fromOffset + c];
        }
    }
}
