package dev.lowpass.kernels;

/**
 * The shape of one image's activations. In the spatial domain a batch of them is stored {@code [n][y][x][c]}, channels
 * innermost; in the frequency domain {@code [z][n][block][c]}, where {@code z} is the zigzag index of a coefficient and
 * blocks count row by row.
 */
public record Plane(int height, int width, int channels) {

    public Plane {
        if (height < 1 || width < 1 || channels < 1) {
            throw new IllegalArgumentException("plane " + height + "x" + width + "x" + channels
                    + " has an empty side; height, width and channels must be at least 1");
        }
    }

    /** Positions of one channel: {@code height * width}. */
    public int area() {
        return Math.multiplyExact(height, width);
    }

    /** Elements of one image: {@code height * width * channels}; the same in both domains. */
    public int elements() {
        return Math.multiplyExact(area(), channels);
    }

    /** Blocks of one channel. The block must divide both sides. */
    public int blocks(int block) {
        return height / block * (width / block);
    }

    /** Whether {@code block} divides both sides. */
    public boolean divisibleBy(int block) {
        return height % block == 0 && width % block == 0;
    }

    public Plane withChannels(int channels) {
        return new Plane(height, width, channels);
    }

    @Override
    public String toString() {
        return height + "x" + width + "x" + channels;
    }
}
