package dev.lowpass.models.tflite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a TFLite file that importing needs: the tensors and operators of its first subgraph.
 *
 * <p>Field numbers are those of TensorFlow Lite's public schema, where a field's number is its place in its table's declaration:
 *
 * <pre>
 * Model                   0 version, 1 operator_codes, 2 subgraphs, 4 buffers
 * OperatorCode            0 deprecated_builtin_code (int8), 1 custom_code, 3 builtin_code (int32)
 * SubGraph                0 tensors, 1 inputs, 2 outputs, 3 operators
 * Tensor                  0 shape, 1 type (int8), 2 buffer, 4 quantization
 * QuantizationParameters  2 scale (float), 3 zero_point (int64), 6 quantized_dimension
 * Operator                0 opcode_index, 1 inputs, 2 outputs, 4 builtin_options
 * Buffer                  0 data, 1 offset, 2 size (both uint64: data that lies outside the tables)
 * </pre>
 */
final class TfliteModel {

    private static final int SCHEMA_VERSION = 3;
    private static final int MAX_RANK = 8;
    private static final int MAX_OPERANDS = 1024;

    /** Element types by their number in the schema's TensorType; others have no part in a convolutional network. */
    enum ElementType {
        FLOAT32(0, 4),
        FLOAT16(1, 2),
        INT32(2, 4),
        UINT8(3, 1),
        INT64(4, 8),
        INT8(9, 1);

        final int code;
        final int bytes;

        ElementType(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }
    }

    /**
     * @param index its number in the subgraph
     * @param type null for a type that {@link ElementType} does not have
     * @param typeCode the type's number in the schema
     * @param data of a constant; empty for an activation
     * @param scales float32, one or one per index of the quantized dimension; empty for a tensor that is not quantized
     * @param zeroPoints int64, as many as scales, or empty for zeros
     */
    record Tensor(int index, List<Integer> shape, ElementType type, int typeCode, ByteBuffer data, ByteBuffer scales, ByteBuffer zeroPoints,
            int quantizedDimension) {

        boolean isConstant() {
            return data.hasRemaining();
        }

        boolean isQuantized() {
            return scales.hasRemaining();
        }

        int scaleCount() {
            return scales.remaining() / 4;
        }

        float scale(int i) {
            return scales.getFloat(4 * i);
        }

        long zeroPoint(int i) {
            return zeroPoints.hasRemaining() ? zeroPoints.getLong(8 * i) : 0;
        }
    }

    /**
     * @param index its number in the subgraph
     * @param code of {@link Operators}
     * @param name of the operator, for messages
     * @param inputs tensor numbers; -1 for an optional input that is absent
     * @param outputs tensor numbers
     * @param options null where the file gives none
     */
    record Operator(int index, int code, String name, List<Integer> inputs, List<Integer> outputs, FlatTable options) {
        @Override
        public String toString() {
            return "operator " + index + " " + name;
        }
    }

    /** An operator's number and name. */
    private record Code(int number, String name) {}

    private final List<Tensor> tensors;
    private final List<Operator> operators;
    private final List<Integer> inputs;
    private final List<Integer> outputs;

    private TfliteModel(List<Tensor> tensors, List<Operator> operators, List<Integer> inputs, List<Integer> outputs) {
        this.tensors = tensors;
        this.operators = operators;
        this.inputs = inputs;
        this.outputs = outputs;
    }

    /**
     * @param name of the file, for messages
     * @param bytes its content
     * @throws TfliteException when it is not a TFLite file or is damaged
     */
    static TfliteModel read(String name, byte[] bytes) throws IOException {
        if (bytes.length < 8 || bytes[4] != 'T' || bytes[5] != 'F' || bytes[6] != 'L' || bytes[7] != '3') {
            throw new TfliteException(name + ": is not a TFLite model (" + (bytes.length == 0 ? "it is empty" : bytes.length < 8
                    ? "it has only "
                    + bytes.length + " bytes" : "the identifier TFL3 is missing at byte 4") + "); give a .tflite file");
        }
        try {
            return read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        } catch (FlatTable.DamagedException e) {
            throw new TfliteException(name + ": is damaged or truncated (" + e.getMessage() + "); copy or download it again", e);
        }
    }

    private static TfliteModel read(ByteBuffer file) {
        FlatTable model = FlatTable.root(file);
        require(model.int32(0, 0) == SCHEMA_VERSION, "its schema version is " + model.int32(0, 0) + ", not " + SCHEMA_VERSION);
        List<Code> codes = new ArrayList<>();
        for (FlatTable entry : model.tables(1)) {
            codes.add(code(entry));
        }
        List<FlatTable> subgraphs = model.tables(2);
        require(!subgraphs.isEmpty(), "it has no subgraph");
        List<ByteBuffer> buffers = new ArrayList<>();
        for (FlatTable buffer : model.tables(4)) {
            buffers.add(buffer(file, buffer));
        }
        FlatTable subgraph = subgraphs.get(0);
        List<Tensor> tensors = new ArrayList<>();
        for (FlatTable table : subgraph.tables(0)) {
            tensors.add(tensor(tensors.size(), table, buffers));
        }
        List<Operator> operators = new ArrayList<>();
        for (FlatTable table : subgraph.tables(3)) {
            operators.add(operator(operators.size(), table, codes, tensors.size()));
        }
        List<Integer> inputs = subgraph.int32s(1, MAX_OPERANDS);
        List<Integer> outputs = subgraph.int32s(2, MAX_OPERANDS);
        for (int tensor : inputs) {
            requireTensor(tensor, 0, tensors.size(), "the subgraph's inputs");
        }
        for (int tensor : outputs) {
            requireTensor(tensor, 0, tensors.size(), "the subgraph's outputs");
        }
        return new TfliteModel(List.copyOf(tensors), List.copyOf(operators), inputs, outputs);
    }

