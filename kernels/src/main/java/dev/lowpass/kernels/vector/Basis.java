package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Zigzag;

/**
 * {@link DctBasis} in single precision: C&lt;B&gt;_&lt;u&gt;&lt;i&gt; is {@code D[u][i]} of the basis of B points, as far as straight-line
 * code needs it (i below B/2, the rest being mirrored). Static and final, so that C2 sees constants.
 */
final class Basis {

    private static final double[][] D4 = DctBasis.of(4);
    static final float C4_00 = (float) D4[0][0];
    static final float C4_10 = (float) D4[1][0];
    static final float C4_11 = (float) D4[1][1];
    static final float C4_20 = (float) D4[2][0];
    static final float C4_30 = (float) D4[3][0];
    static final float C4_31 = (float) D4[3][1];

    private static final double[][] D5 = DctBasis.of(5);
    static final float C5_00 = (float) D5[0][0];
    static final float C5_10 = (float) D5[1][0];
    static final float C5_11 = (float) D5[1][1];
    static final float C5_20 = (float) D5[2][0];
    static final float C5_21 = (float) D5[2][1];
    static final float C5_22 = (float) D5[2][2];
    static final float C5_30 = (float) D5[3][0];
    static final float C5_31 = (float) D5[3][1];
    static final float C5_40 = (float) D5[4][0];
    static final float C5_41 = (float) D5[4][1];
    static final float C5_42 = (float) D5[4][2];

    private static final double[][] D6 = DctBasis.of(6);
    static final float C6_00 = (float) D6[0][0];
    static final float C6_10 = (float) D6[1][0];
    static final float C6_11 = (float) D6[1][1];
    static final float C6_12 = (float) D6[1][2];
    static final float C6_20 = (float) D6[2][0];
    static final float C6_30 = (float) D6[3][0];
    static final float C6_31 = (float) D6[3][1];
    static final float C6_32 = (float) D6[3][2];
    static final float C6_40 = (float) D6[4][0];
    static final float C6_41 = (float) D6[4][1];
    static final float C6_50 = (float) D6[5][0];
    static final float C6_51 = (float) D6[5][1];
    static final float C6_52 = (float) D6[5][2];

    private static final double[][] D7 = DctBasis.of(7);
    static final float C7_00 = (float) D7[0][0];
    static final float C7_10 = (float) D7[1][0];
    static final float C7_11 = (float) D7[1][1];
    static final float C7_12 = (float) D7[1][2];
    static final float C7_20 = (float) D7[2][0];
    static final float C7_21 = (float) D7[2][1];
    static final float C7_22 = (float) D7[2][2];
    static final float C7_23 = (float) D7[2][3];
    static final float C7_30 = (float) D7[3][0];
    static final float C7_31 = (float) D7[3][1];
    static final float C7_32 = (float) D7[3][2];
    static final float C7_40 = (float) D7[4][0];
    static final float C7_41 = (float) D7[4][1];
    static final float C7_42 = (float) D7[4][2];
    static final float C7_43 = (float) D7[4][3];
    static final float C7_50 = (float) D7[5][0];
    static final float C7_51 = (float) D7[5][1];
    static final float C7_52 = (float) D7[5][2];
    static final float C7_60 = (float) D7[6][0];
    static final float C7_61 = (float) D7[6][1];
    static final float C7_62 = (float) D7[6][2];
    static final float C7_63 = (float) D7[6][3];

    private static final double[][] D8 = DctBasis.of(8);
    static final float C8_00 = (float) D8[0][0];
    static final float C8_10 = (float) D8[1][0];
    static final float C8_11 = (float) D8[1][1];
    static final float C8_12 = (float) D8[1][2];
    static final float C8_13 = (float) D8[1][3];
    static final float C8_20 = (float) D8[2][0];
    static final float C8_21 = (float) D8[2][1];
    static final float C8_30 = (float) D8[3][0];
    static final float C8_31 = (float) D8[3][1];
    static final float C8_32 = (float) D8[3][2];
    static final float C8_33 = (float) D8[3][3];
    static final float C8_40 = (float) D8[4][0];
    static final float C8_50 = (float) D8[5][0];
    static final float C8_51 = (float) D8[5][1];
    static final float C8_52 = (float) D8[5][2];
    static final float C8_53 = (float) D8[5][3];
    static final float C8_60 = (float) D8[6][0];
    static final float C8_61 = (float) D8[6][1];
    static final float C8_70 = (float) D8[7][0];
    static final float C8_71 = (float) D8[7][1];
    static final float C8_72 = (float) D8[7][2];
    static final float C8_73 = (float) D8[7][3];

    /** The basis of every side; straight-line code needs none. */
    static final float[][][] MATRICES = new float[Zigzag.MAX_BLOCK + 1][][];

    static {
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            MATRICES[block] = new float[block][block];
            for (int u = 0; u < block; u++) {
                for (int i = 0; i < block; i++) {
                    MATRICES[block][u][i] = (float) DctBasis.of(block)[u][i];
                }
            }
        }
    }

    private Basis() {}
}
