package dev.lowpass.models.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Writes small TFLite files, sound or not, field by field. */
public final class TfliteBuilder {

    static final int FLOAT32 = 0;
    static final int FLOAT16 = 1;
    static final int INT32 = 2;
    static final int UINT8 = 3;
    static final int INT64 = 4;
    static final int INT8 = 9;

    static final int SAME = 0;
    static final int VALID = 1;
    static final int RELU = 1;
    static final int RELU6 = 3;

    /** A field of a table: its number, and what writes it. */
    private record Field(int number, Runnable write) {}

    private record TensorEntry(int[] shape, int type, byte[] data, float[] scales, long[] zeroPoints, int dimension) {}

    private record OperatorEntry(int code, int[] inputs, int[] outputs, int[] options, int[] optionBytes) {}

    private final FlatBufferBuilder fb = new FlatBufferBuilder(4096);
    private final List<TensorEntry> tensors = new ArrayList<>();
    private final List<OperatorEntry> operators = new ArrayList<>();
    private int repeats;

    /** An activation that is not quantized. */
    int activation(int... shape) {
        return add(new TensorEntry(shape, FLOAT32, new byte[0], new float[0], new long[0], 0));
    }

    int quantizedActivation(int type, float scale, long zeroPoint, int... shape) {
        return add(new TensorEntry(shape, type, new byte[0], new float[] {scale}, new long[] {zeroPoint}, 0));
    }

    int floats(int[] shape, float... values) {
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return add(new TensorEntry(shape, FLOAT32, data.array(), new float[0], new long[0], 0));
    }

    int ints(int[] shape, float[] scales, int... values) {
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asIntBuffer().put(values);
        return add(new TensorEntry(shape, INT32, data.array(), scales, new long[0], 0));
    }

