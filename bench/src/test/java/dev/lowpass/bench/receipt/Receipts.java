package dev.lowpass.bench.receipt;

import java.util.List;
import java.util.Map;

/** Receipts made up for tests. */
public final class Receipts {

    private Receipts() {}

    /** With one measurement of Lowpass with cutoffs per series of latencies; each turn has one call of 100 to 103 ns times the factor. */
    public static Receipt of(double factor, int turns) {
        return of(List.of(measured("lowpass", "cutoffs", 1, factor, turns)));
    }

    public static Receipt of(List<Receipt.Measurement> measurements) {
        return new Receipt(Receipt.SCHEMA, "2026-11-25T01:02:03Z",
                new Receipt.Program("0.1.0", "0123456789012345678901234567890123456789", false, List.of("bench", "-m", "m.safetensors")),
                new Receipt.Host("17", "Linux", "Some CPU", 2, 1.5, 1 << 30, 1 << 28, List.of("-Xmx1g"), List.of(new Receipt.Gpu("Some GPU", "GPU-1", "550", 1L << 34))),
                new Receipt.Clocks(List.of(2000.0, 2100.0), 0.5, List.of(new Receipt.GpuClocks(1980.0, 2619.0, 40.0, 120.5))),
                new Receipt.Clocks(List.of(), null, List.of(new Receipt.GpuClocks(null, null, null, null))),
                new Receipt.ModelFile("m.safetensors", "0123456789abcdef".repeat(4), List.of(8, 8, 3), 3,
                        List.of(new Receipt.CutoffSet("dense", 100, 80, 80, null, null), new Receipt.CutoffSet("cutoffs", 80, 80, 60, 0.75, "top-1 of 40 photos"))),
                new Receipt.Settings(1000, 3, 10, 250, 50, 1e-3, 25),
                List.of(new Receipt.Library("lowpass", "0.1.0")),
                measurements,
                List.of());
    }

    public static Receipt.Measurement measured(String engine, String cutoffs, int batch, double factor, int turns) {
        List<Receipt.Turn> list = java.util.stream.IntStream.range(0, turns)
                .mapToObj(i -> new Receipt.Turn(1000L * i, 500, new long[] {Math.round(factor * (100_000 + 1000 * (i % 4)))}, null, 0, 0))
                .toList();
        return new Receipt.Measurement(engine, "cpu", "256-bit", "fp32", cutoffs, 1, batch, 1, null, "all", null, 1e-6, 10L, 20L, list, null, null,
                new Receipt.Summary(1, 1, 1.5, 2, 3, Map.of("99", 3L, "99.9", 3L), List.of(1L, 2L, 2L), false));
    }

    public static Receipt.Measurement absent(String engine, String reason) {
        return new Receipt.Measurement(engine, "cuda:0", null, "fp32", "dense", 1, 1, 1, null, null, reason, null, null, null, null, null, null, null);
    }
}
