package dev.lowpass.bench.receipt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    private static Receipt withHost(Receipt receipt, Receipt.Host host, Receipt.ModelFile model) {
        return new Receipt(receipt.schema(), receipt.createdAt(), receipt.program(), host, receipt.clocksBefore(), receipt.clocksAfter(), model, receipt.settings(),
                receipt.engines(), receipt.measurements(), receipt.warnings());
    }

    @Test
    void pairsTheSameSettings() {
        Receipt first = Receipts.of(List.of(Receipts.measured("lowpass", "dense", 1, 1, 3), Receipts.measured("lowpass", "dense", 8, 1, 3), Receipts.absent("onnxruntime", "none")));
        Receipt second = Receipts.of(List.of(Receipts.measured("lowpass", "cutoffs", 8, 1, 3), Receipts.measured("lowpass", "dense", 8, 2, 3)));
        Comparison comparison = Comparison.of(first, second);
        assertEquals(List.of("lowpass fp32 dense on cpu, threads 1, batch 8"), comparison.pairs().stream().map(Comparison.Pair::name).toList());
        assertEquals(List.of("lowpass fp32 dense on cpu, threads 1, batch 1"), comparison.onlyFirst());
        assertEquals(List.of("lowpass fp32 cutoffs on cpu, threads 1, batch 8"), comparison.onlySecond());
        assertEquals(List.of(), comparison.obstacles());
        assertEquals(List.of(), comparison.changes());
    }

    @Test
    void namesWhatIsNotTheSame() {
        Receipt first = Receipts.of(1, 3);
        Receipt.Host host = first.machine();
        Receipt second = withHost(first,
                new Receipt.Host("21", host.os(), "Other CPU", 4, host.cpuLimit(), host.memoryBytes(), host.maxHeapBytes(), List.of("-Dlowpass.home=/x", "-Xmx1g"), List.of()),
                new Receipt.ModelFile("m", "f".repeat(64), List.of(8, 8, 3), 3, List.of()));
        Comparison comparison = Comparison.of(first, second);
        assertEquals(List.of("the processor differs (Some CPU against Other CPU)", "the number of processors differs (2 against 4)",
                "the GPUs differs ([Some GPU with driver 550] against [])", "the model's hash differs (" + "0123456789abcdef".repeat(4) + " against " + "f".repeat(64) + ")"),
                comparison.obstacles());
        assertEquals(List.of("Java differs (17 against 21)"), comparison.changes());
    }

    @Test
    void nothingInCommonIsAnObstacle() {
        Comparison comparison = Comparison.of(Receipts.of(List.of(Receipts.measured("lowpass", "dense", 1, 1, 3))), Receipts.of(List.of(Receipts.measured("lowpass", "dense", 8, 1, 3))));
        assertEquals(List.of("they have no measurement in common ([lowpass fp32 dense on cpu, threads 1, batch 1] against [lowpass fp32 dense on cpu, threads 1, batch 8])"),
                comparison.obstacles());
    }
}
