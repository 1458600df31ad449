package dev.lowpass.kernels.vector;

import java.util.Arrays;

/**
 * One-dimensional DCTs by the formulas of {@link SimdDct} and {@link SimdIdct} in plain loops over contiguous channels, which C2
 * vectorises on its own; they also finish the channels that fill no vector. Point i of a line is at
 * {@code inBase + inAt[line * block + i]}.
 */
final class ScalarTransforms {

    private ScalarTransforms() {}

    /** {@code out[u] = sum over i of D[u][i] in[i]} for each line. */
    static void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        switch (block) {
            case 4:
                dct4(in, inBase, inAt, out, outBase, outAt, lines, count);
                break;
            case 5:
                dct5(in, inBase, inAt, out, outBase, outAt, lines, count);
                break;
            case 6:
                dct6(in, inBase, inAt, out, outBase, outAt, lines, count);
                break;
            case 7:
                dct7(in, inBase, inAt, out, outBase, outAt, lines, count);
                break;
            case 8:
                dct8(in, inBase, inAt, out, outBase, outAt, lines, count);
                break;
            default:
                matrix(Basis.MATRICES[block], false, in, inBase, inAt, out, outBase, outAt, lines, count, false, 0, 0);
        }
    }

    /** {@code out[i] = clamp(sum over u of D[u][i] in[u])} for each line. */
    static void idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count,
            boolean clamp, float low, float high) {
        switch (block) {
            case 4:
                idct4(in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
                break;
            case 5:
                idct5(in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
                break;
            case 6:
                idct6(in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
                break;
            case 7:
                idct7(in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
                break;
            case 8:
                idct8(in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
                break;
            default:
                matrix(Basis.MATRICES[block], true, in, inBase, inAt, out, outBase, outAt, lines, count, clamp, low, high);
        }
    }

    private static void dct4(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        for (int line = 0; line < lines; line++) {
            int at = line * 4;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float as0 = x0 + x3;
                float ad0 = x0 - x3;
                float as1 = x1 + x2;
                float ad1 = x1 - x2;
                float bs0 = as0 + as1;
                float bd0 = as0 - as1;
                out[o0 + c] = (bs0) * Basis.C4_00;
                out[o1 + c] = ad0 * Basis.C4_10 + ad1 * Basis.C4_11;
                out[o2 + c] = bd0 * Basis.C4_20;
                out[o3 + c] = ad0 * Basis.C4_30 + ad1 * Basis.C4_31;
            }
        }
    }

    private static void idct4(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, int count, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 4;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float ao0 = x1 * Basis.C4_10 + x3 * Basis.C4_30;
                float ao1 = x1 * Basis.C4_11 + x3 * Basis.C4_31;
                float bo0 = x2 * Basis.C4_20;
                float be0 = x0 * Basis.C4_00;
                float bx0 = be0 + bo0;
                float bx1 = be0 - bo0;
                out[o0 + c] = bx0 + ao0;
                out[o1 + c] = bx1 + ao1;
                out[o2 + c] = bx1 - ao1;
                out[o3 + c] = bx0 - ao0;
            }
            if (clamp) {
                for (int p = 0; p < 4; p++) {
                    ScalarLanes.clamp(out, outBase + outAt[at + p], count, low, high);
                }
            }
        }
    }

    private static void dct5(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        for (int line = 0; line < lines; line++) {
            int at = line * 5;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float as0 = x0 + x4;
                float ad0 = x0 - x4;
                float as1 = x1 + x3;
                float ad1 = x1 - x3;
                out[o0 + c] = (as0 + as1 + x2) * Basis.C5_00;
                out[o1 + c] = ad0 * Basis.C5_10 + ad1 * Basis.C5_11;
                out[o2 + c] = as0 * Basis.C5_20 + as1 * Basis.C5_21 + x2 * Basis.C5_22;
                out[o3 + c] = ad0 * Basis.C5_30 + ad1 * Basis.C5_31;
                out[o4 + c] = as0 * Basis.C5_40 + as1 * Basis.C5_41 + x2 * Basis.C5_42;
            }
        }
    }

    private static void idct5(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, int count, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 5;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float ao0 = x1 * Basis.C5_10 + x3 * Basis.C5_30;
                float ao1 = x1 * Basis.C5_11 + x3 * Basis.C5_31;
                float ae0 = x0 * Basis.C5_00 + x2 * Basis.C5_20 + x4 * Basis.C5_40;
                float ae1 = x0 * Basis.C5_00 + x2 * Basis.C5_21 + x4 * Basis.C5_41;
                float ae2 = x0 * Basis.C5_00 + x2 * Basis.C5_22 + x4 * Basis.C5_42;
                out[o0 + c] = ae0 + ao0;
                out[o1 + c] = ae1 + ao1;
                out[o2 + c] = ae2;
                out[o3 + c] = ae1 - ao1;
                out[o4 + c] = ae0 - ao0;
            }
            if (clamp) {
                for (int p = 0; p < 5; p++) {
                    ScalarLanes.clamp(out, outBase + outAt[at + p], count, low, high);
                }
            }
        }
    }

    private static void dct6(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        for (int line = 0; line < lines; line++) {
            int at = line * 6;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float as0 = x0 + x5;
                float ad0 = x0 - x5;
                float as1 = x1 + x4;
                float ad1 = x1 - x4;
                float as2 = x2 + x3;
                float ad2 = x2 - x3;
                float bs0 = as0 + as2;
                float bd0 = as0 - as2;
                out[o0 + c] = (bs0 + as1) * Basis.C6_00;
                out[o1 + c] = ad0 * Basis.C6_10 + ad1 * Basis.C6_11 + ad2 * Basis.C6_12;
                out[o2 + c] = bd0 * Basis.C6_20;
                out[o3 + c] = ad0 * Basis.C6_30 + ad1 * Basis.C6_31 + ad2 * Basis.C6_32;
                out[o4 + c] = bs0 * Basis.C6_40 + as1 * Basis.C6_41;
                out[o5 + c] = ad0 * Basis.C6_50 + ad1 * Basis.C6_51 + ad2 * Basis.C6_52;
            }
        }
    }

    private static void idct6(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, int count, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 6;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float ao0 = x1 * Basis.C6_10 + x3 * Basis.C6_30 + x5 * Basis.C6_50;
                float ao1 = x1 * Basis.C6_11 + x3 * Basis.C6_31 + x5 * Basis.C6_51;
                float ao2 = x1 * Basis.C6_12 + x3 * Basis.C6_32 + x5 * Basis.C6_52;
                float bo0 = x2 * Basis.C6_20;
                float be0 = x0 * Basis.C6_00 + x4 * Basis.C6_40;
                float be1 = x0 * Basis.C6_00 + x4 * Basis.C6_41;
                float bx0 = be0 + bo0;
                float bx1 = be1;
                float bx2 = be0 - bo0;
                out[o0 + c] = bx0 + ao0;
                out[o1 + c] = bx1 + ao1;
                out[o2 + c] = bx2 + ao2;
                out[o3 + c] = bx2 - ao2;
                out[o4 + c] = bx1 - ao1;
                out[o5 + c] = bx0 - ao0;
            }
            if (clamp) {
                for (int p = 0; p < 6; p++) {
                    ScalarLanes.clamp(out, outBase + outAt[at + p], count, low, high);
                }
            }
        }
    }

    private static void dct7(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        for (int line = 0; line < lines; line++) {
            int at = line * 7;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int i6 = inBase + inAt[at + 6];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            int o6 = outBase + outAt[at + 6];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float x6 = in[i6 + c];
                float as0 = x0 + x6;
                float ad0 = x0 - x6;
                float as1 = x1 + x5;
                float ad1 = x1 - x5;
                float as2 = x2 + x4;
                float ad2 = x2 - x4;
                out[o0 + c] = (as0 + as1 + as2 + x3) * Basis.C7_00;
                out[o1 + c] = ad0 * Basis.C7_10 + ad1 * Basis.C7_11 + ad2 * Basis.C7_12;
                out[o2 + c] = as0 * Basis.C7_20 + as1 * Basis.C7_21 + as2 * Basis.C7_22 + x3 * Basis.C7_23;
                out[o3 + c] = ad0 * Basis.C7_30 + ad1 * Basis.C7_31 + ad2 * Basis.C7_32;
                out[o4 + c] = as0 * Basis.C7_40 + as1 * Basis.C7_41 + as2 * Basis.C7_42 + x3 * Basis.C7_43;
                out[o5 + c] = ad0 * Basis.C7_50 + ad1 * Basis.C7_51 + ad2 * Basis.C7_52;
                out[o6 + c] = as0 * Basis.C7_60 + as1 * Basis.C7_61 + as2 * Basis.C7_62 + x3 * Basis.C7_63;
            }
        }
    }

    private static void idct7(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, int count, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 7;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int i6 = inBase + inAt[at + 6];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            int o6 = outBase + outAt[at + 6];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float x6 = in[i6 + c];
                float ao0 = x1 * Basis.C7_10 + x3 * Basis.C7_30 + x5 * Basis.C7_50;
                float ao1 = x1 * Basis.C7_11 + x3 * Basis.C7_31 + x5 * Basis.C7_51;
                float ao2 = x1 * Basis.C7_12 + x3 * Basis.C7_32 + x5 * Basis.C7_52;
                float ae0 = x0 * Basis.C7_00 + x2 * Basis.C7_20 + x4 * Basis.C7_40 + x6 * Basis.C7_60;
                float ae1 = x0 * Basis.C7_00 + x2 * Basis.C7_21 + x4 * Basis.C7_41 + x6 * Basis.C7_61;
                float ae2 = x0 * Basis.C7_00 + x2 * Basis.C7_22 + x4 * Basis.C7_42 + x6 * Basis.C7_62;
                float ae3 = x0 * Basis.C7_00 + x2 * Basis.C7_23 + x4 * Basis.C7_43 + x6 * Basis.C7_63;
                out[o0 + c] = ae0 + ao0;
                out[o1 + c] = ae1 + ao1;
                out[o2 + c] = ae2 + ao2;
                out[o3 + c] = ae3;
                out[o4 + c] = ae2 - ao2;
                out[o5 + c] = ae1 - ao1;
                out[o6 + c] = ae0 - ao0;
            }
            if (clamp) {
                for (int p = 0; p < 7; p++) {
                    ScalarLanes.clamp(out, outBase + outAt[at + p], count, low, high);
                }
            }
        }
    }

    private static void dct8(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count) {
        for (int line = 0; line < lines; line++) {
            int at = line * 8;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int i6 = inBase + inAt[at + 6];
            int i7 = inBase + inAt[at + 7];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            int o6 = outBase + outAt[at + 6];
            int o7 = outBase + outAt[at + 7];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float x6 = in[i6 + c];
                float x7 = in[i7 + c];
                float as0 = x0 + x7;
                float ad0 = x0 - x7;
                float as1 = x1 + x6;
                float ad1 = x1 - x6;
                float as2 = x2 + x5;
                float ad2 = x2 - x5;
                float as3 = x3 + x4;
                float ad3 = x3 - x4;
                float bs0 = as0 + as3;
                float bd0 = as0 - as3;
                float bs1 = as1 + as2;
                float bd1 = as1 - as2;
                float cs0 = bs0 + bs1;
                float cd0 = bs0 - bs1;
                out[o0 + c] = (cs0) * Basis.C8_00;
                out[o1 + c] = ad0 * Basis.C8_10 + ad1 * Basis.C8_11 + ad2 * Basis.C8_12 + ad3 * Basis.C8_13;
                out[o2 + c] = bd0 * Basis.C8_20 + bd1 * Basis.C8_21;
                out[o3 + c] = ad0 * Basis.C8_30 + ad1 * Basis.C8_31 + ad2 * Basis.C8_32 + ad3 * Basis.C8_33;
                out[o4 + c] = cd0 * Basis.C8_40;
                out[o5 + c] = ad0 * Basis.C8_50 + ad1 * Basis.C8_51 + ad2 * Basis.C8_52 + ad3 * Basis.C8_53;
                out[o6 + c] = bd0 * Basis.C8_60 + bd1 * Basis.C8_61;
                out[o7 + c] = ad0 * Basis.C8_70 + ad1 * Basis.C8_71 + ad2 * Basis.C8_72 + ad3 * Basis.C8_73;
            }
        }
    }

    private static void idct8(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, int count, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 8;
            int i0 = inBase + inAt[at];
            int i1 = inBase + inAt[at + 1];
            int i2 = inBase + inAt[at + 2];
            int i3 = inBase + inAt[at + 3];
            int i4 = inBase + inAt[at + 4];
            int i5 = inBase + inAt[at + 5];
            int i6 = inBase + inAt[at + 6];
            int i7 = inBase + inAt[at + 7];
            int o0 = outBase + outAt[at];
            int o1 = outBase + outAt[at + 1];
            int o2 = outBase + outAt[at + 2];
            int o3 = outBase + outAt[at + 3];
            int o4 = outBase + outAt[at + 4];
            int o5 = outBase + outAt[at + 5];
            int o6 = outBase + outAt[at + 6];
            int o7 = outBase + outAt[at + 7];
            for (int c = 0; c < count; c++) {
                float x0 = in[i0 + c];
                float x1 = in[i1 + c];
                float x2 = in[i2 + c];
                float x3 = in[i3 + c];
                float x4 = in[i4 + c];
                float x5 = in[i5 + c];
                float x6 = in[i6 + c];
                float x7 = in[i7 + c];
                float ao0 = x1 * Basis.C8_10 + x3 * Basis.C8_30 + x5 * Basis.C8_50 + x7 * Basis.C8_70;
                float ao1 = x1 * Basis.C8_11 + x3 * Basis.C8_31 + x5 * Basis.C8_51 + x7 * Basis.C8_71;
                float ao2 = x1 * Basis.C8_12 + x3 * Basis.C8_32 + x5 * Basis.C8_52 + x7 * Basis.C8_72;
                float ao3 = x1 * Basis.C8_13 + x3 * Basis.C8_33 + x5 * Basis.C8_53 + x7 * Basis.C8_73;
                float bo0 = x2 * Basis.C8_20 + x6 * Basis.C8_60;
                float bo1 = x2 * Basis.C8_21 + x6 * Basis.C8_61;
                float co0 = x4 * Basis.C8_40;
                float ce0 = x0 * Basis.C8_00;
                float cx0 = ce0 + co0;
                float cx1 = ce0 - co0;
                float bx0 = cx0 + bo0;
                float bx1 = cx1 + bo1;
                float bx2 = cx1 - bo1;
                float bx3 = cx0 - bo0;
                out[o0 + c] = bx0 + ao0;
                out[o1 + c] = bx1 + ao1;
                out[o2 + c] = bx2 + ao2;
                out[o3 + c] = bx3 + ao3;
                out[o4 + c] = bx3 - ao3;
                out[o5 + c] = bx2 - ao2;
                out[o6 + c] = bx1 - ao1;
                out[o7 + c] = bx0 - ao0;
            }
            if (clamp) {
                for (int p = 0; p < 8; p++) {
                    ScalarLanes.clamp(out, outBase + outAt[at + p], count, low, high);
                }
            }
        }
    }

    private static void matrix(float[][] basis, boolean inverse, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt,
            int lines, int count, boolean clamp, float low, float high) {
        int block = basis.length;
        for (int at = 0; at < lines * block; at += block) {
            for (int to = 0; to < block; to++) {
                int target = outBase + outAt[at + to];
                Arrays.fill(out, target, target + count, 0);
                for (int from = 0; from < block; from++) {
                    ScalarLanes.accumulateRow(inverse ? basis[from][to] : basis[to][from], in, inBase + inAt[at + from], out, target,
                            count);
                }
                if (clamp) {
                    ScalarLanes.clamp(out, target, count, low, high);
                }
            }
        }
    }
}
