package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The forward transform of a block, a channel a lane: rows from a plane to a buffer, then columns of the buffer to coefficients.
 *
 * <p>Straight-line code for B of 4 to 8. The basis is even or odd about the middle, so sums and differences of mirrored points
 * halve the products; where B is even the even half is a DCT of half the size again (Chen, Smith, Fralick, 1977). For B = 7:
 * 6 sums, 3 sums and 1 product for coefficient 0, 12 products for the even and 9 for the odd coefficients: 31 slots.
 *
 * <p>Coefficients that no channel of the vector keeps are left out, two at a time, so that a cutoff saves work and stores here too.
 *
 * <p>Points of a plane's row, and of the buffer, lie one vector apart: with offsets that C2 knows, it checks the bounds of a line
 * once and not once a point. Only the coefficients' side needs a table. Register budget: B points and B/2 differences live at
 * once, 12 at most; constants come from memory.
 *
 * <p>Other sides multiply by the matrix.
 */
final class SimdDct {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdDct() {}

    /**
     * Parameters as {@link Lanes#dct}'s, one vector of channels.
     *
     * @param lowBits with highBits, bounds of points, by their bits, as {@link Clamp} says
     */
    static void block(int block, float[] in, int inBase, int[] inAt, float[] buffer, int base,
            float[] out, int outBase, int[] outAt, int[] kept, int keptAt, int lowBits, int highBits) {
        int columns = 0;
        while (columns < block && kept[keptAt + columns] > 0) {
            columns++;
        }
        switch (block) {
            case 4:
                dctRows4(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
                dctColumns4(buffer, base, out, outBase, outAt, kept, keptAt, columns);
                break;
            case 5:
                dctRows5(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
                dctColumns5(buffer, base, out, outBase, outAt, kept, keptAt, columns);
                break;
            case 6:
                dctRows6(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
                dctColumns6(buffer, base, out, outBase, outAt, kept, keptAt, columns);
                break;
            case 7:
                dctRows7(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
                dctColumns7(buffer, base, out, outBase, outAt, kept, keptAt, columns);
                break;
            case 8:
                dctRows8(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
                dctColumns8(buffer, base, out, outBase, outAt, kept, keptAt, columns);
                break;
            default:
                matrixRows(Basis.MATRICES[block], in, inBase, inAt, buffer, base, columns);
                matrixColumns(Basis.MATRICES[block], buffer, base, out, outBase, outAt, kept, keptAt, columns);
        }
    }

    private static void dctRows4(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 4; line++) {
            int at = inBase + inAt[line * 4];
            int to = base + line * 4 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector as0 = x0.add(x3);
            FloatVector ad0 = x0.sub(x3);
            FloatVector as1 = x1.add(x2);
            FloatVector ad1 = x1.sub(x2);
            FloatVector bs0 = as0.add(as1);
            FloatVector bd0 = as0.sub(as1);
            bs0.mul(Basis.C4_00).intoArray(buffer, to);
            ad1.fma(FloatVector.broadcast(S, Basis.C4_11), ad0.mul(Basis.C4_10)).intoArray(buffer, to + L);
            if (columns > 2) {
                bd0.mul(Basis.C4_20).intoArray(buffer, to + 2 * L);
                ad1.fma(FloatVector.broadcast(S, Basis.C4_31), ad0.mul(Basis.C4_30)).intoArray(buffer, to + 3 * L);
            }
        }
    }

    private static void dctColumns4(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 4;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 4 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 8 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 12 * L);
            FloatVector as0 = x0.add(x3);
            FloatVector ad0 = x0.sub(x3);
            FloatVector as1 = x1.add(x2);
            FloatVector ad1 = x1.sub(x2);
            FloatVector bs0 = as0.add(as1);
            FloatVector bd0 = as0.sub(as1);
            bs0.mul(Basis.C4_00).intoArray(out, outBase + outAt[at]);
            ad1.fma(FloatVector.broadcast(S, Basis.C4_11), ad0.mul(Basis.C4_10)).intoArray(out, outBase + outAt[at + 1]);
            if (rows > 2) {
                bd0.mul(Basis.C4_20).intoArray(out, outBase + outAt[at + 2]);
                ad1.fma(FloatVector.broadcast(S, Basis.C4_31), ad0.mul(Basis.C4_30)).intoArray(out, outBase + outAt[at + 3]);
            }
        }
    }

    private static void dctRows5(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 5; line++) {
            int at = inBase + inAt[line * 5];
            int to = base + line * 5 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector as0 = x0.add(x4);
            FloatVector ad0 = x0.sub(x4);
            FloatVector as1 = x1.add(x3);
            FloatVector ad1 = x1.sub(x3);
            as0.add(as1).add(x2).mul(Basis.C5_00).intoArray(buffer, to);
            ad1.fma(FloatVector.broadcast(S, Basis.C5_11), ad0.mul(Basis.C5_10)).intoArray(buffer, to + L);
            if (columns > 2) {
                x2.fma(FloatVector.broadcast(S, Basis.C5_22), as1.fma(FloatVector.broadcast(S, Basis.C5_21),
                        as0.mul(Basis.C5_20))).intoArray(buffer, to + 2 * L);
                ad1.fma(FloatVector.broadcast(S, Basis.C5_31), ad0.mul(Basis.C5_30)).intoArray(buffer, to + 3 * L);
                if (columns > 4) {
                    x2.fma(FloatVector.broadcast(S, Basis.C5_42), as1.fma(FloatVector.broadcast(S, Basis.C5_41),
                            as0.mul(Basis.C5_40))).intoArray(buffer, to + 4 * L);
                }
            }
        }
    }

    private static void dctColumns5(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 5;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 5 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 10 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 15 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 20 * L);
            FloatVector as0 = x0.add(x4);
            FloatVector ad0 = x0.sub(x4);
            FloatVector as1 = x1.add(x3);
            FloatVector ad1 = x1.sub(x3);
            as0.add(as1).add(x2).mul(Basis.C5_00).intoArray(out, outBase + outAt[at]);
            ad1.fma(FloatVector.broadcast(S, Basis.C5_11), ad0.mul(Basis.C5_10)).intoArray(out, outBase + outAt[at + 1]);
            if (rows > 2) {
                x2.fma(FloatVector.broadcast(S, Basis.C5_22), as1.fma(FloatVector.broadcast(S, Basis.C5_21),
                        as0.mul(Basis.C5_20))).intoArray(out, outBase + outAt[at + 2]);
                ad1.fma(FloatVector.broadcast(S, Basis.C5_31), ad0.mul(Basis.C5_30)).intoArray(out, outBase + outAt[at + 3]);
                if (rows > 4) {
                    x2.fma(FloatVector.broadcast(S, Basis.C5_42), as1.fma(FloatVector.broadcast(S, Basis.C5_41),
                            as0.mul(Basis.C5_40))).intoArray(out, outBase + outAt[at + 4]);
                }
            }
        }
    }

    private static void dctRows6(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 6; line++) {
            int at = inBase + inAt[line * 6];
            int to = base + line * 6 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, in, at + 5 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x5 = x5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector as0 = x0.add(x5);
            FloatVector ad0 = x0.sub(x5);
            FloatVector as1 = x1.add(x4);
            FloatVector ad1 = x1.sub(x4);
            FloatVector as2 = x2.add(x3);
            FloatVector ad2 = x2.sub(x3);
            FloatVector bs0 = as0.add(as2);
            FloatVector bd0 = as0.sub(as2);
            bs0.add(as1).mul(Basis.C6_00).intoArray(buffer, to);
            ad2.fma(FloatVector.broadcast(S, Basis.C6_12), ad1.fma(FloatVector.broadcast(S, Basis.C6_11),
                    ad0.mul(Basis.C6_10))).intoArray(buffer, to + L);
            if (columns > 2) {
                bd0.mul(Basis.C6_20).intoArray(buffer, to + 2 * L);
                ad2.fma(FloatVector.broadcast(S, Basis.C6_32), ad1.fma(FloatVector.broadcast(S, Basis.C6_31),
                        ad0.mul(Basis.C6_30))).intoArray(buffer, to + 3 * L);
                if (columns > 4) {
                    as1.fma(FloatVector.broadcast(S, Basis.C6_41), bs0.mul(Basis.C6_40)).intoArray(buffer, to + 4 * L);
                    ad2.fma(FloatVector.broadcast(S, Basis.C6_52), ad1.fma(FloatVector.broadcast(S, Basis.C6_51),
                            ad0.mul(Basis.C6_50))).intoArray(buffer, to + 5 * L);
                }
            }
        }
    }

    private static void dctColumns6(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 6;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 6 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 12 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 18 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 24 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, from + 30 * L);
            FloatVector as0 = x0.add(x5);
            FloatVector ad0 = x0.sub(x5);
            FloatVector as1 = x1.add(x4);
            FloatVector ad1 = x1.sub(x4);
            FloatVector as2 = x2.add(x3);
            FloatVector ad2 = x2.sub(x3);
            FloatVector bs0 = as0.add(as2);
            FloatVector bd0 = as0.sub(as2);
            bs0.add(as1).mul(Basis.C6_00).intoArray(out, outBase + outAt[at]);
            ad2.fma(FloatVector.broadcast(S, Basis.C6_12), ad1.fma(FloatVector.broadcast(S, Basis.C6_11),
                    ad0.mul(Basis.C6_10))).intoArray(out, outBase + outAt[at + 1]);
            if (rows > 2) {
                bd0.mul(Basis.C6_20).intoArray(out, outBase + outAt[at + 2]);
                ad2.fma(FloatVector.broadcast(S, Basis.C6_32), ad1.fma(FloatVector.broadcast(S, Basis.C6_31),
                        ad0.mul(Basis.C6_30))).intoArray(out, outBase + outAt[at + 3]);
                if (rows > 4) {
                    as1.fma(FloatVector.broadcast(S, Basis.C6_41), bs0.mul(Basis.C6_40)).intoArray(out, outBase + outAt[at + 4]);
                    ad2.fma(FloatVector.broadcast(S, Basis.C6_52), ad1.fma(FloatVector.broadcast(S, Basis.C6_51),
                            ad0.mul(Basis.C6_50))).intoArray(out, outBase + outAt[at + 5]);
                }
            }
        }
    }

    /** Even and odd coefficients apart: C2 of JDK 17 stops inlining in a method that has both, and then keeps vectors on the heap. */
    private static void dctRows7(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        dctEvenRows7(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
        dctOddRows7(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
    }

    private static void dctEvenRows7(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 7; line++) {
            int at = inBase + inAt[line * 7];
            int to = base + line * 7 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, in, at + 5 * L);
            FloatVector x6 = FloatVector.fromArray(S, in, at + 6 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x5 = x5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x6 = x6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector as0 = x0.add(x6);
            FloatVector as1 = x1.add(x5);
            FloatVector as2 = x2.add(x4);
            as0.add(as1).add(as2).add(x3).mul(Basis.C7_00).intoArray(buffer, to);
            if (columns > 2) {
                x3.fma(FloatVector.broadcast(S, Basis.C7_23), as2.fma(FloatVector.broadcast(S, Basis.C7_22),
                        as1.fma(FloatVector.broadcast(S, Basis.C7_21), as0.mul(Basis.C7_20)))).intoArray(buffer, to + 2 * L);
                if (columns > 4) {
                    x3.fma(FloatVector.broadcast(S, Basis.C7_43), as2.fma(FloatVector.broadcast(S, Basis.C7_42),
                            as1.fma(FloatVector.broadcast(S, Basis.C7_41), as0.mul(Basis.C7_40)))).intoArray(buffer, to + 4 * L);
                    if (columns > 6) {
                        x3.fma(FloatVector.broadcast(S, Basis.C7_63), as2.fma(FloatVector.broadcast(S, Basis.C7_62),
                                as1.fma(FloatVector.broadcast(S, Basis.C7_61), as0.mul(Basis.C7_60)))).intoArray(buffer, to + 6 * L);
                    }
                }
            }
        }
    }

    private static void dctOddRows7(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 7; line++) {
            int at = inBase + inAt[line * 7];
            int to = base + line * 7 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, in, at + 5 * L);
            FloatVector x6 = FloatVector.fromArray(S, in, at + 6 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x5 = x5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x6 = x6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector ad0 = x0.sub(x6);
            FloatVector ad1 = x1.sub(x5);
            FloatVector ad2 = x2.sub(x4);
            ad2.fma(FloatVector.broadcast(S, Basis.C7_12), ad1.fma(FloatVector.broadcast(S, Basis.C7_11),
                    ad0.mul(Basis.C7_10))).intoArray(buffer, to + L);
            if (columns > 2) {
                ad2.fma(FloatVector.broadcast(S, Basis.C7_32), ad1.fma(FloatVector.broadcast(S, Basis.C7_31),
                        ad0.mul(Basis.C7_30))).intoArray(buffer, to + 3 * L);
                if (columns > 4) {
                    ad2.fma(FloatVector.broadcast(S, Basis.C7_52), ad1.fma(FloatVector.broadcast(S, Basis.C7_51),
                            ad0.mul(Basis.C7_50))).intoArray(buffer, to + 5 * L);
                }
            }
        }
    }

    private static void dctColumns7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        dctEvenColumns7(buffer, base, out, outBase, outAt, kept, keptAt, columns);
        dctOddColumns7(buffer, base, out, outBase, outAt, kept, keptAt, columns);
    }

    private static void dctEvenColumns7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 7;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 7 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 14 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 21 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 28 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, from + 35 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, from + 42 * L);
            FloatVector as0 = x0.add(x6);
            FloatVector as1 = x1.add(x5);
            FloatVector as2 = x2.add(x4);
            as0.add(as1).add(as2).add(x3).mul(Basis.C7_00).intoArray(out, outBase + outAt[at]);
            if (rows > 2) {
                x3.fma(FloatVector.broadcast(S, Basis.C7_23), as2.fma(FloatVector.broadcast(S, Basis.C7_22),
                        as1.fma(FloatVector.broadcast(S, Basis.C7_21), as0.mul(Basis.C7_20)))).intoArray(out, outBase + outAt[at + 2]);
                if (rows > 4) {
                    x3.fma(FloatVector.broadcast(S, Basis.C7_43), as2.fma(FloatVector.broadcast(S, Basis.C7_42),
                            as1.fma(FloatVector.broadcast(S, Basis.C7_41), as0.mul(Basis.C7_40)))).intoArray(out, outBase + outAt[at + 4]);
                    if (rows > 6) {
                        x3.fma(FloatVector.broadcast(S, Basis.C7_63), as2.fma(FloatVector.broadcast(S, Basis.C7_62),
                                as1.fma(FloatVector.broadcast(S, Basis.C7_61), as0.mul(Basis.C7_60)))).intoArray(out, outBase + outAt[at + 6]);
                    }
                }
            }
        }
    }

    private static void dctOddColumns7(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 7;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 7 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 14 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 28 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, from + 35 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, from + 42 * L);
            FloatVector ad0 = x0.sub(x6);
            FloatVector ad1 = x1.sub(x5);
            FloatVector ad2 = x2.sub(x4);
            ad2.fma(FloatVector.broadcast(S, Basis.C7_12), ad1.fma(FloatVector.broadcast(S, Basis.C7_11),
                    ad0.mul(Basis.C7_10))).intoArray(out, outBase + outAt[at + 1]);
            if (rows > 2) {
                ad2.fma(FloatVector.broadcast(S, Basis.C7_32), ad1.fma(FloatVector.broadcast(S, Basis.C7_31),
                        ad0.mul(Basis.C7_30))).intoArray(out, outBase + outAt[at + 3]);
                if (rows > 4) {
                    ad2.fma(FloatVector.broadcast(S, Basis.C7_52), ad1.fma(FloatVector.broadcast(S, Basis.C7_51),
                            ad0.mul(Basis.C7_50))).intoArray(out, outBase + outAt[at + 5]);
                }
            }
        }
    }

    private static void dctRows8(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        dctEvenRows8(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
        dctOddRows8(in, inBase, inAt, buffer, base, columns, lowBits, highBits);
    }

    private static void dctEvenRows8(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 8; line++) {
            int at = inBase + inAt[line * 8];
            int to = base + line * 8 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, in, at + 5 * L);
            FloatVector x6 = FloatVector.fromArray(S, in, at + 6 * L);
            FloatVector x7 = FloatVector.fromArray(S, in, at + 7 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x5 = x5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x6 = x6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x7 = x7.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector as0 = x0.add(x7);
            FloatVector as1 = x1.add(x6);
            FloatVector as2 = x2.add(x5);
            FloatVector as3 = x3.add(x4);
            FloatVector bs0 = as0.add(as3);
            FloatVector bd0 = as0.sub(as3);
            FloatVector bs1 = as1.add(as2);
            FloatVector bd1 = as1.sub(as2);
            bs0.add(bs1).mul(Basis.C8_00).intoArray(buffer, to);
            if (columns > 2) {
                bd1.fma(FloatVector.broadcast(S, Basis.C8_21), bd0.mul(Basis.C8_20)).intoArray(buffer, to + 2 * L);
                if (columns > 4) {
                    bs0.sub(bs1).mul(Basis.C8_40).intoArray(buffer, to + 4 * L);
                    if (columns > 6) {
                        bd1.fma(FloatVector.broadcast(S, Basis.C8_61), bd0.mul(Basis.C8_60)).intoArray(buffer, to + 6 * L);
                    }
                }
            }
        }
    }

    private static void dctOddRows8(float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns, int lowBits,
            int highBits) {
        IntVector l = IntVector.broadcast(Clamp.BITS, lowBits);
        IntVector h = IntVector.broadcast(Clamp.BITS, highBits);
        for (int line = 0; line < 8; line++) {
            int at = inBase + inAt[line * 8];
            int to = base + line * 8 * L;
            FloatVector x0 = FloatVector.fromArray(S, in, at);
            FloatVector x1 = FloatVector.fromArray(S, in, at + L);
            FloatVector x2 = FloatVector.fromArray(S, in, at + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, in, at + 3 * L);
            FloatVector x4 = FloatVector.fromArray(S, in, at + 4 * L);
            FloatVector x5 = FloatVector.fromArray(S, in, at + 5 * L);
            FloatVector x6 = FloatVector.fromArray(S, in, at + 6 * L);
            FloatVector x7 = FloatVector.fromArray(S, in, at + 7 * L);
            if (Clamp.INLINE) {
                x0 = x0.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x1 = x1.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x2 = x2.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x3 = x3.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x4 = x4.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x5 = x5.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x6 = x6.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
                x7 = x7.reinterpretAsInts().max(l).min(h).reinterpretAsFloats();
            }
            FloatVector ad0 = x0.sub(x7);
            FloatVector ad1 = x1.sub(x6);
            FloatVector ad2 = x2.sub(x5);
            FloatVector ad3 = x3.sub(x4);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_13), ad2.fma(FloatVector.broadcast(S, Basis.C8_12),
                    ad1.fma(FloatVector.broadcast(S, Basis.C8_11), ad0.mul(Basis.C8_10)))).intoArray(buffer, to + L);
            if (columns > 2) {
                ad3.fma(FloatVector.broadcast(S, Basis.C8_33), ad2.fma(FloatVector.broadcast(S, Basis.C8_32),
                        ad1.fma(FloatVector.broadcast(S, Basis.C8_31), ad0.mul(Basis.C8_30)))).intoArray(buffer, to + 3 * L);
                if (columns > 4) {
                    ad3.fma(FloatVector.broadcast(S, Basis.C8_53), ad2.fma(FloatVector.broadcast(S, Basis.C8_52),
                            ad1.fma(FloatVector.broadcast(S, Basis.C8_51), ad0.mul(Basis.C8_50)))).intoArray(buffer, to + 5 * L);
                    if (columns > 6) {
                        ad3.fma(FloatVector.broadcast(S, Basis.C8_73), ad2.fma(FloatVector.broadcast(S, Basis.C8_72),
                                ad1.fma(FloatVector.broadcast(S, Basis.C8_71), ad0.mul(Basis.C8_70)))).intoArray(buffer, to + 7 * L);
                    }
                }
            }
        }
    }

    private static void dctColumns8(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        dctEvenColumns8(buffer, base, out, outBase, outAt, kept, keptAt, columns);
        dctOddColumns8(buffer, base, out, outBase, outAt, kept, keptAt, columns);
    }

    private static void dctEvenColumns8(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 8;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 8 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 16 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 24 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 32 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, from + 40 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, from + 48 * L);
            FloatVector x7 = FloatVector.fromArray(S, buffer, from + 56 * L);
            FloatVector as0 = x0.add(x7);
            FloatVector as1 = x1.add(x6);
            FloatVector as2 = x2.add(x5);
            FloatVector as3 = x3.add(x4);
            FloatVector bs0 = as0.add(as3);
            FloatVector bd0 = as0.sub(as3);
            FloatVector bs1 = as1.add(as2);
            FloatVector bd1 = as1.sub(as2);
            bs0.add(bs1).mul(Basis.C8_00).intoArray(out, outBase + outAt[at]);
            if (rows > 2) {
                bd1.fma(FloatVector.broadcast(S, Basis.C8_21), bd0.mul(Basis.C8_20)).intoArray(out, outBase + outAt[at + 2]);
                if (rows > 4) {
                    bs0.sub(bs1).mul(Basis.C8_40).intoArray(out, outBase + outAt[at + 4]);
                    if (rows > 6) {
                        bd1.fma(FloatVector.broadcast(S, Basis.C8_61), bd0.mul(Basis.C8_60)).intoArray(out, outBase + outAt[at + 6]);
                    }
                }
            }
        }
    }

    private static void dctOddColumns8(float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            int columns) {
        for (int line = 0; line < columns; line++) {
            int from = base + line * L;
            int at = line * 8;
            int rows = kept[keptAt + line];
            FloatVector x0 = FloatVector.fromArray(S, buffer, from);
            FloatVector x1 = FloatVector.fromArray(S, buffer, from + 8 * L);
            FloatVector x2 = FloatVector.fromArray(S, buffer, from + 16 * L);
            FloatVector x3 = FloatVector.fromArray(S, buffer, from + 24 * L);
            FloatVector x4 = FloatVector.fromArray(S, buffer, from + 32 * L);
            FloatVector x5 = FloatVector.fromArray(S, buffer, from + 40 * L);
            FloatVector x6 = FloatVector.fromArray(S, buffer, from + 48 * L);
            FloatVector x7 = FloatVector.fromArray(S, buffer, from + 56 * L);
            FloatVector ad0 = x0.sub(x7);
            FloatVector ad1 = x1.sub(x6);
            FloatVector ad2 = x2.sub(x5);
            FloatVector ad3 = x3.sub(x4);
            ad3.fma(FloatVector.broadcast(S, Basis.C8_13), ad2.fma(FloatVector.broadcast(S, Basis.C8_12),
                    ad1.fma(FloatVector.broadcast(S, Basis.C8_11), ad0.mul(Basis.C8_10)))).intoArray(out, outBase + outAt[at + 1]);
            if (rows > 2) {
                ad3.fma(FloatVector.broadcast(S, Basis.C8_33), ad2.fma(FloatVector.broadcast(S, Basis.C8_32),
                        ad1.fma(FloatVector.broadcast(S, Basis.C8_31), ad0.mul(Basis.C8_30)))).intoArray(out, outBase + outAt[at + 3]);
                if (rows > 4) {
                    ad3.fma(FloatVector.broadcast(S, Basis.C8_53), ad2.fma(FloatVector.broadcast(S, Basis.C8_52),
                            ad1.fma(FloatVector.broadcast(S, Basis.C8_51), ad0.mul(Basis.C8_50)))).intoArray(out, outBase + outAt[at + 5]);
                    if (rows > 6) {
                        ad3.fma(FloatVector.broadcast(S, Basis.C8_73), ad2.fma(FloatVector.broadcast(S, Basis.C8_72),
                                ad1.fma(FloatVector.broadcast(S, Basis.C8_71), ad0.mul(Basis.C8_70)))).intoArray(out, outBase + outAt[at + 7]);
                    }
                }
            }
        }
    }

    private static void matrixRows(float[][] basis, float[] in, int inBase, int[] inAt, float[] buffer, int base, int columns) {
        int block = basis.length;
        for (int line = 0; line < block; line++) {
            int at = inBase + inAt[line * block];
            for (int u = 0; u < columns; u++) {
                float[] weights = basis[u];
                FloatVector sum = FloatVector.zero(S);
                for (int i = 0; i < weights.length; i++) {
                    sum = FloatVector.fromArray(S, in, at + i * L).fma(FloatVector.broadcast(S, weights[i]), sum);
                }
                sum.intoArray(buffer, base + (line * block + u) * L);
            }
        }
    }

    private static void matrixColumns(float[][] basis, float[] buffer, int base, float[] out, int outBase, int[] outAt, int[] kept,
            int keptAt, int columns) {
        int block = basis.length;
        for (int line = 0; line < columns; line++) {
            for (int u = 0; u < kept[keptAt + line]; u++) {
                float[] weights = basis[u];
                FloatVector sum = FloatVector.zero(S);
                for (int i = 0; i < weights.length; i++) {
                    sum = FloatVector.fromArray(S, buffer, base + (i * block + line) * L).fma(FloatVector.broadcast(S, weights[i]), sum);
                }
                sum.intoArray(out, outBase + outAt[line * block + u]);
            }
        }
    }
}
