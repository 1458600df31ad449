package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import dev.lowpass.bench.receipt.ReceiptSchema;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.ModelFile.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bench on a small network, a few calls each: what is measured and what is said, never how long it takes. */
class BenchTest {

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void makeModel() throws IOException {
        model = folder.resolve("tiny.safetensors");
        ModelFile.write(TinyNetwork.definition(TinyNetwork.LABELS, false), model, WeightType.F32);
    }

    private Receipt measure(Object... options) throws IOException {
        Path file = folder.resolve("receipt.json");
        Object[] args = Stream.concat(Stream.of("bench", "-m", model, "--smoke", "--device", "cpu", "--json", file), Stream.of(options)).toArray();
        Execution run = Execution.of(args);
        assertEquals(0, run.status(), run.err());
        assertEquals(List.of(), ReceiptSchema.violations(file));
        return ReceiptFile.read(file);
    }

    @Test
    void measuresEveryCombination() throws IOException {
        Receipt receipt = measure("--threads", "1,2", "--batch", "1,3");
        assertEquals(List.of("1 1 dense", "1 1 cutoffs", "1 3 dense", "1 3 cutoffs", "2 1 dense", "2 1 cutoffs", "2 3 dense", "2 3 cutoffs"),
                receipt.measurements().stream().map(one -> one.threads() + " " + one.batch() + " " + one.cutoffs()).toList());
        for (Receipt.Measurement one : receipt.measurements()) {
            assertTrue(one.outputError() <= 1e-4 && one.openNanos() > 0 && one.firstCallNanos() > 0);
            assertEquals(3, one.turns().size());
            assertNotNull(one.phases());
            assertTrue(one.phases().computeNanos().length >= 2);
            assertNull(one.profile());
            assertEquals(List.of("90", "95", "99"), List.copyOf(one.summary().percentiles().keySet()));
        }
        assertEquals(List.of("dense", "cutoffs"), receipt.model().cutoffSets().stream().map(Receipt.CutoffSet::name).toList());
        assertEquals(64, receipt.model().sha256().length());
        assertTrue(receipt.model().cutoffSets().get(1).keptPointwiseMacs() < receipt.model().cutoffSets().get(0).keptPointwiseMacs());
        assertEquals(List.of("bench", "-m", model.toString(), "--smoke", "--device", "cpu"), receipt.program().commandLine().subList(0, 6));
        assertEquals(List.of("these are the few calls of --smoke; the figures mean nothing"), receipt.warnings());
    }

    @Test
    void callersAndRandomRequests() throws IOException {
        Receipt receipt = measure("--concurrency", "1,4", "--request-rate", "1000,2000", "--cutoffs", "cutoffs", "--threads", 1);
        assertEquals(List.of("1 1000.0", "1 2000.0", "4 1000.0", "4 2000.0"), receipt.measurements().stream().map(one -> one.concurrency() + " " + one.requestRate()).toList());
        for (Receipt.Measurement one : receipt.measurements()) {
            for (Receipt.Turn turn : one.turns()) {
                assertEquals(turn.latencyNanos().length, turn.queueingNanos().length);
            }
        }
        assertEquals(List.of(4), measure("--concurrency", 4, "--cutoffs", "dense").measurements().stream().map(Receipt.Measurement::concurrency).toList());
    }

    @Test
    void printsTables() {
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cpu,reference", "--threads", 1, "--percentile", "50,99.9", "--dumpProfile", "--request-rate", 5000);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().startsWith(model + " by lowpass "), run.out());
        assertTrue(run.out().contains("cpu, 1 thread, batch 1, 1 caller, 5000 requests a second: ms from when a request was due"), run.out());
        assertTrue(run.out().contains("reference, 1 thread"), run.out());
        assertTrue(run.out().matches("(?s).*engine +precision +cutoffs +images/s +min +mean +median +p50 +p99\\.9 +max +calls +speed +95 %.*"), run.out());
        assertTrue(run.out().matches("(?s).*host-to-device +compute +device-to-host +queueing +error.*"), run.out());
        assertTrue(run.out().contains("lowpass fp32 cutoffs, step by step") && run.out().contains("block1.expand"), run.out());
        assertEquals("lowpass: warning: these are the few calls of --smoke; the figures mean nothing", run.message());
    }

