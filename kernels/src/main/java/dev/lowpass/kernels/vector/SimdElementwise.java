package dev.lowpass.kernels.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sums and copies of rows; memory-bound, three registers. Counts are multiples of the vector's length. */
final class SimdElementwise {

    private static final VectorSpecies<Float> S = SimdLanes.SPECIES;
    private static final int L = S.length();

    private SimdElementwise() {}

    static void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high) {
        FloatVector l = FloatVector.broadcast(S, low);
        FloatVector h = FloatVector.broadcast(S, high);
        for (int i = 0; i < count; i += L) {
            FloatVector sum = FloatVector.fromArray(S, a, aAt + i).add(FloatVector.fromArray(S, b, bAt + i));
            sum = sum.blend(l, sum.lt(l));
            sum.blend(h, h.lt(sum)).intoArray(out, outAt + i);
        }
    }

    static void copy(float[] in, int inAt, int inStride, float[] out, int outAt, int outStride, int points, int count) {
        for (int point = 0; point < points; point++) {
            for (int i = 0; i < count; i += L) {
                FloatVector.fromArray(S, in, inAt + point * inStride + i).intoArray(out, outAt + point * outStride + i);
            }
        }
    }

    /** One vector a point. */
    static void move(float[] in, int inAt, int inRow, int inPoint, float[] out, int outAt, int outRow, int outPoint, int rows, int points) {
        for (int row = 0; row < rows; row++) {
            int from = inAt + row * inRow;
            int to = outAt + row * outRow;
            for (int point = 0; point < points; point++) {
                FloatVector.fromArray(S, in, from + point * inPoint).intoArray(out, to + point * outPoint);
            }
        }
    }

    static void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count) {
        FloatVector f = FloatVector.broadcast(S, factor);
        for (int i = 0; i < count; i += L) {
            FloatVector.fromArray(S, in, inAt + i).fma(f, FloatVector.fromArray(S, out, outAt + i)).intoArray(out, outAt + i);
        }
    }
}
