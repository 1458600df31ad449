package dev.lowpass.models.tflite;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.models.tflite.TfliteModel.ElementType;
import dev.lowpass.models.tflite.TfliteModel.Operator;
import dev.lowpass.models.tflite.TfliteModel.Tensor;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Preprocess.ChannelOrder;
import dev.lowpass.runtime.Preprocess.Interpolation;
import dev.lowpass.runtime.Preprocess.Resize;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Imports MobileNet-like image classifiers from TensorFlow Lite files, float or quantized (per tensor or per channel).
 *
 * <p>Weights become real numbers, {@code (q - zero_point) * scale}; activations count as real numbers, so QUANTIZE and DEQUANTIZE
 * vanish. SAME padding and PAD become the convolution's explicit padding. A final SOFTMAX is dropped: logits are the result; a beta
 * other than 1 is refused. A quantized operator whose result's range begins at 0 clamps there, which its activation may not say: it
 * becomes ReLU, or ReLU6 where the range ends at 6. A FLOAT32 input does not say what a pixel means: [-1, 1] is assumed, and a note
 * says so. Ops are named by their place in the network ({@link TopologyNames}), as converters shuffle tensor names.
 */
public final class TfliteImporter {

    /**
     * A tensor of the network under construction.
     *
     * @param name of the op that produces it
     * @param pad zeros around it that the convolution which reads it must add
     * @param probabilities whether SOFTMAX came between, so that nothing may be computed from it
     */
    private record Value(String name, Plane plane, Padding pad, boolean probabilities) {
        Value(String name, Plane plane) {
            this(name, plane, Padding.NONE, false);
        }
    }

    private final String file;
    private final TfliteModel model;
    private final List<String> notes;
    private final Map<Integer, Value> values = new HashMap<>(); // by tensor number
    private final Map<Integer, Tensor> constants = new HashMap<>(); // results of DEQUANTIZE on a constant, by tensor number
    private final Map<Integer, Integer> origins = new HashMap<>(); // of a tensor that stands for another one: that other's number
    private final Map<Integer, Integer> readers = new HashMap<>(); // how often an origin is read under any number, by the network's user too
    private final Map<String, GraphOp> ops = new LinkedHashMap<>();
    private final Map<String, Parameters> parameters = new HashMap<>();

    private TfliteImporter(String file, TfliteModel model, List<String> notes) {
        this.file = file;
        this.model = model;
        this.notes = notes;
    }

    /**
     * Imports a file's content. The result has neither labels nor provenance nor golden images.
     *
     * @param file its name, for messages
     * @param bytes its content
     * @param notes gets what had to be assumed, a sentence each
     * @throws TfliteException when it is no TFLite file, is damaged, or holds what is not supported; the message says which operator
     */
    public static ModelDefinition read(String file, byte[] bytes, List<String> notes) throws IOException {
        return new TfliteImporter(file, TfliteModel.read(file, bytes), notes).convert();
    }

    private TfliteException refused(String reason) {
        return new TfliteException(file + ": " + reason);
    }

    private TfliteException refused(Operator operator, String reason) {
        return refused(operator + " " + reason);
    }

