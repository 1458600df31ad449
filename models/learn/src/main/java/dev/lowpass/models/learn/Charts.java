package dev.lowpass.models.learn;

import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.List;
import java.util.Locale;

/** Drawings of what was learned, as SVG. */
final class Charts {

    private static final int WIDTH = 720;
    private static final int LEFT = 180;

    /** What was measured at a share of kept multiply-accumulates; both in 0 to 1. */
    record Point(double kept, double measured) {}

    private Charts() {}

    /**
     * The measured share over the kept share.
     *
     * @param points in any order, at least one
     * @param measured what is measured, for the axis
     */
    static String curve(List<Point> points, String measured) {
        int height = 420;
        int left = 70;
        int bottom = 60;
        double lowY = Math.floor(20 * points.stream().mapToDouble(Point::measured).min().orElseThrow() - 0.2) / 20;
        double highY = Math.min(1, Math.ceil(20 * points.stream().mapToDouble(Point::measured).max().orElseThrow() + 0.2) / 20);
        double lowX = Math.floor(10 * points.stream().mapToDouble(Point::kept).min().orElseThrow()) / 10;
        StringBuilder svg = open(WIDTH, height, measured + " over kept pointwise MACs");
        double unitX = (WIDTH - left - 30) / (1 - lowX + 1e-9);
        double unitY = (height - bottom - 30) / (highY - lowY + 1e-9);
        for (double x = lowX; x < 1.0001; x += 0.1) {
            double at = left + (x - lowX) * unitX;
            line(svg, at, 30, at, height - bottom, "#ddd");
            text(svg, at, height - bottom + 18, "middle", Math.round(100 * x) + " %");
        }
        for (double y = lowY; y < highY + 0.0001; y += 0.05) {
            double at = height - bottom - (y - lowY) * unitY;
            line(svg, left, at, WIDTH - 30, at, "#ddd");
            text(svg, left - 8, at + 4, "end", Math.round(100 * y) + " %");
        }
        text(svg, (WIDTH + left - 30) / 2.0, height - 14, "middle", "kept pointwise MACs");
        text(svg, left, 18, "start", measured);
        StringBuilder path = new StringBuilder();
        for (Point point : points.stream().sorted((a, b) -> Double.compare(a.kept(), b.kept())).toList()) {
            double x = left + (point.kept() - lowX) * unitX;
            double y = height - bottom - (point.measured() - lowY) * unitY;
            path.append(path.isEmpty() ? "M" : " L").append(String.format(Locale.ROOT, "%.1f %.1f", x, y));
            svg.append(String.format(Locale.ROOT, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#1664a8\"><title>%.2f %% at %.2f %% kept</title></circle>\n", x, y,
                    100 * point.measured(), 100 * point.kept()));
        }
        return svg.append("<path d=\"").append(path).append("\" fill=\"none\" stroke=\"#1664a8\" stroke-width=\"2\"/>\n</svg>\n").toString();
    }

    /** A row per cut layer: how many of its channels have each cutoff, from 0 at the left to the whole block at the right. */
    static String histogram(ModelDefinition model) {
        List<GraphOp.PointwiseConv2d> layers = CutoffLayers.cut(model.graph());
        int row = 22;
        int height = 60 + row * layers.size();
        StringBuilder svg = open(WIDTH, height, "cutoffs per layer");
        int right = 70;
        text(svg, LEFT, 20, "start", "share of channels by cutoff, from 0 (left) to all coefficients (right); kept share");
        for (int l = 0; l < layers.size(); l++) {
            GraphOp.PointwiseConv2d op = layers.get(l);
            int[] cutoffs = model.parameters(op).cutoffs();
            int area = op.block() * op.block();
            int[] counts = new int[area + 1];
            long sum = 0;
            for (int cutoff : cutoffs) {
                counts[cutoff]++;
                sum += cutoff;
            }
            double y = 40 + row * l;
            text(svg, LEFT - 8, y + 14, "end", op.name());
            double width = (double) (WIDTH - LEFT - right) / (area + 1);
            for (int k = 0; k <= area; k++) {
                if (counts[k] > 0) {
                    double share = Math.sqrt((double) counts[k] / cutoffs.length); // areas look right when sides are roots
                    svg.append(String.format(Locale.ROOT,
                            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#1664a8\"><title>%s: %d of %d channels keep %d of %d</title></rect>\n",
                            LEFT + k * width, y + (row - 4) * (1 - share), Math.max(1, width - 0.5), (row - 4) * share, escape(op.name()), counts[k], cutoffs.length, k,
                            area));
                }
            }
            line(svg, LEFT, y + row - 4, WIDTH - right, y + row - 4, "#bbb");
            text(svg, WIDTH - right + 8, y + 14, "start", String.format(Locale.ROOT, "%.1f %%", 100.0 * sum / area / cutoffs.length));
        }
        return svg.append("</svg>\n").toString();
    }

    private static StringBuilder open(int width, int height, String title) {
        return new StringBuilder(String.format(Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                        + "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                width, height, width, height, escape(title)));
    }

    private static void line(StringBuilder svg, double x0, double y0, double x1, double y1, String colour) {
        svg.append(String.format(Locale.ROOT, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x0, y0, x1, y1, colour));
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, escape(text)));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
