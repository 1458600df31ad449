package dev.lowpass.runtime.file;

import dev.lowpass.kernels.Half;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Collects tensors and metadata and writes them as one safetensors file. The same content gives the same bytes in whatever order
 * it was collected: tensors are sorted by falling element size, so that each is aligned to its own, then by name; metadata by key.
 * The arrays are read by {@link #write}, not copied before.
 */
public final class SafetensorsWriter {

    private static final int CHUNK_BYTES = 1 << 18;
    private static final int ALIGNMENT = 8;

    /** Puts a tensor's elements {@code [from, to)} into a buffer. */
    private interface Source {
        void put(ByteBuffer chunk, int from, int to);
    }

    private record Tensor(String name, Dtype dtype, List<Integer> shape, long bytes, Source source) {}

    /** Opens the temporary file; tests put a failing disk in its place. */
    interface Opener {
        WritableByteChannel open(Path temporary) throws IOException;
    }

    private final Map<String, Tensor> tensors = new TreeMap<>();
    private final Map<String, String> metadata = new TreeMap<>();

    /** Adds a text to {@code __metadata__}, replacing one under the same key. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /**
     * Adds a tensor of F32.
     *
     * @throws IllegalArgumentException when the name is taken or the shape does not have as many elements
     */
    public SafetensorsWriter floats(String name, List<Integer> shape, float[] values) {
        return add(name, Dtype.F32, shape, values.length, (chunk, from, to) -> chunk.asFloatBuffer().put(values, from, to - from));
    }

    /**
     * Adds a tensor of F16: each value is rounded to the nearest half, ties to even; from 65520 on to infinity.
     *
     * @throws IllegalArgumentException when the name is taken or the shape does not have as many elements
     */
    public SafetensorsWriter halves(String name, List<Integer> shape, float[] values) {
        return add(name, Dtype.F16, shape, values.length, (chunk, from, to) -> {
            for (int i = from; i < to; i++) {
                chunk.putShort((i - from) * Short.BYTES, Half.fromFloat(values[i]));
            }
        });
    }

    /**
     * Adds a tensor of I32.
     *
     * @throws IllegalArgumentException when the name is taken or the shape does not have as many elements
     */
    public SafetensorsWriter ints(String name, List<Integer> shape, int[] values) {
        return add(name, Dtype.I32, shape, values.length, (chunk, from, to) -> chunk.asIntBuffer().put(values, from, to - from));
    }

    /**
     * Adds a tensor of U8.
     *
     * @throws IllegalArgumentException when the name is taken or the shape does not have as many elements
     */
    public SafetensorsWriter bytes(String name, List<Integer> shape, byte[] values) {
        return add(name, Dtype.U8, shape, values.length, (chunk, from, to) -> chunk.put(0, values, from, to - from));
    }

    private SafetensorsWriter add(String name, Dtype dtype, List<Integer> shape, int elements, Source source) {
        if (name.equals(SafetensorsFile.METADATA)) {
            throw new IllegalArgumentException("a tensor is named \"" + name + "\", which safetensors reserves; choose another name");
        }
        long bytes = (long) elements * dtype.bits() / 8;
        if (shape.stream().anyMatch(size -> size < 0) || dtype.bytes(shape) != bytes) {
            throw new IllegalArgumentException("tensor \"" + name + "\" has shape " + shape + ", but " + elements + " values; they must agree");
        }
        if (tensors.putIfAbsent(name, new Tensor(name, dtype, List.copyOf(shape), bytes, source)) != null) {
            throw new IllegalArgumentException("two tensors are named \"" + name + "\"; names must be unique");
        }
        return this;
    }

    /**
     * The target is either what it was or the whole new file.
     *
     * @throws IOException when that fails; the target is as it was
     */
    public void write(Path target) throws IOException {
        write(target, temporary -> FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
    }

    void write(Path target, Opener opener) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(target)) {
            throw new IOException("cannot write " + target + ": it is a folder; give a file's name");
        }
        // A move would replace a device, such as a null device, by a file.
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new IOException("cannot write " + target + ": it is neither a file nor a folder; give a file's name");
        }
        if (!Files.exists(folder)) {
            throw new IOException("cannot write " + target + ": the folder " + folder + " does not exist; create it");
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException("cannot write " + target + ": " + folder + " is not a folder; give a path in a folder");
        }
        List<Tensor> sorted = new ArrayList<>(tensors.values());
        sorted.sort(Comparator.comparingInt((Tensor tensor) -> -tensor.dtype().bits())); // stable: names keep their order
        byte[] header = header(sorted);
        if (header.length > SafetensorsFile.MAX_HEADER_BYTES) {
            throw new IOException("cannot write " + target + ": its header would have " + header.length + " bytes, safetensors allows up to "
                    + SafetensorsFile.MAX_HEADER_BYTES + "; shorten the metadata or the names");
        }
        try {
            WholeFile.replace(target, part -> {
                try (WritableByteChannel channel = opener.open(part)) {
                    stream(channel, header, sorted);
                    if (channel instanceof FileChannel file) {
                        file.force(true); // or a power cut after the move could leave an empty target
                    }
                }
            });
        } catch (IOException e) {
            throw failure(target, folder, header, sorted, e);
        }
    }

    private static IOException failure(Path target, Path folder, byte[] header, List<Tensor> tensors, IOException cause) {
        if (cause instanceof AccessDeniedException) {
            return new IOException("cannot write " + target + ": access to the folder " + folder + " is denied; give this user the right to write there "
                    + "or choose another folder", cause);
        }
        if (cause instanceof NoSuchFileException) {
            return new IOException("cannot write " + target + ": the folder " + folder + " takes no files; choose another folder", cause);
        }
        if (cause instanceof ClosedByInterruptException) {
            return new IOException("cannot write " + target + ": the thread was interrupted; write it again", cause);
        }
        long bytes = Long.BYTES + header.length + tensors.stream().mapToLong(Tensor::bytes).sum();
        return new IOException("cannot write " + target + ", " + bytes + " bytes: " + Reason.of(cause) + "; make room or choose another folder", cause);
    }

    private byte[] header(List<Tensor> sorted) {
        String json = Json.write(generator -> {
            generator.writeStartObject();
            if (!metadata.isEmpty()) {
                generator.writeObjectFieldStart(SafetensorsFile.METADATA);
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    generator.writeStringField(entry.getKey(), entry.getValue());
                }
                generator.writeEndObject();
            }
            long begin = 0;
            for (Tensor tensor : sorted) {
                generator.writeObjectFieldStart(tensor.name());
                generator.writeStringField("dtype", tensor.dtype().name());
                generator.writeArrayFieldStart("shape");
                for (int size : tensor.shape()) {
                    generator.writeNumber(size);
                }
                generator.writeEndArray();
                generator.writeArrayFieldStart("data_offsets");
                generator.writeNumber(begin);
                generator.writeNumber(begin += tensor.bytes());
                generator.writeEndArray();
                generator.writeEndObject();
            }
            generator.writeEndObject();
        });
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(text, (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void stream(WritableByteChannel channel, byte[] header, List<Tensor> tensors) throws IOException {
        ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
        writeFully(channel, prefix.putLong(header.length).put(header).flip());
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (Tensor tensor : tensors) {
            int elementBytes = tensor.dtype().bits() / 8;
            long elements = tensor.bytes() / elementBytes;
            int perChunk = CHUNK_BYTES / elementBytes;
            for (long from = 0; from < elements; from += perChunk) {
                int count = (int) Math.min(perChunk, elements - from);
                chunk.clear();
                tensor.source().put(chunk, (int) from, (int) from + count);
                writeFully(channel, chunk.position(0).limit(count * elementBytes));
            }
        }
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
