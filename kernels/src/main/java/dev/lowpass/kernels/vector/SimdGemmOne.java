package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the GEMM for panels of one vector a row: see {@link SimdGemm}.
 *
 * <p>Register budget: 7 sums, 1 panel vector and up to 7 broadcasts: 15. A product needs a broadcast of its own here, so the loads,
 * not the multiply-adds, bound these tiles; only a layer of few output channels is left to them.
 */
final class SimdGemmOne {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdGemmOne() {}

    /** {@code tiles} tiles of {@code size} rows; other parameters as {@link Lanes#gemm}. */
    static void tiles(int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        switch (size) {
            case 7:
                rows7(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 4:
                rows4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 2:
                rows2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 1:
                rows1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, low, high);
                break;
            default:
                throw new AssertionError("no tile of " + size + " rows");
        }
    }

    private static void rows7(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 7 * aStride, cAt += 7 * cStride, initAt += 7 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            FloatVector c40 = FloatVector.fromArray(S, init, initAt + 4 * initStride).add(b0);
            FloatVector c50 = FloatVector.fromArray(S, init, initAt + 5 * initStride).add(b0);
            FloatVector c60 = FloatVector.fromArray(S, init, initAt + 6 * initStride).add(b0);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
                x = FloatVector.broadcast(S, a[a4 + i]);
                c40 = x.fma(b0, c40);
                x = FloatVector.broadcast(S, a[a5 + i]);
                c50 = x.fma(b0, c50);
                x = FloatVector.broadcast(S, a[a6 + i]);
                c60 = x.fma(b0, c60);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c20.blend(l, c20.lt(l)).blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c30.blend(l, c30.lt(l)).blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c40.blend(l, c40.lt(l)).blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c50.blend(l, c50.lt(l)).blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c60.blend(l, c60.lt(l)).blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
        }
    }

    private static void rows4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride, initAt += 4 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c20.blend(l, c20.lt(l)).blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c30.blend(l, c30.lt(l)).blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
        }
    }

    private static void rows2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride, initAt += 2 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            int a1 = aAt + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
        }
    }

    private static void rows1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride, initAt += initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
        }
    }
}