    private ModelDefinition convert() throws IOException {
        if (model.inputs().size() != 1 || model.outputs().size() != 1) {
            throw refused("has " + model.inputs().size() + " inputs and " + model.outputs().size()
                    + " outputs; an image classifier with one of each is supported");
        }
        Tensor input = model.tensors().get(model.inputs().get(0));
        Plane plane = inputPlane(input);
        Preprocess preprocess = preprocess(input, plane);
        values.put(input.index(), new Value(Graph.INPUT, plane));
        countReaders();
        for (Operator operator : model.operators()) {
            try {
                convert(operator);
            } catch (IllegalArgumentException | ArithmeticException e) { // a window, plane or padding that cannot be
                throw new TfliteException(file + ": " + operator + ": " + e.getMessage(), e);
            } catch (FlatTable.DamagedException e) {
                throw new TfliteException(file + ": is damaged or truncated (" + operator + ": " + e.getMessage()
                        + "); copy or download it again", e);
            }
        }
        Value output = values.get(model.outputs().get(0));
        if (output == null) {
            throw refused("no operator computes its output, tensor " + model.outputs().get(0) + "; export the model again");
        }
        if (!output.pad().equals(Padding.NONE)) {
            throw refused("its output is padded; only a convolution may follow PAD");
        }
        Map<String, String> names = TopologyNames.of(List.copyOf(ops.values()));
        List<GraphOp> named = new ArrayList<>();
        Map<String, Parameters> namedParameters = new HashMap<>();
        ops.forEach((name, op) -> {
            named.add(TopologyNames.rename(op, names));
            if (parameters.containsKey(name)) {
                namedParameters.put(names.get(name), parameters.get(name));
            }
        });
        try {
            Graph graph = Graph.of(plane, named);
            if (!graph.output().name().equals(names.get(output.name()))) {
                throw refused("its output is not the end of the network, which is op \"" + graph.output().name()
                        + "\"; export the model with that output");
            }
            return new ModelDefinition(graph, namedParameters, preprocess, List.of(), Map.of(), Optional.empty());
        } catch (IllegalArgumentException e) {
            throw new TfliteException(file + ": " + e.getMessage(), e);
        }
    }

    /** Operators whose result stands for what they read are no readers; those of their result are. */
    private void countReaders() {
        for (Operator operator : model.operators()) {
            boolean passesOn = switch (operator.code()) {
                case Operators.RESHAPE, Operators.SQUEEZE, Operators.QUANTIZE, Operators.DEQUANTIZE, Operators.PAD, Operators.SOFTMAX -> true;
                default -> false;
            };
            if (passesOn && !operator.inputs().isEmpty() && operator.outputs().size() == 1) {
                origins.put(operator.outputs().get(0), origin(operator.inputs().get(0)));
            } else {
                operator.inputs().forEach(tensor -> readers.merge(origin(tensor), 1, Integer::sum));
            }
        }
        readers.merge(origin(model.outputs().get(0)), 1, Integer::sum);
    }

    private int origin(int tensor) {
        return origins.getOrDefault(tensor, tensor);
    }

    private Plane inputPlane(Tensor input) throws TfliteException {
        List<Integer> shape = input.shape();
        if (shape.size() != 4 || shape.get(0) != 1 || shape.get(1) < 1 || shape.get(2) < 1 || shape.get(3) != 3) {
            throw refused("its input has shape " + shape + "; [1, height, width, 3] is supported, so export it for one RGB image");
        }
        if (product(shape) < 0) {
            throw refused("its input has shape " + shape + ", more than " + Integer.MAX_VALUE + " elements; export it for a smaller image");
        }
        return new Plane(shape.get(1), shape.get(2), 3);
    }

    /** A quantized input says what a pixel means: {@code scale * (pixel - zero_point)}; int8 holds {@code pixel - 128}. */
    private Preprocess preprocess(Tensor input, Plane plane) throws TfliteException {
        Preprocess usual = Preprocess.tensorflow(plane);
        if (input.type() == ElementType.FLOAT32) {
            notes.add(file + " has a FLOAT32 input and does not say how pixels become its numbers: (pixel - 127.5) / 127.5, from -1 to 1, is assumed. "
                    + "For others change \"mean\" and \"std\" of lowpass.preprocess in the model file's metadata and leave out golden.input and "
                    + "golden.logits, which hold for the old ones.");
            return usual;
        }
        if (input.type() != ElementType.UINT8 && input.type() != ElementType.INT8 || input.scaleCount() != 1) {
            throw refused("its input is " + type(input) + " with " + input.scaleCount()
                    + " scales; FLOAT32 or quantized UINT8 or INT8 is supported");
        }
        float mean = input.zeroPoint(0) + (input.type() == ElementType.INT8 ? 128 : 0);
        float std = 1 / input.scale(0);
        // [-1, 1] on 8 bits: the zero point 127.5 had to be rounded to one side.
        if (Math.abs(std / 127.5f - 1) < 1e-3f && Math.abs(mean - 127.5f) <= 0.5f) {
            return usual;
        }
        return new Preprocess(plane, Resize.SHORTEST_SIDE, usual.resizeTo(), Interpolation.BILINEAR, Collections.nCopies(3, mean),
                Collections.nCopies(3, std), ChannelOrder.RGB);
    }

