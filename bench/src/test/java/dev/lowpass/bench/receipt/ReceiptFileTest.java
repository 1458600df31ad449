package dev.lowpass.bench.receipt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReceiptFileTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path write(Receipt receipt) throws IOException {
        Path file = folder.resolve("receipt.json");
        try (var out = Files.newOutputStream(file)) {
            ReceiptFile.write(receipt, out);
        }
        return file;
    }

    private static Receipt example() {
        Receipt.Measurement closed = Receipts.measured("lowpass", "cutoffs", 1, 1, 5);
        Receipt.Measurement open = new Receipt.Measurement("lowpass", "cpu", "256-bit", "fp32", "dense", 2, 1, 4, 100.5, null, null, 0.0, 1L, 2L,
                List.of(new Receipt.Turn(0, 10, new long[] {5, 7}, new long[] {0, 2}, 1, 3)), new Receipt.Phases(new long[] {1}, new long[] {2}, new long[] {3}), List.of(new Receipt.Step(List.of("a", "b"), "pointwise_f32", "", new long[] {9})), closed.summary());
        return Receipts.of(List.of(closed, open, Receipts.absent("onnxruntime", "no library")));
    }

    @Test
    void comesBackAsItWas() throws IOException {
        Receipt before = example();
        Receipt after = ReceiptFile.read(write(before));
        assertEquals(before.program(), after.program());
        assertEquals(before.machine(), after.machine());
        assertEquals(before.clocksBefore(), after.clocksBefore());
        assertEquals(before.clocksAfter(), after.clocksAfter());
        assertEquals(before.model(), after.model());
        assertEquals(before.settings(), after.settings());
        assertEquals(before.measurements().get(2), after.measurements().get(2));
        Receipt.Measurement open = after.measurements().get(1);
        assertEquals(100.5, open.requestRate());
        assertArrayEquals(new long[] {5, 7}, open.turns().get(0).latencyNanos());
        assertArrayEquals(new long[] {0, 2}, open.turns().get(0).queueingNanos());
        assertArrayEquals(new long[] {3}, open.phases().deviceToHostNanos());
        assertArrayEquals(new long[] {9}, open.profile().get(0).nanos());
        assertEquals(7, after.calls());
    }

    @Test
    void obeysItsSchema() throws IOException {
        assertEquals(List.of(), ReceiptSchema.violations(write(example())));
    }

    /** A schema that lets everything pass would prove nothing. */
    @ParameterizedTest
    @CsvSource({
        "/schema, \"lowpass.bench/2\"", "/model/sha256, \"abc\"", "/machine/processors, 0", "/measurements/0/batch, 0", "/measurements/0/turns/0/latency_nanos, []",
        "/measurements/0/summary/stable, 1", "/measurements/0/turns/0/latency_nanos, [-1]", "/program/commit, \"main\"", "/measurements/0/absent, \"both\"",
        "/measurements/2/summary, {}", "/created_at, \"yesterday\"", "/surprise, 1", "/clocks_before/gpus/0/celsius, \"warm\""})
    void schemaRefusesWhatIsWrong(String pointer, String value) throws IOException {
        ObjectNode tree = (ObjectNode) JSON.readTree(write(example()).toFile());
        int slash = pointer.lastIndexOf('/');
        ((ObjectNode) tree.at(pointer.substring(0, slash))).set(pointer.substring(slash + 1), JSON.readTree(value));
        Path file = folder.resolve("wrong.json");
        JSON.writeValue(file.toFile(), tree);
        assertTrue(!ReceiptSchema.violations(file).isEmpty(), pointer + " = " + value + " passes");
    }

    @Test
    void schemaDescribesEveryField() throws IOException {
        JsonNode written = JSON.readTree(write(example()).toFile());
        assertEquals(List.of("schema", "created_at", "program", "machine", "clocks_before", "clocks_after", "model", "settings", "engines", "measurements", "warnings"),
                List.copyOf(iterable(written)));
    }

    private static List<String> iterable(JsonNode node) {
        List<String> names = new java.util.ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void whatIsNoReceiptIsSaid() throws IOException {
        assertRefused("{\"schema\": \"lowpass.verify/1\"}", ": its schema is \"lowpass.verify/1\", and lowpass.bench/1 can be read; name a file that 'lowpass bench --json' of this version wrote");
        assertRefused("[1, 2", ": is no receipt: Unexpected end-of-input");
        assertRefused("", ": its schema is \"\"");
        assertRefused("{\"schema\": \"lowpass.bench/1\"}", ": lacks the field \"created_at\"; name a file that lowpass wrote with --json, as it wrote it");
        assertTrue(assertThrows(ReceiptException.class, () -> ReceiptFile.read(folder.resolve("none"))).getMessage().endsWith("none: no such file; check the path"));
        assertTrue(assertThrows(ReceiptException.class, () -> ReceiptFile.read(folder)).getMessage().contains(": is a directory; "));
        ObjectNode tree = (ObjectNode) JSON.readTree(write(example()).toFile());
        ((ObjectNode) tree.at("/measurements/0")).putArray("turns");
        assertRefused(tree.toString(), ": measurements[0].turns is empty; what was measured has at least one: measure again");
    }

    /** Every field but those that may be absent is missed, however deep it lies; so is what a list should hold. */
    @ParameterizedTest
    @CsvSource({
        "/created_at", "/program/command_line", "/machine/gpus", "/machine/jvm_options", "/model/file", "/model/cutoff_sets", "/engines", "/engines/0/name",
        "/measurements/0/device", "/measurements/0/summary", "/measurements/0/turns/0/latency_nanos", "/measurements/0/turns/0", "/model/cutoff_sets/0", "/measurements/0"})
    void whatLacksAFieldIsRefusedByItsName(String pointer) throws IOException {
        ObjectNode tree = (ObjectNode) JSON.readTree(write(example()).toFile());
        int slash = pointer.lastIndexOf('/');
        JsonNode holder = tree.at(pointer.substring(0, slash));
        if (holder instanceof ObjectNode object) {
            object.remove(pointer.substring(slash + 1));
        } else {
            ((ArrayNode) holder).set(Integer.parseInt(pointer.substring(slash + 1)), tree.nullNode());
        }
        assertRefused(tree.toString(), ": lacks the field \"" + pointer.substring(1).replaceAll("/(\\d+)", "[$1]").replace('/', '.') + "\"; ");
    }

    private void assertRefused(String text, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("file.json"), text);
        String actual = assertThrows(ReceiptException.class, () -> ReceiptFile.read(file)).getMessage();
        assertTrue(actual.startsWith(file + message), actual);
    }
}
