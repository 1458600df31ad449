package dev.lowpass.models.tflite;

import com.google.flatbuffers.Table;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A FlatBuffers table whose fields are read by their number in the schema. Every offset and length is checked against the file
 * before it is followed, so damage gives a {@link DamagedException} and never reads beyond the file. Offsets may lead to one place many
 * times: the bytes of all tables and vectors that are read, each as often as it is, may make {@value #MAX_OVERLAP} times the file's, and
 * more is damage. So time and memory are bound by the file's size. Data that is only handed on, {@link #data}, does not count.
 */
final class FlatTable extends Table {

    /** Writers may share equal parts, such as field lists; those are small beside a network's weights, which do not count. */
    private static final int MAX_OVERLAP = 4;

    /** How many bytes the tables of a file may still read. */
    private static final class Allowance {
        private final long bytes;
        private long left;

        Allowance(ByteBuffer file) {
            bytes = (long) MAX_OVERLAP * file.limit();
            left = bytes;
        }

        void take(long read) {
            left -= read;
            if (left < 0) {
                throw new DamagedException("its tables and vectors overlap: together they have more than " + bytes + " bytes, " + MAX_OVERLAP
                        + " times the file's");
            }
        }
    }

    private final Allowance allowance;

    /** An offset or length that leads out of the file, or too much overlap; {@link TfliteModel} turns it into a {@link TfliteException}. */
    static final class DamagedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        DamagedException(String message) {
            super(message);
        }
    }

    /** @param at the table's position in the file, which must be little-endian */
    private FlatTable(ByteBuffer file, long at, Allowance allowance) {
        requireInside(file, at, 4, "a table");
        long fields = at - file.getInt((int) at);
        requireInside(file, fields, 4, "the field list of the table at " + at);
        int fieldBytes = file.getShort((int) fields) & 0xffff;
        int tableBytes = file.getShort((int) fields + 2) & 0xffff;
        // An odd length would have its last entry end a byte later.
        requireInside(file, fields, Math.max(4, fieldBytes + (fieldBytes & 1)), "the field list of the table at " + at);
        requireInside(file, at, Math.max(4, tableBytes), "the table at " + at);
        allowance.take(Math.max(4, tableBytes));
        this.allowance = allowance;
        __reset((int) at, file);
    }

    /** The file's root table. */
    static FlatTable root(ByteBuffer file) {
        requireInside(file, 0, 4, "the root offset");
        return new FlatTable(file, file.getInt(0) & 0xffffffffL, new Allowance(file));
    }

    private static void requireInside(ByteBuffer file, long at, long bytes, String what) {
        if (at < 0 || at > file.limit() - bytes) {
            throw new DamagedException(what + " would take " + bytes + " bytes from " + at + " on, but the file has " + file.limit());
        }
    }

    /** The position of a field's value, or -1 for a field that is not set. */
    private int position(int field, int bytes) {
        int offset = __offset(4 + 2 * field) & 0xffff;
        if (offset == 0) {
            return -1;
        }
        requireInside(bb, (long) bb_pos + offset, bytes, "field " + field + " of the table at " + bb_pos);
        return bb_pos + offset;
    }

    byte int8(int field, int unset) {
        int at = position(field, 1);
        return at < 0 ? (byte) unset : bb.get(at);
    }

    int int32(int field, int unset) {
        int at = position(field, 4);
        return at < 0 ? unset : bb.getInt(at);
    }

    float float32(int field, float unset) {
        int at = position(field, 4);
        return at < 0 ? unset : bb.getFloat(at);
    }

    long int64(int field, long unset) {
        int at = position(field, 8);
        return at < 0 ? unset : bb.getLong(at);
    }

    /** The table that a field points to, or null. */
    FlatTable table(int field) {
        int at = position(field, 4);
        return at < 0 ? null : new FlatTable(bb, at + (bb.getInt(at) & 0xffffffffL), allowance);
    }

    /** The bytes of a vector, little-endian and shared with the file; empty for a field that is not set. */
    ByteBuffer vector(int field, int elementBytes) {
        ByteBuffer vector = data(field, elementBytes);
        allowance.take(vector.remaining());
        return vector;
    }

    /** The same of a vector that its reader only hands on. */
    ByteBuffer data(int field, int elementBytes) {
        int at = position(field, 4);
        if (at < 0) {
            return ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
        }
        long start = at + (bb.getInt(at) & 0xffffffffL);
        requireInside(bb, start, 4, "the vector in field " + field + " of the table at " + bb_pos);
        long bytes = (bb.getInt((int) start) & 0xffffffffL) * elementBytes;
        requireInside(bb, start + 4, bytes, "the vector in field " + field + " of the table at " + bb_pos);
        return bb.slice((int) start + 4, (int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The elements of a vector of int32, of which no sound file has more than {@code most}. */
    List<Integer> int32s(int field, int most) {
        ByteBuffer vector = vector(field, 4);
        if (vector.remaining() / 4 > most) {
            throw new DamagedException("field " + field + " of the table at " + bb_pos + " has " + vector.remaining() / 4
                    + " elements, more than " + most);
        }
        List<Integer> elements = new ArrayList<>();
        while (vector.hasRemaining()) {
            elements.add(vector.getInt());
        }
        return List.copyOf(elements);
    }

    List<FlatTable> tables(int field) {
        int at = position(field, 4);
        if (at < 0) {
            return List.of();
        }
        long start = at + (bb.getInt(at) & 0xffffffffL) + 4; // checked by vector()
        ByteBuffer offsets = vector(field, 4);
        List<FlatTable> tables = new ArrayList<>(offsets.remaining() / 4);
        while (offsets.hasRemaining()) {
            long position = start + offsets.position();
            tables.add(new FlatTable(bb, position + (offsets.getInt() & 0xffffffffL), allowance));
        }
        return tables;
    }

    String text(int field) {
        return StandardCharsets.UTF_8.decode(vector(field, 1)).toString();
    }
}
