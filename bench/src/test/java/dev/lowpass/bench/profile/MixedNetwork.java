package dev.lowpass.bench.profile;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A block without cutoffs and one with: planned with everything joined, a chain and an expand layer run with what follows it. */
final class MixedNetwork {

    private static final Plane INPUT = new Plane(16, 16, 3);
    private static final int[] EXPAND = {16, 9, 0, 4};
    private static final int[] PROJECT = {16, 1, 0, 5, 2, 8, 16, 3};

    private MixedNetwork() {}

    static ModelDefinition definition() {
        List<GraphOp> ops = List.of(
                new GraphOp.Conv2d("stem", Graph.INPUT, 3, 6, Window.square(3, 2, Padding.all(1)), Activation.RELU6),
                new GraphOp.DepthwiseConv2d("block0.depthwise", "stem", 6, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("block0.project", "block0.depthwise", 6, 4, 0, Activation.NONE),
                new GraphOp.PointwiseConv2d("block1.expand", "block0.project", 4, 8, 4, Activation.RELU6),
                new GraphOp.DepthwiseConv2d("block1.depthwise", "block1.expand", 8, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("block1.project", "block1.depthwise", 8, 4, 4, Activation.NONE),
                new GraphOp.Add("block1.add", "block1.project", "block0.project", Activation.NONE),
                new GraphOp.GlobalAveragePool("pool", "block1.add"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 4, 5, 0, Activation.NONE));
        Map<String, Parameters> parameters = Map.of(
                "stem", new Parameters(new float[6 * 3 * 9], new float[6]),
                "block0.depthwise", new Parameters(new float[6 * 9], new float[6]),
                "block0.project", new Parameters(new float[6 * 4], new float[4]),
                "block1.expand", new Parameters(new float[4 * 8], new float[8], EXPAND.clone()),
                "block1.depthwise", new Parameters(new float[8 * 9], new float[8]),
                "block1.project", new Parameters(new float[8 * 4], new float[4], PROJECT.clone()),
                "classifier", new Parameters(new float[4 * 5], new float[5]));
        return new ModelDefinition(Graph.of(INPUT, ops), parameters, Preprocess.tensorflow(INPUT), List.of(), Map.of(), Optional.empty());
    }

    /** By hand: a plane of 8x8 has four blocks of 4x4. */
    static long macs(ModelDefinition model) {
        boolean cut = model.parameters().get("block1.expand").cutoffs() != null;
        long fixed = 64 * (6 * 27 + 6 * 9 + 6 * 4 + 8 * 9) + 4 * 5;
        return fixed + (cut ? 4 * ((16 + 9 + 4) * 8 + (16 + 1 + 5 + 2 + 8 + 16 + 3) * 4) : 64 * (4 * 8 + 8 * 4));
    }

    /** Without those of channels that keep nothing: one of the expand layer's, one of the project layer's. */
    static long weights(ModelDefinition model) {
        boolean cut = model.parameters().get("block1.expand").cutoffs() != null;
        return 6 * 27 + 6 * 9 + 6 * 4 + 8 * 9 + 4 * 5 + (cut ? 3 * 8 + 7 * 4 : 4 * 8 + 8 * 4);
    }
}
