package dev.lowpass.bench.report;

import java.util.Locale;

/** An SVG image under construction, {@value #WIDTH} units wide; it is shown as wide as the page allows. */
final class Svg {

    /** Narrow, so that text of 11 units can still be read on a phone. */
    static final double WIDTH = 400;

    private final StringBuilder body = new StringBuilder();

    /** Text as it may stand in HTML and SVG, in attributes too. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.append(c < ' ' && c != '\n' && c != '\t' ? ' ' : c);
            }
        }
        return escaped.toString().replace(" %", "\u00a0%"); // a per cent sign stays with its number
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
    }

    Svg line(String style, double x1, double y1, double x2, double y2) {
        body.append(String.format("<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>", style, number(x1), number(y1), number(x2), number(y2)));
        return this;
    }

    Svg rectangle(String style, double x, double y, double width, double height, double radius) {
        body.append(String.format("<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\"/>", style, number(x), number(y), number(Math.max(0, width)),
                number(Math.max(0, height)), number(radius)));
        return this;
    }

    /** @param tip shown when the pointer rests on it; may be empty */
    Svg circle(String style, double x, double y, double radius, String tip) {
        body.append(String.format("<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\">", style, number(x), number(y), number(radius)));
        if (!tip.isEmpty()) {
            body.append("<title>").append(escape(tip)).append("</title>");
        }
        body.append("</circle>");
        return this;
    }

    /** @param points x and y in turns */
    Svg path(String style, double[] points, boolean closed) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i + 1 < points.length; i += 2) {
            path.append(i == 0 ? 'M' : 'L').append(number(points[i])).append(' ').append(number(points[i + 1]));
        }
        body.append(String.format("<path class=\"%s\" d=\"%s%s\"/>", style, path, closed ? "Z" : ""));
        return this;
    }

    /** @param anchor {@code start}, {@code middle} or {@code end} */
    Svg text(String style, double x, double y, String anchor, String text) {
        body.append(String.format("<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>", style, number(x), number(y), anchor, escape(text)));
        return this;
    }

    /** Upright beside a vertical axis. */
    Svg sideText(String style, double x, double y, String text) {
        body.append(String.format("<text class=\"%s\" transform=\"translate(%s %s) rotate(-90)\" text-anchor=\"middle\">%s</text>", style, number(x), number(y), escape(text)));
        return this;
    }

    /**
     * The element.
     *
     * @param id of the figure, unique on the page
     * @param title what it shows
     * @param description what is to be seen, in words
     */
    String element(String id, double height, String title, String description) {
        return String.format("<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>%s</svg>",
                number(WIDTH), number(height), id, id, id, escape(title), id, escape(description), body);
    }
}
