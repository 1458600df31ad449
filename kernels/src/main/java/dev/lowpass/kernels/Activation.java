package dev.lowpass.kernels;

/** The function an operation applies to each element after the bias. */
public enum Activation {
    /** {@code x}. */
    NONE(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY),
    /** {@code max(x, 0)}. */
    RELU(0, Double.POSITIVE_INFINITY),
    /** {@code min(max(x, 0), 6)}. */
    RELU6(0, 6);

    private final double low;
    private final double high;

    Activation(double low, double high) {
        this.low = low;
        this.high = high;
    }

    /** The lower bound that the function clamps to, or minus infinity. */
    public double low() {
        return low;
    }

    /** The upper bound that the function clamps to, or infinity. */
    public double high() {
        return high;
    }

    /** The function's value at {@code x}; NaN stays NaN. */
    public double apply(double x) {
        return Math.min(Math.max(x, low), high);
    }
}
