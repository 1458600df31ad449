package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ZigzagTest {

    /** ITU-T T.81, figure A.6: the zigzag index at each (row, column) of 8x8. */
    private static final int[][] JPEG = {
        {0, 1, 5, 6, 14, 15, 27, 28},
        {2, 4, 7, 13, 16, 26, 29, 42},
        {3, 8, 12, 17, 25, 30, 41, 43},
        {9, 11, 18, 24, 31, 40, 44, 53},
        {10, 19, 23, 32, 39, 45, 52, 54},
        {20, 22, 33, 38, 46, 51, 55, 60},
        {21, 34, 37, 47, 50, 56, 59, 61},
        {35, 36, 48, 49, 57, 58, 62, 63},
    };

    @Test
    void blockOfEightIsJpegs() {
        Zigzag zigzag = Zigzag.of(8);
        for (int row = 0; row < 8; row++) {
            for (int column = 0; column < 8; column++) {
                assertEquals(JPEG[row][column], zigzag.index(row, column), "index at (" + row + ", " + column + ")");
            }
        }
    }

    @Test
    void smallBlocksInFull() {
        assertEquals("(0,0) (0,1) (1,0) (1,1)", order(2));
        assertEquals("(0,0) (0,1) (1,0) (2,0) (1,1) (0,2) (1,2) (2,1) (2,2)", order(3));
    }

    private static String order(int block) {
        Zigzag zigzag = Zigzag.of(block);
        StringBuilder text = new StringBuilder();
        for (int z = 0; z < zigzag.coefficients(); z++) {
            text.append(z == 0 ? "" : " ").append('(').append(zigzag.row(z)).append(',').append(zigzag.column(z)).append(')');
        }
        return text.toString();
    }

    @Test
    void indexUndoesRowAndColumn() {
        for (int block = 2; block <= 16; block++) {
            Zigzag zigzag = Zigzag.of(block);
            assertEquals(block, zigzag.block());
            assertEquals(block * block, zigzag.coefficients());
            for (int z = 0; z < block * block; z++) {
                assertEquals(z, zigzag.index(zigzag.row(z), zigzag.column(z)), "block " + block);
            }
        }
    }

    @Test
    void refusesBlocksOutOfRange() {
        for (int block : new int[] {-1, 0, 1, 17}) {
            assertEquals("block " + block + " is out of range; a DCT block side is from 2 to 16",
                    assertThrows(IllegalArgumentException.class, () -> Zigzag.of(block)).getMessage());
        }
    }
}
