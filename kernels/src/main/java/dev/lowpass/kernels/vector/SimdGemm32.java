package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the GEMM that clamp, for machines of 32 vector registers, AVX-512 and NEON, and Java 21 or later: see {@link SimdGemm}.
 *
 * <p>Register budget: a tile of 8 x 3 keeps 24 sums, 3 panel vectors and the broadcasts under way, 2 or 3 as C2 orders them: 30; the bounds
 * of the clamp wait in memory if they must. Eight rows rather than seven hide the loop's own instructions better, which are as many for
 * each step of the depth. Unrolled by two, C2 of JDK 25 spills sums.
 *
 * <p>Sums are clamped here by comparing and blending, four instructions for each vector where the masks have registers of their own; a
 * NaN stays one. A pass of its own took longer from a depth of 16 to one of 576.
 *
 * <p>Where few rows share weights that no near cache keeps from one pass of the network to the next, tiles wait for them: then they read
 * the next panel a little at a time while they multiply by this one. Java has no prefetch instruction, so that costs a few scalar
 * instructions for each step of the depth, 3 to 5 % of the time where the weights were near anyway. Hence a second form of the largest tile:
 * all of a tile has to stand in one method, or C2 boxes the sums.
 */
final class SimdGemm32 {

    /** The rows of the largest tile. */
    static final int ROWS = 8;

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();
    private static final int L2 = 2 * L;
    private static final int L3 = 3 * L;
    private static final int LINE_ELEMENTS = 16;

    /** Written in theory only: what is read ahead must not look unused to C2. */
    private static float unused;

    private SimdGemm32() {}

