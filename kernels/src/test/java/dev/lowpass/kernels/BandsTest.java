package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class BandsTest {

    /** K(z) = 4, 3, 2, 2. */
    private final Staircase staircase = Staircase.of(2, new int[] {1, 4, 0, 4, 2});

    @Test
    void aBandIsAsDeepAsItsFirstIndex() {
        Bands bands = new Bands(staircase, 1, 4);
        assertEquals(2, bands.count());
        assertEquals(0, bands.start(0));
        assertEquals(1, bands.end(0));
        assertEquals(4, bands.depth(0));
        assertEquals(1, bands.start(1));
        assertEquals(4, bands.end(1));
        assertEquals(3, bands.depth(1));
        assertEquals("0..1x4 1..4x3", bands.toString());
    }

    @Test
    void countsMultiplications() {
        assertEquals(10 * (4 + 3 + 2 + 2), new Bands(staircase, 1, 2, 4).macs(10));
        assertEquals(10 * 4 * 4, new Bands(staircase, 4).macs(10));
    }

    @Test
    void aDroppedTailIsABandOfDepthZero() {
        Bands bands = new Bands(Staircase.of(2, new int[] {1, 1}), 1, 4);
        assertEquals(0, bands.depth(1));
        assertEquals(2, bands.macs(1));
    }

    @Test
    void copiesTheEnds() {
        int[] ends = {2, 4};
        Bands bands = new Bands(staircase, ends);
        ends[0] = 3;
        assertEquals(2, bands.end(0));
    }

    @Test
    void refusesWhatIsNoPartition() {
        refused("band ends [2, 2, 4] must rise from above 0", 2, 2, 4);
        refused("band ends [0, 4] must rise from above 0", 0, 4);
        refused("band ends [3, 2] must rise from above 0", 3, 2);
        refused("band ends [1, 3] must close with 4", 1, 3);
        refused("band ends [5] must close with 4", 5);
        refused("band ends [] must close with 4");
    }

    private void refused(String message, int... ends) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, () -> new Bands(staircase, ends)).getMessage());
    }
}
