package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The inverse transform of a block, a channel a lane: columns of coefficients to a buffer, then rows of the buffer to a plane.
 * Straight-line code for B of 4 to 8, mirroring {@link SimdDct}, whose remarks on offsets and registers hold here too. For B = 7:
 * 9 products for the odd and 13 for the even half, and 6 sums: 28 slots.
 *
 * <p>How points are clamped {@link Clamp} says.
 */
final class SimdIdct {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdIdct() {}

    /** Parameters as {@link Lanes#idct}'s, one vector of channels. */
    static boolean block(int block, float[] in, int inBase, int[] inAt, float[] buffer, int base,
            float[] out, int outBase, int[] outAt, float low, float high) {
        switch (block) {
            case 4:
                idctColumns4(in, inBase, inAt, buffer, base);
                break;
            case 5:
                idctColumns5(in, inBase, inAt, buffer, base);
                break;
            case 6:
                idctColumns6(in, inBase, inAt, buffer, base);
                break;
            case 7:
                idctColumns7(in, inBase, inAt, buffer, base);
                break;
            case 8:
                idctColumns8(in, inBase, inAt, buffer, base);
                break;
            default:
                matrixColumns(Basis.MATRICES[block], in, inBase, inAt, buffer, base);
        }
        boolean finite = isFinite(block, buffer, base);
        boolean inline = finite && Clamp.isInline(block, low);
        int l = inline ? 0 : Clamp.NO_LOW;
        int h = inline ? Float.floatToRawIntBits(high) : Clamp.NO_HIGH;
        switch (block) {
            case 4:
                idctRows4(buffer, base, out, outBase, outAt, l, h);
                break;
            case 5:
                idctRows5(buffer, base, out, outBase, outAt, l, h);
                break;
            case 6:
                idctRows6(buffer, base, out, outBase, outAt, l, h);
                break;
            case 7:
                idctRows7(buffer, base, out, outBase, outAt, l, h);
                break;
            case 8:
                idctRows8(buffer, base, out, outBase, outAt, l, h);
                break;
            default:
                matrixRows(Basis.MATRICES[block], buffer, base, out, outBase, outAt);
        }
        if (!inline) {
            Clamp.rows(out, outBase, outAt, block, finite, low, high);
        }
        return finite;
    }

    /**
     * Whether all coefficients were finite, from the buffer's first row: these are sums of columns, and the basis is positive
     * there, so that no coefficient is left out and no two infinities meet unseen.
     */
    private static boolean isFinite(int block, float[] buffer, int base) {
        FloatVector sum = FloatVector.fromArray(S, buffer, base);
        for (int v = 1; v < block; v++) {
            sum = sum.add(FloatVector.fromArray(S, buffer, base + v * L));
        }
        return sum.mul(0).eq(0).allTrue();
    }

