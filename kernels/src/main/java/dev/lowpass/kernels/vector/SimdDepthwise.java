package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of a depthwise convolution, a channel a lane. Where all three columns of a kernel of width 3 count, at stride 1 or 2, four
 * neighbouring outputs are computed together, so that a weight is loaded once for four and an input once for up to three.
 *
 * <p>Register budget: 4 sums, 3 weights and the input of the moment (6 or 9 of a row; the compiler may fetch some ahead): 8 to 16.
 * Other kernels, strides and border columns go one output at a time: a sum, and operands from memory.
 */
final class SimdDepthwise {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdDepthwise() {}

    /** Parameters as {@link Lanes#depthwise}'s; {@code count} is a multiple of the vector's length. */
    static void row(float[] in, int inBase, int[] rowAt, int inStride, int strideX, int ky0, int ky1, int kx0, int kx1,
            float[] weight, int weightAt, int weightStride, int kernelWidth, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int xCount, int count, float low, float high) {
        boolean quads = kernelWidth == 3 && kx0 == 0 && kx1 == 3 && strideX <= 2 && xCount >= 4;
        if (!quads) {
            for (int x = 0; x < xCount; x++) {
                single(in, inBase + x * strideX * inStride, rowAt, inStride, ky0, ky1, kx0, kx1, weight, weightAt, weightStride, kernelWidth,
                        bias, biasAt, out, outAt + x * outStride, count, low, high);
            }
            return;
        }
        for (int x = 0; x < xCount; x += 4) {
            // The last four may overlap those before them: computing an output twice is cheaper than computing it alone.
            int from = Math.min(x, xCount - 4);
            int inAt = inBase + from * strideX * inStride;
            if (strideX == 1) {
                quad1(in, inAt, rowAt, inStride, ky0, ky1, weight, weightAt, weightStride, bias, biasAt, out, outAt + from * outStride, outStride,
                        count, low, high);
            } else {
                quad2(in, inAt, rowAt, inStride, ky0, ky1, weight, weightAt, weightStride, bias, biasAt, out, outAt + from * outStride, outStride,
                        count, low, high);
            }
        }
    }

    private static void quad1(float[] in, int inAt, int[] rowAt, int inStride, int ky0, int ky1, float[] weight, int weightAt, int weightStride,
            float[] bias, int biasAt, float[] out, int outAt, int outStride, int count, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int c = 0; c < count; c += L) {
            FloatVector s0 = FloatVector.fromArray(S, bias, biasAt + c);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int ky = ky0; ky < ky1; ky++) {
                int at = inAt + rowAt[ky] + c;
                int w = weightAt + 3 * ky * weightStride + c;
                FloatVector w0 = FloatVector.fromArray(S, weight, w);
                FloatVector w1 = FloatVector.fromArray(S, weight, w + weightStride);
                FloatVector w2 = FloatVector.fromArray(S, weight, w + 2 * weightStride);
                FloatVector x = FloatVector.fromArray(S, in, at);
                s0 = x.fma(w0, s0);
                x = FloatVector.fromArray(S, in, at + inStride);
                s0 = x.fma(w1, s0);
                s1 = x.fma(w0, s1);
                x = FloatVector.fromArray(S, in, at + 2 * inStride);
                s0 = x.fma(w2, s0);
                s1 = x.fma(w1, s1);
                s2 = x.fma(w0, s2);
                x = FloatVector.fromArray(S, in, at + 3 * inStride);
                s1 = x.fma(w2, s1);
                s2 = x.fma(w1, s2);
                s3 = x.fma(w0, s3);
                x = FloatVector.fromArray(S, in, at + 4 * inStride);
                s2 = x.fma(w2, s2);
                s3 = x.fma(w1, s3);
                x = FloatVector.fromArray(S, in, at + 5 * inStride);
                s3 = x.fma(w2, s3);
            }
            s0 = s0.blend(l, s0.lt(l));
            s1 = s1.blend(l, s1.lt(l));
            s2 = s2.blend(l, s2.lt(l));
            s3 = s3.blend(l, s3.lt(l));
            s0.blend(h, h.lt(s0)).intoArray(out, outAt + c);
            s1.blend(h, h.lt(s1)).intoArray(out, outAt + outStride + c);
            s2.blend(h, h.lt(s2)).intoArray(out, outAt + 2 * outStride + c);
            s3.blend(h, h.lt(s3)).intoArray(out, outAt + 3 * outStride + c);
        }
    }

    private static void quad2(float[] in, int inAt, int[] rowAt, int inStride, int ky0, int ky1, float[] weight, int weightAt, int weightStride,
            float[] bias, int biasAt, float[] out, int outAt, int outStride, int count, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int c = 0; c < count; c += L) {
            FloatVector s0 = FloatVector.fromArray(S, bias, biasAt + c);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int ky = ky0; ky < ky1; ky++) {
                int at = inAt + rowAt[ky] + c;
                int w = weightAt + 3 * ky * weightStride + c;
                FloatVector w0 = FloatVector.fromArray(S, weight, w);
                FloatVector w1 = FloatVector.fromArray(S, weight, w + weightStride);
                FloatVector w2 = FloatVector.fromArray(S, weight, w + 2 * weightStride);
                s0 = FloatVector.fromArray(S, in, at).fma(w0, s0);
                s0 = FloatVector.fromArray(S, in, at + inStride).fma(w1, s0);
                FloatVector x = FloatVector.fromArray(S, in, at + 2 * inStride);
                s0 = x.fma(w2, s0);
                s1 = x.fma(w0, s1);
                s1 = FloatVector.fromArray(S, in, at + 3 * inStride).fma(w1, s1);
                x = FloatVector.fromArray(S, in, at + 4 * inStride);
                s1 = x.fma(w2, s1);
                s2 = x.fma(w0, s2);
                s2 = FloatVector.fromArray(S, in, at + 5 * inStride).fma(w1, s2);
                x = FloatVector.fromArray(S, in, at + 6 * inStride);
                s2 = x.fma(w2, s2);
                s3 = x.fma(w0, s3);
                s3 = FloatVector.fromArray(S, in, at + 7 * inStride).fma(w1, s3);
                s3 = FloatVector.fromArray(S, in, at + 8 * inStride).fma(w2, s3);
            }
            s0 = s0.blend(l, s0.lt(l));
            s1 = s1.blend(l, s1.lt(l));
            s2 = s2.blend(l, s2.lt(l));
            s3 = s3.blend(l, s3.lt(l));
            s0.blend(h, h.lt(s0)).intoArray(out, outAt + c);
            s1.blend(h, h.lt(s1)).intoArray(out, outAt + outStride + c);
            s2.blend(h, h.lt(s2)).intoArray(out, outAt + 2 * outStride + c);
            s3.blend(h, h.lt(s3)).intoArray(out, outAt + 3 * outStride + c);
        }
    }

    private static void single(float[] in, int inAt, int[] rowAt, int inStride, int ky0, int ky1, int kx0, int kx1,
            float[] weight, int weightAt, int weightStride, int kernelWidth, float[] bias, int biasAt, float[] out, int outAt, int count,
            float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        int taps = (ky1 - ky0) * (kx1 - kx0);
        for (int c = 0; c < count; c += L) {
            FloatVector sum = FloatVector.fromArray(S, bias, biasAt + c);
            // One loop over the taps: of two nested ones C2 of JDK 17 boxes the sum between them.
            int ky = ky0;
            int kx = kx0;
            for (int tap = 0; tap < taps; tap++) {
                int w = weightAt + (ky * kernelWidth + kx) * weightStride + c;
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
}