    private static ByteBuffer buffer(ByteBuffer file, FlatTable buffer) {
        ByteBuffer data = buffer.data(0, 1);
        long offset = buffer.int64(1, 0);
        long size = buffer.int64(2, 0);
        if (offset <= 1 || size <= 0) { // 0 and 1 stand for data within the tables
            return data;
        }
        require(offset <= file.limit() && size <= file.limit() - offset, "a buffer of " + size + " bytes at " + offset
                + " leads out of the file's "
                + file.limit());
        return file.slice((int) offset, (int) size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Tensor tensor(int index, FlatTable table, List<ByteBuffer> buffers) {
        List<Integer> shape = table.int32s(0, MAX_RANK);
        int code = table.int8(1, 0);
        ElementType type = null;
        for (ElementType candidate : ElementType.values()) {
            if (candidate.code == code) {
                type = candidate;
            }
        }
        int buffer = table.int32(2, 0);
        require(buffer >= 0 && buffer < buffers.size(), "tensor " + index + " names buffer " + buffer + " of " + buffers.size());
        ByteBuffer none = ByteBuffer.allocate(0);
        FlatTable quantization = table.table(4);
        Tensor tensor = new Tensor(index, shape, type, code, buffers.get(buffer), quantization == null ? none : quantization.vector(2, 4),
                quantization == null ? none : quantization.vector(3, 8), quantization == null ? 0 : quantization.int32(6, 0));
        if (tensor.isConstant() && type != null) {
            long bytes = type.bytes;
            for (int side : shape) {
                require(side >= 0, "tensor " + index + " has shape " + shape);
                bytes = side == 0 ? 0 : bytes > Integer.MAX_VALUE ? bytes : bytes * side; // stays above the buffer's size once it is
            }
            require(bytes == tensor.data.remaining(), "tensor " + index + " of " + type + " " + shape + " takes " + bytes
                    + " bytes, but its buffer has "
                    + tensor.data.remaining());
        }
        int scales = tensor.scaleCount();
        boolean perIndex = tensor.quantizedDimension >= 0 && tensor.quantizedDimension < shape.size()
                && shape.get(tensor.quantizedDimension) == scales;
        require(scales <= 1 || perIndex, "tensor " + index + " " + shape + " has " + scales + " scales for dimension "
                + tensor.quantizedDimension);
        int zeroPoints = tensor.zeroPoints.remaining() / 8;
        require(scales == 0 || zeroPoints == 0 || zeroPoints == scales, "tensor " + index + " has " + scales + " scales but "
                + zeroPoints + " zero points");
        for (int i = 0; i < scales; i++) {
            require(tensor.scale(i) > 0 && tensor.scale(i) < Float.POSITIVE_INFINITY, "tensor " + index + " has scale " + tensor.scale(i));
            require(Math.abs(tensor.zeroPoint(i)) < 1L << 31, "tensor " + index + " has zero point " + tensor.zeroPoint(i));
        }
        return tensor;
    }

    private static Code code(FlatTable entry) {
        // Codes beyond 127 stand in the wider field only, older files' codes in the narrow one only.
        int number = Math.max(entry.int8(0, 0), entry.int32(3, 0));
        return new Code(number, number == Operators.CUSTOM ? "custom operator \"" + entry.text(1) + '"' : Operators.name(number));
    }

    private static Operator operator(int index, FlatTable table, List<Code> codes, int tensors) {
        int codeIndex = table.int32(0, 0);
        require(codeIndex >= 0 && codeIndex < codes.size(), "operator " + index + " names operator code " + codeIndex + " of "
                + codes.size());
        Code code = codes.get(codeIndex);
        List<Integer> inputs = table.int32s(1, MAX_OPERANDS);
        List<Integer> outputs = table.int32s(2, MAX_OPERANDS);
        for (int tensor : inputs) {
            requireTensor(tensor, -1, tensors, "operator " + index);
        }
        for (int tensor : outputs) {
            requireTensor(tensor, 0, tensors, "operator " + index);
        }
        return new Operator(index, code.number(), code.name(), inputs, outputs, table.table(4));
    }

    private static void requireTensor(int tensor, int least, int tensors, String where) {
        require(tensor >= least && tensor < tensors, where + " name tensor " + tensor + " of " + tensors);
    }

    private static void require(boolean sound, String damage) {
        if (!sound) {
            throw new FlatTable.DamagedException(damage);
        }
    }

    List<Tensor> tensors() {
        return tensors;
    }

    List<Operator> operators() {
        return operators;
    }

    List<Integer> inputs() {
        return inputs;
    }

    List<Integer> outputs() {
        return outputs;
    }
}