    private static String type(Tensor tensor) {
        return tensor.type() == null ? "type " + tensor.typeCode() : tensor.type().name();
    }

    private void convert(Operator operator) throws TfliteException {
        switch (operator.code()) {
            case Operators.CONV_2D -> convolution(operator);
            case Operators.DEPTHWISE_CONV_2D -> depthwise(operator);
            case Operators.FULLY_CONNECTED -> fullyConnected(operator);
            case Operators.ADD -> add(operator);
            case Operators.MEAN -> mean(operator);
            case Operators.AVERAGE_POOL_2D -> averagePool(operator);
            case Operators.PAD -> pad(operator);
            case Operators.RELU -> activation(operator, Activation.RELU);
            case Operators.RELU6 -> activation(operator, Activation.RELU6);
            case Operators.RESHAPE, Operators.SQUEEZE -> reshape(operator);
            case Operators.SOFTMAX -> softmax(operator);
            case Operators.QUANTIZE, Operators.DEQUANTIZE -> {
                Tensor in = tensor(operator, 0);
                if (in.isConstant()) {
                    constants.put(output(operator).index(), in);
                } else {
                    define(operator, value(operator, 0));
                }
            }
            default -> throw refused(operator, "is not supported; " + Operators.SUPPORTED);
        }
    }

    /** Dropped: probabilities are computed of the logits, without a factor beta. A beta that is not set, which reads as 0, counts as 1. */
    private void softmax(Operator operator) throws TfliteException {
        Value value = computable(operator, 0);
        if (value.plane().area() != 1) {
            throw refused(operator, "works on a plane of " + value.plane() + "; it is supported (and dropped) after the classifier");
        }
        float beta = operator.options() == null ? 0 : operator.options().float32(0, 0);
        if (beta != 0 && beta != 1) {
            throw refused(operator, "has beta " + beta + ", a factor on the logits; 1 is supported, so export the model with weights and bias "
                    + "of the layer before it multiplied by beta");
        }
        define(operator, new Value(value.name(), value.plane(), Padding.NONE, true));
    }

    private Tensor tensor(Operator operator, int input) throws TfliteException {
        if (input >= operator.inputs().size() || operator.inputs().get(input) < 0) {
            throw refused(operator, "has no input " + input + "; the file is damaged, export the model again");
        }
        int tensor = operator.inputs().get(input);
        return constants.getOrDefault(tensor, model.tensors().get(tensor));
    }

    private Tensor output(Operator operator) throws TfliteException {
        if (operator.outputs().size() != 1) {
            throw refused(operator, "has " + operator.outputs().size() + " outputs; one is supported");
        }
        return model.tensors().get(operator.outputs().get(0));
    }

    /** The activation that an operator reads. */
    private Value value(Operator operator, int input) throws TfliteException {
        Tensor tensor = tensor(operator, input);
        Value value = values.get(tensor.index());
        if (value == null) {
            throw refused(operator, tensor.isConstant() ? "computes with the constant tensor " + tensor.index() + " as its input " + input
                    + "; an activation is supported there, so fold constants before exporting"
                    : "reads tensor " + tensor.index() + ", which no operator before it computes; export the model again");
        }
        return value;
    }

    /** The same, for an operator that goes on computing with it. */
    private Value computable(Operator operator, int input) throws TfliteException {
        Value value = value(operator, input);
        if (value.probabilities()) {
            throw refused(operator, "computes with what SOFTMAX gives; SOFTMAX is supported at the end only");
        }
        if (!value.pad().equals(Padding.NONE)) {
            throw refused(operator, "follows PAD; only CONV_2D and DEPTHWISE_CONV_2D may");
        }
        return value;
    }

