package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class BandCostTest {

    @Test
    void roundsRowsAndDepthUpToTheTile() {
        BandCost cost = new BandCost(6, 4, 100);
        assertEquals(100 + 12.0 * 8 * 10, cost.of(7, 5, 10));
        assertEquals(100 + 6.0 * 4 * 10, cost.of(6, 4, 10));
    }

    @Test
    void anEmptyBandIsFree() {
        assertEquals(0, new BandCost(6, 4, 100).of(7, 0, 10));
    }

    @Test
    void plainCostIsTheMultiplications() {
        assertEquals(7 * 5 * 10, new BandCost(1, 1, 0).of(7, 5, 10));
        assertEquals(3e12, new BandCost(1, 1, 0).of(3_000_000_000L, 1, 1000));
    }

    @Test
    void refusesWhatIsNoPrice() {
        refused("0, 1, 0.0", 0, 1, 0);
        refused("1, 0, 0.0", 1, 0, 0);
        refused("1, 1, -1.0", 1, 1, -1);
        refused("1, 1, NaN", 1, 1, Double.NaN);
    }

    private static void refused(String values, int rows, int depth, double launch) {
        assertEquals("band cost needs tiles of at least 1 and a launch price of at least 0: " + values,
                assertThrows(IllegalArgumentException.class, () -> new BandCost(rows, depth, launch)).getMessage());
    }
}
