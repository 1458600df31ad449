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
 * A residual network of dense 3x3 convolutions (He et al., arXiv 1512.03385), a teacher: a stem, then for each stage a convolution of
 * stride 2 and two more that a shortcut bridges; mean, classifier. As in Page's network for DAWNBench (2018), a ReLU ends the bridged
 * branch and none follows the sum.
 *
 * @param stem channels at the input's full size
 * @param stages channels at half of it, a quarter, ...
 */
record ResNet(int stem, List<Integer> stages) {

    ResNet {
        stages = List.copyOf(stages);
    }

    /** For 32 x 32 photos. */
    static ResNet forSmallPhotos() {
        return new ResNet(48, List.of(96, 192, 256));
    }

    /** The ops on an input plane, without weights. */
    Graph graph(Plane input, int classes) {
        List<GraphOp> ops = new ArrayList<>();
        ops.add(convolution("stem", Graph.INPUT, input.channels(), stem, 1));
        String top = "stem";
        int channels = stem;
        for (int i = 0; i < stages.size(); i++) {
            String stage = "stage_" + (i + 1);
            int out = stages.get(i);
            ops.add(convolution(stage + ".halve", top, channels, out, 2));
            ops.add(convolution(stage + ".first", stage + ".halve", out, out, 1));
            ops.add(convolution(stage + ".second", stage + ".first", out, out, 1));
            ops.add(new GraphOp.Add(stage, stage + ".halve", stage + ".second", Activation.NONE));
            top = stage;
            channels = out;
        }
        ops.add(new GraphOp.GlobalAveragePool("pool", top));
        ops.add(new GraphOp.PointwiseConv2d("classifier", "pool", channels, classes, 0, Activation.NONE));
        return Graph.of(input, ops);
    }

    private static GraphOp convolution(String name, String input, int in, int out, int stride) {
        return new GraphOp.Conv2d(name, input, in, out, Window.square(3, stride, Padding.all(1)), Activation.RELU);
    }
}
