package dev.lowpass.models.tflite;

import static dev.lowpass.models.tflite.TfliteBuilder.FLOAT16;
import static dev.lowpass.models.tflite.TfliteBuilder.INT64;
import static dev.lowpass.models.tflite.TfliteBuilder.INT8;
import static dev.lowpass.models.tflite.TfliteBuilder.RELU;
import static dev.lowpass.models.tflite.TfliteBuilder.RELU6;
import static dev.lowpass.models.tflite.TfliteBuilder.SAME;
import static dev.lowpass.models.tflite.TfliteBuilder.UINT8;
import static dev.lowpass.models.tflite.TfliteBuilder.VALID;
import static dev.lowpass.models.tflite.TfliteBuilder.ramp;
import static dev.lowpass.models.tflite.TfliteBuilder.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TfliteImporterTest {

    private static final String NOT_MERGED = "does not follow a convolution or ADD that has no activation, that nothing else reads and that is not "
            + "the network's output; only there is it supported";

    private final TfliteBuilder net = new TfliteBuilder();
    private final int input = net.activation(1, 4, 4, 3);

    private static ModelDefinition read(byte[] bytes) throws IOException {
        return TfliteImporter.read("net.tflite", bytes, new ArrayList<>());
    }

    private ModelDefinition read(int output) throws IOException {
        return read(net.build(input, output));
    }

    private static String refusal(byte[] bytes) {
        TfliteException e = assertThrows(TfliteException.class, () -> read(bytes));
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        return e.getMessage();
    }

    private void assertRefused(String message, int output) {
        assertEquals("net.tflite: " + message, refusal(net.build(input, output)));
    }

    private static List<String> names(ModelDefinition model) {
        return model.graph().ops().stream().map(GraphOp::name).toList();
    }

    @Test
    void invertedResidualNetwork() throws IOException {
        ModelDefinition model = read(TfliteBuilder.tinyInvertedResidual());
        assertEquals(List.of(
                new GraphOp.Conv2d("stem", "input", 3, 4, new Window(3, 3, 2, 2, new Padding(0, 0, 1, 1)), Activation.RELU6),
                new GraphOp.DepthwiseConv2d("block1.depthwise", "stem", 4, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("block1.project", "block1.depthwise", 4, 2, 0, Activation.NONE),
                new GraphOp.PointwiseConv2d("block2.expand", "block1.project", 2, 6, 0, Activation.RELU6),
                new GraphOp.DepthwiseConv2d("block2.depthwise", "block2.expand", 6, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("block2.project", "block2.depthwise", 6, 2, 0, Activation.NONE),
                new GraphOp.Add("block2.add", "block1.project", "block2.project", Activation.NONE),
                new GraphOp.PointwiseConv2d("head", "block2.add", 2, 5, 0, Activation.RELU6),
                new GraphOp.GlobalAveragePool("pool", "head"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 5, 3, 0, Activation.NONE)), model.graph().ops());
        assertEquals(3, model.classes());
        assertEquals(Preprocess.tensorflow(new Plane(8, 8, 3)), model.preprocess());
        // [out, y, x, in] to [out, in, y, x], at (o, y, x, c) = (2, 1, 2, 1).
        float[] stem = model.parameters().get("stem").weight();
        assertEquals(4 * 27, stem.length);
        assertEquals(-1 + (((2 * 3 + 1) * 3 + 2) * 3 + 1) / 32f, stem[((2 * 3 + 1) * 3 + 1) * 3 + 2]);
        // [1, y, x, c] to [c, 1, y, x], at (y, x, c) = (1, 2, 3).
        assertEquals(-1 + ((1 * 3 + 2) * 4 + 3) / 16f, model.parameters().get("block1.depthwise").weight()[(3 * 3 + 1) * 3 + 2]);
        // [out, 1, 1, in] is [out, in].
        assertArrayEquals(ramp(12, -1, 0.03125f), model.parameters().get("block2.expand").weight());
        assertArrayEquals(ramp(15, -1, 0.125f), model.parameters().get("classifier").weight());
        assertArrayEquals(new float[] {1, 2, 3}, model.parameters().get("classifier").bias());
        assertEquals(8, model.parameters().size());
    }

    @Test
    void otherTopologiesAreNamedByKindAndPlace() throws IOException {
        int first = net.convolution(input, 3, 3, 4, 3, 1, RELU);
        int second = net.convolution(first, 3, 3, 4, 1, 1, 0);
        int sum = net.activation(1, 4, 4, 3);
        net.operator(Operators.ADD, new int[] {input, second}, sum, new int[] {RELU}, 1);
        ModelDefinition model = read(sum);
        assertEquals(List.of("conv_1", "pointwise_2", "add_3"), names(model));
        assertEquals(new GraphOp.Add("add_3", "input", "pointwise_2", Activation.RELU), model.graph().output());
    }

    @Test
    void separableBlocksWithActivationsArePointwise() throws IOException {
        int stem = net.convolution(input, 3, 2, 4, 3, 1, RELU6);
        int depthwise = net.depthwise3(stem, 2, 4);
        int pointwise = net.convolution(depthwise, 2, 4, 4, 1, 1, RELU6);
        int pooled = net.activation(1, 1, 1, 4);
        net.operator(Operators.AVERAGE_POOL_2D, new int[] {pointwise}, pooled, new int[] {VALID, 2, 2, 4, 4, 0}, 1, 4, 4, 4, 4, 1);
        int logits = net.convolution(pooled, 4, 6, 1, 1, 1, 0);
        int squeezed = net.activation(1, 6);
        net.plain(Operators.SQUEEZE, squeezed, logits);
        ModelDefinition model = read(squeezed);
        assertEquals(List.of("stem", "block1.depthwise", "block1.pointwise", "pool", "classifier"), names(model));
        assertEquals(6, model.classes());
    }

    @Test
    void quantizedWeightsPerChannelAndPerTensor() throws IOException {
        TfliteBuilder b = new TfliteBuilder();
        int pixels = b.quantizedActivation(UINT8, 1 / 64f, 100, 1, 4, 4, 3);
        int signed = b.quantizedActivation(INT8, 1 / 64f, -28, 1, 4, 4, 3);
        b.plain(Operators.QUANTIZE, signed, pixels);
        // Two output channels with scales 0.5 and 2 and zero points 0 and 1; biases by scales of their own.
        int hidden = b.quantizedActivation(INT8, 0.1f, 3, 1, 4, 4, 2);
        b.conv(VALID, 1, RELU6, hidden, signed,
                b.constant(INT8, shape(2, 1, 1, 3), new float[] {0.5f, 2}, new long[] {0, 1}, 0, -128, 1, 127, 1, -1, 5),
                b.ints(shape(2), new float[] {0.25f, 0.125f}, 1000, -8));
        // Depthwise: scales along the last dimension; no bias.
        int depthwise = b.quantizedActivation(INT8, 0.1f, 3, 1, 3, 4, 2);
        b.depthwise(VALID, 1, 1, 0, depthwise, hidden,
                b.constant(INT8, shape(1, 2, 1, 2), new float[] {1, 10}, new long[] {0, 0}, 3, 1, 2, 3, 4), -1);
        // Per tensor, unsigned.
        int out = b.quantizedActivation(UINT8, 0.1f, 3, 1, 3, 4, 1);
        b.conv(VALID, 1, 0, out, depthwise, b.constant(UINT8, shape(1, 1, 1, 2), new float[] {0.5f}, new long[] {128}, 0, 0, 255));
        ModelDefinition model = read(b.build(pixels, out));
        assertArrayEquals(new float[] {-64, 0.5f, 63.5f, 0, -4, 8}, model.parameters().get("pointwise_1").weight());
        assertArrayEquals(new float[] {250, -1}, model.parameters().get("pointwise_1").bias());
        assertArrayEquals(new float[] {1, 3, 20, 40}, model.parameters().get("depthwise_2").weight()); // (c, y)
        assertArrayEquals(new float[] {0, 0}, model.parameters().get("depthwise_2").bias());
        assertArrayEquals(new float[] {-64, 63.5f}, model.parameters().get("pointwise_3").weight());
        // real = (pixel - 100) / 64
        assertEquals(List.of(100f, 100f, 100f), model.preprocess().mean());
        assertEquals(List.of(64f, 64f, 64f), model.preprocess().std());
    }

    /** What [-1, 1] on 8 bits looks like, signed or not, is TensorFlow's usual pre-processing; other grids are taken at their word. */
    @ParameterizedTest
    @CsvSource({"3, 0.007843138, 127, 127.5, 127.5", "3, 0.007843138, 128, 127.5, 127.5", "9, 0.007843138, -1, 127.5, 127.5",
        "9, 0.007843138, 0, 127.5, 127.5", "3, 0.0078125, 128, 128, 128", "9, 1, -128, 0, 1", "3, 0.00390625, 0, 0, 256"})
    void inputQuantization(int type, float scale, int zeroPoint, float mean, float std) throws IOException {
        int pixels = net.quantizedActivation(type, scale, zeroPoint, 1, 4, 4, 3);
        int out = net.convolution(pixels, 3, 2, 4, 3, 1, 0);
        List<String> notes = new ArrayList<>();
        Preprocess preprocess = TfliteImporter.read("net.tflite", net.build(pixels, out), notes).preprocess();
        assertEquals(List.of(), notes);
        assertEquals(mean, preprocess.mean().get(0));
        assertEquals(std, preprocess.std().get(2));
    }

    /** A range of [0, 6] clamps as ReLU6 does, [0, 3] below only, [-1, 5] not at all. */
    @ParameterizedTest
    @CsvSource({"9, 0.0235294122, -128, RELU6", "3, 0.0235294122, 0, RELU6", "9, 0.0117, -128, RELU", "9, 0.0235294122, -85, NONE"})
    void rangeOfTheResultIsAnActivation(int type, float scale, int zeroPoint, Activation expected) throws IOException {
        int out = net.quantizedActivation(type, scale, zeroPoint, 1, 4, 4, 1);
        net.conv(VALID, 1, 0, out, input, net.floats(shape(1, 1, 1, 3), 1, 2, 3));
        assertEquals(expected, read(out).graph().output().activation());
    }

    @Test
    void halfPrecisionWeightsBehindDequantize() throws IOException {
        // binary16, low byte first: 1 = 3c00, -2 = c000, the smallest subnormal 2^-24 = 0001
        int halves = net.constant(FLOAT16, shape(1, 1, 1, 3), new float[0], new long[0], 0, 0, 0x3c, 0, 0xc0, 1, 0);
        int weights = net.activation(1, 1, 1, 3);
        net.plain(Operators.DEQUANTIZE, weights, halves);
        int out = net.activation(1, 4, 4, 1);
        net.conv(SAME, 1, 0, out, input, weights);
        assertArrayEquals(new float[] {1, -2, 0x1p-24f}, read(out).parameters().get("pointwise_1").weight());
    }

    @Test
    void padJoinsTheConvolution() throws IOException {
        int padded = net.activation(1, 6, 5, 3);
        net.plain(Operators.PAD, padded, input, net.ints(shape(4, 2), new float[0], 0, 0, 1, 1, 0, 1, 0, 0));
        int out = net.activation(1, 2, 2, 1);
        net.conv(VALID, 2, 0, out, padded, net.floats(shape(1, 3, 3, 3), ramp(27, 0, 1)));
        GraphOp.Conv2d conv = (GraphOp.Conv2d) read(out).graph().output();
        assertEquals(new Window(3, 3, 2, 2, new Padding(1, 0, 1, 1)), conv.window());
    }

    @Test
    void padBeyondAnIntIsRefused() {
        int[] sides = new int[64]; // INT64, low byte first
        sides[16] = 1;
        sides[20] = 1;
        int padded = net.activation(1, 5, 4, 3);
        net.plain(Operators.PAD, padded, input, net.constant(INT64, shape(4, 2), new float[0], new long[0], 0, sides));
        assertRefused("operator 0 PAD pads by [0, 0, 4294967297, 0, 0, 0, 0, 0]; [0, 0, top, bottom, left, right, 0, 0] is supported", padded);
    }

    @Test
    void separateActivationJoinsTheConvolution() throws IOException {
        int linear = net.convolution(input, 3, 2, 4, 3, 1, 0);
        int out = net.activation(1, 4, 4, 2);
        net.plain(Operators.RELU6, out, linear);
        assertEquals(Activation.RELU6, read(out).graph().output().activation());
    }

    @Test
    void activationOfWhatIsReadElsewhereIsRefused() {
        int linear = net.convolution(input, 3, 2, 4, 3, 1, 0);
        assertRefused("operator 1 RELU6 " + NOT_MERGED, sumWithClamped(Operators.RELU6, linear, linear));
    }

    /** What is added to its own clamped values, which are computed from it under a number of its own or another. */
    private int sumWithClamped(int code, int linear, int same) {
        int clamped = net.activation(1, 4, 4, 2);
        net.plain(code, clamped, same);
        int sum = net.activation(1, 4, 4, 2);
        net.operator(Operators.ADD, new int[] {linear, clamped}, sum, new int[] {0}, 1);
        return sum;
    }

    /** The same where one of them reads it under another tensor's number. */
    @ParameterizedTest
    @ValueSource(ints = {Operators.RESHAPE, Operators.SQUEEZE, Operators.QUANTIZE})
    void activationOfWhatIsReadUnderAnotherNumberIsRefused(int code) {
        int linear = net.convolution(input, 3, 2, 4, 3, 1, 0);
        int same = net.activation(1, 4, 4, 2);
        net.plain(code, same, linear);
        assertRefused("operator 2 RELU " + NOT_MERGED, sumWithClamped(Operators.RELU, linear, same));
    }

    @Test
    void activationBehindAReshapeJoinsTheConvolution() throws IOException {
        int linear = net.convolution(input, 3, 2, 4, 3, 1, 0);
        int same = net.activation(1, 4, 4, 2);
        net.plain(Operators.RESHAPE, same, linear);
        int out = net.activation(1, 4, 4, 2);
        net.plain(Operators.RELU, out, same);
        assertEquals(Activation.RELU, read(out).graph().output().activation());
    }

    @Test
    void activationOfTheOutputIsRefused() {
        int linear = net.convolution(input, 3, 2, 4, 3, 1, 0);
        net.plain(Operators.RELU, net.activation(1, 4, 4, 2), linear);
        assertRefused("operator 1 RELU " + NOT_MERGED, linear);
        int same = net.activation(1, 4, 4, 2);
        net.plain(Operators.DEQUANTIZE, same, linear);
        assertRefused("operator 1 RELU " + NOT_MERGED, same);
    }

    @Test
    void unsupportedOperatorsAreNamed() {
        int hidden = net.convolution(input, 3, 2, 4, 3, 1, 0);
        int out = net.activation(1, 4, 4, 2);
        net.plain(117, out, hidden);
        assertRefused("operator 1 HARD_SWISH is not supported; CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD, MEAN, AVERAGE_POOL_2D, PAD, "
                + "RELU, RELU6, RESHAPE, SQUEEZE, SOFTMAX, QUANTIZE and DEQUANTIZE are supported", out);
    }

    @Test
    void operatorsBeyondTheNamedAreNumbered() {
        int out = net.activation(1, 4, 4, 3);
        net.plain(150, out, input);
        assertTrue(refusal(net.build(input, out)).startsWith("net.tflite: operator 0 with builtin code 150 is not supported; "));
    }

    @Test
    void dilationIsRefused() {
        int out = net.activation(1, 4, 4, 1);
        net.operator(Operators.CONV_2D, new int[] {input, net.floats(shape(1, 1, 1, 3), 1, 2, 3)}, out, new int[] {SAME, 1, 1, 0, 2, 3},
                1, 4, 4, 1, 4, 4);
        assertRefused("operator 0 CONV_2D has dilation 3x2; 1x1 is supported", out);
    }

    @Test
    void otherActivationsAreRefused() {
        assertRefused("operator 0 CONV_2D has activation TANH; none, RELU and RELU6 are supported", net.convolution(input, 3, 2, 4, 1, 1, 4));
    }

    @Test
    void depthMultiplierIsRefused() {
        int out = net.activation(1, 4, 4, 6);
        net.depthwise(SAME, 1, 2, 0, out, input, net.floats(shape(1, 3, 3, 6), ramp(54, 0, 1)));
        assertRefused("operator 0 DEPTHWISE_CONV_2D has weights [1, 3, 3, 6] and depth multiplier 2 for 3 channels; a depth multiplier of 1 is "
                + "supported", out);
    }

    @Test
    void groupsAreRefused() {
        int out = net.activation(1, 4, 4, 2);
        net.conv(SAME, 1, 0, out, input, net.floats(shape(2, 1, 1, 1), 1, 2));
        assertRefused("operator 0 CONV_2D has weights for 1 channels, but reads 3; grouped convolutions are not supported besides depthwise", out);
    }

    @Test
    void meanOfRowsIsRefused() {
        int out = net.activation(1, 4, 3);
        net.plain(Operators.MEAN, out, input, net.ints(shape(1), new float[0], 1));
        assertRefused("operator 0 MEAN averages over axes [1]; the whole plane, [1, 2], is supported", out);
    }

    @Test
    void flatteningAPlaneIsRefused() {
        int out = net.activation(1, 48);
        net.plain(Operators.RESHAPE, out, input);
        assertRefused("operator 0 RESHAPE makes [1, 48] of a plane of 4x4x3; a 1x1 plane may be made flat and back", out);
    }

    @Test
    void addingAConstantIsRefused() {
        int out = net.activation(1, 4, 4, 3);
        int constant = net.floats(shape(1, 4, 4, 3), ramp(48, 0, 1));
        net.operator(Operators.ADD, new int[] {input, constant}, out, new int[] {0}, 1);
        assertRefused("operator 0 ADD computes with the constant tensor 2 as its input 1; an activation is supported there, so fold constants "
                + "before exporting", out);
    }

    @Test
    void computingWithProbabilitiesIsRefused() {
        int pooled = net.activation(1, 1, 1, 3);
        net.plain(Operators.MEAN, pooled, input, net.ints(shape(2), new float[0], -3, -2));
        int probabilities = net.activation(1, 1, 1, 3);
        net.plain(Operators.SOFTMAX, probabilities, pooled);
        assertRefused("operator 2 CONV_2D computes with what SOFTMAX gives; SOFTMAX is supported at the end only",
                net.convolution(probabilities, 3, 2, 1, 1, 1, 0));
    }

    /** A beta of 0 stands for one that is not set. */
    @ParameterizedTest
    @CsvSource({"1, true", "0, true", "0.1, false", "2, false", "-1, false", "NaN, false"})
    void softmaxOfScaledLogitsIsRefused(float beta, boolean supported) throws IOException {
        int pooled = net.activation(1, 3);
        net.plain(Operators.MEAN, pooled, input, net.ints(shape(2), new float[0], 1, 2));
        int probabilities = net.activation(1, 3);
        net.operator(Operators.SOFTMAX, new int[] {pooled}, probabilities, new int[] {Float.floatToIntBits(beta)}, 4);
        if (supported) {
            assertEquals(List.of("pool_1"), names(read(probabilities)));
        } else {
            assertRefused("operator 1 SOFTMAX has beta " + beta + ", a factor on the logits; 1 is supported, so export the model with weights and "
                    + "bias of the layer before it multiplied by beta", probabilities);
        }
    }

    /** Products beyond 64 and 32 bits, and negative sides. */
    @ParameterizedTest
    @ValueSource(strings = {"1073741824 1073741824 1073741824 1073741824 2", "65536 65536", "-1 -1 16"})
    void shapesThatNoTensorHasAreRefused(String sides) {
        int[] shape = Arrays.stream(sides.split(" ")).mapToInt(Integer::parseInt).toArray();
        int out = net.activation(shape);
        net.conv(SAME, 1, 0, out, input, net.floats(shape(1, 1, 1, 3), 1, 2, 3));
        assertRefused("operator 0 CONV_2D has tensor 1 of shape [" + sides.replace(" ", ", ") + "], which is damaged: sides are at least 0 and "
                + "their product at most 2147483647; copy or download the file again, or export the model again", out);
    }

    @Test
    void shapesThatContradictTheOperatorAreRefused() {
        int out = net.activation(1, 5, 4, 1);
        net.conv(SAME, 1, 0, out, input, net.floats(shape(1, 1, 1, 3), 1, 2, 3));
        assertRefused("operator 0 CONV_2D gives 4x4x1, but its result, tensor 1, has shape [1, 5, 4, 1]; the file is damaged or for another batch, "
                + "export the model again for a batch of 1", out);
    }

    @Test
    void weightsThatAreNotFiniteAreRefused() {
        int out = net.activation(1, 4, 4, 1);
        net.conv(SAME, 1, 0, out, input, net.floats(shape(1, 1, 1, 3), 1, Float.NaN, 3));
        assertRefused("operator 0 CONV_2D has NaN at 1 of tensor 2; weights must be finite, export the model again", out);
    }

    @Test
    void inputsOtherThanOneRgbImageAreRefused() {
        int grey = net.activation(1, 4, 4, 1);
        assertEquals("net.tflite: its input has shape [1, 4, 4, 1]; [1, height, width, 3] is supported, so export it for one RGB image",
                refusal(net.build(grey, grey)));
        int huge = net.activation(1, 65536, 65536, 3);
        assertEquals("net.tflite: its input has shape [1, 65536, 65536, 3], more than 2147483647 elements; export it for a smaller image",
                refusal(net.build(huge, huge)));
    }

    @Test
    void constantsOfAnotherSizeThanTheirShapeAreDamage() {
        int out = net.activation(1, 4, 4, 1);
        net.conv(SAME, 1, 0, out, input, net.floats(shape(1, 1, 1, 3), 1, 2));
        assertRefused("is damaged or truncated (tensor 2 of FLOAT32 [1, 1, 1, 3] takes 12 bytes, but its buffer has 8); copy or download it again", out);
    }

    /** 2,000 operators that are one table of 1,024 operands: 8 MB of operands in a file of 13 KB. */
    @Test
    void tablesThatOverlapAreDamage() {
        net.operator(Operators.CUSTOM, new int[1024], input, null);
        net.repeatLastOperator(1999);
        byte[] file = net.build(input, input);
        assertTrue(file.length < 20_000, file.length + " bytes");
        assertEquals("net.tflite: is damaged or truncated (its tables and vectors overlap: together they have more than " + 4 * file.length
                + " bytes, 4 times the file's); copy or download it again", refusal(file));
    }

    @Test
    void whatIsNoTfliteFileIsRefused() {
        assertEquals("net.tflite: is not a TFLite model (it is empty); give a .tflite file", refusal(new byte[0]));
        assertEquals("net.tflite: is not a TFLite model (it has only 3 bytes); give a .tflite file", refusal(new byte[3]));
        assertEquals("net.tflite: is not a TFLite model (the identifier TFL3 is missing at byte 4); give a .tflite file",
                refusal(new byte[100]));
        String message = refusal(Arrays.copyOf(TfliteBuilder.tinyInvertedResidual(), 8));
        assertTrue(message.matches("net\\.tflite: is damaged or truncated \\(a table would take 4 bytes from \\d+ on, but the file has 8\\); "
                + "copy or download it again"), message);
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] whole = TfliteBuilder.tinyInvertedResidual();
        for (int length = 0; length < whole.length - 8; length++) { // the builder writes backwards: its end may be padding
            byte[] part = Arrays.copyOf(whole, length);
            TfliteException e = assertThrows(TfliteException.class, () -> read(part), length + " of " + whole.length + " bytes");
            assertTrue(e.getMessage().startsWith("net.tflite: ") && !e.getMessage().contains("\n"), e.getMessage());
        }
    }

    /** Damage gives a model or a TfliteException of one line, never another exception, and never memory beyond reason. */
    @Test
    void damageNeverEscapesAsAnotherException() throws IOException {
        byte[] whole = TfliteBuilder.tinyInvertedResidual();
        Random random = new Random(2024);
        int rounds = 6_000;
        int refused = 0;
        for (int round = 0; round < rounds; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i <= round % 3; i++) {
                int at = random.nextInt(damaged.length);
                damaged[at] = switch (random.nextInt(4)) {
                    case 0 -> (byte) 0xff;
                    case 1 -> (byte) 0x80;
                    case 2 -> (byte) (damaged[at] ^ 1 << random.nextInt(8));
                    default -> (byte) random.nextInt(256);
                };
            }
            try {
                read(damaged);
            } catch (TfliteException e) {
                refused++;
                assertFalse(e.getMessage().contains("\n"), e.getMessage());
            }
        }
        // Much of the file is weights and unused fields, in which damage cannot be seen.
        assertTrue(refused > rounds / 5, refused + " of " + rounds + " refused");
    }
}
