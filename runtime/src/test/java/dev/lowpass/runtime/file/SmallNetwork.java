package dev.lowpass.runtime.file;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A made-up network of every kind of op, on a plane of 4x6, as a definition and as a file put together by hand. */
final class SmallNetwork {

    static final String GRAPH = "[{\"op\":\"conv2d\",\"name\":\"stem\",\"inputs\":[\"input\"],\"in_channels\":3,\"out_channels\":4,"
            + "\"kernel\":[3,2],\"stride\":[1,2],\"padding\":[1,0,1,0],\"activation\":\"relu6\"},"
            + "{\"op\":\"pointwise_conv2d\",\"name\":\"expand\",\"inputs\":[\"stem\"],\"in_channels\":4,\"out_channels\":6,\"block\":2,"
            + "\"activation\":\"relu\"},"
            + "{\"op\":\"depthwise_conv2d\",\"name\":\"depthwise\",\"inputs\":[\"expand\"],\"channels\":6,\"kernel\":[3,3],\"stride\":[1,1],"
            + "\"padding\":[1,1,1,1],\"activation\":\"relu6\"},"
            + "{\"op\":\"pointwise_conv2d\",\"name\":\"project\",\"inputs\":[\"depthwise\"],\"in_channels\":6,\"out_channels\":4,"
            + "\"activation\":\"none\"},"
            + "{\"op\":\"add\",\"name\":\"sum\",\"inputs\":[\"stem\",\"project\"],\"activation\":\"none\"},"
            + "{\"op\":\"global_average_pool\",\"name\":\"pool\",\"inputs\":[\"sum\"]},"
            + "{\"op\":\"pointwise_conv2d\",\"name\":\"classifier\",\"inputs\":[\"pool\"],\"in_channels\":4,\"out_channels\":2,"
            + "\"activation\":\"none\"}]";

    static final String PREPROCESS = "{\"input\":[4,8,3],\"resize\":\"shortest_side\",\"resize_to\":9,\"interpolation\":\"bicubic\",\"crop\":\"center\","
            + "\"mean\":[123.675,116.28,103.53],\"std\":[58.395,57.12,57.375],\"channel_order\":\"bgr\"}";

    static final int[] CUTOFFS = {4, 0, 1, 3};

    private SmallNetwork() {}

    static ModelDefinition definition() {
        List<GraphOp> ops = List.of(
                new GraphOp.Conv2d("stem", "input", 3, 4, new Window(3, 2, 1, 2, new Padding(1, 0, 1, 0)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("expand", "stem", 4, 6, 2, Activation.RELU),
                new GraphOp.DepthwiseConv2d("depthwise", "expand", 6, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("project", "depthwise", 6, 4, 0, Activation.NONE),
                new GraphOp.Add("sum", "stem", "project", Activation.NONE),
                new GraphOp.GlobalAveragePool("pool", "sum"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 4, 2, 0, Activation.NONE));
        Plane input = new Plane(4, 8, 3);
        Map<String, Parameters> parameters = new LinkedHashMap<>();
        Random random = new Random(1);
        parameters.put("stem", new Parameters(floats(random, 72), floats(random, 4)));
        parameters.put("expand", new Parameters(floats(random, 24), floats(random, 6), CUTOFFS.clone()));
        parameters.put("depthwise", new Parameters(floats(random, 54), floats(random, 6)));
        parameters.put("project", new Parameters(floats(random, 24), floats(random, 4)));
        parameters.put("classifier", new Parameters(floats(random, 8), floats(random, 2)));
        Map<String, String> provenance = new LinkedHashMap<>();
        provenance.put("source", "made up");
        provenance.put("licence", "none \"at\" all\n");
        byte[] images = new byte[2 * 96];
        random.nextBytes(images);
        Preprocess preprocess = new Preprocess(input, Preprocess.Resize.SHORTEST_SIDE, 9, Preprocess.Interpolation.BICUBIC,
                List.of(123.675f, 116.28f, 103.53f), List.of(58.395f, 57.12f, 57.375f), Preprocess.ChannelOrder.BGR);
        return new ModelDefinition(Graph.of(input, ops), parameters, preprocess, List.of("cat", "d\u00f6g"), provenance,
                Optional.of(new Golden(2, images, floats(random, 4))));
    }

    private static float[] floats(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    static HandMadeFile file() {
        ModelDefinition model = definition();
        HandMadeFile file = new HandMadeFile();
        file.metadata.put("format", "pt");
        file.metadata.put("lowpass.format", "1");
        file.metadata.put("lowpass.graph", GRAPH);
        file.metadata.put("lowpass.preprocess", PREPROCESS);
        file.metadata.put("lowpass.labels", "[\"cat\",\"d\u00f6g\"]");
        file.metadata.put("lowpass.provenance", "{\"source\":\"made up\",\"licence\":\"none \\\"at\\\" all\\n\"}");
        Map<String, List<Integer>> shapes = Map.of("stem", List.of(4, 3, 3, 2), "expand", List.of(6, 4, 1, 1), "depthwise", List.of(6, 1, 3, 3),
                "project", List.of(4, 6), "classifier", List.of(2, 4));
        for (String op : List.of("project", "stem", "classifier", "expand", "depthwise")) {
            Parameters parameters = model.parameters().get(op);
            file.floats(op + ".weight", shapes.get(op), parameters.weight());
            file.floats(op + ".bias", List.of(parameters.bias().length), parameters.bias());
        }
        file.bytes("golden.input", List.of(2, 4, 8, 3), model.golden().orElseThrow().images());
        file.ints("expand.cutoff", List.of(4), CUTOFFS);
        file.floats("golden.logits", List.of(2, 2), model.golden().orElseThrow().logits());
        return file;
    }
}
