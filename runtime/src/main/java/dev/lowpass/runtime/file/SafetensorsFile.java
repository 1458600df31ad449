package dev.lowpass.runtime.file;

import dev.lowpass.kernels.Half;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A safetensors file, memory-mapped or in memory: 8 bytes of little-endian header length, the header (a JSON object of tensor name to dtype,
 * shape and offsets, and {@code __metadata__}), then the tensors' bytes, row-major and little-endian, without gaps.
 *
 * <p>{@link #open} checks all of that before it returns. Immutable and thread-safe; the mapping goes with the object, so there is
 * nothing to close. The file may be replaced meanwhile (a new file moved to its name), but not be overwritten in place.
 */
public final class SafetensorsFile {

    /** The longest header that safetensors allows, in bytes. */
    public static final long MAX_HEADER_BYTES = 100_000_000;

    static final String METADATA = "__metadata__";
    private static final int PREFIX_BYTES = 8;

    private record Tensor(Dtype dtype, List<Integer> shape, long begin, long end) {}

    private final Path path;
    private final Map<String, Tensor> tensors;
    private final Map<String, ByteBuffer> data;
    private final Map<String, String> metadata;

    private SafetensorsFile(Path path, Map<String, Tensor> tensors, Map<String, ByteBuffer> data, Map<String, String> metadata) {
        this.path = path;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.data = data;
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Maps the file and checks its header.
     *
     * @throws ModelFormatException when it cannot be read or breaks a rule of safetensors
     */
    public static SafetensorsFile open(Path path) throws ModelFormatException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                throw new ModelFormatException(path + ": is a folder; give a .safetensors file");
            }
            // Opening a pipe would wait for its writer.
            if (!attributes.isRegularFile()) {
                throw new ModelFormatException(path + ": is neither a file nor a folder; give a .safetensors file");
            }
            if (path.getFileSystem() != FileSystems.getDefault()) {
                return of(path, Files.readAllBytes(path)); // in a zip archive, for one: nothing to map
            }
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                return read(path, new Mapped(path, channel));
            }
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /**
     * The same for a file that is in memory.
     *
     * @param path names it in refusals
     * @param bytes the whole file; do not change it afterwards
     */
    public static SafetensorsFile of(Path path, byte[] bytes) throws ModelFormatException {
        try {
            return read(path, new InMemory(ByteBuffer.wrap(bytes).asReadOnlyBuffer()));
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Where the bytes are. */
    private interface Source {
        long size() throws IOException;

        /** Bytes that are soon read once. */
        ByteBuffer read(long position, int length) throws IOException;

        /** Bytes that are kept. */
        ByteBuffer keep(long position, int length) throws IOException;
    }

    private record InMemory(ByteBuffer bytes) implements Source {
        @Override
        public long size() {
            return bytes.capacity();
        }

        @Override
        public ByteBuffer read(long position, int length) {
            return keep(position, length);
        }

        @Override
        public ByteBuffer keep(long position, int length) {
            return bytes.slice((int) position, length);
        }
    }

    private static final class Mapped implements Source {
        private final Path path;
        private final FileChannel channel;
        /** The whole file; null for one that is longer than a buffer can be. */
        private final ByteBuffer whole;

        Mapped(Path path, FileChannel channel) throws IOException {
            this.path = path;
            this.channel = channel;
            whole = channel.size() <= Integer.MAX_VALUE ? channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()) : null;
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public ByteBuffer read(long position, int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, position + bytes.position()) < 0) {
                    throw new ModelFormatException(path + ": became shorter while it was read; read it again when it is complete");
                }
            }
            return bytes.flip();
        }

        @Override
        public ByteBuffer keep(long position, int length) throws IOException {
            return whole == null ? channel.map(FileChannel.MapMode.READ_ONLY, position, length) : whole.slice((int) position, length);
        }
    }

    static ModelFormatException unreadable(Path path, IOException cause) {
        if (cause instanceof NoSuchFileException) {
            return new ModelFormatException(path + ": does not exist; check the path", cause);
        }
        if (cause instanceof AccessDeniedException) {
            return new ModelFormatException(path + ": access denied; give this user the right to read the file", cause);
        }
        if (cause instanceof ClosedByInterruptException) {
            return new ModelFormatException(path + ": the thread was interrupted while it read; read the file again", cause);
        }
        return new ModelFormatException(path + ": cannot be read (" + Reason.of(cause) + "); check the path and the disk", cause);
    }

    private static SafetensorsFile read(Path path, Source source) throws IOException {
        long size = source.size();
        if (size < PREFIX_BYTES) {
            throw new ModelFormatException(path + ": is " + (size == 0 ? "empty" : "only " + size + " bytes long")
                    + "; a safetensors file begins with 8 bytes of header length: fetch or write it again");
        }
        ByteBuffer prefix = source.read(0, PREFIX_BYTES);
        long headerBytes = prefix.order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        if (isText(prefix)) {
            throw new ModelFormatException(path + ": begins with the text \"" + StandardCharsets.US_ASCII.decode(prefix).toString().strip()
                    + "\" where safetensors has a header length; this is a text file, give a .safetensors file");
        }
        if (headerBytes == 0) {
            throw new ModelFormatException(path + ": header length is 0; it must be at least 2, for {}: fetch or write the file again");
        }
        if (headerBytes < 0 || headerBytes > MAX_HEADER_BYTES) {
            throw new ModelFormatException(path + ": header length is " + Long.toUnsignedString(headerBytes) + "; safetensors allows up to "
                    + MAX_HEADER_BYTES + ": this is another format or damaged, give a whole .safetensors file");
        }
        long dataStart = PREFIX_BYTES + headerBytes;
        if (dataStart > size) {
            throw new ModelFormatException(path + ": header length is " + headerBytes + ", but only " + (size - PREFIX_BYTES)
                    + " bytes follow; the file is cut short or damaged: fetch or write it again");
        }
        String header = decode(path, source.read(PREFIX_BYTES, (int) headerBytes));
        String where = path + ": header";
        if (header.charAt(0) != '{') {
            throw new ModelFormatException(where + " begins with " + Json.show(header.substring(0, 1))
                    + "; it must be a JSON object that begins with { at byte 8: write the file again");
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        JsonObject fields = new JsonObject(where, Json.parse(where, header));
        for (String name : fields.names()) {
            if (name.equals(METADATA)) {
                JsonObject texts = new JsonObject(path + ": " + METADATA, fields.value(name));
                for (String key : texts.names()) {
                    metadata.put(key, texts.string(key));
                }
            } else {
                tensors.put(name, tensor(path, name, fields.value(name), size - dataStart));
            }
        }
        requireContiguous(path, tensors, size - dataStart);
        return new SafetensorsFile(path, tensors, data(source, tensors, dataStart), metadata);
    }

    /** Whether the file begins with 8 printable characters: as a header length they would be far over the limit. */
    private static boolean isText(ByteBuffer prefix) {
        for (int i = 0; i < PREFIX_BYTES; i++) {
            int b = prefix.get(i);
            if (b < ' ' && b != '\t' && b != '\n' && b != '\r' || b == 0x7f) {
                return false;
            }
        }
        return true;
    }

    private static String decode(Path path, ByteBuffer header) throws ModelFormatException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(header).toString();
        } catch (CharacterCodingException e) {
            // The decoder stops before the first byte that it cannot decode.
            throw new ModelFormatException(path + ": header is not UTF-8 at byte " + (PREFIX_BYTES + header.position())
                    + "; it must be JSON in UTF-8: fetch or write the file again", e);
        }
    }

    private static Tensor tensor(Path path, String name, Object value, long dataBytes) throws ModelFormatException {
        JsonObject fields = new JsonObject(path + ": tensor " + Json.show(name), value);
        String where = fields.where();
        String dtypeName = fields.string("dtype");
        Dtype dtype = Dtype.named(dtypeName);
        if (dtype == null) {
            throw new ModelFormatException(where + " has the unknown dtype " + Json.show(dtypeName) + "; use one of " + Dtype.names());
        }
        List<Integer> shape = fields.integers("shape", 0);
        List<Long> offsets = fields.longs("data_offsets", "begin", "end");
        fields.close();
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end) {
            throw new ModelFormatException(where + " has data_offsets " + offsets + "; the begin must not be after the end: write the file again");
        }
        if (end > dataBytes) {
            throw new ModelFormatException(where + " has data_offsets " + offsets + ", but the file holds " + dataBytes
                    + " bytes of data; it is cut short or damaged: fetch or write it again");
        }
        String needs = dtype + " of shape " + Json.show(shape);
        long bytes;
        try {
            bytes = dtype.bytes(shape);
        } catch (ArithmeticException e) {
            throw new ModelFormatException(where + " is " + needs + ", whose size is no whole number of bytes below 2^63; correct its shape", e);
        }
        if (bytes != end - begin) {
            throw new ModelFormatException(where + " is " + needs + ", which takes " + bytes + " bytes, but has data_offsets " + offsets + ", "
                    + (end - begin) + " bytes; they must agree: write the file again");
        }
        if (bytes > Integer.MAX_VALUE) {
            throw new ModelFormatException(where + " has " + bytes + " bytes; one tensor may have up to " + Integer.MAX_VALUE + ": split it");
        }
        return new Tensor(dtype, shape, begin, end);
    }

    private static void requireContiguous(Path path, Map<String, Tensor> tensors, long dataBytes) throws ModelFormatException {
        List<Map.Entry<String, Tensor>> inOrder = new ArrayList<>(tensors.entrySet());
        inOrder.sort(Comparator.comparingLong((Map.Entry<String, Tensor> entry) -> entry.getValue().begin())
                .thenComparingLong(entry -> entry.getValue().end()));
        long end = 0;
        String before = null;
        for (Map.Entry<String, Tensor> entry : inOrder) {
            Tensor tensor = entry.getValue();
            if (tensor.begin() < end) {
                throw new ModelFormatException(path + ": tensor " + Json.show(entry.getKey()) + " begins at " + tensor.begin() + ", before the end of "
                        + Json.show(before) + " at " + end + "; tensors must not overlap: write the file again");
            }
            if (tensor.begin() > end) {
                throw new ModelFormatException(path + ": bytes " + end + " to " + tensor.begin() + " of the data, before tensor "
                        + Json.show(entry.getKey()) + ", belong to no tensor; safetensors allows no holes: write the file again");
            }
            end = tensor.end();
            before = entry.getKey();
        }
        if (end != dataBytes) {
            throw new ModelFormatException(path + ": bytes " + end + " to " + dataBytes
                    + " of the data, after the last tensor, belong to no tensor; safetensors allows no holes: write the file again");
        }
    }

    /** One mapping for all where a buffer can hold it, else one a tensor: a buffer ends at 2 GiB. */
    private static Map<String, ByteBuffer> data(Source source, Map<String, Tensor> tensors, long dataStart) throws IOException {
        Map<String, ByteBuffer> data = new HashMap<>();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            data.put(entry.getKey(), source.keep(dataStart + tensor.begin(), (int) (tensor.end() - tensor.begin())));
        }
        return data;
    }

    /** The file's path, as it was given. */
    public Path path() {
        return path;
    }

    /** The tensors' names in the header's order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /** @throws ModelFormatException when there is no such tensor */
    public Dtype dtype(String name) throws ModelFormatException {
        return tensor(name).dtype();
    }

    /**
     * The sizes, outermost first; empty for a scalar.
     *
     * @throws ModelFormatException when there is no such tensor
     */
    public List<Integer> shape(String name) throws ModelFormatException {
        return tensor(name).shape();
    }

    /** The texts of {@code __metadata__} in the header's order; empty where the file has none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * A copy of a tensor of F32, F16 (exact) or F64 (rounded to the nearest float).
     *
     * @throws ModelFormatException when there is no such tensor or it has another dtype
     */
    public float[] floats(String name) throws ModelFormatException {
        Tensor tensor = tensor(name);
        return switch (tensor.dtype()) {
            case F32 -> copy(name, bytes -> {
                float[] values = new float[bytes.remaining() / Float.BYTES];
                bytes.asFloatBuffer().get(values);
                return values;
            });
            case F16 -> copy(name, bytes -> {
                short[] halves = new short[bytes.remaining() / Short.BYTES];
                bytes.asShortBuffer().get(halves);
                float[] values = new float[halves.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Half.toFloat(halves[i]);
                }
                return values;
            });
            case F64 -> copy(name, bytes -> {
                DoubleBuffer doubles = bytes.asDoubleBuffer();
                float[] values = new float[doubles.remaining()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) doubles.get(i);
                }
                return values;
            });
            default -> throw wrongDtype(name, tensor.dtype(), "F32, F16 or F64");
        };
    }

    /**
     * A copy of a tensor of I32.
     *
     * @throws ModelFormatException when there is no such tensor or it has another dtype
     */
    public int[] ints(String name) throws ModelFormatException {
        if (tensor(name).dtype() != Dtype.I32) {
            throw wrongDtype(name, tensor(name).dtype(), "I32");
        }
        return copy(name, bytes -> {
            int[] values = new int[bytes.remaining() / Integer.BYTES];
            bytes.asIntBuffer().get(values);
            return values;
        });
    }

    /**
     * A copy of a tensor of U8.
     *
     * @throws ModelFormatException when there is no such tensor or it has another dtype
     */
    public byte[] bytes(String name) throws ModelFormatException {
        if (tensor(name).dtype() != Dtype.U8) {
            throw wrongDtype(name, tensor(name).dtype(), "U8");
        }
        return copy(name, bytes -> {
            byte[] values = new byte[bytes.remaining()];
            bytes.get(values);
            return values;
        });
    }

    private ModelFormatException wrongDtype(String name, Dtype dtype, String allowed) {
        return new ModelFormatException(path + ": tensor " + Json.show(name) + " is " + dtype + "; it must be " + allowed + ": write it so");
    }

    private Tensor tensor(String name) throws ModelFormatException {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new ModelFormatException(path + ": has no tensor " + Json.show(name) + " among its " + tensors.size() + "; add it or give another file");
        }
        return tensor;
    }

    private <T> T copy(String name, Function<ByteBuffer, T> reader) throws ModelFormatException {
        try {
            return reader.apply(data.get(name).duplicate().order(ByteOrder.LITTLE_ENDIAN));
        } catch (InternalError e) {
            // The JVM's answer to a page that the file no longer has.
            throw new ModelFormatException(path + ": tensor " + Json.show(name)
                    + " cannot be read, the file was overwritten or its disk failed; read it again, and replace files by moving new ones to their name", e);
        }
    }
}
