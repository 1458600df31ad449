package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows and blocks of a depthwise convolution, a channel a lane.
 *
 * <p>Rows: a 3x3 kernel at stride 1 or 2 slides along the row with its weights in registers: each column of three inputs is loaded once
 * and added, times its weights, to every output that sees it, so borders need no case of their own: what lies outside is left out.
 * Register budget: 9 weights, the bias, 2 sums under way and 3 inputs: 15; the bounds of the clamp are read from memory.
 *
 * <p>Other kernels and strides go one output at a time: a sum, and operands from memory.
 *
 * <p>Blocks lie in planes, where points are one vector apart and zeros pad the borders: C2 checks such offsets once a row and not
 * once a load. A 3x3 kernel at stride 1 or 2 makes 4 outputs of a row in straight-line code, each input loaded once and added to all
 * outputs that see it. No vector is carried from row to row, as C2 of JDK 17 would box it; and that compiler gives up on inlining
 * at some hundred vector operations a method, which strips of 7 exceed. Register budget: 9 weights, the bias, 4 sums and an input:
 * 15 of 16. At best 4.5 cycles an output, for 9 products at two a cycle.
 */
final class SimdDepthwise {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdDepthwise() {}

    /** Parameters as {@link Lanes#depthwise}'s; {@code count} is a multiple of the vector's length. */
    static void row(float[] in, int inBase, int[] rowAt, int inWidth, int inStride, int kernelHeight, int kernelWidth, int strideX,
            int left,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, int count, float low, float high) {
        boolean slides = kernelHeight == 3 && kernelWidth == 3 && strideX <= 2 && left <= 3 - strideX && inWidth >= 3;
        if (slides && strideX == 1) {
            for (int c = 0; c < count; c += L) {
                slide1(in, inBase + rowAt[0] + c, inBase + rowAt[1] + c, inBase + rowAt[2] + c, inWidth, inStride, left, weight,
                        weightBase + weightAt[0] + c, weightBase + weightAt[1] + c, weightBase + weightAt[2] + c, weightStride,
                        bias, biasAt + c, out, outAt + c, outStride, outWidth, low, high);
            }
        } else if (slides) {
            for (int c = 0; c < count; c += L) {
                slide2(in, inBase + rowAt[0] + c, inBase + rowAt[1] + c, inBase + rowAt[2] + c, inWidth, inStride, left, weight,
                        weightBase + weightAt[0] + c, weightBase + weightAt[1] + c, weightBase + weightAt[2] + c, weightStride,
                        bias, biasAt + c, out, outAt + c, outStride, outWidth, low, high);
            }
        } else {
            for (int x = 0; x < outWidth; x++) {
                int x0 = x * strideX - left;
                single(in, inBase + x0 * inStride, rowAt, inStride, kernelHeight, Math.max(0, -x0), Math.min(kernelWidth, inWidth - x0),
                        weight, weightBase, weightAt, weightStride, bias, biasAt, out, outAt + x * outStride, count, low, high);
            }
        }
    }

