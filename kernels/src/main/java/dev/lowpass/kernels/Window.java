package dev.lowpass.kernels;

/** How a convolution slides: kernel, stride and explicit padding. */
public record Window(int kernelHeight, int kernelWidth, int strideY, int strideX, Padding padding) {

    public Window {
        if (kernelHeight < 1 || kernelWidth < 1) {
            throw new IllegalArgumentException("kernel " + kernelHeight + "x" + kernelWidth + " is empty; sides must be at least 1");
        }
        if (strideY < 1 || strideX < 1) {
            throw new IllegalArgumentException("stride " + strideY + "x" + strideX + " must be at least 1");
        }
        if (padding.top() >= kernelHeight || padding.bottom() >= kernelHeight
                || padding.left() >= kernelWidth || padding.right() >= kernelWidth) {
            throw new IllegalArgumentException(padding + " is not smaller than the kernel " + kernelHeight + "x" + kernelWidth
                    + "; an output would see padding only");
        }
    }

    public static Window square(int kernel, int stride, Padding padding) {
        return new Window(kernel, kernel, stride, stride, padding);
    }

    /** Rows out of {@code height} rows: {@code (height + top + bottom - kernel) / stride + 1}. */
    public int outHeight(int height) {
        return out(height, padding.top() + padding.bottom(), kernelHeight, strideY);
    }

    /** Columns out of {@code width} columns. */
    public int outWidth(int width) {
        return out(width, padding.left() + padding.right(), kernelWidth, strideX);
    }

    /** The plane that leaves, with {@code channels} channels. */
    public Plane out(Plane in, int channels) {
        return new Plane(outHeight(in.height()), outWidth(in.width()), channels);
    }

    private static int out(int size, int padding, int kernel, int stride) {
        int span = size + padding - kernel;
        if (span < 0) {
            throw new IllegalArgumentException("kernel side " + kernel + " is larger than the padded plane side " + (size + padding));
        }
        return span / stride + 1;
    }
}
