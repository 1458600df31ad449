package dev.lowpass.bench.kernels;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import java.util.List;

/** The layers of MobileNetV2 1.0/224, one of each kind and stage; the number is the side of the plane that is read. */
public enum Layer {
    STEM(conv(224, 3, 32)),
    DEPTHWISE_112(depthwise(112, 32, 1)),
    DEPTHWISE_112_HALVING(depthwise(112, 96, 2)),
    DEPTHWISE_56(depthwise(56, 144, 1)),
    DEPTHWISE_28(depthwise(28, 192, 1)),
    DEPTHWISE_14(depthwise(14, 576, 1)),
    DEPTHWISE_7(depthwise(7, 960, 1)),
    PROJECT_112(pointwise(112, 32, 16, Activation.NONE, false)),
    EXPAND_112(pointwise(112, 16, 96, Activation.RELU6, false)),
    EXPAND_56(pointwise(56, 24, 144, Activation.RELU6, false)),
    PROJECT_56(pointwise(56, 144, 24, Activation.NONE, true)),
    EXPAND_28(pointwise(28, 32, 192, Activation.RELU6, false)),
    PROJECT_28(pointwise(28, 192, 32, Activation.NONE, true)),
    EXPAND_14(pointwise(14, 96, 576, Activation.RELU6, false)),
    PROJECT_14(pointwise(14, 576, 96, Activation.NONE, true)),
    EXPAND_7(pointwise(7, 160, 960, Activation.RELU6, false)),
    PROJECT_7(pointwise(7, 960, 160, Activation.NONE, true)),
    HEAD(pointwise(7, 320, 1280, Activation.RELU6, false)),
    CLASSIFIER(pointwise(1, 1280, 1001, Activation.NONE, false)),
    CHAIN_112(new OperationSpec.Chain(List.of(pointwise(112, 16, 96, Activation.RELU6, false), depthwise(112, 96, 2),
            pointwise(56, 96, 24, Activation.NONE, false)))),
    CHAIN_56(new OperationSpec.Chain(List.of(pointwise(56, 24, 144, Activation.RELU6, false), depthwise(56, 144, 1),
            pointwise(56, 144, 24, Activation.NONE, true)))),
    BAND_EXPAND_14(new OperationSpec.BandPointwise(plane(14, 96), 576, staircase(96, 0.9), false)),
    BAND_PROJECT_14(new OperationSpec.BandPointwise(plane(14, 576), 96, staircase(576, 0.65), true)),
    BAND_PROJECT_7(new OperationSpec.BandPointwise(plane(7, 960), 160, staircase(960, 0.7), true)),
    DCT_14(new OperationSpec.Dct(plane(14, 96), staircase(96, 0.9))),
    IDCT_14(new OperationSpec.Idct(plane(14, 96), 7, Activation.NONE)),
    MIDDLE_28(middle(28, 192, 1)),
    MIDDLE_14(middle(14, 576, 1)),
    MIDDLE_14_HALVING(middle(14, 576, 2)),
    MIDDLE_7(middle(7, 960, 1)),
    EXPAND_MIDDLE_112(expandMiddle(112, 16, 96, 2)),
    EXPAND_MIDDLE_56(expandMiddle(56, 24, 144, 1)),
    EXPAND_MIDDLE_14(expandMiddle(14, 96, 576, 1)),
    EXPAND_MIDDLE_7(expandMiddle(7, 160, 960, 1)),
    ADD_14(new OperationSpec.Add(plane(14, 96), Activation.NONE)),
    POOL(new OperationSpec.GlobalAveragePool(plane(7, 1280)));

    private final OperationSpec spec;

    Layer(OperationSpec spec) {
        this.spec = spec;
    }

    OperationSpec spec() {
        return spec;
    }

    private static Plane plane(int side, int channels) {
        return new Plane(side, side, channels);
    }

    private static Window window(int side, int stride) {
        return Window.square(3, stride, Padding.same(side, side, 3, 3, stride));
    }

    private static OperationSpec conv(int side, int channels, int outChannels) {
        return new OperationSpec.Conv2d(plane(side, channels), outChannels, window(side, 2), Activation.RELU6);
    }

    private static OperationSpec depthwise(int side, int channels, int stride) {
        return new OperationSpec.Depthwise(plane(side, channels), window(side, stride), Activation.RELU6);
    }

    private static OperationSpec pointwise(int side, int channels, int outChannels, Activation activation, boolean residual) {
        return new OperationSpec.Pointwise(plane(side, channels), outChannels, activation, residual);
    }

    private static OperationSpec expandMiddle(int side, int channels, int expanded, int stride) {
        return new OperationSpec.ExpandIdctDepthwiseDct(new OperationSpec.BandPointwise(plane(side, channels), expanded, staircase(channels, 0.9), false),
                middle(side, expanded, stride));
    }

    private static OperationSpec.IdctDepthwiseDct middle(int side, int channels, int stride) {
        return new OperationSpec.IdctDepthwiseDct(plane(side, channels), Activation.RELU6, window(side, stride), Activation.RELU6, staircase(channels, 0.7));
    }

    /** Cutoffs that fall evenly with the channel and keep about that share of all coefficients. */
    private static Staircase staircase(int channels, double kept) {
        int all = 7 * 7;
        int[] cutoffs = new int[channels];
        for (int c = 0; c < channels; c++) {
            double share = kept + (1 - kept) * (1 - 2 * (c + 0.5) / channels);
            cutoffs[c] = (int) Math.round(all * Math.max(0, Math.min(1, share)));
        }
        return Staircase.of(7, cutoffs);
    }
}
