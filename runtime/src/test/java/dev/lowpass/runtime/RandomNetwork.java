package dev.lowpass.runtime;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Small networks of every shape the format allows, from a seed: inverted residuals, plain stacks, odd adds, any subset truncated. */
public final class RandomNetwork {

    private static final Plane INPUT = new Plane(12, 12, 3);

    private final Random random;
    private final List<GraphOp> ops = new ArrayList<>();
    private final Map<String, Parameters> parameters = new HashMap<>();
    private final Map<String, Plane> planes = new HashMap<>();

    private RandomNetwork(long seed) {
        random = new Random(seed);
        planes.put(Graph.INPUT, INPUT);
    }

    public static ModelDefinition of(long seed) {
        return new RandomNetwork(seed).build();
    }

    private ModelDefinition build() {
        String top = random.nextInt(4) == 0 ? Graph.INPUT : conv(Graph.INPUT);
        int stages = 1 + random.nextInt(4);
        for (int stage = 0; stage < stages; stage++) {
            top = switch (random.nextInt(5)) {
                case 0 -> depthwise(top, 1 + random.nextInt(2), activation());
                case 1 -> pointwise(top, 2 + random.nextInt(8), activation());
                case 2 -> doubled(top);
                default -> invertedResidual(top);
            };
        }
        if (random.nextInt(4) > 0) {
            top = pool(pointwise(top, 5 + random.nextInt(8), activation()));
            top = pointwise(top, 4, Activation.NONE);
        } else if (top.equals(Graph.INPUT)) {
            top = conv(top);
        }
        Graph graph = Graph.of(INPUT, ops);
        return new ModelDefinition(graph, parameters, Preprocess.tensorflow(INPUT), List.of(), Map.of(), Optional.empty());
    }

    private String invertedResidual(String in) {
        int channels = planes.get(in).channels();
        int hidden = channels * (1 + random.nextInt(3));
        Activation inner = activation();
        String expanded = random.nextInt(4) == 0 ? in : pointwise(in, hidden, inner);
        int stride = planes.get(in).height() % 2 == 0 && random.nextInt(3) == 0 ? 2 : 1;
        String middle = depthwise(expanded, stride, inner);
        boolean residual = stride == 1 && random.nextInt(3) > 0;
        String out = pointwise(middle, residual ? channels : 2 + random.nextInt(8), Activation.NONE);
        if (!residual) {
            return out;
        }
        return random.nextBoolean() ? add(in, out) : add(out, in);
    }

    /** Two branches from one tensor, summed; now and then a tensor added to itself. */
    private String doubled(String in) {
        if (random.nextInt(4) == 0) {
            return add(in, in);
        }
        int channels = 2 + random.nextInt(6);
        return add(pointwise(in, channels, activation()), pointwise(in, channels, activation()));
    }

    private Activation activation() {
        return Activation.values()[random.nextInt(3)];
    }

    private String name(String kind) {
        return kind + ops.size();
    }

    private String define(GraphOp op, Plane plane) {
        ops.add(op);
        planes.put(op.name(), plane);
        return op.name();
    }

    private String conv(String in) {
        Plane plane = planes.get(in);
        int stride = 1 + random.nextInt(2);
        // Keep sides that blocks divide: SAME padding with stride 1 or 2 on an even plane.
        Window window = Window.square(3, stride, Padding.same(plane.height(), plane.width(), 3, 3, stride));
        int channels = 4 + random.nextInt(5);
        String name = name("conv");
        parameters.put(name, parameters(channels, plane.channels() * 9));
        return define(new GraphOp.Conv2d(name, in, plane.channels(), channels, window, activation()), window.out(plane, channels));
    }

    private String depthwise(String in, int stride, Activation activation) {
        Plane plane = planes.get(in);
        Window window = Window.square(3, stride, Padding.same(plane.height(), plane.width(), 3, 3, stride));
        String name = name("depthwise");
        parameters.put(name, parameters(plane.channels(), 9));
        return define(new GraphOp.DepthwiseConv2d(name, in, plane.channels(), window, activation), window.out(plane, plane.channels()));
    }

    private String pointwise(String in, int channels, Activation activation) {
        Plane plane = planes.get(in);
        int[] blocks = IntStream.rangeClosed(2, 12).filter(plane::divisibleBy).toArray();
        // Mostly one block side, so that whole streams stay in the frequency domain, sometimes another.
        int block = blocks.length == 0 || random.nextInt(4) == 0 ? 0 : random.nextInt(4) > 0 ? blocks[blocks.length > 1 ? 1 : 0] : blocks[random.nextInt(blocks.length)];
        String name = name("pointwise");
        Parameters dense = parameters(channels, plane.channels());
        parameters.put(name, block == 0 ? dense : dense.withCutoffs(random.ints(plane.channels(), 0, block * block + 1).toArray()));
        return define(new GraphOp.PointwiseConv2d(name, in, plane.channels(), channels, block, activation), plane.withChannels(channels));
    }

    private String add(String left, String right) {
        return define(new GraphOp.Add(name("add"), left, right, random.nextInt(4) == 0 ? activation() : Activation.NONE), planes.get(left));
    }

    private String pool(String in) {
        return define(new GraphOp.GlobalAveragePool(name("pool"), in), new Plane(1, 1, planes.get(in).channels()));
    }

    private Parameters parameters(int channels, int fanIn) {
        float scale = (float) Math.sqrt(3.0 / fanIn);
        return new Parameters(uniform(channels * fanIn, scale), uniform(channels, 0.5f));
    }

    private float[] uniform(int count, float scale) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() * 2 - 1) * scale;
        }
        return values;
    }
}
