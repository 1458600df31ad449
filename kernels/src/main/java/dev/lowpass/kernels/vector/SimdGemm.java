package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The GEMM register tiles, {@code C[r][j] = clamp(bias[j] + init[r][j] + sum over i of A[r][i] B[i][j])}, where B is one packed
 * panel of two (or, where a layer's vectors are odd in number, three or one) vectors a row.
 *
 * <p>Register budget: a tile of 5 x 2 keeps 10 sums, enough to hide a latency of 4 at two fused multiply-adds a cycle; 2 panel
 * vectors and up to 4 broadcasts fill the 16 registers of AVX2. 6 x 2 would need fewer loads for each product, but the C2 of
 * JDK 17 hoists all six broadcasts to the top of the loop and spills sums (40 against 83 GFLOP/s on a Zen 3 core that peaks at
 * 100). 3 x 3 keeps 9 sums, 3 panel vectors and up to 3 broadcasts. The other tiles finish what rows are left.
 *
 * <p>The tiles call nothing but vector operations: a call that C2 declines to inline would box every sum in the loop before it.
 * A product's sum is always built in the order of i by fused multiply-adds, so an element does not depend on its tile.
 */
final class SimdGemm {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();
    private static final int L2 = 2 * L;
    private static final int L3 = 3 * L;

    private SimdGemm() {}

    /** Parameters as {@link Lanes#gemm}'s. */
    static void rows(int vectors, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        int most = vectors == 1 ? 4 : vectors == 2 ? 5 : 3;
        for (int row = 0; row < rows;) {
            // Even tiles rather than a thin last one: of what is left, the tiles of the larger size first.
            int count = (rows - row + most - 1) / most;
            int size = (rows - row + count - 1) / count;
            int tiles = rows - row - count * (size - 1);
            tiles(vectors, size, tiles, k, a, aAt + row * aStride, aStride, b, bAt, c, cAt + row * cStride, cStride,
                    bias, biasAt, init, initAt + row * initStride, initStride, clamp, low, high);
            row += tiles * size;
        }
    }

    private static void tiles(int vectors, int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt,
            float[] c, int cAt, int cStride, float[] bias, int biasAt, float[] init, int initAt, int initStride,
            boolean clamp, float low, float high) {
        switch (vectors * 8 + size) {
            case 2 * 8 + 5:
                tile5x2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 2 * 8 + 4:
                tile4x2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 2 * 8 + 3:
                tile3x2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 2 * 8 + 2:
                tile2x2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 2 * 8 + 1:
                tile1x2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 3 * 8 + 3:
                tile3x3(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 3 * 8 + 2:
                tile2x3(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 3 * 8 + 1:
                tile1x3(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 1 * 8 + 4:
                tile4x1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 1 * 8 + 3:
                tile3x1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 1 * 8 + 2:
                tile2x1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            case 1 * 8 + 1:
                tile1x1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, clamp, low, high);
                break;
            default:
                throw new AssertionError("no tile of " + size + " rows and " + vectors + " vectors");
        }
    }

    private static void tile5x2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 5 * aStride, cAt += 5 * cStride, initAt += 5 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            FloatVector c31 = FloatVector.fromArray(S, init, initAt + 3 * initStride + L).add(b1);
            FloatVector c40 = FloatVector.fromArray(S, init, initAt + 4 * initStride).add(b0);
            FloatVector c41 = FloatVector.fromArray(S, init, initAt + 4 * initStride + L).add(b1);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
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
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
                c21 = c21.blend(l, c21.lt(l));
                c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
                c30 = c30.blend(l, c30.lt(l));
                c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
                c31 = c31.blend(l, c31.lt(l));
                c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
                c40 = c40.blend(l, c40.lt(l));
                c40.blend(h, h.lt(c40)).intoArray(c, cAt + 4 * cStride);
                c41 = c41.blend(l, c41.lt(l));
                c41.blend(h, h.lt(c41)).intoArray(c, cAt + 4 * cStride + L);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
                c20.intoArray(c, cAt + 2 * cStride);
                c21.intoArray(c, cAt + 2 * cStride + L);
                c30.intoArray(c, cAt + 3 * cStride);
                c31.intoArray(c, cAt + 3 * cStride + L);
                c40.intoArray(c, cAt + 4 * cStride);
                c41.intoArray(c, cAt + 4 * cStride + L);
            }
        }
    }

    private static void tile4x2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 4 * aStride, cAt += 4 * cStride, initAt += 4 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c30 = FloatVector.fromArray(S, init, initAt + 3 * initStride).add(b0);
            FloatVector c31 = FloatVector.fromArray(S, init, initAt + 3 * initStride + L).add(b1);
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
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
                c21 = c21.blend(l, c21.lt(l));
                c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
                c30 = c30.blend(l, c30.lt(l));
                c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
                c31 = c31.blend(l, c31.lt(l));
                c31.blend(h, h.lt(c31)).intoArray(c, cAt + 3 * cStride + L);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
                c20.intoArray(c, cAt + 2 * cStride);
                c21.intoArray(c, cAt + 2 * cStride + L);
                c30.intoArray(c, cAt + 3 * cStride);
                c31.intoArray(c, cAt + 3 * cStride + L);
            }
        }
    }

    private static void tile3x2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 3 * aStride, cAt += 3 * cStride, initAt += 3 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
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
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
                c21 = c21.blend(l, c21.lt(l));
                c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
                c20.intoArray(c, cAt + 2 * cStride);
                c21.intoArray(c, cAt + 2 * cStride + L);
            }
        }
    }

    private static void tile2x2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride, initAt += 2 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
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
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
            }
        }
    }

    private static void tile1x2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride, initAt += initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L2);
                b1 = FloatVector.fromArray(S, b, bAt + i * L2 + L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
            }
        }
    }

    private static void tile3x3(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 3 * aStride, cAt += 3 * cStride, initAt += 3 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + L2);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + L2).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + L2).add(b2);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            FloatVector c21 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L).add(b1);
            FloatVector c22 = FloatVector.fromArray(S, init, initAt + 2 * initStride + L2).add(b2);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + L2);
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
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c02 = c02.blend(l, c02.lt(l));
                c02.blend(h, h.lt(c02)).intoArray(c, cAt + L2);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
                c12 = c12.blend(l, c12.lt(l));
                c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + L2);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
                c21 = c21.blend(l, c21.lt(l));
                c21.blend(h, h.lt(c21)).intoArray(c, cAt + 2 * cStride + L);
                c22 = c22.blend(l, c22.lt(l));
                c22.blend(h, h.lt(c22)).intoArray(c, cAt + 2 * cStride + L2);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c02.intoArray(c, cAt + L2);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
                c12.intoArray(c, cAt + cStride + L2);
                c20.intoArray(c, cAt + 2 * cStride);
                c21.intoArray(c, cAt + 2 * cStride + L);
                c22.intoArray(c, cAt + 2 * cStride + L2);
            }
        }
    }

    private static void tile2x3(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 2 * aStride, cAt += 2 * cStride, initAt += 2 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + L2);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + L2).add(b2);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c11 = FloatVector.fromArray(S, init, initAt + initStride + L).add(b1);
            FloatVector c12 = FloatVector.fromArray(S, init, initAt + initStride + L2).add(b2);
            int a1 = aAt + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + L2);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                c11 = x.fma(b1, c11);
                c12 = x.fma(b2, c12);
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c02 = c02.blend(l, c02.lt(l));
                c02.blend(h, h.lt(c02)).intoArray(c, cAt + L2);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c11 = c11.blend(l, c11.lt(l));
                c11.blend(h, h.lt(c11)).intoArray(c, cAt + cStride + L);
                c12 = c12.blend(l, c12.lt(l));
                c12.blend(h, h.lt(c12)).intoArray(c, cAt + cStride + L2);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c02.intoArray(c, cAt + L2);
                c10.intoArray(c, cAt + cStride);
                c11.intoArray(c, cAt + cStride + L);
                c12.intoArray(c, cAt + cStride + L2);
            }
        }
    }

    private static void tile1x3(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride, initAt += initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector b1 = FloatVector.fromArray(S, bias, biasAt + L);
            FloatVector b2 = FloatVector.fromArray(S, bias, biasAt + L2);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c01 = FloatVector.fromArray(S, init, initAt + L).add(b1);
            FloatVector c02 = FloatVector.fromArray(S, init, initAt + L2).add(b2);
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L3);
                b1 = FloatVector.fromArray(S, b, bAt + i * L3 + L);
                b2 = FloatVector.fromArray(S, b, bAt + i * L3 + L2);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                c01 = x.fma(b1, c01);
                c02 = x.fma(b2, c02);
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c01 = c01.blend(l, c01.lt(l));
                c01.blend(h, h.lt(c01)).intoArray(c, cAt + L);
                c02 = c02.blend(l, c02.lt(l));
                c02.blend(h, h.lt(c02)).intoArray(c, cAt + L2);
            } else {
                c00.intoArray(c, cAt);
                c01.intoArray(c, cAt + L);
                c02.intoArray(c, cAt + L2);
            }
        }
    }

    private static void tile4x1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
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
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
                c30 = c30.blend(l, c30.lt(l));
                c30.blend(h, h.lt(c30)).intoArray(c, cAt + 3 * cStride);
            } else {
                c00.intoArray(c, cAt);
                c10.intoArray(c, cAt + cStride);
                c20.intoArray(c, cAt + 2 * cStride);
                c30.intoArray(c, cAt + 3 * cStride);
            }
        }
    }

    private static void tile3x1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += 3 * aStride, cAt += 3 * cStride, initAt += 3 * initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            FloatVector c10 = FloatVector.fromArray(S, init, initAt + initStride).add(b0);
            FloatVector c20 = FloatVector.fromArray(S, init, initAt + 2 * initStride).add(b0);
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
                x = FloatVector.broadcast(S, a[a1 + i]);
                c10 = x.fma(b0, c10);
                x = FloatVector.broadcast(S, a[a2 + i]);
                c20 = x.fma(b0, c20);
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
                c20 = c20.blend(l, c20.lt(l));
                c20.blend(h, h.lt(c20)).intoArray(c, cAt + 2 * cStride);
            } else {
                c00.intoArray(c, cAt);
                c10.intoArray(c, cAt + cStride);
                c20.intoArray(c, cAt + 2 * cStride);
            }
        }
    }

    private static void tile2x1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
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
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
                c10 = c10.blend(l, c10.lt(l));
                c10.blend(h, h.lt(c10)).intoArray(c, cAt + cStride);
            } else {
                c00.intoArray(c, cAt);
                c10.intoArray(c, cAt + cStride);
            }
        }
    }

    private static void tile1x1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high) {
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride, initAt += initStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = FloatVector.fromArray(S, init, initAt).add(b0);
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
            }
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                c00 = c00.blend(l, c00.lt(l));
                c00.blend(h, h.lt(c00)).intoArray(c, cAt);
            } else {
                c00.intoArray(c, cAt);
            }
        }
    }
}
