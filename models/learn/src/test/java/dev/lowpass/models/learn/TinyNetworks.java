package dev.lowpass.models.learn;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Small networks and photos. */
final class TinyNetworks {

    static final Plane INPUT = new Plane(16, 16, 3);

    private TinyNetworks() {}

    /** The logits of normalised images, in double precision. */
    static float[] reference(ModelDefinition definition, float[] input, int count) {
        FloatBuffer logits = FloatBuffer.allocate(count * definition.classes());
        try (Model model = Model.of(definition);
                Session session = model.newSession(SessionOptions.builder().device(Device.reference()).maxBatch(count).build())) {
            session.run(FloatBuffer.wrap(input), count, logits);
        }
        return logits.array();
    }

    /** Every op of the format: lopsided padding, each activation, a residual, wide to narrow and narrow to wide. */
    static ModelDefinition everyOp(long seed) {
        Window same2 = Window.square(3, 2, Padding.same(16, 16, 3, 3, 2));
        Window same1 = Window.square(3, 1, Padding.all(1));
        Graph graph = Graph.of(INPUT, List.of(
                new GraphOp.Conv2d("stem", Graph.INPUT, 3, 6, same2, Activation.RELU6),
                new GraphOp.PointwiseConv2d("expand", "stem", 6, 14, 0, Activation.RELU6),
                new GraphOp.DepthwiseConv2d("depthwise", "expand", 14, same1, Activation.RELU),
                new GraphOp.PointwiseConv2d("project", "depthwise", 14, 6, 0, Activation.NONE),
                new GraphOp.Add("add", "stem", "project", Activation.NONE),
                new GraphOp.PointwiseConv2d("head", "add", 6, 10, 0, Activation.RELU),
                new GraphOp.GlobalAveragePool("pool", "head"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 10, 2, 0, Activation.NONE)));
        return of(graph, seed);
    }

    static ModelDefinition of(Graph graph, long seed) {
        Random random = new Random(seed);
        Map<String, Parameters> parameters = new HashMap<>();
        for (GraphOp op : graph.ops()) {
            int[] shape = Filters.shape(op);
            if (shape != null) {
                int fanIn = shape[1] * shape[2] * shape[3];
                float[] weight = new float[shape[0] * fanIn];
                float[] bias = new float[shape[0]];
                for (int i = 0; i < weight.length; i++) {
                    weight[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / fanIn));
                }
                for (int i = 0; i < bias.length; i++) {
                    bias[i] = (float) (random.nextGaussian() * 0.3);
                }
                parameters.put(op.name(), new Parameters(weight, bias));
            }
        }
        return new ModelDefinition(graph, parameters, Preprocess.tensorflow(graph.input()), List.of(), Map.of(), Optional.empty());
    }

    /** Cutoffs of every kind: none, all, and between. */
    static ModelDefinition cut(ModelDefinition uncut, int block, long seed) {
        ModelDefinition open = CutoffLayers.open(uncut, block);
        Random random = new Random(seed);
        Map<String, int[]> cutoffs = new HashMap<>();
        CutoffLayers.cutoffs(open).forEach((name, all) -> {
            int[] drawn = random.ints(all.length, 0, block * block + 1).toArray();
            drawn[0] = 0;
            drawn[1] = block * block;
            drawn[2] = 1;
            cutoffs.put(name, drawn);
        });
        return CutoffLayers.withCutoffs(open, cutoffs);
    }

    /** Photos of two classes, stripes across and stripes down, of random phase, colour and noise. */
    static PhotoSet stripes(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] pixels = new byte[count * INPUT.elements()];
        int[] labels = new int[count];
        int at = 0;
        for (int n = 0; n < count; n++) {
            labels[n] = n % 2;
            double phase = random.nextDouble() * 2 * Math.PI;
            double[] colour = {random.nextDouble() * 60, random.nextDouble() * 60, random.nextDouble() * 60};
            for (int y = 0; y < INPUT.height(); y++) {
                for (int x = 0; x < INPUT.width(); x++) {
                    double wave = Math.sin(phase + 2 * Math.PI * (labels[n] == 0 ? x : y) / 4.0);
                    for (int c = 0; c < 3; c++) {
                        pixels[at++] = (byte) Math.max(0, Math.min(255, Math.round(100 + colour[c] + 40 * wave + random.nextDouble() * 50 - 25)));
                    }
                }
            }
        }
        return new PhotoSet(INPUT, pixels, labels, List.of("across", "down"));
    }

    static float[] normalized(ModelDefinition model, PhotoSet photos) {
        return new Augmentation(photos, model.preprocess()).plain(IntStream.range(0, photos.size()).toArray());
    }

    /** A model's golden images, normalised. */
    static float[] golden(ModelDefinition model) {
        byte[] images = model.golden().orElseThrow().images();
        float[] input = new float[images.length];
        for (int i = 0; i < input.length; i++) {
            input[i] = model.preprocess().normalize(images[i] & 0xff, i % INPUT.channels());
        }
        return input;
    }
}
