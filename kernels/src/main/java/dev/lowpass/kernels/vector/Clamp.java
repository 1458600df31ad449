package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Clamps that keep NaN. Comparing and blending takes the mask registers of AVX-512, eight instructions on JDK 17 and four on 25,
 * and {@link FloatVector#max} no less. Where the lower bound is 0 and nothing is NaN, two instructions do the same: the bits of
 * non-negative floats order as integers do, and those of negative ones are negative integers.
 *
 * <p>Transforms of 4 to 8 points clamp inline; but C2 of JDK 17 gives up on inlining at some hundred vector operations a method, and
 * a clamp is four of them: there it is a pass of its own, which loads and stores each vector once more.
 */
final class Clamp {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    /** Whether transforms clamp inline. A constant, not a method: what C2 declines to inline would box every vector. */
    static final boolean INLINE = Runtime.version().feature() >= 21;

    /** The vectors as integers. */
    static final VectorSpecies<Integer> BITS = S.withLanes(int.class);

    /** Bounds of integers that leave every value as it is. */
    static final int NO_LOW = Integer.MIN_VALUE;
    static final int NO_HIGH = Integer.MAX_VALUE;

    private Clamp() {}

    /** Whether the transforms of this side clamp finite values to a range that starts at {@code low}. */
    static boolean isInline(int block, float low) {
        return INLINE && low == 0 && block >= 4 && block <= 8;
    }

    /**
     * Clamps a block of a plane in place.
     *
     * @param at offsets of the block's points, [row][column], a vector apart in a row
     * @param finite whether every point is known to be finite
     */
    static void rows(float[] x, int base, int[] at, int block, boolean finite, float low, float high) {
        if (finite && low == 0) {
            byBits(x, base, at, block, Float.floatToRawIntBits(high));
        } else if (low > Float.NEGATIVE_INFINITY || high < Float.POSITIVE_INFINITY) {
            byComparison(x, base, at, block, low, high);
        }
    }

    private static void byBits(float[] x, int base, int[] at, int block, int highBits) {
        IntVector l = IntVector.broadcast(BITS, 0);
        IntVector h = IntVector.broadcast(BITS, highBits);
        for (int row = 0; row < block; row++) {
            int from = base + at[row * block];
            for (int column = 0; column < block; column++) {
                FloatVector value = FloatVector.fromArray(S, x, from + column * L);
                value.reinterpretAsInts().max(l).min(h).reinterpretAsFloats().intoArray(x, from + column * L);
            }
        }
    }

    private static void byComparison(float[] x, int base, int[] at, int block, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int row = 0; row < block; row++) {
            int from = base + at[row * block];
            for (int column = 0; column < block; column++) {
                FloatVector value = FloatVector.fromArray(S, x, from + column * L);
                value = value.blend(l, value.lt(l));
                value.blend(h, h.lt(value)).intoArray(x, from + column * L);
            }
        }
    }
}
