package dev.lowpass.kernels;

/** Rows and columns of zeros around a plane; each is at least 0. */
public record Padding(int top, int left, int bottom, int right) {

    public static final Padding NONE = new Padding(0, 0, 0, 0);

    public Padding {
        if (top < 0 || left < 0 || bottom < 0 || right < 0) {
            throw new IllegalArgumentException("padding [" + top + ", " + left + ", " + bottom + ", " + right
                    + "] has a negative side; every side must be at least 0");
        }
    }

    /** The same padding on all four sides. */
    public static Padding all(int side) {
        return new Padding(side, side, side, side);
    }

    /**
     * TensorFlow's SAME padding: the output has {@code ceil(size / stride)} rows and columns, and of an odd total the
     * larger half goes below and to the right.
     */
    public static Padding same(int height, int width, int kernelHeight, int kernelWidth, int stride) {
        int vertical = sameTotal(height, kernelHeight, stride);
        int horizontal = sameTotal(width, kernelWidth, stride);
        return new Padding(vertical / 2, horizontal / 2, vertical - vertical / 2, horizontal - horizontal / 2);
    }

    private static int sameTotal(int size, int kernel, int stride) {
        int out = (size + stride - 1) / stride;
        return Math.max((out - 1) * stride + kernel - size, 0);
    }
}