    private void define(Operator operator, Value value) throws TfliteException {
        Tensor tensor = output(operator);
        List<Integer> shape = tensor.shape();
        Plane plane = value.plane();
        boolean agrees = shape.size() == 4 && value.pad().equals(Padding.NONE) ? shape.equals(List.of(1, plane.height(), plane.width(),
                plane.channels()))
                : shape.size() == 4 || elements(operator, tensor) == product(List.of(plane.height(), plane.width(), plane.channels()));
        if (!agrees) {
            throw refused(operator, "gives " + plane + ", but its result, tensor " + tensor.index() + ", has shape " + shape
                    + "; the file is damaged or for another batch, export the model again for a batch of 1");
        }
        values.put(tensor.index(), value);
    }

    /** How many elements a tensor has. */
    private int elements(Operator operator, Tensor tensor) throws TfliteException {
        int elements = product(tensor.shape());
        if (elements < 0) {
            throw refused(operator, "has tensor " + tensor.index() + " of shape " + tensor.shape() + ", which is damaged: sides are at least 0 and "
                    + "their product at most " + Integer.MAX_VALUE + "; copy or download the file again, or export the model again");
        }
        return elements;
    }

    /** The product of sides, or -1 where one is negative or an int cannot hold it. */
    private static int product(List<Integer> sides) {
        if (sides.contains(0)) {
            return 0;
        }
        long product = 1;
        for (int side : sides) {
            product *= side; // below 2^62
            if (side < 0 || product > Integer.MAX_VALUE) {
                return -1;
            }
        }
        return (int) product;
    }

    private void define(Operator operator, GraphOp op, Plane plane) throws TfliteException {
        ops.put(op.name(), op);
        define(operator, new Value(op.name(), plane));
    }

    private void convolution(Operator operator) throws TfliteException {
        Value in = paddable(operator);
        Tensor weights = weights(operator, 4);
        FlatTable options = options(operator);
        requireNoDilation(operator, options.int32(4, 1), options.int32(5, 1));
        int out = weights.shape().get(0);
        int height = weights.shape().get(1);
        int width = weights.shape().get(2);
        int channels = weights.shape().get(3);
        if (channels != in.plane().channels()) {
            throw refused(operator, "has weights for " + channels + " channels, but reads " + in.plane().channels()
                    + "; grouped convolutions are not supported besides depthwise");
        }
        Window window = window(in, height, width, options.int32(2, 0), options.int32(1, 0), options.int8(0, 0));
        Activation activation = activation(operator, options.int8(3, 0));
        float[] values = dequantize(operator, weights);
        float[] bias = bias(operator, out);
        if (window.equals(Window.square(1, 1, Padding.NONE))) {
            parameters.put(operator.toString(), new Parameters(values, bias)); // [out, 1, 1, in] is [out, in]
            define(operator, new GraphOp.PointwiseConv2d(operator.toString(), in.name(), channels, out, 0, activation),
                    in.plane().withChannels(out));
            return;
        }
        // [out, y, x, in] to [out, in, y, x]
        float[] weight = new float[values.length];
        int area = height * width;
        for (int o = 0; o < out; o++) {
            for (int at = 0; at < area; at++) {
                for (int c = 0; c < channels; c++) {
                    weight[(o * channels + c) * area + at] = values[(o * area + at) * channels + c];
                }
            }
        }
        parameters.put(operator.toString(), new Parameters(weight, bias));
        define(operator, new GraphOp.Conv2d(operator.toString(), in.name(), channels, out, window, activation), window.out(in.plane(), out));
    }

    private void depthwise(Operator operator) throws TfliteException {
        Value in = paddable(operator);
        Tensor weights = weights(operator, 4);
        FlatTable options = options(operator);
        requireNoDilation(operator, options.int32(5, 1), options.int32(6, 1));
        int height = weights.shape().get(1);
        int width = weights.shape().get(2);
        int channels = weights.shape().get(3);
        // Old converters leave the multiplier 0; the shapes are what counts.
        if (weights.shape().get(0) != 1 || channels != in.plane().channels() || options.int32(3, 0) > 1) {
            throw refused(operator, "has weights " + weights.shape() + " and depth multiplier " + options.int32(3, 0) + " for "
                    + in.plane().channels()
                    + " channels; a depth multiplier of 1 is supported");
        }
        Window window = window(in, height, width, options.int32(2, 0), options.int32(1, 0), options.int8(0, 0));
        Activation activation = activation(operator, options.int8(4, 0));
        float[] values = dequantize(operator, weights);
        // [1, y, x, channels] to [channels, 1, y, x]
        float[] weight = new float[values.length];
        int area = height * width;
        for (int at = 0; at < area; at++) {
            for (int c = 0; c < channels; c++) {
                weight[c * area + at] = values[at * channels + c];
            }
        }
        parameters.put(operator.toString(), new Parameters(weight, bias(operator, channels)));
        define(operator, new GraphOp.DepthwiseConv2d(operator.toString(), in.name(), channels, window, activation), window.out(in.plane(),
                channels));
    }

