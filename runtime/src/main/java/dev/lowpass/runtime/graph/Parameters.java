package dev.lowpass.runtime.graph;

/**
 * What an op has learned. The arrays are the owner's: do not change them.
 *
 * @param weight in the layout that {@link GraphOp} gives, row-major
 * @param bias one per output channel
 * @param cutoffs one per input channel of a truncated pointwise op, in the op's own channel order; null for every other op
 */
public record Parameters(float[] weight, float[] bias, int[] cutoffs) {

    public Parameters(float[] weight, float[] bias) {
        this(weight, bias, null);
    }

    public Parameters withCutoffs(int[] cutoffs) {
        return new Parameters(weight, bias, cutoffs);
    }
}
