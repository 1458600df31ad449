package dev.lowpass.bench.report;

import dev.lowpass.bench.profile.Profile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a profile shows: dense against truncated by block, and the steps under the machine's roof. */
final class ProfileFigures {

    private static final double ROW = 17;
    private static final double NAMES = 74;
    private static final double LEFT = 46;
    private static final double RIGHT = Svg.WIDTH - 14;
    private static final double TOP = 12;
    private static final double BOTTOM = 262;
    /** Steps that lose most and are named in the image. */
    private static final int NAMED = 4;

    /** Kinds of steps and their styles. */
    private static final Map<String, String> KINDS = Map.of(
            "truncated pointwise", Series.TRUNCATED,
            "dense pointwise", Series.DENSE,
            "IDCT, depthwise and DCT fused", "s3",
            "expand, IDCT, depthwise and DCT fused", "s4",
            "convolutions in a row", "s6",
            "depthwise", "s2",
            "convolution", "s5");

    private ProfileFigures() {}

    static String setting(Profile profile) {
        return profile.device() + ", " + profile.threads() + (profile.threads() == 1 ? " thread" : " threads") + ", batch " + profile.batch() + ", " + profile.precision();
    }

    /** Pairs of points, a row for each block. */
    static Figure blocks(String id, Profile profile) {
        double highest = profile.blocks().stream().mapToDouble(block -> Math.max(block.denseNanos(), block.truncatedNanos() == null ? 0 : block.truncatedNanos())).max().orElse(1) / 1e3;
        Axis axis = Axis.linear(0, highest, NAMES, RIGHT);
        double bottom = profile.blocks().size() * ROW + 8;
        Svg svg = new Svg();
        for (double tick : axis.ticks(5)) {
            svg.line("grid", axis.at(tick), 2, axis.at(tick), bottom);
            svg.text("tick", axis.at(tick), bottom + 14, "middle", Axis.label(tick));
        }
        svg.line("axis", NAMES, bottom, RIGHT, bottom);
        svg.text("tick", (NAMES + RIGHT) / 2, bottom + 30, "middle", "microseconds, median");
        int faster = 0;
        for (int i = 0; i < profile.blocks().size(); i++) {
            Profile.Block block = profile.blocks().get(i);
            double y = i * ROW + ROW / 2 + 4;
            double from = axis.at(block.denseNanos() / 1e3);
            svg.text("tick", NAMES - 6, y + 4, "end", block.name());
            if (block.truncatedNanos() != null) {
                double to = axis.at(block.truncatedNanos() / 1e3);
                faster += block.truncatedNanos() < block.denseNanos() ? 1 : 0;
                svg.line(block.truncatedNanos() <= block.denseNanos() ? "gain" : "loss", from, y, to, y);
                svg.circle("dot " + Series.TRUNCATED, to, y, 4.2, String.format(Locale.ROOT, "%s: truncated %.1f \u00b5s", block.name(), block.truncatedNanos() / 1e3));
            }
            svg.circle("ring " + Series.DENSE, from, y, 3.6, String.format(Locale.ROOT, "%s: dense %.1f \u00b5s", block.name(), block.denseNanos() / 1e3));
        }
        boolean both = profile.truncatedNanos() != null;
        String title = (both ? "Dense against truncated, layer by layer" : "Time by block") + ", " + setting(profile);
        String description = both
                ? String.format(Locale.ROOT, "A whole pass takes %.2f ms dense and %.2f ms truncated (%+.1f %%). %d of %d blocks gain by their cutoffs; changes of domain are counted with the block "
                        + "that needs them. Both networks were timed in turns in one process.", profile.denseNanos() / 1e6, profile.truncatedNanos() / 1e6,
                        100.0 * profile.truncatedNanos() / profile.denseNanos() - 100, faster, profile.blocks().size())
                : String.format(Locale.ROOT, "A whole pass takes %.2f ms; the model has no cutoffs.", profile.denseNanos() / 1e6);
        return new Figure(id, title, description, svg.element(id, bottom + 38, title, description), both ? new TreeMap<>(Map.of("dense", Series.DENSE, "truncated", Series.TRUNCATED)) : Map.of(), List.of(blockNumbers(profile), layerNumbers(profile)));
    }

