package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the GEMM for panels of three vectors a row: see {@link SimdGemm}.
 *
 * <p>Register budget: a tile of 7 x 3 keeps 21 sums, 3 panel vectors and up to 7 broadcasts, 31 of 32 registers, so that it fits even
 * where C2 hoists every broadcast to the top of the loop. With 16 registers 3 x 3 keeps 9 sums, 3 panel vectors and up to 3 broadcasts.
 */
final class SimdGemmThree {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();
    private static final int L3 = 3 * L;

    private SimdGemmThree() {}

    /** {@code tiles} tiles of {@code size} rows; other parameters as {@link Lanes#gemm}. */
    static void tiles(int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        switch (size) {
            case 7:
                rows7(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 4:
                rows4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 3:
                rows3(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 2:
                rows2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
                break;
            case 1:
                rows1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
                break;
            default:
                throw new AssertionError("no tile of " + size + " rows");
        }
    }

    private static void rows7(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 7 * aStride, cAt += 7 * cStride, initAt += 7 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + last).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + last).add(b2);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c22 = FloatVector.fromArray(S, init, initAt + 2 * initStride + last).add(b2);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            FloatVector c31 = FloatVector.fromArray(S, init, initAt + 3 * initStride + L).add(b1);
            FloatVector c32 = FloatVector.fromArray(S, init, initAt + 3 * initStride + last).add(b2);
            FloatVector c40 = FloatVector.fromArray(S, init, initAt + 4 * initStride).add(b0);
            FloatVector c41 = FloatVector.fromArray(S, init, initAt + 4 * initStride + L).add(b1);
            FloatVector c42 = FloatVector.fromArray(S, init, initAt + 4 * initStride + last).add(b2);
            FloatVector c50 = FloatVector.fromArray(S, init, initAt + 5 * initStride).add(b0);
            FloatVector c51 = FloatVector.fromArray(S, init, initAt + 5 * initStride + L).add(b1);
            FloatVector c52 = FloatVector.fromArray(S, init, initAt + 5 * initStride + last).add(b2);
            FloatVector c60 = FloatVector.fromArray(S, init, initAt + 6 * initStride).add(b0);
            FloatVector c61 = FloatVector.fromArray(S, init, initAt + 6 * initStride + L).add(b1);
            FloatVector c62 = FloatVector.fromArray(S, init, initAt + 6 * initStride + last).add(b2);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                c22 = x.fma(b2, c22);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
                c32 = x.fma(b2, c32);
                x = FloatVector.broadcast(S, a[a4 + i]);
                c40 = x.fma(b0, c40);
                c41 = x.fma(b1, c41);
                c42 = x.fma(b2, c42);
                x = FloatVector.broadcast(S, a[a5 + i]);
                c50 = x.fma(b0, c50);
                c51 = x.fma(b1, c51);
                c52 = x.fma(b2, c52);
                x = FloatVector.broadcast(S, a[a6 + i]);
                c60 = x.fma(b0, c60);
                c61 = x.fma(b1, c61);
                c62 = x.fma(b2, c62);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c01.blend(l, c01.lt(l)).blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02.blend(l, c02.lt(l)).blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11.blend(l, c11.lt(l)).blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12.blend(l, c12.lt(l)).blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20.blend(l, c20.lt(l)).blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21.blend(l, c21.lt(l)).blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22.blend(l, c22.lt(l)).blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
            c30.blend(l, c30.lt(l)).blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31.blend(l, c31.lt(l)).blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            c32.blend(l, c32.lt(l)).blend(h, h.lt(c32)).intoArray(c, cAt + 3 * cStride + last);
            c40.blend(l, c40.lt(l)).blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c41.blend(l, c41.lt(l)).blend(h, h.lt(c41)).intoArray(c, cAt + 4 * cStride + L);
            c42.blend(l, c42.lt(l)).blend(h, h.lt(c42)).intoArray(c, cAt + 4 * cStride + last);
            c50.blend(l, c50.lt(l)).blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c51.blend(l, c51.lt(l)).blend(h, h.lt(c51)).intoArray(c, cAt + 5 * cStride + L);
            c52.blend(l, c52.lt(l)).blend(h, h.lt(c52)).intoArray(c, cAt + 5 * cStride + last);
            c60.blend(l, c60.lt(l)).blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
            c61.blend(l, c61.lt(l)).blend(h, h.lt(c61)).intoArray(c, cAt + 6 * cStride + L);
            c62.blend(l, c62.lt(l)).blend(h, h.lt(c62)).intoArray(c, cAt + 6 * cStride + last);
        }
    }

    private static void rows4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride, initAt += 4 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + last).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + last).add(b2);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c22 = FloatVector.fromArray(S, init, initAt + 2 * initStride + last).add(b2);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            FloatVector c31 = FloatVector.fromArray(S, init, initAt + 3 * initStride + L).add(b1);
            FloatVector c32 = FloatVector.fromArray(S, init, initAt + 3 * initStride + last).add(b2);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                c22 = x.fma(b2, c22);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
                c32 = x.fma(b2, c32);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c01.blend(l, c01.lt(l)).blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02.blend(l, c02.lt(l)).blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11.blend(l, c11.lt(l)).blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12.blend(l, c12.lt(l)).blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20.blend(l, c20.lt(l)).blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21.blend(l, c21.lt(l)).blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22.blend(l, c22.lt(l)).blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
            c30.blend(l, c30.lt(l)).blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31.blend(l, c31.lt(l)).blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            c32.blend(l, c32.lt(l)).blend(h, h.lt(c32)).intoArray(c, cAt + 3 * cStride + last);
        }
    }

    private static void rows3(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 3 * aStride, cAt += 3 * cStride, initAt += 3 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + last).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + last).add(b2);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c22 = FloatVector.fromArray(S, init, initAt + 2 * initStride + last).add(b2);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                c22 = x.fma(b2, c22);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c01.blend(l, c01.lt(l)).blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02.blend(l, c02.lt(l)).blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11.blend(l, c11.lt(l)).blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12.blend(l, c12.lt(l)).blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20.blend(l, c20.lt(l)).blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21.blend(l, c21.lt(l)).blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22.blend(l, c22.lt(l)).blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
        }
    }

    private static void rows2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride, initAt += 2 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + last).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + last).add(b2);
            int a1 = aAt + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c01.blend(l, c01.lt(l)).blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02.blend(l, c02.lt(l)).blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10.blend(l, c10.lt(l)).blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11.blend(l, c11.lt(l)).blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12.blend(l, c12.lt(l)).blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
        }
    }

    private static void rows1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride, initAt += initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + last).add(b2);
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
            }
            FloatVector l = FloatVector.broadcast(S, low);
            FloatVector h = FloatVector.broadcast(S, high);
            c00.blend(l, c00.lt(l)).blend(h, h.lt(c00)).intoArray(c, cAt);
            c01.blend(l, c01.lt(l)).blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02.blend(l, c02.lt(l)).blend(h, h.lt(c02)).intoArray(c, cAt + last);
        }
    }
}