    /**
     * Stride 1. Before column j, {@code first} lacks the last of its three columns and {@code second} the last two; j completes the
     * output {@code j + left - 2}.
     */
    private static void slide1(float[] in, int in0, int in1, int in2, int inWidth, int inStride, int left,
            float[] weight, int w0, int w1, int w2, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, float low, float high) {
        FloatVector w00 = FloatVector.fromArray(S, weight, w0);
        FloatVector w01 = FloatVector.fromArray(S, weight, w0 + weightStride);
        FloatVector w02 = FloatVector.fromArray(S, weight, w0 + 2 * weightStride);
        FloatVector w10 = FloatVector.fromArray(S, weight, w1);
        FloatVector w11 = FloatVector.fromArray(S, weight, w1 + weightStride);
        FloatVector w12 = FloatVector.fromArray(S, weight, w1 + 2 * weightStride);
        FloatVector w20 = FloatVector.fromArray(S, weight, w2);
        FloatVector w21 = FloatVector.fromArray(S, weight, w2 + weightStride);
        FloatVector w22 = FloatVector.fromArray(S, weight, w2 + 2 * weightStride);
        FloatVector start = FloatVector.fromArray(S, bias, biasAt);
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        FloatVector first = start;
        FloatVector second = start;
        int at = 0;
        for (int j = 0; j < 2 - left; j++, at += inStride) {
            FloatVector x0 = FloatVector.fromArray(S, in, in0 + at);
            FloatVector x1 = FloatVector.fromArray(S, in, in1 + at);
            FloatVector x2 = FloatVector.fromArray(S, in, in2 + at);
            first = x2.fma(w21, x1.fma(w11, x0.fma(w01, second)));
            second = x2.fma(w20, x1.fma(w10, x0.fma(w00, start)));
        }
        int end = Math.min(inWidth, outWidth + 2 - left);
        int to = outAt;
        for (int j = 2 - left; j < end; j++, at += inStride, to += outStride) {
            FloatVector x0 = FloatVector.fromArray(S, in, in0 + at);
            FloatVector x1 = FloatVector.fromArray(S, in, in1 + at);
            FloatVector x2 = FloatVector.fromArray(S, in, in2 + at);
            FloatVector done = x2.fma(w22, x1.fma(w12, x0.fma(w02, first)));
            first = x2.fma(w21, x1.fma(w11, x0.fma(w01, second)));
            second = x2.fma(w20, x1.fma(w10, x0.fma(w00, start)));
            done = done.blend(l, done.lt(l));
            done.blend(h, h.lt(done)).intoArray(out, to);
        }
        // Outputs whose last column, or last two, lie in the padding.
        int open = outWidth - (end + left - 2);
        if (open > 0) {
            first = first.blend(l, first.lt(l));
            first.blend(h, h.lt(first)).intoArray(out, to);
        }
        if (open > 1) {
            second = second.blend(l, second.lt(l));
            second.blend(h, h.lt(second)).intoArray(out, to + outStride);
        }
    }

    /** Stride 2. {@code next} is the bias and the first column of the output to come, whose column is the last of the one before. */
    private static void slide2(float[] in, int in0, int in1, int in2, int inWidth, int inStride, int left,
            float[] weight, int w0, int w1, int w2, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, float low, float high) {
        FloatVector w00 = FloatVector.fromArray(S, weight, w0);
        FloatVector w01 = FloatVector.fromArray(S, weight, w0 + weightStride);
        FloatVector w02 = FloatVector.fromArray(S, weight, w0 + 2 * weightStride);
        FloatVector w10 = FloatVector.fromArray(S, weight, w1);
        FloatVector w11 = FloatVector.fromArray(S, weight, w1 + weightStride);
        FloatVector w12 = FloatVector.fromArray(S, weight, w1 + 2 * weightStride);
        FloatVector w20 = FloatVector.fromArray(S, weight, w2);
        FloatVector w21 = FloatVector.fromArray(S, weight, w2 + weightStride);
        FloatVector w22 = FloatVector.fromArray(S, weight, w2 + 2 * weightStride);
        FloatVector start = FloatVector.fromArray(S, bias, biasAt);
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        FloatVector next = start;
        int at = 0;
        for (; at < (1 - left) * inStride; at += inStride) {
            next = FloatVector.fromArray(S, in, in2).fma(w20, FloatVector.fromArray(S, in, in1).fma(w10, FloatVector.fromArray(S, in,
                    in0).fma(w00, next)));
        }
        int whole = Math.min(outWidth, (inWidth + left - 3) / 2 + 1);
        int to = outAt;
        for (int x = 0; x < whole; x++, at += 2 * inStride, to += outStride) {
            FloatVector x0 = FloatVector.fromArray(S, in, in0 + at);
            FloatVector x1 = FloatVector.fromArray(S, in, in1 + at);
            FloatVector x2 = FloatVector.fromArray(S, in, in2 + at);
            FloatVector done = x2.fma(w21, x1.fma(w11, x0.fma(w01, next)));
            x0 = FloatVector.fromArray(S, in, in0 + at + inStride);
            x1 = FloatVector.fromArray(S, in, in1 + at + inStride);
            x2 = FloatVector.fromArray(S, in, in2 + at + inStride);
            done = x2.fma(w22, x1.fma(w12, x0.fma(w02, done)));
            next = x2.fma(w20, x1.fma(w10, x0.fma(w00, start)));
            done = done.blend(l, done.lt(l));
            done.blend(h, h.lt(done)).intoArray(out, to);
        }
        if (whole < outWidth) {
            // One output more, whose last column or last two lie in the padding.
            if (2 * whole - left + 1 < inWidth) {
                FloatVector x0 = FloatVector.fromArray(S, in, in0 + at);
                FloatVector x1 = FloatVector.fromArray(S, in, in1 + at);
                FloatVector x2 = FloatVector.fromArray(S, in, in2 + at);
                FloatVector done = x2.fma(w21, x1.fma(w11, x0.fma(w01, next)));
                done = done.blend(l, done.lt(l));
                done.blend(h, h.lt(done)).intoArray(out, to);
            } else {
                next = next.blend(l, next.lt(l));
                next.blend(h, h.lt(next)).intoArray(out, to);
            }
        }
    }

