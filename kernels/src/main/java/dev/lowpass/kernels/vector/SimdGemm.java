package dev.lowpass.kernels.vector;

import java.util.Arrays;

/**
 * Cuts the rows of a GEMM panel, {@code C[r][j] = clamp(bias[j] + init[r][j] + sum over i of A[r][i] B[i][j])}, into register tiles. Panels
 * are one, two or three vectors wide, a file of tiles each: {@link SimdGemmOne}, {@link SimdGemmTwo} and {@link SimdGemmThree}.
 *
 * <p>A tile holds its sums in registers over the whole depth. The more rows it has, the less often a panel is read from the second cache
 * level; seven rows of three vectors are what 32 registers hold, and seven divides the planes of a network of 224 x 224. The smaller tiles
 * finish what rows are left, and serve machines of 16 registers.
 *
 * <p>The tiles call nothing but vector operations: a call that C2 declines to inline would box every sum in the loop before it.
 * A product's sum is always built in the order of i by fused multiply-adds, so an element does not depend on its tile.
 */
final class SimdGemm {

    private static final int L = SimdLanes.SPECIES.length();
    /** AVX-512 and NEON have 32 vector registers, AVX2 has 16. */
    private static final boolean MANY_REGISTERS = L == 16 || System.getProperty("os.arch").equals("aarch64");

    private SimdGemm() {}

    /** The rows of the largest tile. */
    static int tileRows() {
        return MANY_REGISTERS ? 7 : 5;
    }

    /**
     * With many registers panels of three vectors and, where that leaves one over, two of two; with few, panels of two and, where that
     * leaves one over, one of three.
     */
    static int[] panels(int columns) {
        int vectors = (columns + L - 1) / L;
        int usual = MANY_REGISTERS ? 3 : 2;
        int[] panels = new int[MANY_REGISTERS ? (vectors + 2) / 3 : Math.max(1, vectors / 2)];
        Arrays.fill(panels, usual * L);
        int over = vectors - usual * panels.length;
        for (int panel = panels.length; over != 0 && panel > 0; over -= Integer.signum(over)) {
            panels[--panel] += Integer.signum(over) * L;
        }
        return panels;
    }

    /** Parameters as {@link Lanes#gemm}'s. */
    static void rows(int vectors, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, float low, float high) {
        int size = MANY_REGISTERS ? 7 : vectors == 1 ? 4 : vectors == 2 ? 5 : 3;
        for (int row = 0; row < rows;) {
            while (size > rows - row) {
                size = size > 4 ? 4 : size / 2;
            }
            int tiles = (rows - row) / size;
            tiles(vectors, size, tiles, k, a, aAt + row * aStride, aStride, b, bAt, c, cAt + row * cStride, cStride, last,
                    bias, biasAt, init, initAt + row * initStride, initStride, low, high);
            row += tiles * size;
        }
    }

    private static void tiles(int vectors, int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt,
            float[] c, int cAt, int cStride, int last, float[] bias, int biasAt, float[] init, int initAt, int initStride,
            float low, float high) {
        if (vectors == 1) {
            SimdGemmOne.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt, init, initAt, initStride, low, high);
        } else if (vectors == 2) {
            SimdGemmTwo.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
        } else {
            SimdGemmThree.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, init, initAt, initStride, low, high);
        }
    }
}
