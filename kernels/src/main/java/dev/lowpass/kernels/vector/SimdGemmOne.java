package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
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

    /** {@code tiles} tiles of {@code size} rows, not clamped; other parameters as {@link Lanes#gemm}. Returns whether a sum may be NaN. */
    static boolean tiles(int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt) {
        switch (size) {
            case 7:
                return rows7(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt);
            case 4:
                return rows4(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt);
            case 2:
                return rows2(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt);
            case 1:
                return rows1(tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt);
            default:
                throw new AssertionError("no tile of " + size + " rows");
        }
    }

    private static boolean rows7(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt) {
        boolean odd = false;
        for (int tile = 0; tile < tiles; tile++, aAt += 7 * aStride, cAt += 7 * cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            FloatVector c10 = b0;
            FloatVector c20 = b0;
            FloatVector c30 = b0;
            FloatVector c40 = b0;
            FloatVector c50 = b0;
            FloatVector c60 = b0;
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
            FloatVector sum = c00.add(c10).add(c20).add(c30).add(c40).add(c50).add(c60);
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c10.intoArray(c, cAt + cStride);
            c20.intoArray(c, cAt + 2 * cStride);
            c30.intoArray(c, cAt + 3 * cStride);
            c40.intoArray(c, cAt + 4 * cStride);
            c50.intoArray(c, cAt + 5 * cStride);
            c60.intoArray(c, cAt + 6 * cStride);
        }
        return odd;
    }

    private static boolean rows4(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c10).add(c20).add(c30);
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c10.intoArray(c, cAt + cStride);
            c20.intoArray(c, cAt + 2 * cStride);
            c30.intoArray(c, cAt + 3 * cStride);
        }
        return odd;
    }

    private static boolean rows2(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt) {
        boolean odd = false;
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
            FloatVector sum = c00.add(c10);
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
            c10.intoArray(c, cAt + cStride);
        }
        return odd;
    }

    private static boolean rows1(int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt) {
        boolean odd = false;
        for (int tile = 0; tile < tiles; tile++, aAt += aStride, cAt += cStride) {
            FloatVector b0 = FloatVector.fromArray(S, bias, biasAt);
            FloatVector c00 = b0;
            for (int i = 0; i < k; i++) {
                b0 = FloatVector.fromArray(S, b, bAt + i * L);
                FloatVector x = FloatVector.broadcast(S, a[aAt + i]);
                c00 = x.fma(b0, c00);
            }
            FloatVector sum = c00;
            odd |= sum.compare(VectorOperators.NE, sum).anyTrue();
            c00.intoArray(c, cAt);
        }
        return odd;
    }
}
