package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StaircaseTest {

    private final Staircase mixed = Staircase.of(2, new int[] {1, 4, 0, 4, 2});

    @Test
    void ordersChannelsByFallingCutoffAndKeepsTies() {
        assertArrayEquals(new int[] {1, 3, 4, 0, 2}, mixed.order());
        assertEquals(4, mixed.channelAt(2));
        assertFalse(mixed.isSorted());
        assertTrue(Staircase.of(2, new int[] {4, 4, 2, 1, 0}).isSorted());
    }

    @Test
    void prefixCountsTheChannelsThatStillCount() {
        assertEquals(4, mixed.prefix(0));
        assertEquals(3, mixed.prefix(1));
        assertEquals(2, mixed.prefix(2));
        assertEquals(2, mixed.prefix(3));
    }

    @Test
    void countsWhatIsKept() {
        assertEquals(2, mixed.block());
        assertEquals(5, mixed.channels());
        assertEquals(2, mixed.cutoff(4));
        assertEquals(11, mixed.keptCoefficients());
        assertEquals(11 / 20.0, mixed.keptShare());
    }

    @Test
    void fullKeepsEverything() {
        Staircase full = Staircase.full(3, 2);
        assertEquals(Staircase.of(3, new int[] {9, 9}), full);
        assertEquals(1.0, full.keptShare());
        assertEquals(2, full.prefix(8));
        assertTrue(full.isSorted());
    }

    @Test
    void allDroppedHasEmptyPrefixes() {
        Staircase none = Staircase.of(3, new int[] {0, 0});
        assertEquals(0, none.prefix(0));
        assertEquals(0, none.keptShare());
        assertTrue(none.isSorted());
    }

    @Test
    void permutedMovesCutoffsWithTheirChannels() {
        Staircase sorted = mixed.permuted(mixed.order());
        assertEquals(Staircase.of(2, new int[] {4, 4, 2, 1, 0}), sorted);
        assertTrue(sorted.isSorted());
    }

    @Test
    void isAValue() {
        int[] cutoffs = {1, 2};
        Staircase staircase = Staircase.of(2, cutoffs);
        cutoffs[0] = 4;
        staircase.order()[0] = 7;
        assertEquals(1, staircase.cutoff(0));
        assertEquals(1, staircase.channelAt(0));
        assertEquals(Staircase.of(2, new int[] {1, 2}), staircase);
        assertEquals(Staircase.of(2, new int[] {1, 2}).hashCode(), staircase.hashCode());
        assertNotEquals(Staircase.of(3, new int[] {1, 2}), staircase);
        assertNotEquals(Staircase.of(2, new int[] {2, 1}), staircase);
    }

    @Test
    void refusesCutoffsOutOfRange() {
        assertEquals("cutoff[1] is 5; with block 2 a cutoff is from 0 to 4",
                assertThrows(IllegalArgumentException.class, () -> Staircase.of(2, new int[] {4, 5})).getMessage());
        assertEquals("cutoff[0] is -1; with block 2 a cutoff is from 0 to 4",
                assertThrows(IllegalArgumentException.class, () -> Staircase.of(2, new int[] {-1, 5})).getMessage());
        assertEquals("block 17 is out of range; a DCT block side is from 2 to 16",
                assertThrows(IllegalArgumentException.class, () -> Staircase.full(17, 1)).getMessage());
    }
}
