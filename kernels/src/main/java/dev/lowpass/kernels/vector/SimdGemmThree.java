package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
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

    /** {@code tiles} tiles of {@code size} rows, not clamped; other parameters as {@link Lanes#gemm}. Returns whether a sum may be NaN. */
    static boolean tiles(int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        switch (size) {
            case 7:
                return rows7(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 4:
                return rows4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
            case 3:
                return rows3(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
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
            FloatVector sum = c00.add(c01).add(c02);
            sum = sum.add(c10.add(c11).add(c12));
            sum = sum.add(c20.add(c21).add(c22));
            sum = sum.add(c30.add(c31).add(c32));
            sum = sum.add(c40.add(c41).add(c42));
            sum = sum.add(c50.add(c51).add(c52));
            sum = sum.add(c60.add(c61).add(c62));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + L);
            c02.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + L);
            c12.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + L);
            c22.intoArray(c, cAt + 2 * cStride + last);
            c30.intoArray(c, cAt + 3 * cStride);
            c31.intoArray(c, cAt + 3 * cStride + L);
            c32.intoArray(c, cAt + 3 * cStride + last);
            c40.intoArray(c, cAt + 4 * cStride);
            c41.intoArray(c, cAt + 4 * cStride + L);
            c42.intoArray(c, cAt + 4 * cStride + last);
            c50.intoArray(c, cAt + 5 * cStride);
            c51.intoArray(c, cAt + 5 * cStride + L);
            c52.intoArray(c, cAt + 5 * cStride + last);
            c60.intoArray(c, cAt + 6 * cStride);
            c61.intoArray(c, cAt + 6 * cStride + L);
            c62.intoArray(c, cAt + 6 * cStride + last);
        }
        return odd;
    }

    private static boolean rows4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01).add(c02);
            sum = sum.add(c10.add(c11).add(c12));
            sum = sum.add(c20.add(c21).add(c22));
            sum = sum.add(c30.add(c31).add(c32));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + L);
            c02.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + L);
            c12.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + L);
            c22.intoArray(c, cAt + 2 * cStride + last);
            c30.intoArray(c, cAt + 3 * cStride);
            c31.intoArray(c, cAt + 3 * cStride + L);
            c32.intoArray(c, cAt + 3 * cStride + last);
        }
        return odd;
    }

    private static boolean rows3(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
        for (int tile = 0; tile < tiles; tile++, aAt += 3 * aStride, cAt += 3 * cStride) {
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
            FloatVector sum = c00.add(c01).add(c02);
            sum = sum.add(c10.add(c11).add(c12));
            sum = sum.add(c20.add(c21).add(c22));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + L);
            c02.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + L);
            c12.intoArray(c, cAt + cStride + last);
            c20.intoArray(c, cAt + 2 * cStride);
            c21.intoArray(c, cAt + 2 * cStride + L);
            c22.intoArray(c, cAt + 2 * cStride + last);
        }
        return odd;
    }

    private static boolean rows2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01).add(c02);
            sum = sum.add(c10.add(c11).add(c12));
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + L);
            c02.intoArray(c, cAt + last);
            c10.intoArray(c, cAt + cStride);
            c11.intoArray(c, cAt + cStride + L);
            c12.intoArray(c, cAt + cStride + last);
        }
        return odd;
    }

    private static boolean rows1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c01).add(c02);
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c01.intoArray(c, cAt + L);
            c02.intoArray(c, cAt + last);
        }
        return odd;
    }
}
