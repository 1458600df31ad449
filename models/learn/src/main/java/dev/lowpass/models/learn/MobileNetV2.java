package dev.lowpass.models.learn;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.ArrayList;
import java.util.List;

/**
 * Networks of inverted residuals with linear bottlenecks (Sandler et al., arXiv 1801.04381): a stem, stages of blocks
 * expand - depthwise - project, a head, mean, classifier.
 *
 * @param stem channels after the dense 3x3 stem, which has stride 1
 * @param stages in order
 * @param head channels of the last pointwise layer
 */
public record MobileNetV2(int stem, List<Stage> stages, int head) {

    /**
     * A run of blocks on one plane.
     *
     * @param expansion hidden channels per input channel; 1 leaves the expand layer out
     * @param channels after each block
     * @param repeats how many blocks
     * @param stride of the first block's depthwise convolution
     */
    public record Stage(int expansion, int channels, int repeats, int stride) {}

    public MobileNetV2 {
        stages = List.copyOf(stages);
    }

    /** For 32 x 32 photos: planes of 16, 8 and 4, all of which blocks of 4 divide. */
    public static MobileNetV2 forSmallPhotos() {
        return new MobileNetV2(32, List.of(new Stage(1, 48, 1, 2), new Stage(4, 48, 2, 1), new Stage(4, 96, 4, 2), new Stage(4, 160, 3, 2)), 640);
    }

    /** The ops on an input plane, without weights. */
    public Graph graph(Plane input, int classes) {
        List<GraphOp> ops = new ArrayList<>();
        Activation activation = Activation.RELU;
        ops.add(new GraphOp.Conv2d("stem", Graph.INPUT, input.channels(), stem, Window.square(3, 1, Padding.all(1)), activation));
        String top = "stem";
        int channels = stem;
        int number = 0;
        for (Stage stage : stages) {
            for (int i = 0; i < stage.repeats(); i++) {
                String block = "block_" + ++number;
                int stride = i == 0 ? stage.stride() : 1;
                int hidden = channels * stage.expansion();
                String in = top;
                if (stage.expansion() > 1) {
                    ops.add(new GraphOp.PointwiseConv2d(block + ".expand", top, channels, hidden, 0, activation));
                    top = block + ".expand";
                }
                ops.add(new GraphOp.DepthwiseConv2d(block + ".depthwise", top, hidden, Window.square(3, stride, Padding.all(1)), activation));
                ops.add(new GraphOp.PointwiseConv2d(block + ".project", block + ".depthwise", hidden, stage.channels(), 0, Activation.NONE));
                top = block + ".project";
                if (stride == 1 && channels == stage.channels()) {
                    ops.add(new GraphOp.Add(block, in, top, Activation.NONE));
                    top = block;
                }
                channels = stage.channels();
            }
        }
        ops.add(new GraphOp.PointwiseConv2d("head", top, channels, head, 0, activation));
        ops.add(new GraphOp.GlobalAveragePool("pool", "head"));
        ops.add(new GraphOp.PointwiseConv2d("classifier", "pool", head, classes, 0, Activation.NONE));
        return Graph.of(input, ops);
    }
}
