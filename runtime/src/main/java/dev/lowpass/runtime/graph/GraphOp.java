package dev.lowpass.runtime.graph;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Window;
import java.util.List;

/**
 * A node of the network as the model file states it. An op's name is also the name of the tensor it produces; {@value Graph#INPUT}
 * names the network's input.
 */
public sealed interface GraphOp {

    String name();

    /** The tensors it reads, in order. */
    List<String> inputs();

    Activation activation();

    /** The block of the network that an op belongs to, by its name: what stands before the last dot, or all of it. */
    static String blockName(String op) {
        int dot = op.lastIndexOf('.');
        return dot < 0 ? op : op.substring(0, dot);
    }

    /** Dense convolution. Weight {@code [out, in, kernelY, kernelX]}. */
    record Conv2d(String name, String input, int inChannels, int outChannels, Window window, Activation activation) implements GraphOp {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }
    }

    /** One filter a channel. Weight {@code [channels, 1, kernelY, kernelX]}. */
    record DepthwiseConv2d(String name, String input, int channels, Window window, Activation activation) implements GraphOp {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }
    }

    /**
     * 1x1 convolution, and the classifier on a 1x1 plane. Weight {@code [out, in]}.
     *
     * @param block the DCT block side of a truncated layer, which has a {@code cutoff} tensor of {@code in} values; 0 for a layer
     *     without cutoffs
     */
    record PointwiseConv2d(String name, String input, int inChannels, int outChannels, int block, Activation activation) implements GraphOp {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }

        public boolean isTruncated() {
            return block != 0;
        }

        public PointwiseConv2d withBlock(int block) {
            return new PointwiseConv2d(name, input, inChannels, outChannels, block, activation);
        }
    }

    /** Elementwise sum. */
    record Add(String name, String left, String right, Activation activation) implements GraphOp {
        @Override
        public List<String> inputs() {
            return List.of(left, right);
        }
    }

    /** The mean of each channel's plane; leaves a 1x1 plane. */
    record GlobalAveragePool(String name, String input) implements GraphOp {
        @Override
        public List<String> inputs() {
            return List.of(input);
        }

        @Override
        public Activation activation() {
            return Activation.NONE;
        }
    }
}