    private static Figure.Numbers blockNumbers(Profile profile) {
        List<List<String>> rows = new ArrayList<>();
        for (Profile.Block block : profile.blocks()) {
            rows.add(List.of(block.name(), macs(block.denseMacs()), block.denseMacs() == 0 ? "" : percent((double) block.keptMacs() / block.denseMacs()), micros(block.denseNanos()),
                    block.truncatedNanos() == null ? "" : micros(block.truncatedNanos()),
                    block.truncatedNanos() == null || block.denseNanos() == 0 ? "" : percent((double) block.truncatedNanos() / block.denseNanos())));
        }
        return new Figure.Numbers(List.of("block", "MACs", "kept", "dense \u00b5s", "truncated \u00b5s", "of dense"), rows);
    }

    private static Figure.Numbers layerNumbers(Profile profile) {
        List<List<String>> rows = new ArrayList<>();
        for (Profile.Layer layer : profile.layers()) {
            rows.add(List.of(layer.name(), macs(layer.denseMacs()), layer.coefficients() == 0 ? "" : percent((double) layer.keptCoefficients() / layer.coefficients()), micros(layer.denseNanos()) + with(layer.denseOps()),
                    layer.truncatedNanos() == null ? "" : micros(layer.truncatedNanos()) + with(layer.truncatedOps()), layer.transformNanos() == null || layer.transformNanos() == 0 ? "" : micros(layer.transformNanos())));
        }
        return new Figure.Numbers(List.of("pointwise layer", "MACs", "kept", "dense \u00b5s", "truncated \u00b5s", "own transforms \u00b5s"), rows);
    }

    /** What else a time is of. */
    private static String with(List<String> others) {
        return others == null || others.isEmpty() ? "" : " with " + String.join(", ", others);
    }

    /** Speed against arithmetic intensity on two logarithmic axes. Needs a peak. */
    static Figure roofline(String id, Profile profile) {
        List<Profile.Step> steps = profile.steps().stream().filter(step -> step.macs() > 0).toList();
        Profile.Roof roof = profile.peak();
        double memory = roof.levels().get(roof.levels().size() - 1).bytesPerSecond();
        double cache = roof.levels().stream().mapToDouble(Profile.Level::bytesPerSecond).max().orElseThrow();
        double least = steps.stream().mapToDouble(ProfileFigures::intensity).min().orElse(1);
        double most = steps.stream().mapToDouble(ProfileFigures::intensity).max().orElse(10);
        double slowest = steps.stream().mapToDouble(ProfileFigures::flops).min().orElse(1e9);
        Axis x = Axis.logarithmic(Math.pow(10, Math.floor(Math.log10(least))), Math.max(most * 2, 2 * roof.flops() / memory), LEFT, RIGHT);
        Axis y = Axis.logarithmic(Math.min(slowest, x.low() * memory) * 0.7, roof.flops() * 2, BOTTOM, TOP);
        Svg svg = new Svg();
        for (double tick : y.ticks(6)) {
            svg.line("grid", LEFT, y.at(tick), RIGHT, y.at(tick));
            svg.text("tick", LEFT - 5, y.at(tick) + 4, "end", Axis.label(tick / 1e9));
        }
        for (double tick : x.ticks(6)) {
            svg.line("grid", x.at(tick), TOP, x.at(tick), BOTTOM);
            svg.text("tick", x.at(tick), BOTTOM + 15, "middle", Axis.label(tick));
        }
        svg.line("axis", LEFT, BOTTOM, RIGHT, BOTTOM);
        svg.text("tick", (LEFT + RIGHT) / 2, BOTTOM + 31, "middle", "FLOP a byte moved");
        svg.sideText("tick", 10, (TOP + BOTTOM) / 2, "GFLOP/s");
        roofLine(svg, "roof", x, y, memory, roof.flops());
        if (cache > memory * 1.05) {
            roofLine(svg, "roof faint", x, y, cache, roof.flops());
        }
        svg.text("note", RIGHT - 2, y.at(roof.flops()) - 5, "end", String.format(Locale.ROOT, "%.0f GFLOP/s", roof.flops() / 1e9));
        Map<String, String> kinds = new LinkedHashMap<>();
        for (Profile.Step step : steps) {
            kinds.put(kind(step), KINDS.get(kind(step)));
            svg.circle("bubble " + KINDS.get(kind(step)), x.at(intensity(step)), y.at(flops(step)), radius(profile, step),
                    String.format(Locale.ROOT, "%s: %.1f \u00b5s, %.1f GFLOP/s, %.1f FLOP a byte", step.covers(), step.nanos() / 1e3, flops(step) / 1e9, intensity(step)));
        }
        List<Double> named = new ArrayList<>();
        for (Profile.Step step : steps) {
            double px = x.at(intensity(step));
            double py = y.at(flops(step));
            if (named.size() < NAMED && named.stream().noneMatch(at -> Math.abs(at - py) < 13)) {
                named.add(py);
                double away = radius(profile, step) + 4;
                boolean leftwards = px > (LEFT + RIGHT) / 2;
                svg.text("note", px + (leftwards ? -away : away), py + 4, leftwards ? "end" : "start", step.ops().get(0));
            }
        }
        String title = "Roofline, " + setting(profile);
        double floor = profile.steps().stream().mapToDouble(Profile.Step::floorNanos).sum();
        String description = String.format(Locale.ROOT, "Each circle is a step of the plan, as large as its share of the time; lines are what the machine can do at most: %.0f GFLOP/s, and %.0f GB/s from memory%s. "
                + "By these roofs a pass needs %.2f ms at the least; its steps take %.2f ms. Transforms are not counted as work, so fused steps lie lower than they compute.", roof.flops() / 1e9, memory / 1e9,
                cache > memory * 1.05 ? String.format(Locale.ROOT, " or up to %.0f GB/s from caches", cache / 1e9) : "", floor / 1e6, profile.stepwiseNanos() / 1e6);
        List<List<String>> rows = new ArrayList<>();
        for (Profile.Step step : profile.steps()) {
            rows.add(List.of(step.covers(), step.tactic().isEmpty() ? step.kernel() : step.tactic(), step.domain(), micros(step.nanos()), macs(step.macs()), String.format(Locale.ROOT, "%,d", step.bytes() / 1000),
                    step.macs() == 0 ? "" : String.format(Locale.ROOT, "%.1f", flops(step) / 1e9), step.macs() == 0 ? "" : percent(flops(step) / roof.flops()), micros(step.floorNanos()),
                    micros(step.lostNanos()), step.denseNanos() == null ? "" : micros(step.denseNanos()) + with(step.denseOps() == null ? null : step.denseOps().stream().filter(op -> !step.ops().contains(op)).toList())));
        }
        return new Figure(id, title, description, svg.element(id, BOTTOM + 40, title, description), kinds, List.of(new Figure.Numbers(
                List.of("step, by time lost", "kernel", "domain", "\u00b5s", "MACs", "kB", "GFLOP/s", "of peak", "floor \u00b5s", "lost \u00b5s", "dense \u00b5s"), rows)));
    }