    private static void single(float[] in, int inAt, int[] rowAt, int inStride, int kernelHeight, int kx0, int kx1,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt, float[] out, int outAt, int count,
            float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        int taps = kernelHeight * (kx1 - kx0);
        for (int c = 0; c < count; c += L) {
            FloatVector sum = FloatVector.fromArray(S, bias, biasAt + c);
            // One loop over the taps: of two nested ones C2 of JDK 17 boxes the sum between them.
            int ky = 0;
            int kx = kx0;
            for (int tap = 0; tap < taps; tap++) {
                int w = weightBase + weightAt[ky] + kx * weightStride + c;
                sum = FloatVector.fromArray(S, in, inAt + rowAt[ky] + kx * inStride + c).fma(FloatVector.fromArray(S, weight, w), sum);
                kx++;
                if (kx == kx1) {
                    kx = kx0;
                    ky++;
                }
            }
            sum = sum.blend(l, sum.lt(l));
            sum.blend(h, h.lt(sum)).intoArray(out, outAt + c);
        }
    }

    /** A block of sums, [row][column], as {@link Lanes#depthwiseDct} clamps and transforms them; parameters as there. */
    static void block(int block, float[] in, int inAt, int[] rowAt, int kernelHeight, int kernelWidth, int strideY, int strideX,
            float[] weight, int weightAt, int weightStride, float[] bias, int biasAt, float[] out, int outAt) {
        if (kernelHeight == 3 && kernelWidth == 3 && strideY == strideX && strideX <= 2 && block >= 4) {
            // The last strip reaches back where 4 does not divide the block.
            for (int column = 0; column < block; column += 4) {
                int x = Math.min(column, block - 4) * L;
                if (strideX == 1) {
                    strip4Stride1(in, inAt + x, rowAt, weight, weightAt, weightStride, bias, biasAt, out, outAt + x, block * L, block);
                } else {
                    strip4Stride2(in, inAt + 2 * x, rowAt, weight, weightAt, weightStride, bias, biasAt, out, outAt + x, block * L, block);
                }
            }
        } else {
            for (int y = 0; y < block; y++) {
                for (int x = 0; x < block; x++) {
                    point(in, inAt + x * strideX * L, rowAt, y * strideY, kernelHeight, kernelWidth, weight, weightAt, weightStride, bias, biasAt,
                            out, outAt + (y * block + x) * L);
                }
            }
        }
    }

    /** One output of a plane, of any kernel. */
    private static void point(float[] in, int inAt, int[] rowAt, int row, int kernelHeight, int kernelWidth, float[] weight, int weightAt,
            int weightStride, float[] bias, int biasAt, float[] out, int outAt) {
        FloatVector sum = FloatVector.fromArray(S, bias, biasAt);
        // One loop over the taps: of two nested ones C2 of JDK 17 boxes the sum between them.
        int ky = 0;
        int kx = 0;
        for (int tap = 0; tap < kernelHeight * kernelWidth; tap++) {
            sum = FloatVector.fromArray(S, in, inAt + rowAt[row + ky] + kx * L)
                    .fma(FloatVector.fromArray(S, weight, weightAt + tap * weightStride), sum);
            kx++;
            if (kx == kernelWidth) {
                kx = 0;
                ky++;
            }
        }
        sum.intoArray(out, outAt);
    }

