package dev.lowpass.kernels;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * What an operation computes on one image, without its weights: shapes, window, transform and activation. The name of an
 * operation is {@code <op>_<dtype>_<variant>...}: see {@link #kernelName}.
 */
public sealed interface OperationSpec {

    /** The plane that is read. */
    Plane in();

    /** The plane that is written. */
    Plane out();

    /**
     * The operation's name by the one grammar of CUDA, Java, tests and benches: {@code <op>_<dtype>[_b<block>][_k<kernel>][_s<stride>]},
     * for example {@code idct_depthwise_dct_f32_b7_k3_s1}. {@code dtype} is {@code f32} or {@code f16}, the type of the elements in memory;
     * of pointwise operations {@code f32}, {@code tf32} or {@code f16}, the type of the factors. Where a back end has several kernels for one
     * operation their names go on with the variant: {@code _c4} for four channels a thread, {@code _plane} for a whole plane, {@code _128x64}
     * for a tile of rows and output channels, {@code _gather} for channels out of order; and a name without block or window is the
     * general kernel. Names joined by {@code +} run as one.
     */
    String kernelName(Precision precision);

    /** The name in single precision. */
    default String kernelName() {
        return kernelName(Precision.FP32);
    }

    /** Multiply-accumulates of one image as the model counts them (transforms, biases and activations not counted). */
    long macs();

    /** Dense convolution, spatial to spatial. Weights {@code [out][kernelY][kernelX][in]}. */
    record Conv2d(Plane in, int outChannels, Window window, Activation activation) implements OperationSpec {
        public Conv2d {
            Objects.requireNonNull(in);
            Objects.requireNonNull(window);
            Objects.requireNonNull(activation);
        }

        @Override
        public Plane out() {
            return window.out(in, outChannels);
        }

        @Override
        public String kernelName(Precision precision) {
            return "conv2d_" + precision.dtype() + windowName(window);
        }

        @Override
        public long macs() {
            return (long) out().elements() * window.kernelHeight() * window.kernelWidth() * in.channels();
        }
    }

    /** Depthwise convolution, spatial to spatial, one filter a channel. Weights {@code [kernelY][kernelX][c]}. */
    record Depthwise(Plane in, Window window, Activation activation) implements OperationSpec {
        @Override
        public Plane out() {
            return window.out(in, in.channels());
        }

        @Override
        public String kernelName(Precision precision) {
            return "depthwise_" + precision.dtype() + windowName(window);
        }

        @Override
        public long macs() {
            return (long) out().elements() * window.kernelHeight() * window.kernelWidth();
        }
    }

    /**
     * Pointwise convolution in the spatial domain. Weights {@code [out][in]}.
     *
     * @param residual whether a third operand of the output's shape is added before the activation
     */
    record Pointwise(Plane in, int outChannels, Activation activation, boolean residual) implements OperationSpec {
        @Override
        public Plane out() {
            return in.withChannels(outChannels);
        }

        @Override
        public String kernelName(Precision precision) {
            return "pointwise_" + precision.productDtype();
        }

        @Override
        public long macs() {
            return (long) in.elements() * outChannels;
        }
    }

    /**
     * Truncated pointwise convolution in the frequency domain, both sides {@code [z][n][block][c]}:
     * {@code Y[z][o] = residual[z][o] + (z == 0 ? B * bias[o] : 0) + sum over ranks r < K(z) of W[o][r] X[z][channelAt(r)]}.
     * Weights {@code [out][rank]}: the columns stand in the staircase's order, whatever order the input is stored in. Input
     * elements at or beyond a channel's cutoff are never read as anything but zero: they may hold anything, NaN too.
     */
    record BandPointwise(Plane in, int outChannels, Staircase staircase, boolean residual) implements OperationSpec {
        public BandPointwise {
            requireBlock(in, staircase.block());
            if (staircase.channels() != in.channels()) {
                throw new IllegalArgumentException("staircase of " + staircase.channels() + " channels on a plane of " + in);
            }
        }

        public int block() {
            return staircase.block();
        }

        @Override
        public Plane out() {
            return in.withChannels(outChannels);
        }

        @Override
        public String kernelName(Precision precision) {
            return "band_pointwise_" + precision.productDtype() + "_b" + block();
        }

        @Override
        public long macs() {
            return staircase.keptCoefficients() * in.blocks(block()) * outChannels;
        }
    }

    /**
     * Forward block DCT: spatial {@code [n][y][x][c]} to frequency {@code [z][n][block][c]}. Only coefficients below the
     * channel's cutoff need to be written; what the output holds beyond them is unspecified.
     */
    record Dct(Plane in, Staircase staircase) implements OperationSpec {
        public Dct {
            requireBlock(in, staircase.block());
            if (staircase.channels() != in.channels()) {
                throw new IllegalArgumentException("staircase of " + staircase.channels() + " channels on a plane of " + in);
            }
        }

        public int block() {
            return staircase.block();
        }

        @Override
        public Plane out() {
            return in;
        }

        @Override
        public String kernelName(Precision precision) {
            return "dct_" + precision.dtype() + "_b" + block();
        }

        @Override
        public long macs() {
            return 0;
        }
    }

    /** Inverse block DCT and activation: frequency {@code [z][n][block][c]}, all coefficients, to spatial. */
    record Idct(Plane in, int block, Activation activation) implements OperationSpec {
        public Idct {
            requireBlock(in, block);
        }

        @Override
        public Plane out() {
            return in;
        }

        @Override
        public String kernelName(Precision precision) {
            return "idct_" + precision.dtype() + "_b" + block;
        }

        @Override
        public long macs() {
            return 0;
        }
    }

    /**
     * The middle of an inverted-residual block in one pass: inverse DCT, activation, depthwise convolution, bias, activation,
     * forward DCT with truncation. Weights {@code [kernelY][kernelX][c]}. The output is as {@link Dct}'s. Input and output have
     * the same block side.
     */
    record IdctDepthwiseDct(Plane in, Activation before, Window window, Activation after, Staircase staircase) implements OperationSpec {
        public IdctDepthwiseDct {
            requireBlock(in, staircase.block());
            requireBlock(window.out(in, in.channels()), staircase.block());
            if (staircase.channels() != in.channels()) {
                throw new IllegalArgumentException("staircase of " + staircase.channels() + " channels on a plane of " + in);
            }
        }

        public int block() {
            return staircase.block();
        }

        @Override
        public Plane out() {
            return window.out(in, in.channels());
        }

        @Override
        public String kernelName(Precision precision) {
            return "idct_depthwise_dct_" + precision.dtype() + "_b" + block() + windowName(window);
        }

        @Override
        public long macs() {
            return (long) out().elements() * window.kernelHeight() * window.kernelWidth();
        }
    }

    /**
     * The wide part of an inverted-residual block in one pass: a truncated pointwise convolution without residual, and what comes after
     * it, which reads nothing but its result. Weights and biases are those of both.
     */
    record ExpandIdctDepthwiseDct(BandPointwise expand, IdctDepthwiseDct middle) implements OperationSpec {
        public ExpandIdctDepthwiseDct {
            if (expand.residual() || !expand.out().equals(middle.in()) || expand.block() != middle.block()) {
                throw new IllegalArgumentException("cannot run in one pass: " + expand + " and " + middle);
            }
        }

        public int block() {
            return expand.block();
        }

        @Override
        public Plane in() {
            return expand.in();
        }

        @Override
        public Plane out() {
            return middle.out();
        }

        @Override
        public String kernelName(Precision precision) {
            return "expand_idct_depthwise_dct_" + precision.productDtype() + "_b" + block() + windowName(middle.window());
        }

        @Override
        public long macs() {
            return expand.macs() + middle.macs();
        }
    }

    /** Elementwise sum of two tensors of one shape, in either domain (activation only in the spatial one). */
    record Add(Plane in, Activation activation) implements OperationSpec {
        @Override
        public Plane out() {
            return in;
        }

        @Override
        public String kernelName(Precision precision) {
            return "add_" + precision.dtype();
        }

        @Override
        public long macs() {
            return 0;
        }
    }

    /** The mean of each channel's plane, spatial, to a plane of 1x1. */
    record GlobalAveragePool(Plane in) implements OperationSpec {
        @Override
        public Plane out() {
            return new Plane(1, 1, in.channels());
        }

        @Override
        public String kernelName(Precision precision) {
            return "global_average_pool_" + precision.dtype();
        }

        @Override
        public long macs() {
            return 0;
        }
    }

    /**
     * Spatial operations in a row, each of which reads what the one before writes, run as one: what lies between them is never stored as a
     * whole. Stages are {@link Conv2d}, {@link Depthwise} and {@link Pointwise}, of which only the last may have a residual.
     */
    record Chain(List<OperationSpec> stages) implements OperationSpec {
        public Chain {
            stages = List.copyOf(stages);
            if (stages.isEmpty()) {
                throw new IllegalArgumentException("a chain without stages; give at least one");
            }
            for (int i = 0; i < stages.size(); i++) {
                OperationSpec stage = stages.get(i);
                boolean last = i == stages.size() - 1;
                if (!(stage instanceof Conv2d || stage instanceof Depthwise || stage instanceof Pointwise pointwise && (last || !pointwise.residual()))) {
                    throw new IllegalArgumentException("stage " + i + " of a chain is " + stage
                            + "; it must be a convolution in the spatial domain, without a residual unless it is the last");
                }
                if (i > 0 && !stage.in().equals(stages.get(i - 1).out())) {
                    throw new IllegalArgumentException("stage " + i + " of a chain reads " + stage.in() + ", but the stage before writes "
                            + stages.get(i - 1).out());
                }
            }
        }

        /** Whether the last stage adds a residual. */
        public boolean residual() {
            return stages.get(stages.size() - 1) instanceof Pointwise pointwise && pointwise.residual();
        }

        @Override
        public Plane in() {
            return stages.get(0).in();
        }

        @Override
        public Plane out() {
            return stages.get(stages.size() - 1).out();
        }

        @Override
        public String kernelName(Precision precision) {
            return stages.stream().map(stage -> stage.kernelName(precision)).collect(Collectors.joining("+"));
        }

        @Override
        public long macs() {
            return stages.stream().mapToLong(OperationSpec::macs).sum();
        }
    }

    private static String windowName(Window window) {
        String kernel = window.kernelHeight() == window.kernelWidth() ? "" + window.kernelHeight() : window.kernelHeight() + "x" + window.kernelWidth();
        String stride = window.strideY() == window.strideX() ? "" + window.strideY() : window.strideY() + "x" + window.strideX();
        return "_k" + kernel + "_s" + stride;
    }

    private static void requireBlock(Plane plane, int block) {
        Zigzag.checkBlock(block);
        if (!plane.divisibleBy(block)) {
            throw new IllegalArgumentException("block " + block + " does not divide the plane " + plane);
        }
    }
}
