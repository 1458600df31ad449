package dev.lowpass.kernels;

/**
 * What a back end's band GEMM pays, in units of one multiply-accumulate: rows and input channels are rounded up to the
 * tile, and each band costs {@code launch} besides.
 *
 * @param tileRows rows that are computed together, at least 1
 * @param tileDepth input channels that are computed together, at least 1
 * @param launch the fixed price of a band, at least 0
 */
public record BandCost(int tileRows, int tileDepth, double launch) {

    public BandCost {
        if (tileRows < 1 || tileDepth < 1 || !(launch >= 0)) {
            throw new IllegalArgumentException("band cost needs tiles of at least 1 and a launch price of at least 0: "
                    + tileRows + ", " + tileDepth + ", " + launch);
        }
    }

    /** The price of a band of {@code rows} rows over {@code depth} input and {@code outChannels} output channels. */
    public double of(long rows, int depth, int outChannels) {
        if (depth == 0) {
            return 0;
        }
        return launch + (double) roundUp(rows, tileRows) * roundUp(depth, tileDepth) * outChannels;
    }

    private static long roundUp(long value, int multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }
}
