package dev.lowpass.bench.profile;

import dev.lowpass.bench.output.Table;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A profile as people read it on a terminal. */
public final class ProfileText {

    private final Profile profile;

    public ProfileText(Profile profile) {
        this.profile = profile;
    }

    public void print(PrintWriter out) {
        boolean truncated = profile.truncatedNanos() != null;
        out.println(profile.device() + " (" + profile.deviceDescription() + "), " + profile.precision() + ", " + profile.threads()
                + (profile.threads() == 1 ? " thread" : " threads") + ", batch " + profile.batch() + "; medians of " + profile.runs() + " passes of each network, in turns");
        out.println();
        printBlocks(out, truncated);
        out.println();
        printSteps(out, truncated);
        out.println();
        printTotals(out, truncated);
    }

    private void printBlocks(PrintWriter out, boolean truncated) {
        Table table = new Table().left("block").right("MACs kept").right("dense us");
        if (truncated) {
            table.right("truncated us").right("of dense");
        }
        for (Profile.Block block : profile.blocks()) {
            List<Object> row = new ArrayList<>(List.of(block.name(), block.denseMacs() == 0 ? "" : percent((double) block.keptMacs() / block.denseMacs()), micros(block.denseNanos())));
            if (truncated) {
                row.add(micros(block.truncatedNanos()));
                row.add(block.denseNanos() == 0 ? "" : percent((double) block.truncatedNanos() / block.denseNanos()));
            }
            table.row(row.toArray());
        }
        table.print(out);
    }

    private void printSteps(PrintWriter out, boolean truncated) {
        boolean roof = profile.peak() != null;
        Table table = new Table().right("step").left("covers").left("kernel").left("domain").right("us").right("share").right("MACs").right("bytes").right("GFLOP/s");
        if (roof) {
            table.right("of peak").right("floor us").right("lost us");
        }
        if (truncated) {
            table.right("dense us");
        }
        for (Profile.Step step : profile.steps()) {
            List<Object> row = new ArrayList<>(List.of(step.step() + 1, step.covers(), step.tactic().isEmpty() ? step.kernel() : step.tactic(), step.domain(), micros(step.nanos()),
                    percent((double) step.nanos() / profile.stepwiseNanos()), String.format(Locale.ROOT, "%,d", step.macs()), String.format(Locale.ROOT, "%,d", step.bytes()),
                    step.macs() == 0 ? "" : String.format(Locale.ROOT, "%.1f", 2.0 * step.macs() / step.nanos())));
            if (roof) {
                row.add(step.macs() == 0 ? "" : percent(2e9 * step.macs() / step.nanos() / profile.peak().flops()));
                row.add(micros(step.floorNanos()));
                row.add(micros(step.lostNanos()));
            }
            if (truncated) {
                row.add(step.denseNanos() != null ? micros(step.denseNanos()) : step.denseStep() != null ? "in step " + (step.denseStep() + 1) : "");
            }
            table.row(row.toArray());
        }
        table.print(out);
    }

    private void printTotals(PrintWriter out, boolean truncated) {
        long network = truncated ? profile.truncatedNanos() : profile.denseNanos();
        out.println("a pass               dense " + micros(profile.denseNanos()) + " us"
                + (truncated ? ", truncated " + micros(network) + " us, " + signedPercent((double) network / profile.denseNanos() - 1) : ""));
        out.println("timed step by step   " + micros(profile.stepwiseNanos()) + " us, " + signedPercent((double) profile.stepwiseNanos() / network - 1)
                + (profile.device().startsWith("cuda") ? ": one launch after the other, where a pass is one CUDA graph" : ""));
        Profile.Roof peak = profile.peak();
        if (peak == null) {
            out.println("peak                 cannot be told for this device, so steps are sorted by time");
            return;
        }
        double floor = profile.steps().stream().mapToDouble(Profile.Step::floorNanos).sum();
        long macs = profile.steps().stream().mapToLong(Profile.Step::macs).sum();
        out.println(String.format(Locale.ROOT, "peak                 %.1f GFLOP/s, memory %.1f GB/s, caches up to %.1f GB/s (%s)", peak.flops() / 1e9,
                peak.levels().get(peak.levels().size() - 1).bytesPerSecond() / 1e9,
                peak.levels().stream().mapToDouble(Profile.Level::bytesPerSecond).max().orElseThrow() / 1e9, peak.method()));
        out.println(String.format(Locale.ROOT, "the whole            %.1f GFLOP/s, %s of the peak; the floors of all steps come to %s us, %s of the time", 2.0 * macs / network,
                percent(2e9 * macs / network / peak.flops()), micros(floor), percent(floor / network)));
        out.println("floor                the least time for a step's MACs (transforms not counted) and bytes by the peak; what a cache holds may be faster than memory");
    }

    private static String micros(double nanos) {
        return String.format(Locale.ROOT, "%,.1f", nanos / 1e3);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static String signedPercent(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", 100 * share);
    }
}
