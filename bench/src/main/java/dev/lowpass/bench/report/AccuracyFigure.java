package dev.lowpass.bench.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Accuracy against the share of multiply-accumulates that cutoffs keep: of every cutoff set of every model, by one measure. */
final class AccuracyFigure {

    private static final double LEFT = 46;
    private static final double RIGHT = Svg.WIDTH - 14;
    private static final double TOP = 14;
    private static final double BOTTOM = 212;

    private AccuracyFigure() {}

    /** @param given with one {@code measure} */
    static Figure of(String id, List<Inputs.Accuracy> given, Series series) {
        List<Inputs.Accuracy> points = given.stream().sorted(Comparator.comparingDouble(Inputs.Accuracy::keptShare)).toList();
        double best = points.stream().mapToDouble(Inputs.Accuracy::share).max().orElseThrow();
        double worst = points.stream().mapToDouble(Inputs.Accuracy::share).min().orElseThrow();
        boolean several = points.stream().map(Inputs.Accuracy::model).distinct().count() > 1;
        Inputs.Accuracy dense = several ? null : denseOf(points, points.get(0).model());
        String measure = points.get(0).measure();
        double floor = Math.min(worst, dense == null ? worst : dense.share() - 0.01);
        double margin = Math.max(0.005, (best - floor) / 6);
        Axis x = new Axis(Math.floor(10 * points.get(0).keptShare() - 0.3) / 10, 1.02, LEFT, RIGHT, false);
        Axis y = new Axis(floor - margin, Math.min(1, best + margin) + 1e-9, BOTTOM, TOP, false);
        Svg svg = new Svg();
        for (double tick : y.ticks(4)) {
            svg.line("grid", LEFT, y.at(tick), RIGHT, y.at(tick));
            svg.text("tick", LEFT - 5, y.at(tick) + 4, "end", String.format(Locale.ROOT, "%.1f", 100 * tick));
        }
        for (double tick : x.ticks(5)) {
            svg.text("tick", x.at(tick), BOTTOM + 15, "middle", String.format(Locale.ROOT, "%.0f %%", 100 * tick));
        }
        svg.line("axis", LEFT, BOTTOM, RIGHT, BOTTOM);
        svg.text("tick", (LEFT + RIGHT) / 2, BOTTOM + 31, "middle", "pointwise multiply-accumulates kept");
        svg.sideText("tick", 10, (TOP + BOTTOM) / 2, measure == null ? "top-1, %" : "right, %");
        if (dense != null) {
            svg.line("roof faint", LEFT, y.at(dense.share()), RIGHT, y.at(dense.share()));
            svg.line("roof", LEFT, y.at(dense.share() - 0.01), RIGHT, y.at(dense.share() - 0.01));
            lineLabel(svg, points, x, y, y.at(dense.share()), y.at(dense.share() - 0.01));
        }
        List<List<String>> numbers = new ArrayList<>();
        for (Inputs.Accuracy point : points) {
            double px = x.at(point.keptShare());
            svg.circle("dot " + (several ? series.style(point.model()) : point.keptShare() < 1 ? Series.TRUNCATED : Series.DENSE), px, y.at(point.share()), 4.6,
                    String.format(Locale.ROOT, "%s, %s: %.2f %% right, %.1f %% kept", point.model(), point.name(), 100 * point.share(), 100 * point.keptShare()));
            // Short, so that neighbours' names stay apart; the share stands on the axis, in the tip and in the table.
            svg.text("note", px, y.at(point.share()) - 9, "middle", point.name());
            Inputs.Accuracy own = denseOf(points, point.model());
            numbers.add(List.of(point.model() + ", " + point.name(), String.format(Locale.ROOT, "%.2f %%", 100 * point.keptShare()),
                    point.top1() == null ? "" : point.top1().toString(), point.images() == null ? "" : point.images().toString(), String.format(Locale.ROOT, "%.2f %%", 100 * point.share()),
                    own == null ? "" : String.format(Locale.ROOT, "%+.2f", 100 * (point.share() - own.share()))));
        }
        String title = "Accuracy against kept work" + (measure == null ? "" : ", by the model's file");
        String description = measure != null ? "What the model's file tells of its cutoff sets: " + (measure.isEmpty() ? "the share of right answers" : measure) + "."
                : "Top-1 accuracy on " + points.stream().map(Inputs.Accuracy::images).distinct().map(String::valueOf).reduce((a, b) -> a + " and " + b).orElse("")
                        + " labelled pictures. With so many, a difference of less than a point or two may be chance.";
        return new Figure(id, title, description, svg.element(id, BOTTOM + 40, title, description),
                series.styles(several ? points.stream().map(Inputs.Accuracy::model).distinct().toList() : List.of()),
                List.of(new Figure.Numbers(List.of("network", "kept", "right", "pictures", measure == null ? "top-1" : "share right", "points from dense"), numbers)));
    }

    /** Names the lower of the two lines where no point or its name is in the way: between them or below, on the left or on the right. */
    private static void lineLabel(Svg svg, List<Inputs.Accuracy> points, Axis x, Axis y, double upper, double lower) {
        double length = 124;
        double[] lefts = {LEFT + 4, RIGHT - 4 - length};
        double[] bases = lower - upper > 20 ? new double[] {lower - 5, lower + 13} : new double[] {lower + 13};
        double left = lefts[0];
        double base = bases[bases.length - 1];
        search:
        for (double candidateLeft : lefts) {
            for (double candidate : bases) {
                boolean free = points.stream().noneMatch(point -> x.at(point.keptShare()) > candidateLeft - 20 && x.at(point.keptShare()) < candidateLeft + length + 20
                        && y.at(point.share()) > candidate - 15 && y.at(point.share()) < candidate + 22);
                if (free) {
                    left = candidateLeft;
                    base = candidate;
                    break search;
                }
            }
        }
        svg.text("note", left, base, "start", "one point below dense");
    }

    private static Inputs.Accuracy denseOf(List<Inputs.Accuracy> points, String model) {
        return points.stream().filter(point -> point.keptShare() >= 1 && point.model().equals(model)).findFirst().orElse(null);
    }
}
