package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import dev.lowpass.bench.receipt.Receipts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {

    @TempDir
    Path folder;

    private Path write(String name, Receipt receipt) throws IOException {
        Path file = folder.resolve(name);
        try (var out = Files.newOutputStream(file)) {
            ReceiptFile.write(receipt, out);
        }
        return file;
    }

    @Test
    void ratioDecidesTheExitCode() throws IOException {
        Path a = write("a.json", Receipts.of(1, 20));
        Path same = write("same.json", Receipts.of(1, 20));
        Path slower = write("slower.json", Receipts.of(1.2, 20));
        Execution equal = Execution.of("compare", a, same, "--max-regression", 0);
        assertEquals(0, equal.status(), equal.err());
        assertTrue(equal.out().contains("no difference shown"), equal.out());
        Execution plain = Execution.of("compare", a, slower);
        assertEquals(0, plain.status(), plain.err());
        // By the samples: the summary of these receipts says 2 ns.
        assertTrue(plain.out().contains(" 0.1010 ") && plain.out().contains(" 0.1212 "), plain.out());
        assertTrue(plain.out().contains("1.20") && plain.out().contains("slower"), plain.out());
        assertEquals(0, Execution.of("compare", a, slower, "--max-regression", 25).status());
        Execution failed = Execution.of("compare", a, slower, "--max-regression", 10, "--json", folder.resolve("out.json"));
        assertEquals(1, failed.status());
        assertTrue(failed.message().matches("lowpass: slower by more than 10\\.0 %: lowpass fp32 cutoffs on cpu, threads 1, batch 1 by (19|20)\\.\\d %"), failed.err());
        assertTrue(Files.readString(folder.resolve("out.json")).contains("\"regressed\" : true"));
        Execution faster = Execution.of("compare", slower, a, "--max-regression", 0);
        assertEquals(0, faster.status());
        assertTrue(faster.out().contains("faster"), faster.out());
    }

    @Test
    void refusesWhatDoesNotCompare() throws IOException {
        Receipt receipt = Receipts.of(1, 3);
        Path a = write("a.json", receipt);
        Path b = write("b.json", new Receipt(receipt.schema(), receipt.createdAt(), receipt.program(), receipt.machine(), receipt.clocksBefore(), receipt.clocksAfter(),
                new Receipt.ModelFile("m", "f".repeat(64), List.of(8, 8, 3), 3, List.of()), receipt.settings(), receipt.engines(), receipt.measurements(), List.of()));
        Execution refused = Execution.of("compare", a, b);
        assertEquals(1, refused.status());
        assertTrue(refused.message().contains("cannot be compared: the model's hash differs (") && refused.message().endsWith("or give --force"), refused.err());
        Execution forced = Execution.of("compare", a, b, "--force");
        assertEquals(0, forced.status(), forced.err());
        assertTrue(forced.err().startsWith("lowpass: warning: the model's hash differs"), forced.err());
        Path other = write("other.json", Receipts.of(List.of(Receipts.measured("lowpass", "cutoffs", 8, 1, 3))));
        assertTrue(Execution.of("compare", a, other, "--force").message().endsWith("; measure the same settings"));
        assertEquals(2, Execution.of("compare", a).status());
        assertEquals(2, Execution.of("compare", a, b, "--max-regression", -1).status());
        assertTrue(Execution.of("compare", a, folder.resolve("none.json")).message().endsWith("none.json: no such file; check the path"));
    }
}