    private void fullyConnected(Operator operator) throws TfliteException {
        Value in = computable(operator, 0);
        Tensor weights = weights(operator, 2);
        int out = weights.shape().get(0);
        int channels = weights.shape().get(1);
        FlatTable options = options(operator);
        if (options.int8(1, 0) != 0) {
            throw refused(operator, "has shuffled weights (format " + options.int8(1, 0) + "); the default format is supported");
        }
        if (in.plane().area() != 1 || in.plane().channels() != channels) {
            throw refused(operator, "has weights " + weights.shape() + " but reads a plane of " + in.plane()
                    + "; a 1x1 plane of as many channels is supported, so pool before it");
        }
        parameters.put(operator.toString(), new Parameters(dequantize(operator, weights), bias(operator, out)));
        define(operator, new GraphOp.PointwiseConv2d(operator.toString(), in.name(), channels, out, 0, activation(operator,
                options.int8(0, 0))),
                new Plane(1, 1, out));
    }

    private void add(Operator operator) throws TfliteException {
        Value left = computable(operator, 0);
        Value right = computable(operator, 1);
        Activation activation = activation(operator, operator.options() == null ? 0 : operator.options().int8(0, 0));
        if (!left.plane().equals(right.plane())) {
            throw refused(operator, "adds " + left.plane() + " and " + right.plane() + "; both must have the same shape");
        }
        define(operator, new GraphOp.Add(operator.toString(), left.name(), right.name(), activation), left.plane());
    }

    private void mean(Operator operator) throws TfliteException {
        Value in = computable(operator, 0);
        long[] axes = integers(operator, tensor(operator, 1));
        boolean[] averaged = new boolean[4];
        boolean known = model.tensors().get(operator.inputs().get(0)).shape().size() == 4;
        for (long axis : axes) {
            known &= axis >= -4 && axis < 4;
            if (known) {
                averaged[(int) Math.floorMod(axis, 4L)] = true;
            }
        }
        if (!known || averaged[0] || !averaged[1] || !averaged[2] || averaged[3]) {
            throw refused(operator, "averages over axes " + Arrays.toString(axes) + "; the whole plane, [1, 2], is supported");
        }
        pool(operator, in);
    }

    private void averagePool(Operator operator) throws TfliteException {
        Value in = computable(operator, 0);
        FlatTable options = options(operator);
        int strideX = options.int32(1, 0);
        int strideY = options.int32(2, 0);
        int width = options.int32(3, 0);
        int height = options.int32(4, 0);
        boolean valid = options.int8(0, 0) != 0;
        if (width != in.plane().width() || height != in.plane().height() || !valid && (strideX < width || strideY < height)) {
            throw refused(operator, "pools " + height + "x" + width + " of a plane of " + in.plane()
                    + "; pooling the whole plane to 1x1 is supported");
        }
        if (options.int8(5, 0) != 0) {
            throw refused(operator, "has activation " + options.int8(5, 0) + "; none is supported");
        }
        pool(operator, in);
    }

    private void pool(Operator operator, Value in) throws TfliteException {
        define(operator, new GraphOp.GlobalAveragePool(operator.toString(), in.name()), new Plane(1, 1, in.plane().channels()));
    }

