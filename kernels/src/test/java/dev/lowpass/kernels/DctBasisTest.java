package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class DctBasisTest {

    @Test
    void blockOfTwoIsSumAndDifference() {
        double r = Math.sqrt(0.5);
        double[][] basis = DctBasis.of(2);
        assertArrayEquals(new double[] {r, r}, basis[0], 1e-15);
        assertArrayEquals(new double[] {r, -r}, basis[1], 1e-15);
    }

    /** From the cosines of pi/8, 2pi/8 and 3pi/8. */
    @Test
    void blockOfFour() {
        double c1 = 0.6532814824381883;
        double c3 = 0.2705980500730985;
        double[][] expected = {{0.5, 0.5, 0.5, 0.5}, {c1, c3, -c3, -c1}, {0.5, -0.5, -0.5, 0.5}, {c3, -c1, c1, -c3}};
        double[][] basis = DctBasis.of(4);
        for (int u = 0; u < 4; u++) {
            assertArrayEquals(expected[u], basis[u], 1e-15, "row " + u);
        }
    }

    @Test
    void rowsAreOrthonormal() {
        for (int block = 2; block <= 16; block++) {
            double[][] basis = DctBasis.of(block);
            for (int u = 0; u < block; u++) {
                for (int v = 0; v < block; v++) {
                    double dot = 0;
                    for (int i = 0; i < block; i++) {
                        dot += basis[u][i] * basis[v][i];
                    }
                    assertEquals(u == v ? 1 : 0, dot, 1e-14, "block " + block + ", rows " + u + " and " + v);
                }
            }
        }
    }

    @Test
    void everyCallGivesANewArray() {
        DctBasis.of(3)[0][0] = 9;
        assertEquals(Math.sqrt(1 / 3.0), DctBasis.of(3)[0][0], 1e-15);
    }

    @Test
    void refusesBlocksOutOfRange() {
        assertEquals("block 1 is out of range; a DCT block side is from 2 to 16",
                assertThrows(IllegalArgumentException.class, () -> DctBasis.of(1)).getMessage());
    }
}
