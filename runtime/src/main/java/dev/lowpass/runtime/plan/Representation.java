package dev.lowpass.runtime.plan;

/**
 * How a tensor is stored: spatial {@code [n][y][x][c]}, or blockwise DCT coefficients {@code [z][n][block][c]}.
 *
 * @param block 0 for spatial, otherwise the block side of the frequency domain
 */
record Representation(int block) {

    static final Representation SPATIAL = new Representation(0);

    static Representation frequency(int block) {
        return new Representation(block);
    }

    boolean isSpatial() {
        return block == 0;
    }

    Plan.Domain domain() {
        return isSpatial() ? Plan.Domain.SPATIAL : Plan.Domain.FREQUENCY;
    }
}
