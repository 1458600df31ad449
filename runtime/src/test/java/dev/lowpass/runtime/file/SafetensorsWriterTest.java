package dev.lowpass.runtime.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {

    @TempDir
    Path folder;

    private Path path() {
        return folder.resolve("m.safetensors");
    }

    private static SafetensorsWriter one() {
        return new SafetensorsWriter().floats("a", List.of(2), new float[] {1, 2});
    }

    private List<String> listing() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void writesEveryByteAsTheFormatSays() throws IOException {
        new SafetensorsWriter()
                .bytes("u", List.of(3), new byte[] {1, 2, (byte) 255})
                .halves("h", List.of(2, 1), new float[] {1, -65504})
                .metadata("z", "\u00fc\"")
                .ints("i", List.of(), new int[] {-2})
                .floats("f", List.of(1), new float[] {1.5f})
                .metadata("a", "1")
                .write(path());
        String header = "{\"__metadata__\":{\"a\":\"1\",\"z\":\"\u00fc\\\"\"},"
                + "\"f\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"i\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[4,8]},"
                + "\"h\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[8,12]},"
                + "\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[12,15]}}";
        int length = header.getBytes(StandardCharsets.UTF_8).length;
        header += " ".repeat((8 - length % 8) % 8);
        byte[] data = ByteBuffer.allocate(15).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putInt(-2)
                .putShort((short) 0x3c00).putShort((short) 0xfbff).put((byte) 1).put((byte) 2).put((byte) 255).array();
        byte[] written = Files.readAllBytes(path());
        assertArrayEquals(HandMadeFile.file(header, data), written);
        assertEquals(0, ByteBuffer.wrap(written).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8, "the data is aligned");
        assertEquals(List.of("m.safetensors"), listing());
    }

    /** More than one chunk of each type, and a last one that is not full. */
    @Test
    void streamsLargeTensors() throws IOException {
        int n = 700_001;
        float[] floats = new float[n];
        float[] halves = new float[n];
        int[] ints = new int[n];
        byte[] bytes = new byte[n];
        for (int i = 0; i < n; i++) {
            floats[i] = i * 0.37f;
            halves[i] = i % 2048;
            ints[i] = i * 7919;
            bytes[i] = (byte) (i * 31 >> 3);
        }
        new SafetensorsWriter().floats("f", List.of(n), floats).halves("h", List.of(n), halves).ints("i", List.of(n), ints)
                .bytes("b", List.of(n), bytes).write(path());
        SafetensorsFile file = SafetensorsFile.open(path());
        assertArrayEquals(floats, file.floats("f"));
        assertArrayEquals(halves, file.floats("h"));
        assertArrayEquals(ints, file.ints("i"));
        assertArrayEquals(bytes, file.bytes("b"));
    }

    @Test
    void refusesTensorsThatDoNotFit() {
        assertEquals("tensor \"b\" has shape [2, 2], but 3 values; they must agree",
                assertThrows(IllegalArgumentException.class, () -> one().floats("b", List.of(2, 2), new float[3])).getMessage());
        assertEquals("two tensors are named \"a\"; names must be unique",
                assertThrows(IllegalArgumentException.class, () -> one().bytes("a", List.of(1), new byte[1])).getMessage());
        assertEquals("a tensor is named \"__metadata__\", which safetensors reserves; choose another name",
                assertThrows(IllegalArgumentException.class, () -> one().bytes("__metadata__", List.of(1), new byte[1])).getMessage());
    }

    @Test
    void refusesTargetsThatCannotBe() throws IOException {
        Path deep = folder.resolve("missing").resolve("m.safetensors");
        assertEquals("cannot write " + deep + ": the folder " + folder.resolve("missing") + " does not exist; create it",
                assertThrows(IOException.class, () -> one().write(deep)).getMessage());
        assertEquals("cannot write " + folder + ": it is a folder; give a file's name",
                assertThrows(IOException.class, () -> one().write(folder)).getMessage());
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertEquals("cannot write " + file.resolve("m") + ": " + file + " is not a folder; give a path in a folder",
                assertThrows(IOException.class, () -> one().write(file.resolve("m"))).getMessage());
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "this system has no /dev/null");
        assertEquals("cannot write /dev/null: it is neither a file nor a folder; give a file's name",
                assertThrows(IOException.class, () -> one().write(device)).getMessage());
    }

    private void failsAndLeavesTheOldFile(String message, SafetensorsWriter.Opener opener) throws IOException {
        Files.writeString(path(), "old");
        IOException e = assertThrows(IOException.class, () -> one().write(path(), opener));
        assertEquals(message, e.getMessage());
        assertEquals("old", Files.readString(path()));
        assertEquals(List.of("m.safetensors"), listing());
    }

    @Test
    void saysThatItWasInterrupted() throws IOException {
        Files.writeString(path(), "old");
        Thread.currentThread().interrupt();
        try {
            assertEquals("cannot write " + path() + ": the thread was interrupted; write it again",
                    assertThrows(IOException.class, () -> one().write(path())).getMessage());
        } finally {
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
        }
        assertEquals("old", Files.readString(path()));
        assertEquals(List.of("m.safetensors"), listing());
    }

    @Test
    void replacesTheFileThatALinkNames() throws IOException {
        Path file = Files.createDirectory(folder.resolve("versions")).resolve("v3");
        Files.writeString(file, "old");
        try {
            Files.createSymbolicLink(path(), folder.relativize(file));
        } catch (UnsupportedOperationException | IOException e) {
            assumeTrue(false, "this system makes no symbolic links: " + e);
        }
        one().write(path());
        assertTrue(Files.isSymbolicLink(path()));
        assertEquals(-1, Files.mismatch(path(), file));
        SafetensorsFile.open(file);
        assertEquals(List.of("m.safetensors", "versions"), listing());
    }

    @Test
    void aFullDiskLeavesTheOldFileAndNoOther() throws IOException {
        for (int room : new int[] {0, 5, 70}) {
            failsAndLeavesTheOldFile("cannot write " + path() + ", 72 bytes: No space left on device; make room or choose another folder",
                    temporary -> new Disk(temporary, room));
        }
    }

    @Test
    void aFolderThatTakesNoFilesLeavesTheOldOne() throws IOException {
        failsAndLeavesTheOldFile("cannot write " + path() + ": access to the folder " + folder
                + " is denied; give this user the right to write there or choose another folder", temporary -> {
                    throw new AccessDeniedException(temporary.toString());
                });
        failsAndLeavesTheOldFile("cannot write " + path() + ": the folder " + folder + " takes no files; choose another folder", temporary -> {
            throw new NoSuchFileException(temporary.toString());
        });
    }

    @Test
    void anExceptionOfAnyKindLeavesNoTemporaryFile() throws IOException {
        Files.writeString(path(), "old");
        assertThrows(IllegalStateException.class, () -> one().write(path(), temporary -> {
            Files.createFile(temporary);
            throw new IllegalStateException();
        }));
        assertEquals(List.of("m.safetensors"), listing());
        assertEquals("old", Files.readString(path()));
    }

    @Test
    void aReadOnlyFolderIsRefused() throws IOException {
        assumeTrue(folder.toFile().setWritable(false), "this file system has no write permission");
        try {
            assumeFalse(Files.isWritable(folder), "this user may write everywhere");
            assertEquals("cannot write " + path() + ": access to the folder " + folder
                    + " is denied; give this user the right to write there or choose another folder",
                    assertThrows(IOException.class, () -> one().write(path())).getMessage());
        } finally {
            folder.toFile().setWritable(true);
        }
    }

    /** A file on a disk with little room left. */
    private static final class Disk implements WritableByteChannel {
        private final FileChannel file;
        private int room;

        Disk(Path path, int room) throws IOException {
            file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            this.room = room;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (room == 0) {
                throw new IOException("No space left on device");
            }
            int limit = bytes.limit();
            bytes.limit(Math.min(limit, bytes.position() + room));
            int written = file.write(bytes);
            bytes.limit(limit);
            room -= written;
            return written;
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
