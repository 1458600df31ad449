package dev.lowpass.kernels.vector;

/** Rows of one image's plane: the whole plane, or a ring that holds the last few. Mutable: points to another image by {@link #base}. */
final class RowBuffer {

    final float[] array;
    final int rowElements;
    /** Row y lies where row y modulo {@code rows} does. */
    final int rows;
    /** The index of row 0. */
    int base;

    RowBuffer(float[] array, int base, int rows, int rowElements) {
        this.array = array;
        this.base = base;
        this.rows = rows;
        this.rowElements = rowElements;
    }

    int at(int y) {
        return base + y % rows * rowElements;
    }

    /** How many of the rows [y, end) lie one behind the other. */
    int together(int y, int end) {
        return Math.min(end - y, rows - y % rows);
    }
}
