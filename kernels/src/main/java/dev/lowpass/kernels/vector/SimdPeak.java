package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The loops that show what the processor's vector units and its memory can do, at the machine's own width. */
final class SimdPeak {

    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Independent sums: a latency of 5 at two multiply-adds a cycle needs 10. With two factors they fit in AVX2's 16 registers. */
    private static final int SUMS = 12;

    private SimdPeak() {}

    static double fmaFlops(int calls) {
        return 2.0 * SUMS * L * calls;
    }

    static float fma(int calls) {
        // Each sum tends to 2 and neither grows nor becomes denormal.
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        FloatVector one = FloatVector.broadcast(S, 1);
        FloatVector s0 = one;
        FloatVector s1 = one;
        FloatVector s2 = one;
        FloatVector s3 = one;
        FloatVector s4 = one;
        FloatVector s5 = one;
        FloatVector s6 = one;
        FloatVector s7 = one;
        FloatVector s8 = one;
        FloatVector s9 = one;
        FloatVector s10 = one;
        FloatVector s11 = one;
        for (int i = 0; i < calls; i++) {
            s0 = s0.fma(half, one);
            s1 = s1.fma(half, one);
            s2 = s2.fma(half, one);
            s3 = s3.fma(half, one);
            s4 = s4.fma(half, one);
            s5 = s5.fma(half, one);
            s6 = s6.fma(half, one);
            s7 = s7.fma(half, one);
            s8 = s8.fma(half, one);
            s9 = s9.fma(half, one);
            s10 = s10.fma(half, one);
            s11 = s11.fma(half, one);
        }
        return s0.add(s1).add(s2.add(s3)).add(s4.add(s5).add(s6.add(s7))).add(s8.add(s9).add(s10.add(s11))).reduceLanes(VectorOperators.ADD);
    }

    /** @param count a multiple of eight vectors */
    static float sum(float[] data, int count) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        for (int i = 0; i < count; i += 8 * L) {
            s0 = s0.add(FloatVector.fromArray(S, data, i));
            s1 = s1.add(FloatVector.fromArray(S, data, i + L));
            s2 = s2.add(FloatVector.fromArray(S, data, i + 2 * L));
            s3 = s3.add(FloatVector.fromArray(S, data, i + 3 * L));
            s4 = s4.add(FloatVector.fromArray(S, data, i + 4 * L));
            s5 = s5.add(FloatVector.fromArray(S, data, i + 5 * L));
            s6 = s6.add(FloatVector.fromArray(S, data, i + 6 * L));
            s7 = s7.add(FloatVector.fromArray(S, data, i + 7 * L));
        }
        return s0.add(s1).add(s2.add(s3)).add(s4.add(s5).add(s6.add(s7))).reduceLanes(VectorOperators.ADD);
    }
}
