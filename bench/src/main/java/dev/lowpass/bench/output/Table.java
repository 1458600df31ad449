package dev.lowpass.bench.output;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns of text under a header, as wide as their widest cell, two spaces apart. */
public final class Table {

    /** Where a column's cells stand. */
    public enum Align {
        LEFT,
        RIGHT
    }

    private final List<String> header = new ArrayList<>();
    private final List<Align> aligns = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    public Table left(String title) {
        return column(title, Align.LEFT);
    }

    public Table right(String title) {
        return column(title, Align.RIGHT);
    }

    private Table column(String title, Align align) {
        header.add(title);
        aligns.add(align);
        return this;
    }

    /** @throws IllegalArgumentException unless there is one cell a column */
    public void row(Object... cells) {
        if (cells.length != header.size()) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells in a table of " + header.size() + " columns; give one a column");
        }
        List<String> row = new ArrayList<>(cells.length);
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(row);
    }

    /** Prints header and rows; no line ends in blanks. */
    public void print(PrintWriter out) {
        int[] widths = new int[header.size()];
        measure(header, widths);
        rows.forEach(row -> measure(row, widths));
        out.println(line(header, widths));
        rows.forEach(row -> out.println(line(row, widths)));
    }

    private static void measure(List<String> row, int[] widths) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], row.get(i).length());
        }
    }

    private String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String blanks = " ".repeat(widths[i] - row.get(i).length());
            line.append(i == 0 ? "" : "  ");
            line.append(aligns.get(i) == Align.LEFT ? row.get(i) + blanks : blanks + row.get(i));
        }
        return line.toString().stripTrailing();
    }
}
