package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Zigzag;

/**
 * Every operation once more, an element at a time and straight from its definition, sharing no code with any back end: what the
 * reference is held to.
 */
final class Naive {

    private Naive() {}

    /** {@code a(u) cos(pi (2i+1) u / 2B)}. */
    static double basis(int block, int u, int i) {
        double scale = u == 0 ? Math.sqrt(1.0 / block) : Math.sqrt(2.0 / block);
        return scale * Math.cos(Math.PI * (2 * i + 1) * u / (2.0 * block));
    }

    /** All coefficients, whatever the cutoffs. */
    static double[] dct(Plane plane, int block, int batch, double[] in) {
        Zigzag zigzag = Zigzag.of(block);
        double[][] table = table(block);
        double[] out = new double[in.length];
        for (int i = 0; i < out.length; i++) {
            int c = i % plane.channels();
            int blocksAcross = plane.width() / block;
            int blocks = plane.blocks(block);
            int cell = i / plane.channels() % blocks;
            int n = i / plane.channels() / blocks % batch;
            int z = i / plane.channels() / blocks / batch;
            double sum = 0;
            for (int y = 0; y < block; y++) {
                for (int x = 0; x < block; x++) {
                    double value = in[at(plane, n, cell / blocksAcross * block + y, cell % blocksAcross * block + x, c)];
                    sum += table[zigzag.row(z)][y] * table[zigzag.column(z)][x] * value;
                }
            }
            out[i] = sum;
        }
        return out;
    }

    static double[] idct(Plane plane, int block, int batch, double[] in) {
        Zigzag zigzag = Zigzag.of(block);
        double[][] table = table(block);
        double[] out = new double[in.length];
        for (int n = 0; n < batch; n++) {
            for (int y = 0; y < plane.height(); y++) {
                for (int x = 0; x < plane.width(); x++) {
                    for (int c = 0; c < plane.channels(); c++) {
                        int cell = y / block * (plane.width() / block) + x / block;
                        double sum = 0;
                        for (int z = 0; z < block * block; z++) {
                            double value = in[((z * batch + n) * plane.blocks(block) + cell) * plane.channels() + c];
                            sum += table[zigzag.row(z)][y % block] * table[zigzag.column(z)][x % block] * value;
                        }
                        out[at(plane, n, y, x, c)] = sum;
                    }
                }
            }
        }
        return out;
    }

    private static double[][] table(int block) {
        double[][] table = new double[block][block];
        for (int u = 0; u < block; u++) {
            for (int i = 0; i < block; i++) {
                table[u][i] = basis(block, u, i);
            }
        }
        return table;
    }

    /** Weights {@code [out][kernelY][kernelX][in]}. */
    static double[] conv2d(Plane in, int outChannels, Window window, int batch, double[] x, float[] weight, float[] bias) {
        Plane out = window.out(in, outChannels);
        double[] y = new double[batch * out.elements()];
        for (int i = 0; i < y.length; i++) {
            int o = i % outChannels;
            double sum = bias == null ? 0 : bias[o];
            for (int ky = 0; ky < window.kernelHeight(); ky++) {
                for (int kx = 0; kx < window.kernelWidth(); kx++) {
                    for (int c = 0; c < in.channels(); c++) {
                        double w = weight[((o * window.kernelHeight() + ky) * window.kernelWidth() + kx) * in.channels() + c];
                        sum += w * tap(in, out, window, x, i, ky, kx, c);
                    }
                }
            }
            y[i] = sum;
        }
        return y;
    }

    /** Weights {@code [kernelY][kernelX][c]}. */
    static double[] depthwise(Plane in, Window window, int batch, double[] x, float[] weight, float[] bias) {
        Plane out = window.out(in, in.channels());
        double[] y = new double[batch * out.elements()];
        for (int i = 0; i < y.length; i++) {
            int c = i % in.channels();
            double sum = bias == null ? 0 : bias[c];
            for (int ky = 0; ky < window.kernelHeight(); ky++) {
                for (int kx = 0; kx < window.kernelWidth(); kx++) {
                    sum += weight[(ky * window.kernelWidth() + kx) * in.channels() + c] * tap(in, out, window, x, i, ky, kx, c);
                }
            }
            y[i] = sum;
        }
        return y;
    }

    /** The input under tap (ky, kx) of output element {@code i}, channel c; zero in the padding. */
    private static double tap(Plane in, Plane out, Window window, double[] x, int i, int ky, int kx, int c) {
        int position = i / out.channels();
        int n = position / out.area();
        int row = position % out.area() / out.width() * window.strideY() + ky - window.padding().top();
        int column = position % out.width() * window.strideX() + kx - window.padding().left();
        boolean inside = row >= 0 && row < in.height() && column >= 0 && column < in.width();
        return inside ? x[at(in, n, row, column, c)] : 0;
    }

    /** Weights {@code [out][in]}; {@code residual} may be null. */
    static double[] pointwise(Plane in, int outChannels, int batch, float[] x, float[] weight, float[] bias, float[] residual) {
        double[] y = new double[batch * in.area() * outChannels];
        for (int i = 0; i < y.length; i++) {
            int o = i % outChannels;
            double sum = (bias == null ? 0 : bias[o]) + (residual == null ? 0 : residual[i]);
            for (int c = 0; c < in.channels(); c++) {
                sum += (double) weight[o * in.channels() + c] * x[i / outChannels * in.channels() + c];
            }
            y[i] = sum;
        }
        return y;
    }

    /** Weights {@code [out][rank]}; a channel's rank is found here by counting the channels that come before it. */
    static double[] bandPointwise(Plane in, int outChannels, Staircase staircase, int batch, float[] x, float[] weight, float[] bias, float[] residual) {
        int channels = in.channels();
        int[] rank = new int[channels];
        for (int c = 0; c < channels; c++) {
            for (int other = 0; other < channels; other++) {
                if (staircase.cutoff(other) > staircase.cutoff(c) || staircase.cutoff(other) == staircase.cutoff(c) && other < c) {
                    rank[c]++;
                }
            }
        }
        int rows = batch * in.blocks(staircase.block());
        double[] y = new double[batch * in.area() * outChannels];
        for (int i = 0; i < y.length; i++) {
            int o = i % outChannels;
            int row = i / outChannels;
            int z = row / rows;
            double sum = residual == null ? 0 : residual[i];
            if (z == 0 && bias != null) {
                sum += (double) staircase.block() * bias[o];
            }
            for (int c = 0; c < channels; c++) {
                if (staircase.cutoff(c) > z) {
                    sum += (double) weight[o * channels + rank[c]] * x[row * channels + c];
                }
            }
            y[i] = sum;
        }
        return y;
    }

    static double[] activate(Activation activation, double[] values) {
        double[] result = values.clone();
        for (int i = 0; i < result.length; i++) {
            if (activation != Activation.NONE && result[i] < 0) {
                result[i] = 0;
            }
            if (activation == Activation.RELU6 && result[i] > 6) {
                result[i] = 6;
            }
        }
        return result;
    }

    static double[] toDouble(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    static int at(Plane plane, int n, int y, int x, int c) {
        return ((n * plane.height() + y) * plane.width() + x) * plane.channels() + c;
    }
}