    /** {@code tiles} tiles of {@code size} rows; other parameters as {@link Lanes#gemm}. */
    static void tiles(int vectors, int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt,
            int cStride, int last, float[] bias, int biasAt, float low, float high) {
        switch (8 * vectors + size) {
            case 8 * 3 + 8:
                if (ahead >= 0) {
                    three8Ahead(tiles, k, a, aAt, aStride, b, bAt, ahead, c, cAt, cStride, last, bias, biasAt, low, high);
                } else {
                    three8(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                }
                break;
            case 8 * 3 + 4:
                three4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 3 + 2:
                three2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 3 + 1:
                three1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 2 + 8:
                two8(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 2 + 4:
                two4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 2 + 2:
                two2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 2 + 1:
                two1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
                break;
            case 8 * 1 + 8:
                one8(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, low, high);
                break;
            case 8 * 1 + 4:
                one4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, low, high);
                break;
            case 8 * 1 + 2:
                one2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, low, high);
                break;
            case 8 * 1 + 1:
                one1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, low, high);
                break;
            default:
                throw new AssertionError("no tile of " + size + " rows of " + vectors + " vectors");
        }
    }

    private static void three8(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 8 * aStride, cAt += 8 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c02 = b2;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c12 = b2;
            FloatVector c20 = b0;
            FloatVector c21 = b1;
            FloatVector c22 = b2;
            FloatVector c30 = b0;
            FloatVector c31 = b1;
            FloatVector c32 = b2;
            FloatVector c40 = b0;
            FloatVector c41 = b1;
            FloatVector c42 = b2;
            FloatVector c50 = b0;
            FloatVector c51 = b1;
            FloatVector c52 = b2;
            FloatVector c60 = b0;
            FloatVector c61 = b1;
            FloatVector c62 = b2;
            FloatVector c70 = b0;
            FloatVector c71 = b1;
            FloatVector c72 = b2;
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            int a7 = a6 + aStride;
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
                x = FloatVector.broadcast(S, a[a7 + i]);
                c70 = x.fma(b0, c70);
                c71 = x.fma(b1, c71);
                c72 = x.fma(b2, c72);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02 = c02.blend(l, c02.lt(l));
            c02.blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12 = c12.blend(l, c12.lt(l));
            c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21 = c21.blend(l, c21.lt(l));
            c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22 = c22.blend(l, c22.lt(l));
            c22.blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31 = c31.blend(l, c31.lt(l));
            c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            c32 = c32.blend(l, c32.lt(l));
            c32.blend(h, h.lt(c32)).intoArray(c, cAt + 3 * cStride + last);
            c40 = c40.blend(l, c40.lt(l));
            c40.blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c41 = c41.blend(l, c41.lt(l));
            c41.blend(h, h.lt(c41)).intoArray(c, cAt + 4 * cStride + L);
            c42 = c42.blend(l, c42.lt(l));
            c42.blend(h, h.lt(c42)).intoArray(c, cAt + 4 * cStride + last);
            c50 = c50.blend(l, c50.lt(l));
            c50.blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c51 = c51.blend(l, c51.lt(l));
            c51.blend(h, h.lt(c51)).intoArray(c, cAt + 5 * cStride + L);
            c52 = c52.blend(l, c52.lt(l));
            c52.blend(h, h.lt(c52)).intoArray(c, cAt + 5 * cStride + last);
            c60 = c60.blend(l, c60.lt(l));
            c60.blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
            c61 = c61.blend(l, c61.lt(l));
            c61.blend(h, h.lt(c61)).intoArray(c, cAt + 6 * cStride + L);
            c62 = c62.blend(l, c62.lt(l));
            c62.blend(h, h.lt(c62)).intoArray(c, cAt + 6 * cStride + last);
            c70 = c70.blend(l, c70.lt(l));
            c70.blend(h, h.lt(c70)).intoArray(c, cAt + 7 * cStride);
            c71 = c71.blend(l, c71.lt(l));
            c71.blend(h, h.lt(c71)).intoArray(c, cAt + 7 * cStride + L);
            c72 = c72.blend(l, c72.lt(l));
            c72.blend(h, h.lt(c72)).intoArray(c, cAt + 7 * cStride + last);
        }
    }

    /** {@code three8}, which on its way reads the panel that begins at {@code ahead} in b. */
    private static void three8Ahead(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt, int cStride,
            int last, float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        // All tiles together touch the next panel, or most of it: a cache line a step at most.
        int apart = Math.min(LINE_ELEMENTS, L3 / tiles);
        float touched = 0;
        for (int tile = 0; tile < tiles; tile++, aAt += 8 * aStride, cAt += 8 * cStride, ahead += k * apart) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c02 = b2;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c12 = b2;
            FloatVector c20 = b0;
            FloatVector c21 = b1;
            FloatVector c22 = b2;
            FloatVector c30 = b0;
            FloatVector c31 = b1;
            FloatVector c32 = b2;
            FloatVector c40 = b0;
            FloatVector c41 = b1;
            FloatVector c42 = b2;
            FloatVector c50 = b0;
            FloatVector c51 = b1;
            FloatVector c52 = b2;
            FloatVector c60 = b0;
            FloatVector c61 = b1;
            FloatVector c62 = b2;
            FloatVector c70 = b0;
            FloatVector c71 = b1;
            FloatVector c72 = b2;
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            int a7 = a6 + aStride;
            for (int i = 0; i < k; i++) {
                touched += b[ahead + i * apart];
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
                x = FloatVector.broadcast(S, a[a7 + i]);
                c70 = x.fma(b0, c70);
                c71 = x.fma(b1, c71);
                c72 = x.fma(b2, c72);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02 = c02.blend(l, c02.lt(l));
            c02.blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12 = c12.blend(l, c12.lt(l));
            c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21 = c21.blend(l, c21.lt(l));
            c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22 = c22.blend(l, c22.lt(l));
            c22.blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31 = c31.blend(l, c31.lt(l));
            c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            c32 = c32.blend(l, c32.lt(l));
            c32.blend(h, h.lt(c32)).intoArray(c, cAt + 3 * cStride + last);
            c40 = c40.blend(l, c40.lt(l));
            c40.blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c41 = c41.blend(l, c41.lt(l));
            c41.blend(h, h.lt(c41)).intoArray(c, cAt + 4 * cStride + L);
            c42 = c42.blend(l, c42.lt(l));
            c42.blend(h, h.lt(c42)).intoArray(c, cAt + 4 * cStride + last);
            c50 = c50.blend(l, c50.lt(l));
            c50.blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c51 = c51.blend(l, c51.lt(l));
            c51.blend(h, h.lt(c51)).intoArray(c, cAt + 5 * cStride + L);
            c52 = c52.blend(l, c52.lt(l));
            c52.blend(h, h.lt(c52)).intoArray(c, cAt + 5 * cStride + last);
            c60 = c60.blend(l, c60.lt(l));
            c60.blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
            c61 = c61.blend(l, c61.lt(l));
            c61.blend(h, h.lt(c61)).intoArray(c, cAt + 6 * cStride + L);
            c62 = c62.blend(l, c62.lt(l));
            c62.blend(h, h.lt(c62)).intoArray(c, cAt + 6 * cStride + last);
            c70 = c70.blend(l, c70.lt(l));
            c70.blend(h, h.lt(c70)).intoArray(c, cAt + 7 * cStride);
            c71 = c71.blend(l, c71.lt(l));
            c71.blend(h, h.lt(c71)).intoArray(c, cAt + 7 * cStride + L);
            c72 = c72.blend(l, c72.lt(l));
            c72.blend(h, h.lt(c72)).intoArray(c, cAt + 7 * cStride + last);
        }
        if (touched == Float.MIN_VALUE) {
            unused = touched;
        }
    }

    private static void three4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c02 = b2;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c12 = b2;
            FloatVector c20 = b0;
            FloatVector c21 = b1;
            FloatVector c22 = b2;
            FloatVector c30 = b0;
            FloatVector c31 = b1;
            FloatVector c32 = b2;
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
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02 = c02.blend(l, c02.lt(l));
            c02.blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12 = c12.blend(l, c12.lt(l));
            c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21 = c21.blend(l, c21.lt(l));
            c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            c22 = c22.blend(l, c22.lt(l));
            c22.blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + last);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31 = c31.blend(l, c31.lt(l));
            c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            c32 = c32.blend(l, c32.lt(l));
            c32.blend(h, h.lt(c32)).intoArray(c, cAt + 3 * cStride + last);
        }
    }

    private static void three2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c02 = b2;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c12 = b2;
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
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02 = c02.blend(l, c02.lt(l));
            c02.blend(h, h.lt(c02)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            c12 = c12.blend(l, c12.lt(l));
            c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + last);
        }
    }

    private static void three1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + 2 * L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c02 = b2;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + 2 * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            c02 = c02.blend(l, c02.lt(l));
            c02.blend(h, h.lt(c02)).intoArray(c, cAt + last);
        }
    }

    private static void two8(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 8 * aStride, cAt += 8 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c20 = b0;
            FloatVector c21 = b1;
            FloatVector c30 = b0;
            FloatVector c31 = b1;
            FloatVector c40 = b0;
            FloatVector c41 = b1;
            FloatVector c50 = b0;
            FloatVector c51 = b1;
            FloatVector c60 = b0;
            FloatVector c61 = b1;
            FloatVector c70 = b0;
            FloatVector c71 = b1;
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            int a7 = a6 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L2);
                b1 = FloatVector.fromArray(S, b, bAt + i * L2 + L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
                x = FloatVector.broadcast(S, a[a4 + i]);
                c40 = x.fma(b0, c40);
                c41 = x.fma(b1, c41);
                x = FloatVector.broadcast(S, a[a5 + i]);
                c50 = x.fma(b0, c50);
                c51 = x.fma(b1, c51);
                x = FloatVector.broadcast(S, a[a6 + i]);
                c60 = x.fma(b0, c60);
                c61 = x.fma(b1, c61);
                x = FloatVector.broadcast(S, a[a7 + i]);
                c70 = x.fma(b0, c70);
                c71 = x.fma(b1, c71);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + last);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21 = c21.blend(l, c21.lt(l));
            c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + last);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31 = c31.blend(l, c31.lt(l));
            c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + last);
            c40 = c40.blend(l, c40.lt(l));
            c40.blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c41 = c41.blend(l, c41.lt(l));
            c41.blend(h, h.lt(c41)).intoArray(c, cAt + 4 * cStride + last);
            c50 = c50.blend(l, c50.lt(l));
            c50.blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c51 = c51.blend(l, c51.lt(l));
            c51.blend(h, h.lt(c51)).intoArray(c, cAt + 5 * cStride + last);
            c60 = c60.blend(l, c60.lt(l));
            c60.blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
            c61 = c61.blend(l, c61.lt(l));
            c61.blend(h, h.lt(c61)).intoArray(c, cAt + 6 * cStride + last);
            c70 = c70.blend(l, c70.lt(l));
            c70.blend(h, h.lt(c70)).intoArray(c, cAt + 7 * cStride);
            c71 = c71.blend(l, c71.lt(l));
            c71.blend(h, h.lt(c71)).intoArray(c, cAt + 7 * cStride + last);
        }
    }

    private static void two4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            FloatVector c20 = b0;
            FloatVector c21 = b1;
            FloatVector c30 = b0;
            FloatVector c31 = b1;
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L2);
                b1 = FloatVector.fromArray(S, b, bAt + i * L2 + L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
                c21 = x.fma(b1, c21);
                x = FloatVector.broadcast(S, a[a3 + i]);
                c30 = x.fma(b0, c30);
                c31 = x.fma(b1, c31);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + last);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c21 = c21.blend(l, c21.lt(l));
            c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + last);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c31 = c31.blend(l, c31.lt(l));
            c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + last);
        }
    }

    private static void two2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            FloatVector c10 = b0;
            FloatVector c11 = b1;
            int a1 = aAt + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L2);
                b1 = FloatVector.fromArray(S, b, bAt + i * L2 + L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + last);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c11 = c11.blend(l, c11.lt(l));
            c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + last);
        }
    }

    private static void two1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = b0;
            FloatVector c01 = b1;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L2);
                b1 = FloatVector.fromArray(S, b, bAt + i * L2 + L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c01 = c01.blend(l, c01.lt(l));
            c01.blend(h, h.lt(c01)).intoArray(c, cAt + last);
        }
    }

    private static void one8(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 8 * aStride, cAt += 8 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            FloatVector c10 = b0;
            FloatVector c20 = b0;
            FloatVector c30 = b0;
            FloatVector c40 = b0;
            FloatVector c50 = b0;
            FloatVector c60 = b0;
            FloatVector c70 = b0;
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
            int a7 = a6 + aStride;
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
                x = FloatVector.broadcast(S, a[a7 + i]);
                c70 = x.fma(b0, c70);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            c40 = c40.blend(l, c40.lt(l));
            c40.blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
            c50 = c50.blend(l, c50.lt(l));
            c50.blend(h, h.lt(c50)).intoArray(c, cAt + 5 * cStride);
            c60 = c60.blend(l, c60.lt(l));
            c60.blend(h, h.lt(c60)).intoArray(c, cAt + 6 * cStride);
            c70 = c70.blend(l, c70.lt(l));
            c70.blend(h, h.lt(c70)).intoArray(c, cAt + 7 * cStride);
        }
    }

    private static void one4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            FloatVector c10 = b0;
            FloatVector c20 = b0;
            FloatVector c30 = b0;
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
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            c20 = c20.blend(l, c20.lt(l));
            c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            c30 = c30.blend(l, c30.lt(l));
            c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
        }
    }

    private static void one2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            FloatVector c10 = b0;
            int a1 = aAt + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            c10 = c10.blend(l, c10.lt(l));
            c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
        }
    }

    private static void one1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
            }
            c00 = c00.blend(l, c00.lt(l));
            c00.blend(h, h.lt(c00)).intoArray(c, cAt);
        }
    }
}