    private static void idctColumns4(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 4; line++) {
            int at = line * 4;
            int to = base + line * L;
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
            bx0.add(ao0).intoArray(buffer, to);
            bx1.add(ao1).intoArray(buffer, to + 4 * L);
            bx1.sub(ao1).intoArray(buffer, to + 8 * L);
            bx0.sub(ao0).intoArray(buffer, to + 12 * L);
        }
    }

    private static void idctRows4(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 4; line++) {
            int at = base + line * 4 * L;
            int to = outBase + outAt[line * 4];
            FloatVector x0 = FloatVector.fromArray(S, buffer, at);
            FloatVector x1 = FloatVector.fromArray(S, buffer, at + L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, at + 3 * L);
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
            if (Clamp.INLINE) {
                y0 = y0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y1 = y1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y2 = y2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y3 = y3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
        }
    }

    private static void idctColumns5(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 5; line++) {
            int at = line * 5;
            int to = base + line * L;
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
            ae0.add(ao0).intoArray(buffer, to);
            ae1.add(ao1).intoArray(buffer, to + 5 * L);
            ae2.intoArray(buffer, to + 10 * L);
            ae1.sub(ao1).intoArray(buffer, to + 15 * L);
            ae0.sub(ao0).intoArray(buffer, to + 20 * L);
        }
    }

    private static void idctRows5(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 5; line++) {
            int at = base + line * 5 * L;
            int to = outBase + outAt[line * 5];
            FloatVector x0 = FloatVector.fromArray(S, buffer, at);
            FloatVector x1 = FloatVector.fromArray(S, buffer, at + L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, at + 4 * L);
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
            if (Clamp.INLINE) {
                y0 = y0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y1 = y1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y2 = y2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y3 = y3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y4 = y4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
            y4.intoArray(out, to + 4 * L);
        }
    }

    private static void idctColumns6(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 6; line++) {
            int at = line * 6;
            int to = base + line * L;
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
            bx0.add(ao0).intoArray(buffer, to);
            bx1.add(ao1).intoArray(buffer, to + 6 * L);
            bx2.add(ao2).intoArray(buffer, to + 12 * L);
            bx2.sub(ao2).intoArray(buffer, to + 18 * L);
            bx1.sub(ao1).intoArray(buffer, to + 24 * L);
            bx0.sub(ao0).intoArray(buffer, to + 30 * L);
        }
    }

    private static void idctRows6(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 6; line++) {
            int at = base + line * 6 * L;
            int to = outBase + outAt[line * 6];
            FloatVector x0 = FloatVector.fromArray(S, buffer, at);
            FloatVector x1 = FloatVector.fromArray(S, buffer, at + L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, at + 5 * L);
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
            if (Clamp.INLINE) {
                y0 = y0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y1 = y1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y2 = y2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y3 = y3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y4 = y4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y5 = y5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
            y4.intoArray(out, to + 4 * L);
            y5.intoArray(out, to + 5 * L);
        }
    }

    /** Even and odd coefficients apart: C2 of JDK 17 stops inlining in a method that has both, and then keeps vectors on the heap. */
    private static void idctColumns7(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        idctEvenColumns7(in, inBase, inAt, buffer, base);
        idctOddColumns7(in, inBase, inAt, buffer, base);
    }

    private static void idctEvenColumns7(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 7; line++) {
            int at = line * 7;
            int to = base + line * L;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector e0 = x0.mul(Basis.C7_00);
            x6.fma(FloatVector.broadcast(S, Basis.C7_60), x4.fma(FloatVector.broadcast(S, Basis.C7_40),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_20), e0))).intoArray(buffer, to);
            x6.fma(FloatVector.broadcast(S, Basis.C7_61), x4.fma(FloatVector.broadcast(S, Basis.C7_41),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_21), e0))).intoArray(buffer, to + 7 * L);
            x6.fma(FloatVector.broadcast(S, Basis.C7_62), x4.fma(FloatVector.broadcast(S, Basis.C7_42),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_22), e0))).intoArray(buffer, to + 14 * L);
            x6.fma(FloatVector.broadcast(S, Basis.C7_63), x4.fma(FloatVector.broadcast(S, Basis.C7_43),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_23), e0))).intoArray(buffer, to + 21 * L);
        }
    }

    /** Adds the odd coefficients' part to the even one's, which {@code buffer} holds for the first half of the points. */
    private static void idctOddColumns7(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 7; line++) {
            int at = line * 7;
            int to = base + line * L;
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector o0 = x5.fma(FloatVector.broadcast(S, Basis.C7_50), x3.fma(FloatVector.broadcast(S, Basis.C7_30),
                    x1.mul(Basis.C7_10)));
            FloatVector o1 = x5.fma(FloatVector.broadcast(S, Basis.C7_51), x3.fma(FloatVector.broadcast(S, Basis.C7_31),
                    x1.mul(Basis.C7_11)));
            FloatVector o2 = x5.fma(FloatVector.broadcast(S, Basis.C7_52), x3.fma(FloatVector.broadcast(S, Basis.C7_32),
                    x1.mul(Basis.C7_12)));
            FloatVector e0 = FloatVector.fromArray(S, buffer, to);
            FloatVector e1 = FloatVector.fromArray(S, buffer, to + 7 * L);
            FloatVector e2 = FloatVector.fromArray(S, buffer, to + 14 * L);
            e0.add(o0).intoArray(buffer, to);
            e0.sub(o0).intoArray(buffer, to + 42 * L);
            e1.add(o1).intoArray(buffer, to + 7 * L);
            e1.sub(o1).intoArray(buffer, to + 35 * L);
            e2.add(o2).intoArray(buffer, to + 14 * L);
            e2.sub(o2).intoArray(buffer, to + 28 * L);
        }
    }

    private static void idctRows7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        idctEvenRows7(buffer, base, out, outBase, outAt, lowBits, highBits);
        idctOddRows7(buffer, base, out, outBase, outAt, lowBits, highBits);
    }

    private static void idctEvenRows7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 7; line++) {
            int at = base + line * 7 * L;
            int to = outBase + outAt[line * 7];
            FloatVector x0 = FloatVector.fromArray(S, buffer, at);
            FloatVector x2 = FloatVector.fromArray(S, buffer, at + 2 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, at + 4 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, at + 6 * L);
            FloatVector e0 = x0.mul(Basis.C7_00);
            x6.fma(FloatVector.broadcast(S, Basis.C7_60), x4.fma(FloatVector.broadcast(S, Basis.C7_40),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_20), e0))).intoArray(out, to);
            x6.fma(FloatVector.broadcast(S, Basis.C7_61), x4.fma(FloatVector.broadcast(S, Basis.C7_41),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_21), e0))).intoArray(out, to + L);
            x6.fma(FloatVector.broadcast(S, Basis.C7_62), x4.fma(FloatVector.broadcast(S, Basis.C7_42),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_22), e0))).intoArray(out, to + 2 * L);
            FloatVector y3 = x6.fma(FloatVector.broadcast(S, Basis.C7_63), x4.fma(FloatVector.broadcast(S, Basis.C7_43),
                    x2.fma(FloatVector.broadcast(S, Basis.C7_23), e0)));
            if (Clamp.INLINE) {
                y3 = y3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y3.intoArray(out, to + 3 * L);
        }
    }

    private static void idctOddRows7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 7; line++) {
            int at = base + line * 7 * L;
            int to = outBase + outAt[line * 7];
            FloatVector x1 = FloatVector.fromArray(S, buffer, at + L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, at + 3 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, at + 5 * L);
            FloatVector o0 = x5.fma(FloatVector.broadcast(S, Basis.C7_50), x3.fma(FloatVector.broadcast(S, Basis.C7_30),
                    x1.mul(Basis.C7_10)));
            FloatVector o1 = x5.fma(FloatVector.broadcast(S, Basis.C7_51), x3.fma(FloatVector.broadcast(S, Basis.C7_31),
                    x1.mul(Basis.C7_11)));
            FloatVector o2 = x5.fma(FloatVector.broadcast(S, Basis.C7_52), x3.fma(FloatVector.broadcast(S, Basis.C7_32),
                    x1.mul(Basis.C7_12)));
            FloatVector e0 = FloatVector.fromArray(S, out, to);
            FloatVector e1 = FloatVector.fromArray(S, out, to + L);
            FloatVector e2 = FloatVector.fromArray(S, out, to + 2 * L);
            FloatVector y0 = e0.add(o0);
            FloatVector y6 = e0.sub(o0);
            FloatVector y1 = e1.add(o1);
            FloatVector y5 = e1.sub(o1);
            FloatVector y2 = e2.add(o2);
            FloatVector y4 = e2.sub(o2);
            if (Clamp.INLINE) {
                y0 = y0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y1 = y1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y2 = y2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y4 = y4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y5 = y5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y6 = y6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y4.intoArray(out, to + 4 * L);
            y5.intoArray(out, to + 5 * L);
            y6.intoArray(out, to + 6 * L);
        }
    }

    private static void idctColumns8(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        idctEvenColumns8(in, inBase, inAt, buffer, base);
        idctOddColumns8(in, inBase, inAt, buffer, base);
    }

    private static void idctEvenColumns8(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 8; line++) {
            int at = line * 8;
            int to = base + line * L;
            FloatVector x0 = FloatVector.fromArray(S, in, inBase + inAt[at]);
            FloatVector x2 = FloatVector.fromArray(S, in, inBase + inAt[at + 2]);
            FloatVector x4 = FloatVector.fromArray(S, in, inBase + inAt[at + 4]);
            FloatVector x6 = FloatVector.fromArray(S, in, inBase + inAt[at + 6]);
            FloatVector bo0 = x6.fma(FloatVector.broadcast(S, Basis.C8_60), x2.mul(Basis.C8_20));
            FloatVector bo1 = x6.fma(FloatVector.broadcast(S, Basis.C8_61), x2.mul(Basis.C8_21));
            FloatVector co0 = x4.mul(Basis.C8_40);
            FloatVector ce0 = x0.mul(Basis.C8_00);
            FloatVector cx0 = ce0.add(co0);
            FloatVector cx1 = ce0.sub(co0);
            cx0.add(bo0).intoArray(buffer, to);
            cx1.add(bo1).intoArray(buffer, to + 8 * L);
            cx1.sub(bo1).intoArray(buffer, to + 16 * L);
            cx0.sub(bo0).intoArray(buffer, to + 24 * L);
        }
    }

    private static void idctOddColumns8(float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        for (int line = 0; line < 8; line++) {
            int at = line * 8;
            int to = base + line * L;
            FloatVector x1 = FloatVector.fromArray(S, in, inBase + inAt[at + 1]);
            FloatVector x3 = FloatVector.fromArray(S, in, inBase + inAt[at + 3]);
            FloatVector x5 = FloatVector.fromArray(S, in, inBase + inAt[at + 5]);
            FloatVector x7 = FloatVector.fromArray(S, in, inBase + inAt[at + 7]);
            FloatVector o0 = x7.fma(FloatVector.broadcast(S, Basis.C8_70), x5.fma(FloatVector.broadcast(S, Basis.C8_50),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_30), x1.mul(Basis.C8_10))));
            FloatVector o1 = x7.fma(FloatVector.broadcast(S, Basis.C8_71), x5.fma(FloatVector.broadcast(S, Basis.C8_51),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_31), x1.mul(Basis.C8_11))));
            FloatVector o2 = x7.fma(FloatVector.broadcast(S, Basis.C8_72), x5.fma(FloatVector.broadcast(S, Basis.C8_52),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_32), x1.mul(Basis.C8_12))));
            FloatVector o3 = x7.fma(FloatVector.broadcast(S, Basis.C8_73), x5.fma(FloatVector.broadcast(S, Basis.C8_53),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_33), x1.mul(Basis.C8_13))));
            FloatVector e0 = FloatVector.fromArray(S, buffer, to);
            FloatVector e1 = FloatVector.fromArray(S, buffer, to + 8 * L);
            FloatVector e2 = FloatVector.fromArray(S, buffer, to + 16 * L);
            FloatVector e3 = FloatVector.fromArray(S, buffer, to + 24 * L);
            e0.add(o0).intoArray(buffer, to);
            e0.sub(o0).intoArray(buffer, to + 56 * L);
            e1.add(o1).intoArray(buffer, to + 8 * L);
            e1.sub(o1).intoArray(buffer, to + 48 * L);
            e2.add(o2).intoArray(buffer, to + 16 * L);
            e2.sub(o2).intoArray(buffer, to + 40 * L);
            e3.add(o3).intoArray(buffer, to + 24 * L);
            e3.sub(o3).intoArray(buffer, to + 32 * L);
        }
    }

    private static void idctRows8(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        idctEvenRows8(buffer, base, out, outBase, outAt);
        idctOddRows8(buffer, base, out, outBase, outAt, lowBits, highBits);
    }

    private static void idctEvenRows8(float[] buffer, int base, float[] out, int outBase, int[] outAt) {
        for (int line = 0; line < 8; line++) {
            int at = base + line * 8 * L;
            int to = outBase + outAt[line * 8];
            FloatVector x0 = FloatVector.fromArray(S, buffer, at);
            FloatVector x2 = FloatVector.fromArray(S, buffer, at + 2 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, at + 4 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, at + 6 * L);
            FloatVector bo0 = x6.fma(FloatVector.broadcast(S, Basis.C8_60), x2.mul(Basis.C8_20));
            FloatVector bo1 = x6.fma(FloatVector.broadcast(S, Basis.C8_61), x2.mul(Basis.C8_21));
            FloatVector co0 = x4.mul(Basis.C8_40);
            FloatVector ce0 = x0.mul(Basis.C8_00);
            FloatVector cx0 = ce0.add(co0);
            FloatVector cx1 = ce0.sub(co0);
            cx0.add(bo0).intoArray(out, to);
            cx1.add(bo1).intoArray(out, to + L);
            cx1.sub(bo1).intoArray(out, to + 2 * L);
            cx0.sub(bo0).intoArray(out, to + 3 * L);
        }
    }

    private static void idctOddRows8(float[] buffer, int base, float[] out, int outBase, int[] outAt, int lowBits, int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 8; line++) {
            int at = base + line * 8 * L;
            int to = outBase + outAt[line * 8];
            FloatVector x1 = FloatVector.fromArray(S, buffer, at + L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, at + 3 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, at + 5 * L);
            FloatVector x7 = FloatVector.fromArray(S, buffer, at + 7 * L);
            FloatVector o0 = x7.fma(FloatVector.broadcast(S, Basis.C8_70), x5.fma(FloatVector.broadcast(S, Basis.C8_50),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_30), x1.mul(Basis.C8_10))));
            FloatVector o1 = x7.fma(FloatVector.broadcast(S, Basis.C8_71), x5.fma(FloatVector.broadcast(S, Basis.C8_51),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_31), x1.mul(Basis.C8_11))));
            FloatVector o2 = x7.fma(FloatVector.broadcast(S, Basis.C8_72), x5.fma(FloatVector.broadcast(S, Basis.C8_52),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_32), x1.mul(Basis.C8_12))));
            FloatVector o3 = x7.fma(FloatVector.broadcast(S, Basis.C8_73), x5.fma(FloatVector.broadcast(S, Basis.C8_53),
                    x3.fma(FloatVector.broadcast(S, Basis.C8_33), x1.mul(Basis.C8_13))));
            FloatVector e0 = FloatVector.fromArray(S, out, to);
            FloatVector e1 = FloatVector.fromArray(S, out, to + L);
            FloatVector e2 = FloatVector.fromArray(S, out, to + 2 * L);
            FloatVector e3 = FloatVector.fromArray(S, out, to + 3 * L);
            FloatVector y0 = e0.add(o0);
            FloatVector y7 = e0.sub(o0);
            FloatVector y1 = e1.add(o1);
            FloatVector y6 = e1.sub(o1);
            FloatVector y2 = e2.add(o2);
            FloatVector y5 = e2.sub(o2);
            FloatVector y3 = e3.add(o3);
            FloatVector y4 = e3.sub(o3);
            if (Clamp.INLINE) {
                y0 = y0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y1 = y1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y2 = y2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y3 = y3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y4 = y4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y5 = y5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y6 = y6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                y7 = y7.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            y0.intoArray(out, to);
            y1.intoArray(out, to + L);
            y2.intoArray(out, to + 2 * L);
            y3.intoArray(out, to + 3 * L);
            y4.intoArray(out, to + 4 * L);
            y5.intoArray(out, to + 5 * L);
            y6.intoArray(out, to + 6 * L);
            y7.intoArray(out, to + 7 * L);
        }
    }

    private static void matrixColumns(float[][] basis, float[] in, int inBase, int[] inAt, float[] buffer, int base) {
        int block = basis.length;
        for (int line = 0; line < block; line++) {
            for (int i = 0; i < block; i++) {
                FloatVector sum = FloatVector.zero(S);
                for (int u = 0; u < block; u++) {
                    sum = FloatVector.fromArray(S, in, inBase + inAt[line * block + u]).fma(FloatVector.broadcast(S, basis[u][i]), sum);
                }
                sum.intoArray(buffer, base + (i * block + line) * L);
            }
        }
    }

    private static void matrixRows(float[][] basis, float[] buffer, int base, float[] out, int outBase, int[] outAt) {
        int block = basis.length;
        for (int line = 0; line < block; line++) {
            int at = base + line * block * L;
            for (int i = 0; i < block; i++) {
                FloatVector sum = FloatVector.zero(S);
                for (int u = 0; u < block; u++) {
                    sum = FloatVector.fromArray(S, buffer, at + u * L).fma(FloatVector.broadcast(S, basis[u][i]), sum);
                }
                sum.intoArray(out, outBase + outAt[line * block] + i * L);
            }
        }
    }
}
