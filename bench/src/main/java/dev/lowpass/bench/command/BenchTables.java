package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.bench.receipt.Receipt;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** A {@link Bench} as text. */
final class BenchTables {

    private final PrintWriter out;
    private final boolean silent;

    BenchTables(PrintWriter out, boolean silent) {
        this.out = out;
        this.silent = silent;
    }

    /** What is measured, on what. */
    void header(Path model, Receipt.Host machine, List<Receipt.Library> libraries) {
        if (silent) {
            return;
        }
        out.println(model + " by " + libraries.stream().map(library -> library.name() + " " + library.version()).collect(Collectors.joining(", ")));
        out.println(machine.cpu() + ", " + count(machine.processors(), "processor") + machine.gpus().stream().map(gpu -> ", " + gpu.name()).collect(Collectors.joining())
                + "; Java " + machine.java() + "; " + machine.os());
    }

    /** One setting's figures: times, then what is apart from them. */
    void print(BenchRun.Setting setting, List<Receipt.Measurement> group) {
        if (silent) {
            return;
        }
        out.println();
        out.println(setting.device() + (setting.device().startsWith("cuda") ? "" : ", " + count(setting.threads(), "thread")) + ", batch " + setting.batch()
                + (setting.concurrency() == 1 && setting.requestRate() == null ? "" : ", " + count(setting.concurrency(), "caller"))
                + (setting.requestRate() == null ? "" : String.format(Locale.ROOT, ", %s requests a second", number(setting.requestRate())))
                + ": " + (setting.requestRate() == null ? "ms a call" : "ms from when a request was due"));
        List<Receipt.Measurement> measured = group.stream().filter(one -> one.absent() == null).toList();
        if (!measured.isEmpty()) {
            times(measured, baseline(measured));
            out.println();
            apart(measured, setting.requestRate() != null);
        }
        for (Receipt.Measurement one : measured) {
            if (one.profile() != null) {
                out.println();
                profile(one);
            }
        }
        for (Receipt.Measurement one : group) {
            if (one.absent() != null) {
                out.println(label(one) + " is absent: " + one.absent());
            }
        }
        out.flush();
    }

    /** What the others are compared with: the first peer, or without one the first of ours. */
    private static Receipt.Measurement baseline(List<Receipt.Measurement> measured) {
        return measured.stream().filter(one -> !one.engine().equals(measured.get(0).engine())).findFirst().orElse(measured.get(0));
    }

    private void times(List<Receipt.Measurement> measured, Receipt.Measurement baseline) {
        List<String> percentiles = List.copyOf(measured.get(0).summary().percentiles().keySet());
        Table table = new Table().left("engine").left("precision").left("cutoffs").right("images/s").right("min").right("mean").right("median");
        percentiles.forEach(percent -> table.right("p" + percent));
        table.right("max").right("calls").right("speed").left("95 %");
        for (Receipt.Measurement one : measured) {
            Receipt.Summary summary = one.summary();
            Ratio ratio = Ratio.of(baseline.latencies(), one.latencies());
            Object[] cells = new Object[percentiles.size() + 11];
            Object[] first = {one.engine(), one.precision(), one.cutoffs(), String.format(Locale.ROOT, "%.1f", summary.imagesPerSecond()), millis(summary.minNanos()),
                millis(summary.meanNanos()), millis(summary.medianNanos())};
            System.arraycopy(first, 0, cells, 0, first.length);
            for (int i = 0; i < percentiles.size(); i++) {
                cells[first.length + i] = millis(summary.percentiles().get(percentiles.get(i)));
            }
            Object[] last = {millis(summary.maxNanos()), one.latencies().stream().mapToInt(turn -> turn.length).sum(), String.format(Locale.ROOT, "%.3f", ratio.value()),
                one == baseline ? "baseline" : String.format(Locale.ROOT, "[%.3f, %.3f]", ratio.low(), ratio.high())};
            System.arraycopy(last, 0, cells, first.length + percentiles.size(), last.length);
            table.row(cells);
        }
        table.print(out);
    }

    private void apart(List<Receipt.Measurement> measured, boolean queueing) {
        Table table = new Table().left("engine").left("precision").left("cutoffs").right("open").right("first call").right("host-to-device").right("compute")
                .right("device-to-host");
        if (queueing) {
            table.right("queueing");
        }
        table.right("error").left("");
        for (Receipt.Measurement one : measured) {
            Receipt.Phases phases = one.phases();
            List<Object> cells = new ArrayList<>(List.of(one.engine(), one.precision(), one.cutoffs(), millis(one.openNanos()), millis(one.firstCallNanos()),
                    phases == null ? "-" : millis(median(phases.hostToDeviceNanos())), phases == null ? "-" : millis(median(phases.computeNanos())),
                    phases == null ? "-" : millis(median(phases.deviceToHostNanos()))));
            if (queueing) {
                cells.add(millis(median(one.turns().stream().flatMapToLong(turn -> LongStream.of(turn.queueingNanos())).toArray())));
            }
            cells.add(String.format(Locale.ROOT, "%.0e", one.outputError()));
            cells.add(one.summary().stable() ? "" : "unstable");
            table.row(cells.toArray());
        }
        table.print(out);
    }

    private void profile(Receipt.Measurement one) {
        out.println(label(one) + ", step by step");
        long whole = one.profile().stream().mapToLong(step -> median(step.nanos())).sum();
        Table table = new Table().left("ops").left("kernel").left("tactic").right("median").right("share");
        for (Receipt.Step step : one.profile()) {
            table.row(step.ops().isEmpty() ? "-" : String.join(", ", step.ops()), step.kernel(), step.tactic(), millis(median(step.nanos())),
                    Quantity.percent((double) median(step.nanos()) / whole));
        }
        table.print(out);
    }

    static String label(Receipt.Measurement one) {
        return one.engine() + " " + one.precision() + " " + one.cutoffs();
    }

    private static long median(long[] values) {
        return Percentile.of(Arrays.stream(values).sorted().toArray(), 50);
    }

    private static String count(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static String millis(double nanos) {
        return String.format(Locale.ROOT, nanos < 1e4 ? "%.4f" : "%.3f", nanos / 1e6);
    }
}
