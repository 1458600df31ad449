package dev.lowpass.runtime.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A safetensors file put together byte by byte, without the writer under test: the header is not padded, tensors in any order. */
final class HandMadeFile {

    record Tensor(String dtype, List<Integer> shape, byte[] data) {}

    final Map<String, String> metadata = new LinkedHashMap<>();
    final Map<String, Tensor> tensors = new LinkedHashMap<>();

    HandMadeFile floats(String name, List<Integer> shape, float... values) {
        ByteBuffer data = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            data.putFloat(value);
        }
        tensors.put(name, new Tensor("F32", shape, data.array()));
        return this;
    }

    HandMadeFile ints(String name, List<Integer> shape, int... values) {
        ByteBuffer data = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            data.putInt(value);
        }
        tensors.put(name, new Tensor("I32", shape, data.array()));
        return this;
    }

    HandMadeFile bytes(String name, List<Integer> shape, byte... values) {
        tensors.put(name, new Tensor("U8", shape, values));
        return this;
    }

    byte[] assemble() {
        StringBuilder header = new StringBuilder("{\"__metadata__\":{");
        String comma = "";
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            header.append(comma).append(quote(entry.getKey())).append(':').append(quote(entry.getValue()));
            comma = ",";
        }
        header.append('}');
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            header.append(',').append(quote(entry.getKey())).append(":{\"dtype\":\"").append(tensor.dtype()).append("\",\"shape\":")
                    .append(tensor.shape().toString().replace(" ", "")).append(",\"data_offsets\":[").append(data.size()).append(',');
            data.writeBytes(tensor.data());
            header.append(data.size()).append("]}");
        }
        return file(header.append('}').toString(), data.toByteArray());
    }

    Path write(Path path) {
        return write(path, assemble());
    }

    static Path write(Path path, byte[] bytes) {
        try {
            Files.deleteIfExists(path); // an earlier file of the same name may still be mapped
            return Files.write(path, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Length, header and data, whatever they hold. */
    static byte[] file(String header, byte... data) {
        return file(header.getBytes(StandardCharsets.UTF_8), data);
    }

    static byte[] file(byte[] header, byte... data) {
        return ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).put(data).array();
    }

    private static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