    @Test
    void jsonMayTakeTheStandardOutput() {
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cpu", "--json", "-");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().startsWith("{\n  \"schema\" : \"lowpass.bench/1\"") && run.out().endsWith("}\n"), run.out());
    }

    /** An engine that computes something else is not measured. */
    @Test
    void wrongLogitsAreRefused() {
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cpu", "--tolerance", "1e-12");
        assertEquals(1, run.status());
        assertTrue(run.message().startsWith("lowpass: lowpass on cpu in fp32, cutoffs "), run.err());
        assertTrue(run.message().contains("gives logits that differ from the reference's by ") && run.message().contains("its time would mean nothing"), run.err());
    }

    @Test
    void wrongPeerIsARowThatSaysSo() throws IOException {
        Receipt receipt = measure("--peers", "wrong", "--cutoffs", "dense");
        assertEquals(List.of("lowpass", "wrong"), receipt.measurements().stream().map(Receipt.Measurement::engine).toList());
        assertNull(receipt.measurements().get(0).absent());
        assertEquals("gives logits that differ from the reference's by 1.0e+00 of the largest, and 1.0e-04 is tolerated; its time would mean nothing",
                receipt.measurements().get(1).absent());
    }

    /** One that fails at a batch costs no one else's figures. */
    @Test
    void aPeerThatFailsAtItsFirstCallIsARowThatSaysSo() throws IOException {
        Receipt receipt = measure("--peers", "failing", "--cutoffs", "dense");
        assertEquals(List.of("lowpass", "failing"), receipt.measurements().stream().map(Receipt.Measurement::engine).toList());
        assertNull(receipt.measurements().get(0).absent());
        assertEquals("fails at its first call: out of memory", receipt.measurements().get(1).absent());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--batch|0|Invalid value for option '--batch': 0 is out of range; give 1 to 1024",
        "--threads|1,0|Invalid value for option '--threads': 0 is out of range; give 1 to 1024",
        "--concurrency|0|Invalid value for option '--concurrency': 0 is out of range; give 1 to 1024",
        "--request-rate|0|Invalid value for option '--request-rate': 0 is out of range; give above 0 and at most 1000000",
        "--percentile|101|Invalid value for option '--percentile': 101 is out of range; give above 0 and at most 100",
        "--duration|-1|Invalid value for option '--duration': -1 is out of range; give 0 to 100000 seconds",
        "--iterations|0|Invalid value for option '--iterations': 0 is out of range; give 1 to 1000000",
        "--device|gpu|Invalid value for option '--device': no device is named \"gpu\"",
        "--precision|fp16|Invalid value for option '--precision': FP16 is offered by none of the devices [cpu]; choose one of fp32",
        "--cutoffs|half|Invalid value for option '--cutoffs': \"half\" is no cutoff set of ",
        "--peers|nobody|Invalid value for option '--peers': \"nobody\" is no peer; choose among wrong"})
    void usageErrorsAreOneLine(String option, String value, String message) {
        Execution run = option.equals("--device") ? Execution.of("bench", "-m", model, "--smoke", option, value)
                : Execution.of("bench", "-m", model, "--smoke", "--device", "cpu", option, value);
        assertEquals(2, run.status(), run.err());
        assertTrue(run.message().startsWith("lowpass: " + message), run.err());
        assertFalse(run.out().contains("engine"), run.out());
    }

    @Test
    void exportWritesOnnx() throws IOException {
        Path file = folder.resolve("tiny.onnx");
        Execution dense = Execution.of("export", model, "-o", file);
        assertEquals(0, dense.status(), dense.err());
        assertTrue(dense.out().startsWith(file + ": ") && dense.out().contains("dense: its cutoffs are left out (--truncation writes them)"), dense.out());
        assertEquals(8, Files.readAllBytes(file)[0], "the field of the version comes first");
        assertTrue(Execution.of("export", model, "-o", file).message().endsWith("exists already; give --force to replace it, or another name"));
        assertTrue(Execution.of("export", model, "-o", file, "--force", "--truncation").out().contains(", with its cutoffs"));
        Execution other = Execution.of("export", model, "-o", folder.resolve("tiny.pb"));
        assertEquals(2, other.status());
        assertTrue(other.message().contains("give a name that ends in .onnx"), other.err());
    }
}
