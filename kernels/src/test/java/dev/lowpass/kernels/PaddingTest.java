package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class PaddingTest {

    /** Hand-computed from TensorFlow's rule. */
    @Test
    void sameFollowsTensorFlow() {
        assertEquals(new Padding(1, 1, 1, 1), Padding.same(7, 7, 3, 3, 1));
        assertEquals(new Padding(0, 0, 1, 1), Padding.same(224, 224, 3, 3, 2));
        assertEquals(new Padding(1, 1, 1, 1), Padding.same(7, 7, 3, 3, 2));
        assertEquals(new Padding(0, 1, 1, 1), Padding.same(8, 7, 3, 3, 2));
        assertEquals(new Padding(1, 1, 2, 2), Padding.same(8, 8, 5, 5, 2));
        assertEquals(new Padding(1, 0, 1, 0), Padding.same(5, 5, 3, 1, 1));
    }

    @Test
    void sameNeedsNoneWhereTheStrideCoversTheKernel() {
        assertEquals(Padding.NONE, Padding.same(8, 8, 1, 1, 2));
        assertEquals(Padding.NONE, Padding.same(8, 8, 2, 2, 4));
    }

    @Test
    void allIsTheSameOnEverySide() {
        assertEquals(new Padding(2, 2, 2, 2), Padding.all(2));
        assertEquals(new Padding(0, 0, 0, 0), Padding.NONE);
    }

    @Test
    void refusesNegativeSides() {
        assertEquals("padding [0, -1, 2, 3] has a negative side; every side must be at least 0",
                assertThrows(IllegalArgumentException.class, () -> new Padding(0, -1, 2, 3)).getMessage());
    }
}
