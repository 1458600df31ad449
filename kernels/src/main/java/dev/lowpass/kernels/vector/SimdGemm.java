package dev.lowpass.kernels.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Cuts the rows of a GEMM panel, {@code C[r][j] = clamp(bias[j] + sum over i of A[r][i] B[i][j])}, into register tiles. Panels
 * are one, two or three vectors wide, a file of tiles each: {@link SimdGemmOne}, {@link SimdGemmTwo} and {@link SimdGemmThree}; and one
 * of tiles that clamp too, {@link SimdGemm32}.
 *
 * <p>A tile holds its sums in registers over the whole depth. The more rows it has, the less often a panel is read from the second cache
 * level; seven rows of three vectors, and the broadcasts that C2 of JDK 17 hoists, are what 32 registers hold. The smaller tiles finish what
 * rows are left, and serve machines of 16 registers.
 *
 * <p>The tiles call nothing but vector operations: a call that C2 declines to inline would box every sum in the loop before it.
 * A product's sum is always built in the order of i by fused multiply-adds, so an element does not depend on its tile.
 *
 * <p>On AVX-512 and NEON, where masks cost little, tiles clamp by comparing and blending, but not on JDK 17: its C2 boxed the sums of such
 * tiles in 7 of 42 JVMs. Elsewhere comparing and blending takes C2 up to eight instructions for each vector, a third of a tile's time at
 * a depth of 16. There sums are clamped in a pass of its own, while they are in the first cache level, and as integers: from 0 on floats
 * are ordered as their bits are, and negative ones are negative integers. Integers in the tile are fast too, but are more than C2 is always
 * willing to inline, and then everything is boxed. Only a NaN is no number to an integer: where a tile's sum is NaN, its rows are clamped
 * one element at a time.
 */
final class SimdGemm {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();
    /** Tiles between two passes of clamping: at most 56 rows of three vectors, 10 KiB. */
    private static final int CLAMPED_TILES = 8;
    /** AVX-512 and NEON have 32 vector registers, AVX2 has 16. */
    private static final boolean MANY_REGISTERS = L == 16 || System.getProperty("os.arch").equals("aarch64");
    /** Whether tiles clamp. */
    private static final boolean TILES_CLAMP = MANY_REGISTERS && Runtime.version().feature() >= 21;

    /**
     * Rows of the largest tile of two vectors where there are few registers. The C2 of JDK 17 moves all broadcasts of a tile to the top of
     * its loop: with 5 rows that is one vector more than there are registers, and two of the sums then go through memory at each step of
     * the loop, which halves its speed. JDK 25 leaves the broadcasts where they are.
     */
    private static final int TWO_VECTOR_ROWS = MANY_REGISTERS ? 7 : Runtime.version().feature() >= 25 ? 5 : 4;

    private SimdGemm() {}

    /** The rows of the largest tile. */
    static int tileRows() {
        return TILES_CLAMP ? SimdGemm32.ROWS : TWO_VECTOR_ROWS;
    }

    /**
     * As few panels as there can be, as even as they can be: with many registers of at most three vectors, with few of two and, where that
     * leaves one over, one of three.
     */
    static int[] panels(int columns) {
        int vectors = (columns + L - 1) / L;
        int[] panels = new int[MANY_REGISTERS ? (vectors + 2) / 3 : Math.max(1, vectors / 2)];
        Arrays.setAll(panels, panel -> L * (VectorStep.start(panel + 1, panels.length, vectors) - VectorStep.start(panel, panels.length, vectors)));
        return panels;
    }

    /** Parameters as {@link Lanes#gemm}'s. */
    static void rows(int vectors, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt, int cStride,
            int last, float[] bias, int biasAt, float low, float high) {
        if (TILES_CLAMP) {
            clampingTiles(vectors, rows, k, a, aAt, aStride, b, bAt, ahead, c, cAt, cStride, last, bias, biasAt, low, high);
        } else {
            tilesAndClamp(vectors, rows, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt, low, high);
        }
    }

    private static void clampingTiles(int vectors, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt,
            int cStride, int last, float[] bias, int biasAt, float low, float high) {
        int size = SimdGemm32.ROWS;
        for (int row = 0; row < rows;) {
            while (size > rows - row) {
                size /= 2;
            }
            int tiles = (rows - row) / size;
            SimdGemm32.tiles(vectors, size, tiles, k, a, aAt + row * aStride, aStride, b, bAt, ahead, c, cAt + row * cStride, cStride, last, bias, biasAt,
                    low, high);
            row += tiles * size;
        }
    }