    private void pad(Operator operator) throws TfliteException {
        Value in = computable(operator, 0);
        long[] sides = integers(operator, tensor(operator, 1));
        if (sides.length != 8 || Arrays.stream(sides).anyMatch(side -> side != (int) side) || sides[0] != 0 || sides[1] != 0 || sides[6] != 0 || sides[7] != 0) {
            throw refused(operator, "pads by " + Arrays.toString(sides) + "; [0, 0, top, bottom, left, right, 0, 0] is supported");
        }
        Padding pad = new Padding((int) sides[2], (int) sides[4], (int) sides[3], (int) sides[5]);
        define(operator, new Value(in.name(), in.plane(), pad, false));
    }

    /** An activation of its own joins the op before it. */
    private void activation(Operator operator, Activation activation) throws TfliteException {
        Value in = computable(operator, 0);
        GraphOp op = ops.get(in.name());
        if (op == null || op instanceof GraphOp.GlobalAveragePool || op.activation() != Activation.NONE
                || readers.get(origin(operator.inputs().get(0))) != 1) {
            throw refused(operator, "does not follow a convolution or ADD that has no activation, that nothing else reads and that is not the "
                    + "network's output; only there is it supported");
        }
        ops.put(op.name(), TopologyNames.withActivation(op, activation));
        define(operator, in);
    }

    private void reshape(Operator operator) throws TfliteException {
        Value in = value(operator, 0);
        Tensor out = output(operator);
        List<Integer> shape = out.shape();
        boolean same = shape.size() == 4 && shape.equals(List.of(1, in.plane().height(), in.plane().width(), in.plane().channels()));
        boolean flat = in.plane().area() == 1 && elements(operator, out) == in.plane().channels() && shape.contains(in.plane().channels());
        if (!in.pad().equals(Padding.NONE) || !same && !flat) {
            throw refused(operator, "makes " + shape + " of a plane of " + in.plane() + "; a 1x1 plane may be made flat and back");
        }
        values.put(out.index(), in);
    }

    private FlatTable options(Operator operator) throws TfliteException {
        if (operator.options() == null) {
            throw refused(operator, "has no options; the file is damaged, export the model again");
        }
        return operator.options();
    }

    private void requireNoDilation(Operator operator, int x, int y) throws TfliteException {
        if (x != 1 || y != 1) {
            throw refused(operator, "has dilation " + y + "x" + x + "; 1x1 is supported");
        }
    }

    private Value paddable(Operator operator) throws TfliteException {
        Value value = value(operator, 0);
        return value.pad().equals(Padding.NONE) ? computable(operator, 0) : value;
    }

    /** @param padding 0 SAME (of the plane as PAD leaves it), 1 VALID */
    private static Window window(Value in, int height, int width, int strideY, int strideX, int padding) {
        Padding pad = in.pad();
        if (padding != 0) {
            return new Window(height, width, strideY, strideX, pad);
        }
        int rows = in.plane().height() + pad.top() + pad.bottom();
        int columns = in.plane().width() + pad.left() + pad.right();
        new Window(height, width, strideY, strideX, Padding.NONE); // refuses a stride of 0
        Padding vertical = Padding.same(rows, columns, height, width, strideY);
        Padding horizontal = Padding.same(rows, columns, height, width, strideX);
        return new Window(height, width, strideY, strideX, new Padding(pad.top() + vertical.top(), pad.left() + horizontal.left(),
                pad.bottom() + vertical.bottom(), pad.right() + horizontal.right()));
    }

    /** @param code of the schema's ActivationFunctionType */
    private Activation activation(Operator operator, int code) throws TfliteException {
        return switch (code) {
            case 0 -> clampOfRange(output(operator));
            case 1 -> Activation.RELU;
            case 3 -> Activation.RELU6;
            case 2 -> throw refused(operator, "has activation RELU_N1_TO_1; none, RELU and RELU6 are supported");
            case 4 -> throw refused(operator, "has activation TANH; none, RELU and RELU6 are supported");
            default -> throw refused(operator, "has activation " + code + "; none, RELU and RELU6 are supported");
        };
    }

