package dev.lowpass.models.learn;

import dev.lowpass.runtime.graph.GraphOp;

/** The shapes of ops' filters. */
final class Filters {

    private Filters() {}

    /** {@code [out, in per group, kernelY, kernelX]}, or null for an op without weights. */
    static int[] shape(GraphOp op) {
        if (op instanceof GraphOp.Conv2d conv) {
            return new int[] {conv.outChannels(), conv.inChannels(), conv.window().kernelHeight(), conv.window().kernelWidth()};
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return new int[] {depthwise.channels(), 1, depthwise.window().kernelHeight(), depthwise.window().kernelWidth()};
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            return new int[] {pointwise.outChannels(), pointwise.inChannels(), 1, 1};
        }
        return null;
    }

    /** The root mean square of each output channel's filter, 1 for one that is all zeros. */
    static float[] norms(float[] weight, int outChannels) {
        float[] norms = new float[outChannels];
        int fanIn = weight.length / outChannels;
        for (int o = 0; o < outChannels; o++) {
            double sum = 0;
            for (int i = 0; i < fanIn; i++) {
                sum += (double) weight[o * fanIn + i] * weight[o * fanIn + i];
            }
            norms[o] = sum == 0 ? 1 : (float) Math.sqrt(sum / fanIn);
        }
        return norms;
    }
}
