package dev.lowpass.models.onnx;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Zigzag;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network as an ONNX file: opset {@value #OPSET}, single precision, input {@value #INPUT} {@code [batch, c, y, x]} normalised, result
 * {@value #LOGITS} {@code [batch, class]}. The field numbers are those of the public schema, onnx.proto of ONNX 1.12 (IR version 8).
 *
 * <p>A truncated layer is either written as the plain convolution that its weights are without cutoffs, or in full: with the plane X of
 * H x W, {@code DH} the H x H matrix of DCT bases along its diagonal and {@code DW} the W x W one, {@code X^ = DH X DW'} holds every block's
 * coefficients; a product by zeros and ones per channel and position in a block keeps those below the cutoffs; the convolution runs on them,
 * {@code DH' Y^ DW} leads back, and the bias is added.
 */
public final class OnnxExporter {

    public static final String INPUT = "input";
    public static final String LOGITS = "logits";

    /** The name of the first dimension of input and result. */
    public static final String BATCH = "batch";

    private static final int IR_VERSION = 8;
    private static final int OPSET = 17;

    /** The schema's numbers of element types. */
    private static final int FLOAT = 1;
    private static final int INT64 = 7;

    private final ModelDefinition model;
    private final Graph graph;
    private final boolean truncation;
    private final Message out = new Message();
    private final Map<String, Message> initializers = new LinkedHashMap<>();

    private OnnxExporter(ModelDefinition model, boolean truncation) {
        this.model = model;
        graph = model.graph();
        this.truncation = truncation;
    }

    /**
     * The file's bytes.
     *
     * @param truncation whether the cutoffs are written as products with DCT matrices, or left out
     */
    public static byte[] export(ModelDefinition model, boolean truncation) {
        return new OnnxExporter(model, truncation).model();
    }

    private byte[] model() {
        for (GraphOp op : graph.ops()) {
            write(op);
        }
        writeLogits();
        out.text(2, "lowpass");
        for (Message initializer : initializers.values()) {
            out.message(5, initializer);
        }
        Plane input = graph.input();
        out.message(11, valueInfo(INPUT, input.channels(), input.height(), input.width()));
        out.message(12, valueInfo(LOGITS, model.classes()));
        return new Message()
                .integer(1, IR_VERSION)
                .text(2, "lowpass")
                .message(7, out)
                .message(8, new Message().text(1, "").integer(2, OPSET))
                .toBytes();
    }

    /** A ValueInfoProto of floats whose first dimension is the batch. */
    private static Message valueInfo(String name, long... dimensions) {
        Message shape = new Message().message(1, new Message().text(2, BATCH));
        for (long dimension : dimensions) {
            shape.message(1, new Message().integer(1, dimension));
        }
        Message tensor = new Message().integer(1, FLOAT).message(2, shape);
        return new Message().text(1, name).message(2, new Message().message(1, tensor));
    }

    private void write(GraphOp op) {
        String result = op.activation() == Activation.NONE ? tensor(op.name()) : part(op, "linear");
        if (op instanceof GraphOp.Conv2d conv) {
            convolve(op, conv.window(), conv.inChannels(), 1, result);
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            convolve(op, depthwise.window(), 1, depthwise.channels(), result);
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            if (isClassifier(op)) {
                // On a plane of one position a matrix product, which is how other exporters write a classifier.
                node("Flatten", part(op, "flat"), tensor(pointwise.input()));
                out.message(1, named("Gemm", result, part(op, "flat"),
                        weight(op, pointwise.outChannels(), pointwise.inChannels()), bias(op)).message(5, attribute("transB", 1)));
            } else if (truncation && pointwise.isTruncated()) {
                truncated(pointwise, result);
            } else {
                convolve(op, Window.square(1, 1, Padding.NONE), pointwise.inChannels(), 1, result);
            }
        } else if (op instanceof GraphOp.Add add) {
            node("Add", result, tensor(add.left()), tensor(add.right()));
        } else {
            node("GlobalAveragePool", result, tensor(op.inputs().get(0)));
        }
        activate(op.activation(), result, tensor(op.name()));
    }

    private boolean isClassifier(GraphOp op) {
        return op == graph.output() && op instanceof GraphOp.PointwiseConv2d pointwise && graph.inputPlane(op).area() == 1 && !pointwise.isTruncated();
    }

    /** Ops may have any name; ours for input and result are kept apart from them. */
    private static String tensor(String name) {
        return name.equals(Graph.INPUT) ? INPUT : "op/" + name;
    }

    /** A tensor within an op, or a constant of it. No part has a slash in it, so no two ops share one, whatever their names. */
    private static String part(GraphOp op, String part) {
        return "part/" + op.name() + "/" + part;
    }

    /** The output of the network's last op, in the order {@code [y][x][c]} of logits. */
    private void writeLogits() {
        String last = tensor(graph.output().name());
        if (isClassifier(graph.output())) {
            node("Identity", LOGITS, last);
        } else if (graph.plane(graph.output().name()).area() == 1) {
            node("Flatten", LOGITS, last);
        } else {
            out.message(1, named("Transpose", LOGITS + "/channels-last", last).message(5, attribute("perm", 0, 2, 3, 1)));
            node("Flatten", LOGITS, LOGITS + "/channels-last");
        }
    }

    private void activate(Activation activation, String from, String to) {
        switch (activation) {
            case NONE -> { }
            case RELU -> node("Relu", to, from);
            case RELU6 -> node("Clip", to, from, scalar("zero", 0), scalar("six", 6));
        }
    }

    private void convolve(GraphOp op, Window window, int inChannels, int groups, String to) {
        convolve(op, tensor(op.inputs().get(0)), window, inChannels, groups, to, bias(op));
    }

    private void convolve(GraphOp op, String from, Window window, int inChannels, int groups, String to, String bias) {
        Padding padding = window.padding();
        String weight = weight(op, graph.plane(op.name()).channels(), inChannels, window.kernelHeight(), window.kernelWidth());
        out.message(1, (bias == null ? named("Conv", to, from, weight) : named("Conv", to, from, weight, bias))
                .message(5, attribute("kernel_shape", window.kernelHeight(), window.kernelWidth()))
                .message(5, attribute("strides", window.strideY(), window.strideX()))
                .message(5, attribute("pads", padding.top(), padding.left(), padding.bottom(), padding.right()))
                .message(5, attribute("group", groups)));
    }

    private void truncated(GraphOp.PointwiseConv2d op, String to) {
        Plane plane = graph.inputPlane(op);
        int block = op.block();
        node("MatMul", part(op, "dct-rows"), basis(block, plane.height(), false), tensor(op.input()));
        node("MatMul", part(op, "dct"), part(op, "dct-rows"), basis(block, plane.width(), true));
        // Zero stands for the batch, which is copied from the input's shape.
        node("Reshape", part(op, "blocks"), part(op, "dct"),
                longs(part(op, "blocks-shape"), 0, op.inChannels(), plane.height() / block, block, plane.width() / block, block));
        node("Mul", part(op, "kept-blocks"), part(op, "blocks"), mask(op));
        node("Reshape", part(op, "kept"), part(op, "kept-blocks"), longs(part(op, "kept-shape"), 0, op.inChannels(), plane.height(), plane.width()));
        convolve(op, part(op, "kept"), Window.square(1, 1, Padding.NONE), op.inChannels(), 1, part(op, "product"), null);
        node("MatMul", part(op, "idct-rows"), basis(block, plane.height(), true), part(op, "product"));
        node("MatMul", part(op, "idct"), part(op, "idct-rows"), basis(block, plane.width(), false));
        node("Add", to, part(op, "idct"), floats(part(op, "bias-plane"), model.parameters(op).bias(), 1, op.outChannels(), 1, 1));
    }

    /** The bases of a side's blocks along the diagonal of a {@code side x side} matrix: D, or its transpose. */
    private String basis(int block, int side, boolean transposed) {
        String name = "dct/" + block + "/" + side + (transposed ? "/transposed" : "");
        if (!initializers.containsKey(name)) {
            double[][] basis = DctBasis.of(block);
            float[] values = new float[side * side];
            for (int start = 0; start < side; start += block) {
                for (int u = 0; u < block; u++) {
                    for (int i = 0; i < block; i++) {
                        int row = start + (transposed ? i : u);
                        int column = start + (transposed ? u : i);
                        values[row * side + column] = (float) basis[u][i];
                    }
                }
            }
            floats(name, values, side, side);
        }
        return name;
    }

    /** 1 for each coefficient that a channel keeps, otherwise 0: {@code [c, 1, block, 1, block]}, which repeats over blocks. */
    private String mask(GraphOp.PointwiseConv2d op) {
        int block = op.block();
        int[] cutoffs = model.parameters(op).cutoffs();
        float[] mask = new float[cutoffs.length * block * block];
        for (int c = 0; c < cutoffs.length; c++) {
            for (int position = 0; position < block * block; position++) {
                mask[c * block * block + position] = Zigzag.of(block).index(position / block, position % block) < cutoffs[c] ? 1 : 0;
            }
        }
        return floats(part(op, "mask"), mask, cutoffs.length, 1, block, 1, block);
    }

    private String weight(GraphOp op, long... shape) {
        return floats(part(op, "weight"), model.parameters(op).weight(), shape);
    }

    private String bias(GraphOp op) {
        Parameters parameters = model.parameters(op);
        return floats(part(op, "bias"), parameters.bias(), parameters.bias().length);
    }

    private String scalar(String name, float value) {
        return floats(name, new float[] {value});
    }

    private String floats(String name, float[] values, long... shape) {
        initializers.computeIfAbsent(name, n -> new Message().integers(1, shape).integer(2, FLOAT).text(8, n).rawFloats(9, values));
        return name;
    }

    private String longs(String name, long... values) {
        initializers.computeIfAbsent(name, n -> new Message().integer(1, values.length).integer(2, INT64).text(8, n).rawLongs(9, values));
        return name;
    }

    private void node(String type, String result, String... inputs) {
        out.message(1, named(type, result, inputs));
    }

    /** A NodeProto, named as its result. */
    private static Message named(String type, String result, String... inputs) {
        Message node = new Message();
        for (String input : inputs) {
            node.text(1, input);
        }
        return node.text(2, result).text(3, result).text(4, type);
    }

    /** An AttributeProto of integers; one value stands alone where the operator wants a single one. */
    private static Message attribute(String name, long... values) {
        boolean single = values.length == 1;
        Message attribute = new Message().text(1, name);
        return single ? attribute.integer(3, values[0]).integer(20, 2) : attribute.integers(8, values).integer(20, 7);
    }
}