    int constant(int type, int[] shape, float[] scales, long[] zeroPoints, int dimension, int... values) {
        byte[] data = new byte[values.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) values[i];
        }
        return add(new TensorEntry(shape, type, data, scales, zeroPoints, dimension));
    }

    private int add(TensorEntry tensor) {
        tensors.add(tensor);
        return tensors.size() - 1;
    }

    /**
     * @param options the fields of the options table from 0 on, or null for no table
     * @param optionBytes how wide each of them is, 1 or 4
     */
    void operator(int code, int[] inputs, int output, int[] options, int... optionBytes) {
        operators.add(new OperatorEntry(code, inputs, new int[] {output}, options, optionBytes));
    }

    void conv(int padding, int stride, int activation, int output, int... inputs) {
        operator(Operators.CONV_2D, inputs, output, new int[] {padding, stride, stride, activation, 1, 1}, 1, 4, 4, 1, 4, 4);
    }

    void depthwise(int padding, int stride, int multiplier, int activation, int output, int... inputs) {
        operator(Operators.DEPTHWISE_CONV_2D, inputs, output, new int[] {padding, stride, stride, multiplier, activation, 1, 1},
                1, 4, 4, 4, 1, 4, 4);
    }

    void plain(int code, int output, int... inputs) {
        operator(code, inputs, output, null);
    }

    private int table(int fields, List<Field> entries) {
        fb.startTable(fields);
        entries.forEach(entry -> {
            entry.write().run();
            fb.slot(entry.number());
        });
        return fb.endTable();
    }

    // The three-argument add methods leave out a default; these always write.
    private Field offset(int number, int offset) {
        return new Field(number, () -> fb.addOffset(offset));
    }

    private Field int32(int number, int value) {
        return new Field(number, () -> fb.addInt(value));
    }

    private Field int8(int number, int value) {
        return new Field(number, () -> fb.addByte((byte) value));
    }

    private int ints(int[] values) {
        fb.startVector(4, values.length, 4);
        for (int i = values.length - 1; i >= 0; i--) {
            fb.addInt(values[i]);
        }
        return fb.endVector();
    }

    private int offsets(List<Integer> offsets) {
        return fb.createVectorOfTables(offsets.stream().mapToInt(Integer::intValue).toArray());
    }

    private int quantization(TensorEntry tensor) {
        fb.startVector(4, tensor.scales().length, 4);
        for (int i = tensor.scales().length - 1; i >= 0; i--) {
            fb.addFloat(tensor.scales()[i]);
        }
        int scales = fb.endVector();
        fb.startVector(8, tensor.zeroPoints().length, 8);
        for (int i = tensor.zeroPoints().length - 1; i >= 0; i--) {
            fb.addLong(tensor.zeroPoints()[i]);
        }
        int zeroPoints = fb.endVector();
        return table(7, List.of(offset(2, scales), offset(3, zeroPoints), int32(6, tensor.dimension())));
    }

    /** Lets the file list its last operator so many times more, all of them one table. */
    void repeatLastOperator(int times) {
        repeats = times;
    }

    byte[] build(int input, int output) {
        List<Integer> codes = new ArrayList<>();
        List<Integer> codeTables = new ArrayList<>();
        List<Integer> operatorTables = new ArrayList<>();
        for (OperatorEntry operator : operators) {
            if (!codes.contains(operator.code())) {
                codes.add(operator.code());
                codeTables.add(table(4, List.of(int8(0, Math.min(operator.code(), 127)), int32(3, operator.code()))));
            }
            int inputs = ints(operator.inputs());
            int outputs = ints(operator.outputs());
            List<Field> fields = new ArrayList<>(List.of(int32(0, codes.indexOf(operator.code())), offset(1, inputs), offset(2, outputs)));
            if (operator.options() != null) {
                List<Field> options = new ArrayList<>();
                for (int i = 0; i < operator.options().length; i++) {
                    options.add(operator.optionBytes()[i] == 1 ? int8(i, operator.options()[i]) : int32(i, operator.options()[i]));
                }
                fields.add(offset(4, table(8, options)));
            }
            operatorTables.add(table(9, fields));
        }
        operatorTables.addAll(Collections.nCopies(repeats, operatorTables.isEmpty() ? 0 : operatorTables.get(operatorTables.size() - 1)));
        List<Integer> buffers = new ArrayList<>();
        List<Integer> tensorTables = new ArrayList<>();
        for (TensorEntry tensor : tensors) {
            List<Field> data = tensor.data().length == 0 ? List.of() : List.of(offset(0, fb.createByteVector(tensor.data())));
            buffers.add(table(3, data));
            List<Field> fields = new ArrayList<>(List.of(offset(0, ints(tensor.shape())), int8(1, tensor.type()), int32(2,
                    buffers.size() - 1)));
            if (tensor.scales().length > 0) {
                fields.add(offset(4, quantization(tensor)));
            }
            tensorTables.add(table(10, fields));
        }
        int subgraph = table(5, List.of(offset(0, offsets(tensorTables)), offset(1, ints(new int[] {input})),
                offset(2, ints(new int[] {output})), offset(3, offsets(operatorTables))));
        int model = table(8, List.of(int32(0, 3), offset(1, offsets(codeTables)), offset(2, offsets(List.of(subgraph))),
                offset(4, offsets(buffers))));
        fb.finish(model, "TFL3");
        return fb.sizedByteArray();
    }

    /** Values start, start + step, ...: each weight is known by its place. */
    static float[] ramp(int count, float start, float step) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = start + i * step;
        }
        return values;
    }

    static int[] shape(int... sides) {
        return sides;
    }

    /** SAME padding, float weights -1, -1 + 1/32, ... and biases 0, 1/2, ...; {@code side} is that of the plane it reads. */
    int convolution(int input, int in, int out, int side, int kernel, int stride, int activation) {
        int output = activation(1, side / stride, side / stride, out);
        conv(SAME, stride, activation, output, input,
                floats(shape(out, kernel, kernel, in), ramp(out * kernel * kernel * in, -1, 0.03125f)), floats(shape(out), ramp(out, 0,
                        0.5f)));
        return output;
    }

    /** 3x3, SAME padding, ReLU6, float weights -1, -1 + 1/16, ... */
    int depthwise3(int input, int channels, int side) {
        int output = activation(1, side, side, channels);
        depthwise(SAME, 1, 1, RELU6, output, input,
                floats(shape(1, 3, 3, channels), ramp(9 * channels, -1, 0.0625f)), floats(shape(channels), ramp(channels, 0, 0.25f)));
        return output;
    }

    /**
     * A float network with all that MobileNetV2 has, on 8x8: stem of stride 2, a block without expansion, a block with a residual, head,
     * mean, fully connected to 3 classes, softmax.
     */
    public static byte[] tinyInvertedResidual() {
        TfliteBuilder b = new TfliteBuilder();
        int input = b.activation(1, 8, 8, 3);
        int stem = b.convolution(input, 3, 4, 8, 3, 2, RELU6);
        int depthwise = b.depthwise3(stem, 4, 4);
        int first = b.convolution(depthwise, 4, 2, 4, 1, 1, 0);
        int expanded = b.convolution(first, 2, 6, 4, 1, 1, RELU6);
        int depthwise2 = b.depthwise3(expanded, 6, 4);
        int second = b.convolution(depthwise2, 6, 2, 4, 1, 1, 0);
        int sum = b.activation(1, 4, 4, 2);
        b.operator(Operators.ADD, new int[] {first, second}, sum, new int[] {0}, 1);
        int head = b.convolution(sum, 2, 5, 4, 1, 1, RELU6);
        int pooled = b.activation(1, 5);
        b.plain(Operators.MEAN, pooled, head, b.ints(shape(2), new float[0], 1, 2));
        int logits = b.activation(1, 3);
        b.operator(Operators.FULLY_CONNECTED, new int[] {pooled, b.floats(shape(3, 5), ramp(15, -1, 0.125f)), b.floats(shape(3), 1, 2, 3)},
                logits, new int[] {0, 0}, 1, 1);
        int probabilities = b.activation(1, 3);
        b.plain(Operators.SOFTMAX, probabilities, logits);
        return b.build(input, probabilities);
    }
}
