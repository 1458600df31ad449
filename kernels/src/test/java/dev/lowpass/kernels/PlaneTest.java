package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PlaneTest {

    private final Plane plane = new Plane(14, 21, 3);

    @Test
    void counts() {
        assertEquals(294, plane.area());
        assertEquals(882, plane.elements());
        assertEquals(6, plane.blocks(7));
        assertEquals("14x21x3", plane.toString());
        assertEquals(new Plane(14, 21, 5), plane.withChannels(5));
    }

    @Test
    void aBlockMustDivideBothSides() {
        assertTrue(plane.divisibleBy(7));
        assertFalse(plane.divisibleBy(14));
        assertFalse(plane.divisibleBy(3));
    }

    @Test
    void refusesEmptySides() {
        refused("plane 0x1x1", 0, 1, 1);
        refused("plane 1x-2x1", 1, -2, 1);
        refused("plane 1x1x0", 1, 1, 0);
    }

    private static void refused(String plane, int height, int width, int channels) {
        assertEquals(plane + " has an empty side; height, width and channels must be at least 1",
                assertThrows(IllegalArgumentException.class, () -> new Plane(height, width, channels)).getMessage());
    }

    @Test
    void refusesMoreElementsThanAnIntCounts() {
        assertThrows(ArithmeticException.class, () -> new Plane(1 << 16, 1 << 16, 1).area());
        assertThrows(ArithmeticException.class, () -> new Plane(1 << 12, 1 << 12, 1 << 8).elements());
    }
}