    /** What an 8-bit result cannot hold is clamped: below 0 where 0 is its lowest value. */
    private static Activation clampOfRange(Tensor result) {
        boolean signed = result.type() == ElementType.INT8;
        if (!signed && result.type() != ElementType.UINT8 || result.scaleCount() != 1 || result.zeroPoint(0) != (signed ? -128 : 0)) {
            return Activation.NONE;
        }
        return Math.abs(255 * result.scale(0) - 6) < 0.05 ? Activation.RELU6 : Activation.RELU;
    }

    private Tensor weights(Operator operator, int rank) throws TfliteException {
        Tensor weights = tensor(operator, 1);
        if (!weights.isConstant()) {
            throw refused(operator, "computes its weights, tensor " + weights.index() + "; constant weights are supported");
        }
        if (weights.shape().size() != rank || weights.shape().contains(0)) {
            throw refused(operator, "has weights of shape " + weights.shape() + "; " + rank + " dimensions above 0 are supported");
        }
        return weights;
    }

    private float[] bias(Operator operator, int channels) throws TfliteException {
        if (operator.inputs().size() < 3 || operator.inputs().get(2) < 0) {
            return new float[channels];
        }
        Tensor bias = tensor(operator, 2);
        if (!bias.isConstant() || elements(operator, bias) != channels) {
            throw refused(operator, "has a bias of shape " + bias.shape() + "; a constant of " + channels + " values is supported");
        }
        return dequantize(operator, bias);
    }

    /** The real numbers that a constant stands for: {@code (q - zero_point) * scale}, computed in double precision. */
    private float[] dequantize(Operator operator, Tensor tensor) throws TfliteException {
        if (tensor.type() == null || tensor.type() != ElementType.FLOAT32 && tensor.type() != ElementType.FLOAT16 && !tensor.isQuantized()) {
            throw refused(operator, "has tensor " + tensor.index() + " of " + type(tensor) + " with " + tensor.scaleCount()
                    + " scales; FLOAT32, FLOAT16 and quantized UINT8, INT8, INT32 and INT64 weights are supported");
        }
        int count = elements(operator, tensor); // the reader has compared it with the buffer
        // How many neighbours share an index of the quantized dimension.
        int run = 1;
        for (int dimension = tensor.quantizedDimension() + 1; dimension < tensor.shape().size() && tensor.scaleCount() > 1; dimension++) {
            run *= tensor.shape().get(dimension);
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            int scale = tensor.scaleCount() > 1 ? i / run % tensor.scaleCount() : 0;
            values[i] = switch (tensor.type()) {
                case FLOAT32 -> tensor.data().getFloat(4 * i);
                case FLOAT16 -> half(tensor.data().getShort(2 * i));
                case INT8 -> real(tensor, scale, tensor.data().get(i));
                case UINT8 -> real(tensor, scale, tensor.data().get(i) & 0xff);
                case INT32 -> real(tensor, scale, tensor.data().getInt(4 * i));
                case INT64 -> real(tensor, scale, tensor.data().getLong(8 * i));
            };
            if (!Float.isFinite(values[i])) {
                throw refused(operator, "has " + values[i] + " at " + i + " of tensor " + tensor.index()
                        + "; weights must be finite, export the model again");
            }
        }
        return values;
    }

    private static float real(Tensor tensor, int scale, long quantized) {
        return (float) ((double) (quantized - tensor.zeroPoint(scale)) * tensor.scale(scale));
    }

    /** IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        float magnitude = exponent == 0 ? Math.scalb((float) fraction, -24)
                : exponent == 0x1f ? fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN
                : Math.scalb((float) (1024 + fraction), exponent - 25);
        return bits < 0 ? -magnitude : magnitude;
    }

    private long[] integers(Operator operator, Tensor tensor) throws TfliteException {
        if (!tensor.isConstant() || tensor.type() != ElementType.INT32 && tensor.type() != ElementType.INT64) {
            throw refused(operator, "reads tensor " + tensor.index() + " of " + type(tensor)
                    + "; a constant of INT32 or INT64 is supported there");
        }
        long[] values = new long[elements(operator, tensor)];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.type() == ElementType.INT32 ? tensor.data().getInt(4 * i) : tensor.data().getLong(8 * i);
        }
        return values;
    }
}
