package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HalfTest {

    private static final int INFINITY = 0x7c00;

    /** By the definition: fraction and exponent, in double arithmetic. */
    private static double value(int half) {
        int exponent = half >> 10;
        int fraction = half & 0x3ff;
        return exponent == 0 ? Math.scalb((double) fraction, -24) : Math.scalb(1024.0 + fraction, exponent - 25);
    }

    @Test
    void everyHalfIsTheFloatOfItsDefinitionAndComesBack() {
        for (int half = 0; half < INFINITY; half++) {
            assertEquals((float) value(half), Half.toFloat((short) half), "half " + half);
            assertEquals(-value(half), Half.toFloat((short) (half | 0x8000)), "half -" + half);
            assertEquals((short) half, Half.fromFloat((float) value(half)));
            assertEquals((short) (half | 0x8000), Half.fromFloat((float) -value(half)));
        }
        assertEquals(Float.POSITIVE_INFINITY, Half.toFloat((short) INFINITY));
        assertEquals(Float.NEGATIVE_INFINITY, Half.toFloat((short) 0xfc00));
        assertTrue(Float.isNaN(Half.toFloat((short) 0x7c01)));
        assertTrue(Float.isNaN(Half.toFloat(Half.fromFloat(Float.NaN))));
        assertTrue(Float.isNaN(Half.toFloat(Half.fromFloat(Float.intBitsToFloat(0x7f800001)))), "a NaN whose fraction's high bits are 0");
        assertEquals((short) INFINITY, Half.fromFloat(Float.POSITIVE_INFINITY));
        assertEquals((short) INFINITY, Half.fromFloat(Float.MAX_VALUE));
        assertEquals((short) 0, Half.fromFloat(Float.MIN_VALUE));
        assertEquals((short) 0x8000, Half.fromFloat(-0f));
    }

    /** Between each half and the next, subnormals and the step to infinity included: below, at and above the middle. */
    @Test
    void roundsToTheNearestAndTiesToTheEvenOne() {
        for (int half = 0; half < INFINITY; half++) {
            float middle = (float) ((value(half) + value(half + 1)) / 2); // 65520 before infinity: value(0x7c00) is 65536
            int even = half % 2 == 0 ? half : half + 1;
            assertEquals((short) even, Half.fromFloat(middle), "tie after half " + half);
            assertEquals((short) half, Half.fromFloat(Math.nextDown(middle)), "below the tie after half " + half);
            assertEquals((short) (half + 1), Half.fromFloat(Math.nextUp(middle)), "above the tie after half " + half);
            assertEquals((short) (even | 0x8000), Half.fromFloat(-middle), "tie before half -" + half);
        }
    }
}
