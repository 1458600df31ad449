package dev.lowpass.runtime.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {

    private static final String A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @TempDir
    Path folder;

    private Path path() {
        return folder.resolve("m.safetensors");
    }

    private void refuses(String message, byte[] file) {
        refuses(message, HandMadeFile.write(path(), file));
    }

    private static void refuses(String message, Path path) {
        assertEquals(path + ": " + message, assertThrows(ModelFormatException.class, () -> SafetensorsFile.open(path)).getMessage());
    }

    private void refusesHeader(String message, String header, int dataBytes) {
        refuses(message, HandMadeFile.file(header, new byte[dataBytes]));
    }

    @Test
    void readsWhatThePythonLibraryWrites() throws IOException {
        // The layout of safetensors' own writer: no spaces in the JSON; here without padding, so the data is not aligned.
        String header = "{\"__metadata__\":{\"format\":\"pt\",\"k\":\"\u00fc\"},"
                + "\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                + "\"f\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[16,24]},"
                + "\"i\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[24,28]},"
                + "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[28,34]},"
                + "\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[34,37]},"
                + "\"none\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[37,37]},"
                + "\"n\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[37,45]}}";
        ByteBuffer data = ByteBuffer.allocate(45).order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0.1).putDouble(-2).putFloat(1.5f).putFloat(-0f).putInt(-7)
                .putShort((short) 0x3c00).putShort((short) 0x0001).putShort((short) 0xfbff)
                .put((byte) 1).put((byte) 200).put((byte) 255).putLong(9);
        assertTrue(header.getBytes(StandardCharsets.UTF_8).length % 4 != 0, "the data should not be aligned");
        SafetensorsFile file = SafetensorsFile.open(HandMadeFile.write(path(), HandMadeFile.file(header, data.array())));
        assertEquals(List.of("d", "f", "i", "h", "u", "none", "n"), List.copyOf(file.names()));
        assertEquals(Map.of("format", "pt", "k", "\u00fc"), file.metadata());
        assertArrayEquals(new float[] {0.1f, -2}, file.floats("d"));
        assertArrayEquals(new float[] {1.5f, -0f}, file.floats("f"));
        assertArrayEquals(new float[] {1, 0x1p-24f, -65504}, file.floats("h"));
        assertArrayEquals(new int[] {-7}, file.ints("i"));
        assertArrayEquals(new byte[] {1, (byte) 200, (byte) 255}, file.bytes("u"));
        assertEquals(0, file.floats("none").length);
        assertEquals(List.of(1, 2), file.shape("f"));
        assertEquals(List.of(), file.shape("i"));
        assertEquals(Dtype.I64, file.dtype("n"));
        assertTrue(file.contains("n"));
        assertFalse(file.contains("N"));
        assertEquals(path(), file.path());
    }

    @Test
    void readsAnEmptyCollection() throws IOException {
        SafetensorsFile file = SafetensorsFile.open(HandMadeFile.write(path(), HandMadeFile.file("{}   ")));
        assertTrue(file.names().isEmpty());
        assertTrue(file.metadata().isEmpty());
    }

    @Test
    void readsFilesBeyondTwoGibibytes() throws IOException {
        String header = "{\"big\":{\"dtype\":\"U8\",\"shape\":[2147483647],\"data_offsets\":[0,2147483647]},"
                + "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[2147483647,2147483655]}}";
        byte[] prefix = HandMadeFile.file(header);
        try (FileChannel channel = FileChannel.open(path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(prefix));
            ByteBuffer floats = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putFloat(-3).flip();
            channel.write(floats, prefix.length + 2147483647L);
        }
        assertArrayEquals(new float[] {1.5f, -3}, SafetensorsFile.open(path()).floats("f"));
        try (FileChannel channel = FileChannel.open(path(), StandardOpenOption.WRITE)) {
            byte[] larger = HandMadeFile.file(header.replace("[2147483647]", "[2147483648]").replace("2147483647,", "2147483648,")
                    .replace("[0,2147483647]", "[0,2147483648]").replace("8655", "8656"));
            channel.write(ByteBuffer.wrap(larger), 0);
        }
        refuses("tensor \"big\" has \"shape\" = [2147483648]; it must be a list of whole numbers from 0 to 2147483647", path());
        try (FileChannel channel = FileChannel.open(path(), StandardOpenOption.WRITE)) {
            byte[] larger = HandMadeFile.file(header.replace("[2147483647]", "[2,1073741824]").replace("[0,2147483647]", "[0,2147483648]")
                    .replace("[2147483647,2147483655]", "[2147483648,2147483656]"));
            channel.write(ByteBuffer.wrap(larger), 0);
            channel.write(ByteBuffer.allocate(1), larger.length + 2147483655L);
        }
        refuses("tensor \"big\" has 2147483648 bytes; one tensor may have up to 2147483647: split it", path());
    }

    @Test
    void saysThatItWasInterrupted() throws IOException {
        HandMadeFile.write(path(), HandMadeFile.file("{}"));
        Thread.currentThread().interrupt();
        try {
            refuses("the thread was interrupted while it read; read the file again", path());
        } finally {
            assertTrue(Thread.interrupted(), "the thread stays interrupted");
        }
    }

    @Test
    void refusesWhatIsNoFile() {
        refuses("does not exist; check the path", folder.resolve("missing.safetensors"));
        refuses("is a folder; give a .safetensors file", folder);
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "this system has no /dev/null");
        refuses("is neither a file nor a folder; give a .safetensors file", device);
    }

    @Test
    void explainsWhyAFileCannotBeRead() {
        assertEquals("m: access denied; give this user the right to read the file",
                SafetensorsFile.unreadable(Path.of("m"), new AccessDeniedException("m")).getMessage());
        assertEquals("m: cannot be read (EOFException); check the path and the disk",
                SafetensorsFile.unreadable(Path.of("m"), new EOFException()).getMessage());
        assertEquals("m: cannot be read (Input/output error); check the path and the disk",
                SafetensorsFile.unreadable(Path.of("m"), new IOException("Input/output error")).getMessage());
        assertEquals("m: cannot be read (Too many levels of symbolic links); check the path and the disk",
                SafetensorsFile.unreadable(Path.of("m"), new FileSystemException("m", null, "Too many levels of symbolic links")).getMessage());
    }

    @Test
    void refusesAFileWithoutTheRightToRead() throws IOException {
        HandMadeFile.write(path(), HandMadeFile.file("{}"));
        assumeTrue(path().toFile().setReadable(false), "this file system has no read permission");
        assumeFalse(Files.isReadable(path()), "this user may read every file");
        refuses("access denied; give this user the right to read the file", path());
    }

    @Test
    void refusesAFileTooShortForALength() {
        refuses("is empty; a safetensors file begins with 8 bytes of header length: fetch or write it again", new byte[0]);
        refuses("is only 7 bytes long; a safetensors file begins with 8 bytes of header length: fetch or write it again", new byte[7]);
    }

    @Test
    void refusesText() {
        refuses("begins with the text \"version\" where safetensors has a header length; this is a text file, give a .safetensors file",
                "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void refusesBadHeaderLengths() {
        refuses("header length is 0; it must be at least 2, for {}: fetch or write the file again", new byte[8]);
        byte[] damaged = HandMadeFile.file("{}");
        damaged[7] = (byte) 0x80;
        refuses("header length is 9223372036854775810; safetensors allows up to 100000000: this is another format or damaged, "
                + "give a whole .safetensors file", damaged);
        refuses("header length is 100000001; safetensors allows up to 100000000: this is another format or damaged, give a whole .safetensors file",
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001).array());
        refuses("header length is 100000000, but only 0 bytes follow; the file is cut short or damaged: fetch or write it again",
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_000).array());
        refuses("header length is 3, but only 2 bytes follow; the file is cut short or damaged: fetch or write it again",
                new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    }

    @Test
    void refusesAHeaderThatIsNoObjectInUtf8() {
        refuses("header is not UTF-8 at byte 10; it must be JSON in UTF-8: fetch or write the file again",
                HandMadeFile.file(new byte[] {'{', '"', (byte) 0xc3, '"', '}'}));
        refusesHeader("header begins with \"[\"; it must be a JSON object that begins with { at byte 8: write the file again", "[]", 0);
        refusesHeader("header begins with \" \"; it must be a JSON object that begins with { at byte 8: write the file again", " {}", 0);
        refusesHeader("header goes on after its JSON value, at character 2; it must be one value", "{}{}", 0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', value = {
        "{\"a\":             ! Unexpected end-of-input",
        "{\"a\":nul}         ! Unrecognized token 'nul'",
        "{\"a\":01}          ! Invalid numeric value: Leading zeroes not allowed",
        "{a:1}               ! Unexpected character ('a'",
        "{\"a\":{\"b\":1,}}  ! Unexpected character ('}'",
        "{\"a\":1,\"a\":2}   ! Duplicate field 'a'",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}} ! Duplicate field 'dtype'",
    })
    void refusesAHeaderThatIsNoJson(String header, String reason) {
        Path path = HandMadeFile.write(path(), HandMadeFile.file(header));
        String message = assertThrows(ModelFormatException.class, () -> SafetensorsFile.open(path)).getMessage();
        assertTrue(message.matches("\\Q" + path + ": header is not valid JSON at character \\E[0-9]+\\Q: " + reason + "\\E.*"
                + "; keys must be unique and the text complete"), message);
    }

    @Test
    void refusesDeepNesting() {
        Path path = HandMadeFile.write(path(), HandMadeFile.file("{\"a\":" + "[".repeat(100_000)));
        String message = assertThrows(ModelFormatException.class, () -> SafetensorsFile.open(path)).getMessage();
        assertTrue(message.contains("header is not valid JSON") && message.contains("nesting depth (33) exceeds the maximum allowed (32"), message);
    }

    @Test
    void refusesMetadataThatIsNoMapOfStrings() {
        refusesHeader("__metadata__ is [1]; it must be a JSON object", "{\"__metadata__\":[1]}", 0);
        refusesHeader("__metadata__ has \"k\" = 1; it must be a string", "{\"__metadata__\":{\"k\":1}}", 0);
        refusesHeader("__metadata__ has \"k\" = null; it must be a string", "{\"__metadata__\":{\"k\":null}}", 0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', value = {
        "7                        ! tensor \"a\" is 7; it must be a JSON object",
        "{}                       ! tensor \"a\" lacks the field \"dtype\"; add it, a string",
        "{\"dtype\":32}           ! tensor \"a\" has \"dtype\" = 32; it must be a string",
        "{\"dtype\":\"F32\"}      ! tensor \"a\" lacks the field \"shape\"; add it, a list of whole numbers from 0 to 2147483647",
        "{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]} ! tensor \"a\" has \"shape\" = [-1]; it must be a list of whole numbers "
                + "from 0 to 2147483647",
        "{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]} ! tensor \"a\" has \"shape\" = [2.0]; it must be a list of whole numbers "
                + "from 0 to 2147483647",
        "{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]} ! tensor \"a\" has \"shape\" = 2; it must be a list of whole numbers "
                + "from 0 to 2147483647",
        "{\"dtype\":\"F32\",\"shape\":[2]} ! tensor \"a\" lacks the field \"data_offsets\"; add it, [begin, end], whole numbers from 0 to "
                + "9223372036854775807",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]} ! tensor \"a\" has \"data_offsets\" = [8]; it must be [begin, end], "
                + "whole numbers from 0 to 9223372036854775807",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,99999999999999999999]} ! tensor \"a\" has \"data_offsets\" = "
                + "[0, 99999999999999999999]; it must be [begin, end], whole numbers from 0 to 9223372036854775807",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]} ! tensor \"a\" has data_offsets [8, 0]; the begin must not be after the end: "
                + "write the file again",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]} ! tensor \"a\" has data_offsets [0, 9], but the file holds 8 bytes of data; "
                + "it is cut short or damaged: fetch or write it again",
        "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]} ! tensor \"a\" is F32 of shape [3], which takes 12 bytes, but has data_offsets "
                + "[0, 8], 8 bytes; they must agree: write the file again",
        "{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,4],\"data_offsets\":[0,8]} ! tensor \"a\" is F32 of shape "
                + "[2147483647, 2147483647, 4], whose size is no whole number of bytes below 2^63; correct its shape",
        "{\"dtype\":\"F4\",\"shape\":[15],\"data_offsets\":[0,8]} ! tensor \"a\" is F4 of shape [15], whose size is no whole number of bytes "
                + "below 2^63; correct its shape",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1} ! tensor \"a\" has an unknown field \"x\" = 1; remove it, known are "
                + "data_offsets, dtype, shape",
        "{\"dtype\":\"float32\",\"shape\":[2],\"data_offsets\":[0,8]} ! tensor \"a\" has the unknown dtype \"float32\"; use one of BOOL, F4, "
                + "F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64",
    })
    void refusesBadTensors(String tensor, String message) {
        refusesHeader(message, "{\"a\":" + tensor + "}", 8);
    }

    @Test
    void refusesOverlapsAndHoles() {
        refusesHeader("tensor \"b\" begins at 4, before the end of \"a\" at 8; tensors must not overlap: write the file again",
                "{\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[4,12]}," + A + "}", 12);
        refusesHeader("bytes 8 to 9 of the data, before tensor \"b\", belong to no tensor; safetensors allows no holes: write the file again",
                "{" + A + ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[9,12]}}", 12);
        refusesHeader("bytes 8 to 12 of the data, after the last tensor, belong to no tensor; safetensors allows no holes: write the file again",
                "{" + A + "}", 12);
        refusesHeader("bytes 0 to 1 of the data, after the last tensor, belong to no tensor; safetensors allows no holes: write the file again",
                "{}", 1);
    }

    @Test
    void refusesAccessThatDoesNotFit() throws IOException {
        SafetensorsFile file = SafetensorsFile.open(HandMadeFile.write(path(), HandMadeFile.file("{" + A + "}", new byte[8])));
        String has = path() + ": tensor \"a\" is F32; it must be ";
        assertEquals(has + "I32: write it so", assertThrows(ModelFormatException.class, () -> file.ints("a")).getMessage());
        assertEquals(has + "U8: write it so", assertThrows(ModelFormatException.class, () -> file.bytes("a")).getMessage());
        assertEquals(path() + ": has no tensor \"b\" among its 1; add it or give another file",
                assertThrows(ModelFormatException.class, () -> file.shape("b")).getMessage());
        SafetensorsFile ints = SafetensorsFile.open(new HandMadeFile().ints("i", List.of(1), 5).write(path()));
        assertEquals(path() + ": tensor \"i\" is I32; it must be F32, F16 or F64: write it so",
                assertThrows(ModelFormatException.class, () -> ints.floats("i")).getMessage());
    }

    @Test
    void messagesStayOnOneLineAndShort() {
        refusesHeader("tensor \"x\\u000ay\" is 1; it must be a JSON object", "{\"x\\ny\":1}", 0);
        refusesHeader("tensor \"" + "n".repeat(80) + "...\" is 1; it must be a JSON object", "{\"" + "n".repeat(5000) + "\":1}", 0);
    }

    /** The mapping outlives a replacement of the file, which is how the writer writes. */
    @Test
    void keepsItsContentWhenTheFileIsReplaced() throws IOException {
        new SafetensorsWriter().floats("a", List.of(2), new float[] {1, 2}).write(path());
        SafetensorsFile before = SafetensorsFile.open(path());
        new SafetensorsWriter().floats("a", List.of(1), new float[] {3}).write(path());
        assertArrayEquals(new float[] {1, 2}, before.floats("a"));
        assertArrayEquals(new float[] {3}, SafetensorsFile.open(path()).floats("a"));
    }

    @Test
    void readsTheSharedStateDict() throws IOException {
        Path shared = Path.of(System.getProperty("lowpass.shared", "../shared"), "golden", "torchvision_mobilenet_v2_050.safetensors");
        assumeTrue(Files.exists(shared), "no " + shared);
        SafetensorsFile file = SafetensorsFile.open(shared);
        assertEquals("pt", file.metadata().get("format"));
        assertEquals(List.of(16, 3, 3, 3), file.shape("features.0.0.weight"));
        for (String name : file.names()) {
            if (file.dtype(name) == Dtype.F32) {
                assertEquals(file.shape(name).stream().mapToInt(Integer::intValue).reduce(1, (a, b) -> a * b), file.floats(name).length);
            }
        }
    }
}
