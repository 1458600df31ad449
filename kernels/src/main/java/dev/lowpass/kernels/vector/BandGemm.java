package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;

/**
 * The GEMM of a truncated pointwise convolution: packed weights, rows by the staircase, and what the bias adds. All of it, or a few
 * channels at a time for whoever reads just those next; for that an image's rows are packed once, by runs of blocks.
 */
final class BandGemm {

    final PackedGemm gemm;
    final StaircaseRows rows;
    /** What the bias adds to coefficient 0: block * bias, since the DC basis function is 1 / block; null without a bias. */
    final float[] bias;
    private final Lanes lanes;
    private final OperationSpec.BandPointwise spec;
    private final int depth;
    private final int coefficients;

    BandGemm(Lanes lanes, OperationSpec.BandPointwise spec, float[] weight, float[] bias) {
        this.lanes = lanes;
        this.spec = spec;
        depth = spec.in().channels();
        coefficients = spec.block() * spec.block();
        gemm = new PackedGemm(lanes, spec.outChannels(), depth, weight, null, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
        rows = new StaircaseRows(spec.staircase(), gemm.tileRows());
        this.bias = bias == null ? null : bias.clone();
        for (int o = 0; bias != null && o < bias.length; o++) {
            this.bias[o] *= spec.block();
        }
    }

    /** Elements of an image's packed rows. */
    int packedElements() {
        return spec.in().elements();
    }

    /**
     * @param rowsPerZ blocks of the batch
     * @param image the number of the image
     * @param run blocks of a run; divides those of an image
     */
    void pack(float[] in, int inAt, int rowsPerZ, int image, int run, float[] packed, int packedAt) {
        int blocks = spec.in().blocks(spec.block());
        for (int first = 0; first < blocks; first += run) {
            rows.pack(in, inAt, rowsPerZ, image * blocks + first, run, 0, coefficients * run, packed, packedAt + first * coefficients * depth, depth);
        }
    }

    /**
     * The coefficients {@code [z][block][c]} of a run's blocks for the channels of a panel, a vector of the panel beside another.
     *
     * @param first the run's first block
     * @param starts the first channels of the panel's vectors, from start0 to start1
     * @param outStride elements from a block to the next
     */
    void make(int panel, int first, int run, float[] packed, int packedAt, float[] out, int outAt, int outStride, int[] starts, int start0, int start1) {
        gemm.panel(panel, coefficients * run, packed, packedAt + first * coefficients * depth, depth, out, outAt, outStride, rows.depths, run);
        if (bias == null) {
            return;
        }
        int count = Math.min(lanes.width(), gemm.columns);
        for (int block = 0; block < run; block++) {
            for (int start = start0; start < start1; start++) {
                lanes.accumulate(1, bias, starts[start], out, outAt + block * outStride + (start - start0) * lanes.width(), count);
            }
        }
    }
}
