package dev.lowpass.bench.report;

import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;

/** How long calls took: for each engine the distribution of every call, its median and its 99th percentile. */
final class LatencyFigure {

    private static final double ROW = 46;
    private static final double HILL = 20;
    private static final int BINS = 72;
    private static final double LEFT = 8;
    private static final double RIGHT = Svg.WIDTH - 8;
    /** Beyond this ratio of the slowest to the fastest a linear axis would show nothing of the fast ones. */
    private static final double LOGARITHMIC_RATIO = 12;

    private LatencyFigure() {}

    /** One engine's calls. */
    record Row(String name, Receipt.Measurement measurement, long[] sorted) {
        static Row of(String name, Receipt.Measurement measurement) {
            return new Row(name, measurement, measurement.latencies().stream().flatMapToLong(LongStream::of).sorted().toArray());
        }

        double millis(double percent) {
            return Percentile.of(sorted, percent) / 1e6;
        }
    }

    static Figure of(String id, String setting, List<Row> rows, Series series) {
        double low = rows.stream().mapToDouble(row -> row.millis(0.5)).min().orElseThrow();
        double high = rows.stream().mapToDouble(row -> row.millis(99)).max().orElseThrow();
        Axis axis = high > LOGARITHMIC_RATIO * low ? Axis.logarithmic(low * 0.9, high * 1.1, LEFT, RIGHT) : Axis.linear(low * 0.97, high * 1.01, LEFT, RIGHT);
        double bottom = rows.size() * ROW + 6;
        Svg svg = new Svg();
        for (double tick : axis.ticks(5)) {
            svg.line("grid", axis.at(tick), 4, axis.at(tick), bottom);
            svg.text("tick", axis.at(tick), bottom + 14, "middle", Axis.label(tick));
        }
        svg.line("axis", LEFT, bottom, RIGHT, bottom);
        svg.text("tick", (LEFT + RIGHT) / 2, bottom + 30, "middle", "milliseconds a call" + (axis.logarithmic() ? ", logarithmic" : ""));
        List<List<String>> numbers = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            String style = series.style(row.name);
            double base = i * ROW + ROW - 4;
            svg.text("label", LEFT, base - HILL - 6, "start", row.name);
            svg.text("value", RIGHT, base - HILL - 6, "end", String.format(Locale.ROOT, "median %s, p99 %s ms", millis(row.millis(50)), millis(row.millis(99))));
            svg.path("hill " + style, hill(row, axis, base), true);
            svg.line("rule " + style, axis.at(row.millis(0.5)), base, axis.at(row.millis(99)), base);
            svg.line("mark " + style, axis.at(row.millis(99)), base - 5, axis.at(row.millis(99)), base + 3);
            svg.circle("dot " + style, axis.at(row.millis(50)), base, 3.6, row.name + ": median " + millis(row.millis(50)) + " ms");
            Receipt.Summary summary = row.measurement.summary();
            numbers.add(List.of(row.name, String.valueOf(row.sorted.length), millis(row.sorted[0] / 1e6), millis(summary.meanNanos() / 1e6), millis(row.millis(50)), millis(row.millis(90)),
                    millis(row.millis(95)), millis(row.millis(99)), String.format(Locale.ROOT, "%,.1f", summary.imagesPerSecond()), summary.stable() ? "yes" : "no"));
        }
        String fastest = rows.stream().min((a, b) -> Double.compare(a.millis(50), b.millis(50))).orElseThrow().name;
        String title = "Latency, " + setting;
        String description = rows.size() == 1 ? "Every timed call of " + fastest + "."
                : "Every timed call; hills are where most calls lie. The lowest median is " + fastest + "'s.";
        return new Figure(id, title, description, svg.element(id, bottom + 38, title, description), Map.of(), List.of(new Figure.Numbers(
                List.of("engine and network", "calls", "min ms", "mean ms", "median ms", "p90 ms", "p95 ms", "p99 ms", "images/s", "stable"), numbers)));
    }

    /** The outline of a smoothed histogram, as high as its fullest bin. */
    private static double[] hill(Row row, Axis axis, double base) {
        double[] bins = new double[BINS];
        for (long nanos : row.sorted) {
            int bin = (int) ((axis.at(nanos / 1e6) - LEFT) / (RIGHT - LEFT) * BINS);
            if (bin >= 0 && bin < BINS) {
                bins[bin]++;
            }
        }
        double[] smooth = new double[BINS];
        double highest = 1e-9;
        for (int i = 0; i < BINS; i++) {
            smooth[i] = (i > 0 ? bins[i - 1] : 0) + 2 * bins[i] + (i + 1 < BINS ? bins[i + 1] : 0);
            highest = Math.max(highest, smooth[i]);
        }
        double[] points = new double[2 * (BINS + 2)];
        double width = (RIGHT - LEFT) / BINS;
        points[0] = LEFT;
        points[1] = base;
        for (int i = 0; i < BINS; i++) {
            points[2 * i + 2] = LEFT + (i + 0.5) * width;
            points[2 * i + 3] = base - HILL * smooth[i] / highest;
        }
        points[2 * BINS + 2] = RIGHT;
        points[2 * BINS + 3] = base;
        return points;
    }

    static String millis(double millis) {
        return millis >= 100 ? String.format(Locale.ROOT, "%,.0f", millis) : String.format(Locale.ROOT, millis >= 10 ? "%.2f" : "%.3f", millis);
    }
}