    private static void roofLine(Svg svg, String style, Axis x, Axis y, double bytesPerSecond, double flops) {
        double ridge = Math.min(x.high(), flops / bytesPerSecond);
        double start = Math.max(x.low(), y.low() / bytesPerSecond);
        svg.path(style, new double[] {x.at(start), y.at(start * bytesPerSecond), x.at(ridge), y.at(ridge * bytesPerSecond), x.at(x.high()), y.at(flops)}, false);
    }

    private static double intensity(Profile.Step step) {
        return 2.0 * step.macs() / step.bytes();
    }

    private static double flops(Profile.Step step) {
        return 2e9 * step.macs() / step.nanos();
    }

    /** By the share of the time. */
    private static double radius(Profile profile, Profile.Step step) {
        return 2.4 + 7 * Math.sqrt((double) step.nanos() / profile.stepwiseNanos());
    }

    private static String kind(Profile.Step step) {
        if (step.kernel().contains("+")) {
            return "convolutions in a row";
        } else if (step.kernel().startsWith("expand_idct")) {
            return "expand, IDCT, depthwise and DCT fused";
        } else if (step.kernel().startsWith("band_pointwise")) {
            return "truncated pointwise";
        } else if (step.kernel().startsWith("pointwise")) {
            return "dense pointwise";
        } else if (step.kernel().startsWith("idct_depthwise")) {
            return "IDCT, depthwise and DCT fused";
        }
        return step.kernel().startsWith("depthwise") ? "depthwise" : "convolution";
    }

    private static String micros(double nanos) {
        return String.format(Locale.ROOT, "%,.1f", nanos / 1e3);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static String macs(long macs) {
        return macs == 0 ? "" : String.format(Locale.ROOT, "%.2f M", macs / 1e6);
    }
}
