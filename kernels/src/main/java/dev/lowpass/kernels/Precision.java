package dev.lowpass.kernels;

/** How a back end keeps numbers and multiplies them. What it brings in and gives out is single precision in each. */
public enum Precision {
    /** Kept and multiplied in single precision. */
    FP32("f32", "f32", Float.BYTES, 1e-4),
    /**
     * Kept in single precision; pointwise convolutions multiply on tensor cores, which take TF32 (8 exponent and 10 fraction bits) and add
     * in single precision. One TF32 product of rounded factors a layer would miss the tolerance, so factors are split into two TF32 numbers
     * each, and three products of these are added.
     */
    TF32("f32", "tf32", Float.BYTES, 2e-3),
    /**
     * Kept in half precision (5 exponent and 10 fraction bits, up to 65504); pointwise convolutions multiply halves on tensor cores, and
     * all sums are single precision.
     */
    FP16("f16", "f16", Short.BYTES, 1e-2);

    private final String dtype;
    private final String productDtype;
    private final int elementBytes;
    private final double tolerance;

    Precision(String dtype, String productDtype, int elementBytes, double tolerance) {
        this.dtype = dtype;
        this.productDtype = productDtype;
        this.elementBytes = elementBytes;
        this.tolerance = tolerance;
    }

    /** The type of elements in memory, as kernel names spell it. */
    public String dtype() {
        return dtype;
    }

    /** The type of the factors of pointwise convolutions, as kernel names spell it. */
    public String productDtype() {
        return productDtype;
    }

    /** Bytes of an element in memory. */
    public int elementBytes() {
        return elementBytes;
    }

    /** What the logits of a MobileNet-like network keep to: the largest error, as a share of the largest logit. */
    public double tolerance() {
        return tolerance;
    }
}