    private static void strip4Stride1(float[] in, int inAt, int[] rowAt, float[] weight, int weightAt, int weightStride, float[] bias,
            int biasAt, float[] out, int outAt, int outRow, int rows) {
        FloatVector w00 = FloatVector.fromArray(S, weight, weightAt);
        FloatVector w01 = FloatVector.fromArray(S, weight, weightAt + weightStride);
        FloatVector w02 = FloatVector.fromArray(S, weight, weightAt + 2 * weightStride);
        FloatVector w10 = FloatVector.fromArray(S, weight, weightAt + 3 * weightStride);
        FloatVector w11 = FloatVector.fromArray(S, weight, weightAt + 4 * weightStride);
        FloatVector w12 = FloatVector.fromArray(S, weight, weightAt + 5 * weightStride);
        FloatVector w20 = FloatVector.fromArray(S, weight, weightAt + 6 * weightStride);
        FloatVector w21 = FloatVector.fromArray(S, weight, weightAt + 7 * weightStride);
        FloatVector w22 = FloatVector.fromArray(S, weight, weightAt + 8 * weightStride);
        FloatVector start = FloatVector.fromArray(S, bias, biasAt);
        for (int y = 0; y < rows; y++) {
            int i0 = inAt + rowAt[y];
            int i1 = inAt + rowAt[y + 1];
            int i2 = inAt + rowAt[y + 2];
            int to = outAt + y * outRow;
            FloatVector x = FloatVector.fromArray(S, in, i0);
            FloatVector y0 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + L);
            y0 = x.fma(w01, y0);
            FloatVector y1 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 2 * L);
            y0 = x.fma(w02, y0);
            y1 = x.fma(w01, y1);
            FloatVector y2 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 3 * L);
            y1 = x.fma(w02, y1);
            y2 = x.fma(w01, y2);
            FloatVector y3 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 4 * L);
            y2 = x.fma(w02, y2);
            y3 = x.fma(w01, y3);
            x = FloatVector.fromArray(S, in, i0 + 5 * L);
            y3 = x.fma(w02, y3);
            x = FloatVector.fromArray(S, in, i1);
            y0 = x.fma(w10, y0);
            x = FloatVector.fromArray(S, in, i1 + L);
            y0 = x.fma(w11, y0);
            y1 = x.fma(w10, y1);
            x = FloatVector.fromArray(S, in, i1 + 2 * L);
            y0 = x.fma(w12, y0);
            y1 = x.fma(w11, y1);
            y2 = x.fma(w10, y2);
            x = FloatVector.fromArray(S, in, i1 + 3 * L);
            y1 = x.fma(w12, y1);
            y2 = x.fma(w11, y2);
            y3 = x.fma(w10, y3);
            x = FloatVector.fromArray(S, in, i1 + 4 * L);
            y2 = x.fma(w12, y2);
            y3 = x.fma(w11, y3);
            x = FloatVector.fromArray(S, in, i1 + 5 * L);
            y3 = x.fma(w12, y3);
            x = FloatVector.fromArray(S, in, i2);
            y0 = x.fma(w20, y0);
            x = FloatVector.fromArray(S, in, i2 + L);
            y0 = x.fma(w21, y0);
            y1 = x.fma(w20, y1);
            x = FloatVector.fromArray(S, in, i2 + 2 * L);
            y0 = x.fma(w22, y0);
            y1 = x.fma(w21, y1);
            y2 = x.fma(w20, y2);
            x = FloatVector.fromArray(S, in, i2 + 3 * L);
            y1 = x.fma(w22, y1);
            y2 = x.fma(w21, y2);
            y3 = x.fma(w20, y3);
            x = FloatVector.fromArray(S, in, i2 + 4 * L);
            y2 = x.fma(w22, y2);
            y3 = x.fma(w21, y3);
            x = FloatVector.fromArray(S, in, i2 + 5 * L);
            y3 = x.fma(w22, y3);
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
        }
    }

    private static void strip4Stride2(float[] in, int inAt, int[] rowAt, float[] weight, int weightAt, int weightStride, float[] bias,
            int biasAt, float[] out, int outAt, int outRow, int rows) {
        FloatVector w00 = FloatVector.fromArray(S, weight, weightAt);
        FloatVector w01 = FloatVector.fromArray(S, weight, weightAt + weightStride);
        FloatVector w02 = FloatVector.fromArray(S, weight, weightAt + 2 * weightStride);
        FloatVector w10 = FloatVector.fromArray(S, weight, weightAt + 3 * weightStride);
        FloatVector w11 = FloatVector.fromArray(S, weight, weightAt + 4 * weightStride);
        FloatVector w12 = FloatVector.fromArray(S, weight, weightAt + 5 * weightStride);
        FloatVector w20 = FloatVector.fromArray(S, weight, weightAt + 6 * weightStride);
        FloatVector w21 = FloatVector.fromArray(S, weight, weightAt + 7 * weightStride);
        FloatVector w22 = FloatVector.fromArray(S, weight, weightAt + 8 * weightStride);
        FloatVector start = FloatVector.fromArray(S, bias, biasAt);
        for (int y = 0; y < rows; y++) {
            int i0 = inAt + rowAt[2 * y];
            int i1 = inAt + rowAt[2 * y + 1];
            int i2 = inAt + rowAt[2 * y + 2];
            int to = outAt + y * outRow;
            FloatVector x = FloatVector.fromArray(S, in, i0);
            FloatVector y0 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + L);
            y0 = x.fma(w01, y0);
            x = FloatVector.fromArray(S, in, i0 + 2 * L);
            y0 = x.fma(w02, y0);
            FloatVector y1 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 3 * L);
            y1 = x.fma(w01, y1);
            x = FloatVector.fromArray(S, in, i0 + 4 * L);
            y1 = x.fma(w02, y1);
            FloatVector y2 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 5 * L);
            y2 = x.fma(w01, y2);
            x = FloatVector.fromArray(S, in, i0 + 6 * L);
            y2 = x.fma(w02, y2);
            FloatVector y3 = x.fma(w00, start);
            x = FloatVector.fromArray(S, in, i0 + 7 * L);
            y3 = x.fma(w01, y3);
            x = FloatVector.fromArray(S, in, i0 + 8 * L);
            y3 = x.fma(w02, y3);
            x = FloatVector.fromArray(S, in, i1);
            y0 = x.fma(w10, y0);
            x = FloatVector.fromArray(S, in, i1 + L);
            y0 = x.fma(w11, y0);
            x = FloatVector.fromArray(S, in, i1 + 2 * L);
            y0 = x.fma(w12, y0);
            y1 = x.fma(w10, y1);
            x = FloatVector.fromArray(S, in, i1 + 3 * L);
            y1 = x.fma(w11, y1);
            x = FloatVector.fromArray(S, in, i1 + 4 * L);
            y1 = x.fma(w12, y1);
            y2 = x.fma(w10, y2);
            x = FloatVector.fromArray(S, in, i1 + 5 * L);
            y2 = x.fma(w11, y2);
            x = FloatVector.fromArray(S, in, i1 + 6 * L);
            y2 = x.fma(w12, y2);
            y3 = x.fma(w10, y3);
            x = FloatVector.fromArray(S, in, i1 + 7 * L);
            y3 = x.fma(w11, y3);
            x = FloatVector.fromArray(S, in, i1 + 8 * L);
            y3 = x.fma(w12, y3);
            x = FloatVector.fromArray(S, in, i2);
            y0 = x.fma(w20, y0);
            x = FloatVector.fromArray(S, in, i2 + L);
            y0 = x.fma(w21, y0);
            x = FloatVector.fromArray(S, in, i2 + 2 * L);
            y0 = x.fma(w22, y0);
            y1 = x.fma(w20, y1);
            x = FloatVector.fromArray(S, in, i2 + 3 * L);
            y1 = x.fma(w21, y1);
            x = FloatVector.fromArray(S, in, i2 + 4 * L);
            y1 = x.fma(w22, y1);
            y2 = x.fma(w20, y2);
            x = FloatVector.fromArray(S, in, i2 + 5 * L);
            y2 = x.fma(w21, y2);
            x = FloatVector.fromArray(S, in, i2 + 6 * L);
            y2 = x.fma(w22, y2);
            y3 = x.fma(w20, y3);
            x = FloatVector.fromArray(S, in, i2 + 7 * L);
            y3 = x.fma(w21, y3);
            x = FloatVector.fromArray(S, in, i2 + 8 * L);
            y3 = x.fma(w22, y3);
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
        }
    }
}
