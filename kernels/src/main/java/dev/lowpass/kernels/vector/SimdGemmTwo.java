package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of the GEMM for panels of two vectors a row: see {@link SimdGemm}.
 *
 * <p>Register budget: a tile of 7 x 2 keeps 14 sums, 2 panel vectors and up to 7 broadcasts, 23 of 32 registers. With 16 registers
 * 5 x 2 keeps 10 sums, enough to hide a latency of 4 at two multiply-adds a cycle, 2 panel vectors and one broadcast at a time. The C2 of
 * JDK 17 hoists all broadcasts to the top of the loop; there 4 x 2, with 8 sums, 2 panel vectors and 4 broadcasts, is what fits:
 * 60 GFLOP/s on a core that peaks at 79, where 5 x 2 spills two sums and comes to 30 (JDK 25, 5 x 2: 80).
 */
final class SimdGemmTwo {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();
    private static final int L2 = 2 * L;

    private SimdGemmTwo() {}

    /** {@code tiles} tiles of {@code size} rows, not clamped; other parameters as {@link Lanes#gemm}. Returns whether a sum may be NaN. */
    static boolean tiles(int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        switch (size) {
            case 7:
                return rows7(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 5:
                return rows5(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 4:
                return rows4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 2:
                return rows2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 1:
                return rows1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            default:
                throw new AssertionError("no tile of " + size + " rows");
        }
    }

    private static boolean rows7(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
        for (int tile = 0; tile < tiles; tile++, aAt += 7 * aStride, cAt += 7 * cStride) {
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
            int a1 = aAt + aStride;
            int a2 = a1 + aStride;
            int a3 = a2 + aStride;
            int a4 = a3 + aStride;
            int a5 = a4 + aStride;
            int a6 = a5 + aStride;
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
            }
            FloatVector sum = c00.add(c01);
            sum = sum.add(c10.add(c11));
            sum = sum.add(c20.add(c21));
            sum = sum.add(c30.add(c31));
            sum = sum.add(c40.add(c41));
            sum = sum.add(c50.add(c51));
            sum = sum.add(c60.add(c61));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + last);
            c30.intoArray(c, cAt + 3 * cStride);
            c31.intoArray(c, cAt + 3 * cStride + last);
            c40.intoArray(c, cAt + 4 * cStride);
            c41.intoArray(c, cAt + 4 * cStride + last);
            c50.intoArray(c, cAt + 5 * cStride);
            c51.intoArray(c, cAt + 5 * cStride + last);
            c60.intoArray(c, cAt + 6 * cStride);
            c61.intoArray(c, cAt + 6 * cStride + last);
        }
        return odd;
    }

    private static boolean rows5(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
        for (int tile = 0; tile < tiles; tile++, aAt += 5 * aStride, cAt += 5 * cStride) {
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
            FloatVector sum = c00.add(c01);
            sum = sum.add(c10.add(c11));
            sum = sum.add(c20.add(c21));
            sum = sum.add(c30.add(c31));
            sum = sum.add(c40.add(c41));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + last);
            c30.intoArray(c, cAt + 3 * cStride);
            c31.intoArray(c, cAt + 3 * cStride + last);
            c40.intoArray(c, cAt + 4 * cStride);
            c41.intoArray(c, cAt + 4 * cStride + last);
        }
        return odd;
    }

    private static boolean rows4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01);
            sum = sum.add(c10.add(c11));
            sum = sum.add(c20.add(c21));
            sum = sum.add(c30.add(c31));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + last);
            c30.intoArray(c, cAt + 3 * cStride);
            c31.intoArray(c, cAt + 3 * cStride + last);
        }
        return odd;
    }

    private static boolean rows2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01);
            sum = sum.add(c10.add(c11));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + last);
        }
        return odd;
    }

    private static boolean rows1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01);
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + last);
        }
        return odd;
    }
}
