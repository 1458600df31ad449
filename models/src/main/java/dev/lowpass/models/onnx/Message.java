package dev.lowpass.models.onnx;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A message of protocol buffers as it is put together, field by field, without classes generated from a schema. */
final class Message {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

    private interface Write {
        void run() throws IOException;
    }

    private Message write(Write write) {
        try {
            write.run();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
    }

    /** An int32, int64 or enum. */
    Message integer(int field, long value) {
        return write(() -> out.writeInt64(field, value));
    }

    /** A repeated int32 or int64, each with a tag of its own, which readers of packed fields accept too. */
    Message integers(int field, long... values) {
        for (long value : values) {
            integer(field, value);
        }
        return this;
    }

    Message text(int field, String value) {
        return write(() -> out.writeString(field, value));
    }

    /** A field of bytes that holds floats, little end first. */
    Message rawFloats(int field, float[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return write(() -> out.writeByteArray(field, buffer.array()));
    }

    /** A field of bytes that holds longs, little end first. */
    Message rawLongs(int field, long[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(values);
        return write(() -> out.writeByteArray(field, buffer.array()));
    }

    Message message(int field, Message value) {
        return write(() -> out.writeByteArray(field, value.toBytes()));
    }

    byte[] toBytes() {
        write(out::flush);
        return bytes.toByteArray();
    }
}