    private static void tilesAndClamp(int vectors, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            int last, float[] bias, int biasAt, float low, float high) {
        boolean clamps = low > Float.NEGATIVE_INFINITY || high < Float.POSITIVE_INFINITY;
        int size = MANY_REGISTERS ? 7 : vectors == 1 ? 4 : vectors == 2 ? TWO_VECTOR_ROWS : 3;
        for (int row = 0; row < rows;) {
            while (size > rows - row) {
                size = size > 4 ? 4 : size / 2;
            }
            int tiles = Math.min(clamps ? CLAMPED_TILES : Integer.MAX_VALUE, (rows - row) / size);
            int to = cAt + row * cStride;
            boolean odd = tiles(vectors, size, tiles, k, a, aAt + row * aStride, aStride, b, bAt, c, to, cStride, last, bias, biasAt);
            if (clamps && odd) {
                clampNaN(c, to, cStride, tiles * size, last + L, low, high);
            } else if (clamps) {
                clamp(c, to, cStride, tiles * size, vectors, last, low, high);
            }
            row += tiles * size;
        }
    }

    private static boolean tiles(int vectors, int size, int tiles, int k, float[] a, int aAt, int aStride, float[] b, int bAt,
            float[] c, int cAt, int cStride, int last, float[] bias, int biasAt) {
        if (vectors == 1) {
            return SimdGemmOne.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, bias, biasAt);
        } else if (vectors == 2) {
            return SimdGemmTwo.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
        }
        return SimdGemmThree.tiles(size, tiles, k, a, aAt, aStride, b, bAt, c, cAt, cStride, last, bias, biasAt);
    }

    /** Clamps rows without NaN; what the last vector shares with the one before, twice. The lower bound is 0 or more, or none. */
    private static void clamp(float[] c, int cAt, int cStride, int rows, int vectors, int last, float low, float high) {
        assert low >= 0 || low == Float.NEGATIVE_INFINITY : low;
        assert high >= 0 : high;
        int l = low >= 0 ? Float.floatToRawIntBits(low) : Integer.MIN_VALUE;
        int h = Float.floatToRawIntBits(high);
        if (vectors == 2) {
            clampTwo(c, cAt, cStride, rows, last, l, h);
            return;
        }
        for (int row = 0; row < rows; row++) {
            int at = cAt + row * cStride;
            for (int j = 0; j < vectors; j++) {
                int v = at + Math.min(j * L, last);
                FloatVector.fromArray(S, c, v).reinterpretAsInts().max(l).min(h).reinterpretAsFloats().intoArray(c, v);
            }
        }
    }

    /**
     * The usual width on machines of few registers, without a loop in the loop. Four rows at a time make it too long for C2 to inline
     * (FreqInlineSize, 325 bytes of code): inlined behind the tiles, it is what C2 has no nodes left for now and then, and boxes.
     */
    private static void clampTwo(float[] c, int cAt, int cStride, int rows, int last, int low, int high) {
        IntVector l = IntVector.broadcast(Clamp.BITS, low);
        IntVector h = IntVector.broadcast(Clamp.BITS, high);
        int row = 0;
        for (; row <= rows - 4; row += 4) {
            int at0 = cAt + row * cStride;
            int at1 = at0 + cStride;
            int at2 = at1 + cStride;
            int at3 = at2 + cStride;
            FloatVector first0 = FloatVector.fromArray(S, c, at0).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector second0 = FloatVector.fromArray(S, c, at0 + last).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector first1 = FloatVector.fromArray(S, c, at1).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector second1 = FloatVector.fromArray(S, c, at1 + last).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector first2 = FloatVector.fromArray(S, c, at2).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector second2 = FloatVector.fromArray(S, c, at2 + last).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector first3 = FloatVector.fromArray(S, c, at3).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector second3 = FloatVector.fromArray(S, c, at3 + last).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            first0.intoArray(c, at0);
            second0.intoArray(c, at0 + last);
            first1.intoArray(c, at1);
            second1.intoArray(c, at1 + last);
            first2.intoArray(c, at2);
            second2.intoArray(c, at2 + last);
            first3.intoArray(c, at3);
            second3.intoArray(c, at3 + last);
        }
        for (; row < rows; row++) {
            int at = cAt + row * cStride;
            FloatVector first = FloatVector.fromArray(S, c, at).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            FloatVector second = FloatVector.fromArray(S, c, at + last).reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            first.intoArray(c, at);
            second.intoArray(c, at + last);
        }
    }

    /** Clamps rows with a NaN, which stays NaN. */
    private static void clampNaN(float[] c, int cAt, int cStride, int rows, int columns, float low, float high) {
        for (int row = 0; row < rows; row++) {
            for (int i = cAt + row * cStride; i < cAt + row * cStride + columns; i++) {
                c[i] = c[i] < low ? low : c[i] > high ? high : c[i];
            }
        }
    }
}
