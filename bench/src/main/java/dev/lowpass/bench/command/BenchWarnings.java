package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Summaries;
import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What makes figures doubtful. None of it is a failure: figures of a busy machine may be all that can be had. */
final class BenchWarnings {

    /** As a share: how far clocks may move, and how much of a call the timer may be. */
    private static final double CLOCK_CHANGE = 0.05;
    private static final double TIMER_SHARE = 0.01;

    /** Requests arrive faster than they are served when the last ones have waited for this share of the time: the queue has grown so long. */
    private static final double OVERLOAD = 0.1;

    private BenchWarnings() {}

    static List<String> of(List<Receipt.Measurement> measurements, Receipt.Settings settings, Receipt.Clocks before, Receipt.Clocks after, boolean smoke) {
        List<String> warnings = new ArrayList<>();
        if (smoke) {
            return List.of("these are the few calls of --smoke; the figures mean nothing");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        for (Receipt.Measurement one : measurements) {
            if (one.absent() == null) {
                warnings.addAll(of(one, settings, processors));
            }
        }
        busy(before.loadAverage()).ifPresent(warnings::add);
        double least = before.cpuMegahertz().stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double later = after.cpuMegahertz().stream().mapToDouble(Double::doubleValue).min().orElse(0);
        clockChange(warnings, "processor", least, later);
        for (int i = 0; i < Math.min(before.gpus().size(), after.gpus().size()); i++) {
            Double first = before.gpus().get(i).smMegahertz();
            Double last = after.gpus().get(i).smMegahertz();
            clockChange(warnings, "GPU " + i, first == null ? 0 : first, last == null ? 0 : last);
        }
        return warnings;
    }

    /**
     * What a machine that was busy already makes of all figures.
     *
     * @param loadAverage before the run; null where the system does not tell
     */
    static Optional<String> busy(Double loadAverage) {
        int processors = Runtime.getRuntime().availableProcessors();
        return loadAverage == null || loadAverage <= processors / 2.0 ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "before the run %.1f processes ran or waited to, on %s; measure on an idle machine", loadAverage, count(processors, "processor")));
    }

    private static void clockChange(List<String> warnings, String what, double before, double after) {
        if (before > 0 && after > 0 && Math.abs(after - before) > CLOCK_CHANGE * before) {
            warnings.add(String.format(Locale.ROOT, "the %s's clock was %.0f MHz before and %.0f MHz after; fix it for figures that can be repeated", what, before, after));
        }
    }

    private static List<String> of(Receipt.Measurement one, Receipt.Settings settings, int processors) {
        List<String> warnings = new ArrayList<>();
        String name = BenchTables.label(one) + " on " + one.device() + (one.device().equals("cpu") ? ", " + count(one.threads(), "thread") : "") + ", batch " + one.batch()
                + (one.concurrency() == 1 ? "" : ", " + count(one.concurrency(), "caller"))
                + (one.requestRate() == null ? "" : ", " + Summaries.name(one.requestRate()) + " requests a second");
        Receipt.Summary summary = one.summary();
        if (!summary.stable()) {
            warnings.add(String.format(Locale.ROOT, "%s: the medians of three windows, %.3f, %.3f and %.3f ms, are more than 10 %% apart; measure longer or on an idle machine", name,
                    summary.windowMedians().get(0) / 1e6, summary.windowMedians().get(1) / 1e6, summary.windowMedians().get(2) / 1e6));
        }
        if (settings.timerNanos() > TIMER_SHARE * summary.medianNanos()) {
            warnings.add(name + ": a call takes " + summary.medianNanos() + " ns, and reading the clock " + settings.timerNanos() + " ns of that; use a larger batch");
        }
        long collections = one.turns().stream().mapToLong(Receipt.Turn::collections).sum();
        if (collections > 0) {
            warnings.add(name + ": garbage was collected " + count(collections, "time") + " meanwhile, for "
                    + one.turns().stream().mapToLong(Receipt.Turn::collectionMillis).sum() + " ms; give the JVM a larger heap");
        }
        if (one.device().equals("cpu") && one.threads() * one.concurrency() > processors) {
            warnings.add(name + ": " + count(one.concurrency(), "call") + " of " + count(one.threads(), "thread") + " share " + count(processors, "processor"));
        }
        if (one.requestRate() != null) {
            // Not by how long the requests took to arrive: that is a matter of chance.
            long elapsed = one.turns().stream().mapToLong(Receipt.Turn::elapsedNanos).sum();
            long queue = one.turns().stream().mapToLong(turn -> turn.queueingNanos()[turn.queueingNanos().length - 1]).sum();
            if (queue > OVERLOAD * elapsed) {
                warnings.add(name + ": these are more than it serves; the queue grows, and latencies with the duration");
            }
        }
        return warnings;
    }

    private static String count(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
