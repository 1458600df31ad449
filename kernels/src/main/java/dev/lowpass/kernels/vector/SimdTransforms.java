package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * One-dimensional DCTs, a channel a lane: every line of B points becomes B coefficients, or back.
 *
 * <p>Straight-line code for B of 4 to 8. The basis is even or odd about the middle, so sums and differences of mirrored points
 * halve the products; where B is even the even half is a DCT of half the size again (Chen, Smith, Fralick, 1977). For B = 7:
 * 6 sums, 3 sums and 1 product for coefficient 0, 12 products for the even and 9 for the odd coefficients: 31 slots.
 *
 * <p>Register budget: B points and B/2 differences live at once, 12 at most; constants come from memory. The lines' positions come
 * from tables, so that either side may be a plane, a scratch block or the zigzag order.
 *
 * <p>Other sides multiply by the matrix.
 */
final class SimdTransforms {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;

    private SimdTransforms() {}

    /** Parameters as {@link Lanes#dct}'s, one vector of channels. */
    static void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        switch (block) {
            case 4:
                dct4(in, inBase, inAt, out, outBase, outAt, lines);
                break;
            case 5:
                dct5(in, inBase, inAt, out, outBase, outAt, lines);
                break;
            case 6:
                dct6(in, inBase, inAt, out, outBase, outAt, lines);
                break;
            case 7:
                dct7(in, inBase, inAt, out, outBase, outAt, lines);
                break;
            case 8:
                dct8(in, inBase, inAt, out, outBase, outAt, lines);
                break;
            default:
                matrix(Basis.MATRICES[block], false, in, inBase, inAt, out, outBase, outAt, lines, false, 0, 0);
        }
    }

    /** Parameters as {@link Lanes#idct}'s, one vector of channels. */
    static void idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines,
            boolean clamp, float low, float high) {
        switch (block) {
            case 4:
                idct4(in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
                break;
            case 5:
                idct5(in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
                break;
            case 6:
                idct6(in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
                break;
            case 7:
                idct7(in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
                break;
            case 8:
                idct8(in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
                break;
            default:
                matrix(Basis.MATRICES[block], true, in, inBase, inAt, out, outBase, outAt, lines, clamp, low, high);
        }
    }

    private static void dct4(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        for (int line = 0; line < lines; line++) {
            int at = line * 4;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector as0 = x0.add(x3);
            FloatVector ad0 = x0.sub(x3);
            FloatVector as1 = x1.add(x2);
            FloatVector ad1 = x1.sub(x2);
            FloatVector bs0 = as0.add(as1);
            FloatVector bd0 = as0.sub(as1);
            bs0.mul(Basis.C4_00).intoArray(out, outBase + outAt[at]);
            ad1.fma(FloatVector.broadcast(S, Basis.C4_11), ad0.mul(Basis.C4_10)).intoArray(out, outBase + outAt[at + 1]);
            bd0.mul(Basis.C4_20).intoArray(out, outBase + outAt[at + 2]);
            ad1.fma(FloatVector.broadcast(S, Basis.C4_31), ad0.mul(Basis.C4_30)).intoArray(out, outBase + outAt[at + 3]);
        }
    }

    private static void idct4(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 4;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector ao0 = x3.fma(FloatVector.broadcast(S, Basis.C4_30), x1.mul(Basis.C4_10));
            FloatVector ao1 = x3.fma(FloatVector.broadcast(S, Basis.C4_31), x1.mul(Basis.C4_11));
            FloatVector bo0 = x2.mul(Basis.C4_20);
            FloatVector be0 = x0.mul(Basis.C4_00);
            FloatVector bx0 = be0.add(bo0);
            FloatVector bx1 = be0.sub(bo0);
            FloatVector y0 = bx0.add(ao0);
            FloatVector y1 = bx1.add(ao1);
            FloatVector y2 = bx1.sub(ao1);
            FloatVector y3 = bx0.sub(ao0);
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                y0 = y0.blend(l, y0.lt(l));
                y0.blend(h, h.lt(y0)).intoArray(out, outBase + outAt[at]);
                y1 = y1.blend(l, y1.lt(l));
                y1.blend(h, h.lt(y1)).intoArray(out, outBase + outAt[at + 1]);
                y2 = y2.blend(l, y2.lt(l));
                y2.blend(h, h.lt(y2)).intoArray(out, outBase + outAt[at + 2]);
                y3 = y3.blend(l, y3.lt(l));
                y3.blend(h, h.lt(y3)).intoArray(out, outBase + outAt[at + 3]);
            } else {
                y0.intoArray(out, outBase + outAt[at]);
                y1.intoArray(out, outBase + outAt[at + 1]);
                y2.intoArray(out, outBase + outAt[at + 2]);
                y3.intoArray(out, outBase + outAt[at + 3]);
            }
        }
    }

    private static void dct5(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        for (int line = 0; line < lines; line++) {
            int at = line * 5;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector as0 = x0.add(x4);
            FloatVector ad0 = x0.sub(x4);
            FloatVector as1 = x1.add(x3);
            FloatVector ad1 = x1.sub(x3);
            as0.add(as1).add(x2).mul(Basis.C5_00).intoArray(out, outBase + outAt[at]);
            ad1.fma(FloatVector.broadcast(S, Basis.C5_11), ad0.mul(Basis.C5_10)).intoArray(out, outBase + outAt[at + 1]);
            x2.fma(FloatVector.broadcast(S, Basis.C5_22), as1.fma(FloatVector.broadcast(S, Basis.C5_21), as0.mul(Basis.C5_20)))
                    .intoArray(out, outBase + outAt[at + 2]);
            ad1.fma(FloatVector.broadcast(S, Basis.C5_31), ad0.mul(Basis.C5_30)).intoArray(out, outBase + outAt[at + 3]);
            x2.fma(FloatVector.broadcast(S, Basis.C5_42), as1.fma(FloatVector.broadcast(S, Basis.C5_41), as0.mul(Basis.C5_40)))
                    .intoArray(out, outBase + outAt[at + 4]);
        }
    }

    private static void idct5(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 5;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector ao0 = x3.fma(FloatVector.broadcast(S, Basis.C5_30), x1.mul(Basis.C5_10));
            FloatVector ao1 = x3.fma(FloatVector.broadcast(S, Basis.C5_31), x1.mul(Basis.C5_11));
            FloatVector ae0 = x4.fma(FloatVector.broadcast(S, Basis.C5_40), x2.fma(FloatVector.broadcast(S, Basis.C5_20),
                    x0.mul(Basis.C5_00)));
            FloatVector ae1 = x4.fma(FloatVector.broadcast(S, Basis.C5_41), x2.fma(FloatVector.broadcast(S, Basis.C5_21),
                    x0.mul(Basis.C5_00)));
            FloatVector ae2 = x4.fma(FloatVector.broadcast(S, Basis.C5_42), x2.fma(FloatVector.broadcast(S, Basis.C5_22),
                    x0.mul(Basis.C5_00)));
            FloatVector y0 = ae0.add(ao0);
            FloatVector y1 = ae1.add(ao1);
            FloatVector y2 = ae2;
            FloatVector y3 = ae1.sub(ao1);
            FloatVector y4 = ae0.sub(ao0);
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                y0 = y0.blend(l, y0.lt(l));
                y0.blend(h, h.lt(y0)).intoArray(out, outBase + outAt[at]);
                y1 = y1.blend(l, y1.lt(l));
                y1.blend(h, h.lt(y1)).intoArray(out, outBase + outAt[at + 1]);
                y2 = y2.blend(l, y2.lt(l));
                y2.blend(h, h.lt(y2)).intoArray(out, outBase + outAt[at + 2]);
                y3 = y3.blend(l, y3.lt(l));
                y3.blend(h, h.lt(y3)).intoArray(out, outBase + outAt[at + 3]);
                y4 = y4.blend(l, y4.lt(l));
                y4.blend(h, h.lt(y4)).intoArray(out, outBase + outAt[at + 4]);
            } else {
                y0.intoArray(out, outBase + outAt[at]);
                y1.intoArray(out, outBase + outAt[at + 1]);
                y2.intoArray(out, outBase + outAt[at + 2]);
                y3.intoArray(out, outBase + outAt[at + 3]);
                y4.intoArray(out, outBase + outAt[at + 4]);
            }
        }
    }

    private static void dct6(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        for (int line = 0; line < lines; line++) {
            int at = line * 6;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector as0 = x0.add(x5);
            FloatVector ad0 = x0.sub(x5);
            FloatVector as1 = x1.add(x4);
            FloatVector ad1 = x1.sub(x4);
            FloatVector as2 = x2.add(x3);
            FloatVector ad2 = x2.sub(x3);
            FloatVector bs0 = as0.add(as2);
            FloatVector bd0 = as0.sub(as2);
            bs0.add(as1).mul(Basis.C6_00).intoArray(out, outBase + outAt[at]);
            ad2.fma(FloatVector.broadcast(S, Basis.C6_12), ad1.fma(FloatVector.broadcast(S, Basis.C6_11), ad0.mul(Basis.C6_10)))
                    .intoArray(out, outBase + outAt[at + 1]);
            bd0.mul(Basis.C6_20).intoArray(out, outBase + outAt[at + 2]);
            ad2.fma(FloatVector.broadcast(S, Basis.C6_32), ad1.fma(FloatVector.broadcast(S, Basis.C6_31), ad0.mul(Basis.C6_30)))
                    .intoArray(out, outBase + outAt[at + 3]);
            as1.fma(FloatVector.broadcast(S, Basis.C6_41), bs0.mul(Basis.C6_40)).intoArray(out, outBase + outAt[at + 4]);
            ad2.fma(FloatVector.broadcast(S, Basis.C6_52), ad1.fma(FloatVector.broadcast(S, Basis.C6_51), ad0.mul(Basis.C6_50)))
                    .intoArray(out, outBase + outAt[at + 5]);
        }
    }

    private static void idct6(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 6;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector ao0 = x5.fma(FloatVector.broadcast(S, Basis.C6_50), x3.fma(FloatVector.broadcast(S, Basis.C6_30),
                    x1.mul(Basis.C6_10)));
            FloatVector ao1 = x5.fma(FloatVector.broadcast(S, Basis.C6_51), x3.fma(FloatVector.broadcast(S, Basis.C6_31),
                    x1.mul(Basis.C6_11)));
            FloatVector ao2 = x5.fma(FloatVector.broadcast(S, Basis.C6_52), x3.fma(FloatVector.broadcast(S, Basis.C6_32),
                    x1.mul(Basis.C6_12)));
            FloatVector bo0 = x2.mul(Basis.C6_20);
            FloatVector be0 = x4.fma(FloatVector.broadcast(S, Basis.C6_40), x0.mul(Basis.C6_00));
            FloatVector be1 = x4.fma(FloatVector.broadcast(S, Basis.C6_41), x0.mul(Basis.C6_00));
            FloatVector bx0 = be0.add(bo0);
            FloatVector bx1 = be1;
            FloatVector bx2 = be0.sub(bo0);
            FloatVector y0 = bx0.add(ao0);
            FloatVector y1 = bx1.add(ao1);
            FloatVector y2 = bx2.add(ao2);
            FloatVector y3 = bx2.sub(ao2);
            FloatVector y4 = bx1.sub(ao1);
            FloatVector y5 = bx0.sub(ao0);
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                y0 = y0.blend(l, y0.lt(l));
                y0.blend(h, h.lt(y0)).intoArray(out, outBase + outAt[at]);
                y1 = y1.blend(l, y1.lt(l));
                y1.blend(h, h.lt(y1)).intoArray(out, outBase + outAt[at + 1]);
                y2 = y2.blend(l, y2.lt(l));
                y2.blend(h, h.lt(y2)).intoArray(out, outBase + outAt[at + 2]);
                y3 = y3.blend(l, y3.lt(l));
                y3.blend(h, h.lt(y3)).intoArray(out, outBase + outAt[at + 3]);
                y4 = y4.blend(l, y4.lt(l));
                y4.blend(h, h.lt(y4)).intoArray(out, outBase + outAt[at + 4]);
                y5 = y5.blend(l, y5.lt(l));
                y5.blend(h, h.lt(y5)).intoArray(out, outBase + outAt[at + 5]);
            } else {
                y0.intoArray(out, outBase + outAt[at]);
                y1.intoArray(out, outBase + outAt[at + 1]);
                y2.intoArray(out, outBase + outAt[at + 2]);
                y3.intoArray(out, outBase + outAt[at + 3]);
                y4.intoArray(out, outBase + outAt[at + 4]);
                y5.intoArray(out, outBase + outAt[at + 5]);
            }
        }
    }

    private static void dct7(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        for (int line = 0; line < lines; line++) {
            int at = line * 7;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector as0 = x0.add(x6);
            FloatVector ad0 = x0.sub(x6);
            FloatVector as1 = x1.add(x5);
            FloatVector ad1 = x1.sub(x5);
            FloatVector as2 = x2.add(x4);
            FloatVector ad2 = x2.sub(x4);
            as0.add(as1).add(as2).add(x3).mul(Basis.C7_00).intoArray(out, outBase + outAt[at]);
            ad2.fma(FloatVector.broadcast(S, Basis.C7_12), ad1.fma(FloatVector.broadcast(S, Basis.C7_11), ad0.mul(Basis.C7_10)))
                    .intoArray(out, outBase + outAt[at + 1]);
            x3.fma(FloatVector.broadcast(S, Basis.C7_23), as2.fma(FloatVector.broadcast(S, Basis.C7_22), as1.fma(FloatVector.broadcast(S,
                    Basis.C7_21), as0.mul(Basis.C7_20)))).intoArray(out, outBase + outAt[at + 2]);
            ad2.fma(FloatVector.broadcast(S, Basis.C7_32), ad1.fma(FloatVector.broadcast(S, Basis.C7_31), ad0.mul(Basis.C7_30)))
                    .intoArray(out, outBase + outAt[at + 3]);
            x3.fma(FloatVector.broadcast(S, Basis.C7_43), as2.fma(FloatVector.broadcast(S, Basis.C7_42), as1.fma(FloatVector.broadcast(S,
                    Basis.C7_41), as0.mul(Basis.C7_40)))).intoArray(out, outBase + outAt[at + 4]);
            ad2.fma(FloatVector.broadcast(S, Basis.C7_52), ad1.fma(FloatVector.broadcast(S, Basis.C7_51), ad0.mul(Basis.C7_50)))
                    .intoArray(out, outBase + outAt[at + 5]);
            x3.fma(FloatVector.broadcast(S, Basis.C7_63), as2.fma(FloatVector.broadcast(S, Basis.C7_62), as1.fma(FloatVector.broadcast(S,
                    Basis.C7_61), as0.mul(Basis.C7_60)))).intoArray(out, outBase + outAt[at + 6]);
        }
    }

    private static void idct7(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 7;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector ao0 = x5.fma(FloatVector.broadcast(S, Basis.C7_50), x3.fma(FloatVector.broadcast(S, Basis.C7_30),
                    x1.mul(Basis.C7_10)));
            FloatVector ao1 = x5.fma(FloatVector.broadcast(S, Basis.C7_51), x3.fma(FloatVector.broadcast(S, Basis.C7_31),
                    x1.mul(Basis.C7_11)));
            FloatVector ao2 = x5.fma(FloatVector.broadcast(S, Basis.C7_52), x3.fma(FloatVector.broadcast(S, Basis.C7_32),
                    x1.mul(Basis.C7_12)));
            FloatVector ae0 = x6.fma(FloatVector.broadcast(S, Basis.C7_60), x4.fma(FloatVector.broadcast(S, Basis.C7_40), x2
                    .fma(FloatVector.broadcast(S, Basis.C7_20), x0.mul(Basis.C7_00))));
            FloatVector ae1 = x6.fma(FloatVector.broadcast(S, Basis.C7_61), x4.fma(FloatVector.broadcast(S, Basis.C7_41), x2
                    .fma(FloatVector.broadcast(S, Basis.C7_21), x0.mul(Basis.C7_00))));
            FloatVector ae2 = x6.fma(FloatVector.broadcast(S, Basis.C7_62), x4.fma(FloatVector.broadcast(S, Basis.C7_42), x2
                    .fma(FloatVector.broadcast(S, Basis.C7_22), x0.mul(Basis.C7_00))));
            FloatVector ae3 = x6.fma(FloatVector.broadcast(S, Basis.C7_63), x4.fma(FloatVector.broadcast(S, Basis.C7_43), x2
                    .fma(FloatVector.broadcast(S, Basis.C7_23), x0.mul(Basis.C7_00))));
            FloatVector y0 = ae0.add(ao0);
            FloatVector y1 = ae1.add(ao1);
            FloatVector y2 = ae2.add(ao2);
            FloatVector y3 = ae3;
            FloatVector y4 = ae2.sub(ao2);
            FloatVector y5 = ae1.sub(ao1);
            FloatVector y6 = ae0.sub(ao0);
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                y0 = y0.blend(l, y0.lt(l));
                y0.blend(h, h.lt(y0)).intoArray(out, outBase + outAt[at]);
                y1 = y1.blend(l, y1.lt(l));
                y1.blend(h, h.lt(y1)).intoArray(out, outBase + outAt[at + 1]);
                y2 = y2.blend(l, y2.lt(l));
                y2.blend(h, h.lt(y2)).intoArray(out, outBase + outAt[at + 2]);
                y3 = y3.blend(l, y3.lt(l));
                y3.blend(h, h.lt(y3)).intoArray(out, outBase + outAt[at + 3]);
                y4 = y4.blend(l, y4.lt(l));
                y4.blend(h, h.lt(y4)).intoArray(out, outBase + outAt[at + 4]);
                y5 = y5.blend(l, y5.lt(l));
                y5.blend(h, h.lt(y5)).intoArray(out, outBase + outAt[at + 5]);
                y6 = y6.blend(l, y6.lt(l));
                y6.blend(h, h.lt(y6)).intoArray(out, outBase + outAt[at + 6]);
            } else {
                y0.intoArray(out, outBase + outAt[at]);
                y1.intoArray(out, outBase + outAt[at + 1]);
                y2.intoArray(out, outBase + outAt[at + 2]);
                y3.intoArray(out, outBase + outAt[at + 3]);
                y4.intoArray(out, outBase + outAt[at + 4]);
                y5.intoArray(out, outBase + outAt[at + 5]);
                y6.intoArray(out, outBase + outAt[at + 6]);
            }
        }
    }

    private static void dct8(float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines) {
        for (int line = 0; line < lines; line++) {
            int at = line * 8;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector x7 = FloatVector.fromArray(S, in, inBase + inAt[at + 7]);
            FloatVector as0 = x0.add(x7);
            FloatVector ad0 = x0.sub(x7);
            FloatVector as1 = x1.add(x6);
            FloatVector ad1 = x1.sub(x6);
            FloatVector as2 = x2.add(x5);
            FloatVector ad2 = x2.sub(x5);
            FloatVector as3 = x3.add(x4);
            FloatVector ad3 = x3.sub(x4);
            FloatVector bs0 = as0.add(as3);
            FloatVector bd0 = as0.sub(as3);
            FloatVector bs1 = as1.add(as2);
            FloatVector bd1 = as1.sub(as2);
            FloatVector cs0 = bs0.add(bs1);
            FloatVector cd0 = bs0.sub(bs1);
            cs0.mul(Basis.C8_00).intoArray(out, outBase + outAt[at]);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_13), ad2.fma(FloatVector.broadcast(S, Basis.C8_12), ad1
                    .fma(FloatVector.broadcast(S, Basis.C8_11), ad0.mul(Basis.C8_10)))).intoArray(out, outBase + outAt[at + 1]);
            bd1.fma(FloatVector.broadcast(S, Basis.C8_21), bd0.mul(Basis.C8_20)).intoArray(out, outBase + outAt[at + 2]);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_33), ad2.fma(FloatVector.broadcast(S, Basis.C8_32), ad1
                    .fma(FloatVector.broadcast(S, Basis.C8_31), ad0.mul(Basis.C8_30)))).intoArray(out, outBase + outAt[at + 3]);
            cd0.mul(Basis.C8_40).intoArray(out, outBase + outAt[at + 4]);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_53), ad2.fma(FloatVector.broadcast(S, Basis.C8_52), ad1
                    .fma(FloatVector.broadcast(S, Basis.C8_51), ad0.mul(Basis.C8_50)))).intoArray(out, outBase + outAt[at + 5]);
            bd1.fma(FloatVector.broadcast(S, Basis.C8_61), bd0.mul(Basis.C8_60)).intoArray(out, outBase + outAt[at + 6]);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_73), ad2.fma(FloatVector.broadcast(S, Basis.C8_72), ad1
                    .fma(FloatVector.broadcast(S, Basis.C8_71), ad0.mul(Basis.C8_70)))).intoArray(out, outBase + outAt[at + 7]);
        }
    }

    private static void idct8(float[] in, int inBase, int[] inAt,
            float[] out, int outBase, int[] outAt, int lines, boolean clamp, float low, float high) {
        for (int line = 0; line < lines; line++) {
            int at = line * 8;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector x7 = FloatVector.fromArray(S, in, inBase + inAt[at + 7]);
            FloatVector ao0 = x7.fma(FloatVector.broadcast(S, Basis.C8_70), x5.fma(FloatVector.broadcast(S, Basis.C8_50), x3
                    .fma(FloatVector.broadcast(S, Basis.C8_30), x1.mul(Basis.C8_10))));
            FloatVector ao1 = x7.fma(FloatVector.broadcast(S, Basis.C8_71), x5.fma(FloatVector.broadcast(S, Basis.C8_51), x3
                    .fma(FloatVector.broadcast(S, Basis.C8_31), x1.mul(Basis.C8_11))));
            FloatVector ao2 = x7.fma(FloatVector.broadcast(S, Basis.C8_72), x5.fma(FloatVector.broadcast(S, Basis.C8_52), x3
                    .fma(FloatVector.broadcast(S, Basis.C8_32), x1.mul(Basis.C8_12))));
            FloatVector ao3 = x7.fma(FloatVector.broadcast(S, Basis.C8_73), x5.fma(FloatVector.broadcast(S, Basis.C8_53), x3
                    .fma(FloatVector.broadcast(S, Basis.C8_33), x1.mul(Basis.C8_13))));
            FloatVector bo0 = x6.fma(FloatVector.broadcast(S, Basis.C8_60), x2.mul(Basis.C8_20));
            FloatVector bo1 = x6.fma(FloatVector.broadcast(S, Basis.C8_61), x2.mul(Basis.C8_21));
            FloatVector co0 = x4.mul(Basis.C8_40);
            FloatVector ce0 = x0.mul(Basis.C8_00);
            FloatVector cx0 = ce0.add(co0);
            FloatVector cx1 = ce0.sub(co0);
            FloatVector bx0 = cx0.add(bo0);
            FloatVector bx1 = cx1.add(bo1);
            FloatVector bx2 = cx1.sub(bo1);
            FloatVector bx3 = cx0.sub(bo0);
            FloatVector y0 = bx0.add(ao0);
            FloatVector y1 = bx1.add(ao1);
            FloatVector y2 = bx2.add(ao2);
            FloatVector y3 = bx3.add(ao3);
            FloatVector y4 = bx3.sub(ao3);
            FloatVector y5 = bx2.sub(ao2);
            FloatVector y6 = bx1.sub(ao1);
            FloatVector y7 = bx0.sub(ao0);
            if (clamp) {
                FloatVector l = FloatVector.broadcast(S, low);
                FloatVector h = FloatVector.broadcast(S, high);
                y0 = y0.blend(l, y0.lt(l));
                y0.blend(h, h.lt(y0)).intoArray(out, outBase + outAt[at]);
                y1 = y1.blend(l, y1.lt(l));
                y1.blend(h, h.lt(y1)).intoArray(out, outBase + outAt[at + 1]);
                y2 = y2.blend(l, y2.lt(l));
                y2.blend(h, h.lt(y2)).intoArray(out, outBase + outAt[at + 2]);
                y3 = y3.blend(l, y3.lt(l));
                y3.blend(h, h.lt(y3)).intoArray(out, outBase + outAt[at + 3]);
                y4 = y4.blend(l, y4.lt(l));
                y4.blend(h, h.lt(y4)).intoArray(out, outBase + outAt[at + 4]);
                y5 = y5.blend(l, y5.lt(l));
                y5.blend(h, h.lt(y5)).intoArray(out, outBase + outAt[at + 5]);
                y6 = y6.blend(l, y6.lt(l));
                y6.blend(h, h.lt(y6)).intoArray(out, outBase + outAt[at + 6]);
                y7 = y7.blend(l, y7.lt(l));
                y7.blend(h, h.lt(y7)).intoArray(out, outBase + outAt[at + 7]);
            } else {
                y0.intoArray(out, outBase + outAt[at]);
                y1.intoArray(out, outBase + outAt[at + 1]);
                y2.intoArray(out, outBase + outAt[at + 2]);
                y3.intoArray(out, outBase + outAt[at + 3]);
                y4.intoArray(out, outBase + outAt[at + 4]);
                y5.intoArray(out, outBase + outAt[at + 5]);
                y6.intoArray(out, outBase + outAt[at + 6]);
                y7.intoArray(out, outBase + outAt[at + 7]);
            }
        }
    }

    private static void matrix(float[][] basis, boolean inverse, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt,
            int lines, boolean clamp, float low, float high) {
        int block = basis.length;
        for (int at = 0; at < lines * block; at += block) {
            for (int to = 0; to < block; to++) {
                FloatVector sum = FloatVector.zero(S);
                for (int from = 0; from < block; from++) {
                    float weight = inverse ? basis[from][to] : basis[to][from];
                    sum = FloatVector.fromArray(S, in, inBase + inAt[at + from]).fma(FloatVector.broadcast(S, weight), sum);
                }
                if (clamp) {
                    FloatVector l = FloatVector.broadcast(S, low);
                    FloatVector h = FloatVector.broadcast(S, high);
                    sum = sum.blend(l, sum.lt(l));
                    sum = sum.blend(h, h.lt(sum));
                }
                sum.intoArray(out, outBase + outAt[at + to]);
            }
        }
    }
}
