package dev.lowpass.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputTest {

    @TempDir
    Path folder;

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void fileIsReplacedWhole() throws IOException {
        Path file = Files.writeString(folder.resolve("a.json"), "old");
        OutputFile.write(file, out -> out.write("new".getBytes(StandardCharsets.US_ASCII)));
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("a.json"), files());
    }

    @Test
    void failureLeavesTheOldFileAndNoOther() throws IOException {
        Path file = Files.writeString(folder.resolve("a.json"), "old");
        OutputException e = assertThrows(OutputException.class, () -> OutputFile.write(file, out -> {
            out.write(1);
            throw new IOException("No space left on device");
        }));
        assertEquals("cannot write " + file + ": No space left on device; choose another path or make room", e.getMessage());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a.json"), files());
    }

    @Test
    void whatCannotBeWrittenIsSaidBefore() throws IOException {
        Path missing = folder.resolve("none").resolve("a.json");
        assertEquals("cannot write " + missing + ": the folder " + missing.getParent() + " does not exist; create it or choose another",
                assertThrows(OutputException.class, () -> OutputFile.requireWritable(missing)).getMessage());
        assertEquals("cannot write " + folder + ": it is a directory; name a file in it",
                assertThrows(OutputException.class, () -> OutputFile.requireWritable(folder)).getMessage());
        Path file = Files.writeString(folder.resolve("file"), "");
        assertEquals("cannot write " + file.resolve("a.json") + ": " + file + " is not a folder; choose another path",
                assertThrows(OutputException.class, () -> OutputFile.requireWritable(file.resolve("a.json"))).getMessage());
    }

    @Test
    void closedReaderIsToldFromAFullDisk() {
        assertThrows(ClosedOutputException.class, () -> print("Broken pipe"));
        OutputException e = assertThrows(OutputException.class, () -> print("No space left on device"));
        assertEquals("cannot write to the standard output: No space left on device; redirect it elsewhere or make room", e.getMessage());
    }

    private static void print(String fault) {
        PrintWriter writer = new PrintWriter(new StandardOutput(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(fault);
            }
        }), true);
        writer.println("text");
    }

    @Test
    void progressIsSilentWithoutTerminal() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Progress progress = Progress.of("eval", "images", 10, 0, new PrintStream(bytes))) {
            progress.step(5);
        }
        assertEquals(0, bytes.size());
        try (Progress progress = Progress.of("eval", "images", 10, 80, new PrintStream(bytes))) {
            progress.step(10);
        }
        assertTrue(bytes.toString(StandardCharsets.UTF_8).contains("eval") && bytes.toString(StandardCharsets.UTF_8).contains("10"), bytes::toString);
    }

    @Test
    void jsonBeginsWithSchemaAndEndsWithMachine() throws IOException {
        Path file = folder.resolve("a.json");
        new JsonReport(file.toString(), null).write("lowpass.test/1", json -> json.writeNumberField("value", 3));
        String text = Files.readString(file);
        assertTrue(text.startsWith("{\n  \"schema\" : \"lowpass.test/1\",\n  \"value\" : 3,\n  \"machine\" : {\n    \"java\" : \"" + System.getProperty("java.version")), text);
        assertTrue(text.endsWith("}\n"), text);
        assertEquals(List.of("a.json"), files());
    }
}
