package dev.lowpass.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;

/** One quantity against another that takes few values, with a line for each series. */
final class LineFigure {

    private static final double LEFT = 46;
    private static final double RIGHT = Svg.WIDTH - 14;
    private static final double TOP = 12;
    private static final double BOTTOM = 232;

    private LineFigure() {}

    /** @param lines by series, y by x; x above 0 */
    static Figure of(String id, String title, String description, String xName, String yName, Map<String, SortedMap<Double, Double>> lines, Series series) {
        TreeSet<Double> xs = new TreeSet<>();
        double highest = 0;
        for (SortedMap<Double, Double> line : lines.values()) {
            xs.addAll(line.keySet());
            highest = Math.max(highest, line.values().stream().mapToDouble(Double::doubleValue).max().orElse(0));
        }
        Axis x = Axis.logarithmic(xs.first(), xs.last(), LEFT + 10, RIGHT - 6);
        Axis y = Axis.linear(0, highest, BOTTOM, TOP);
        Svg svg = new Svg();
        for (double tick : y.ticks(5)) {
            svg.line("grid", LEFT, y.at(tick), RIGHT, y.at(tick));
            svg.text("tick", LEFT - 5, y.at(tick) + 4, "end", Axis.label(tick));
        }
        double last = -100;
        for (double value : xs) {
            if (x.at(value) - last > 26) {
                last = x.at(value);
                svg.text("tick", last, BOTTOM + 15, "middle", Axis.label(value));
            }
            svg.line("axis", x.at(value), BOTTOM, x.at(value), BOTTOM + 4);
        }
        svg.line("axis", LEFT, BOTTOM, RIGHT, BOTTOM);
        svg.text("tick", (LEFT + RIGHT) / 2, BOTTOM + 31, "middle", xName);
        svg.sideText("tick", 10, (TOP + BOTTOM) / 2, yName);
        List<List<String>> numbers = new ArrayList<>();
        lines.forEach((name, line) -> {
            String style = series.style(name);
            double[] points = new double[2 * line.size()];
            int at = 0;
            for (Map.Entry<Double, Double> point : line.entrySet()) {
                points[at++] = x.at(point.getKey());
                points[at++] = y.at(point.getValue());
            }
            svg.path("stroke " + style, points, false);
            line.forEach((key, value) -> {
                svg.circle("dot " + style, x.at(key), y.at(value), 3.6, String.format(Locale.ROOT, "%s: %s at %s %s", name, number(value), xName, Axis.label(key)));
                numbers.add(List.of(name, Axis.label(key), number(value)));
            });
        });
        return new Figure(id, title, description, svg.element(id, BOTTOM + 40, title, description), series.styles(lines.keySet()),
                List.of(new Figure.Numbers(List.of("engine and network", xName, yName), numbers)));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%,.0f" : "%.2f", value);
    }
}
