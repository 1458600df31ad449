package dev.lowpass.kernels.vector;

/**
 * A weight matrix packed once in the order in which the register tiles read it, panel after panel, each {@code depth} rows of the
 * panel's width, and the loops over row tiles and panels.
 */
final class PackedGemm {

    /** Elements of A, and of C, that one block of rows may hold: each a quarter of a second-level cache of 512 KiB. */
    private static final int BLOCK_ELEMENTS = 32 * 1024;
    /** Rows of A for which C may be larger: a panel is fetched from afar once for each block. */
    private static final int LEAST_ROWS = 63;
    /** Rows that are computed aside at once: their sums stay in the first cache level. A multiple of the rows of a tile. */
    private static final int ASIDE_ROWS = 70;

    /** Where the first panel starts. */
    private final int start = VectorWorkspace.LINE_START;
    final int depth;
    final int columns;
    final int panels;
    private final int scratchElements;
    private final Lanes lanes;
    private final int[] width;
    private final int[] column;
    private final float[] packed;
    private final float[] bias;
    private final float low;
    private final float high;

    /**
     * @param weight [columns][depth]
     * @param bias one a column, or null
     */
    PackedGemm(Lanes lanes, int columns, int depth, float[] weight, float[] bias, float low, float high) {
        this.lanes = lanes;
        this.columns = columns;
        this.depth = depth;
        this.low = low;
        this.high = high;
        width = lanes.panels(columns);
        panels = width.length;
        column = new int[panels + 1];
        int widest = 0;
        for (int panel = 0; panel < panels; panel++) {
            column[panel + 1] = column[panel] + width[panel];
            widest = Math.max(widest, width[panel]);
        }
        scratchElements = start + ASIDE_ROWS * widest;
        this.bias = new float[column[panels]];
        packed = new float[Math.addExact(start, Math.multiplyExact(column[panels], depth))];
        for (int panel = 0; panel < panels; panel++) {
            for (int j = 0; j < width[panel]; j++) {
                int from = j < width[panel] - lanes.width() ? column[panel] + j : column[panel] + last(panel) + j - (width[panel] - lanes.width());
                if (from < columns) { // beyond are only the columns of a panel that has none else
                    pack(weight, bias, panel, j, from);
                }
            }
        }
    }

    private void pack(float[] weight, float[] bias, int panel, int j, int from) {
        int base = start + column[panel] * depth + j;
        for (int i = 0; i < depth; i++) {
            packed[base + i * width[panel]] = weight[from * depth + i];
        }
        if (bias != null) {
            this.bias[column[panel] + j] = bias[from];
        }
    }

    /** Where in a panel the columns of its last vector begin: so that they end with the panel, or with the matrix. */
    private int last(int panel) {
        return Math.max(0, Math.min(width[panel], columns - column[panel]) - lanes.width());
    }

    /** The rows of a register tile. */
    int tileRows() {
        return lanes.tileRows();
    }

    /** Rows that one unit should take. */
    int blockRows() {
        int tile = lanes.tileRows();
        int rows = Math.min(BLOCK_ELEMENTS / depth, Math.max(LEAST_ROWS, BLOCK_ELEMENTS / columns));
        return Math.max(4, rows / tile) * tile;
    }

    /** Scratch elements that {@link #run} needs; aligned where their first element is an array's. */
    int scratchElements() {
        return scratchElements;
    }

    /** The first column of a panel; of {@link #panels}, the number of columns. */
    int column(int panel) {
        return Math.min(column[panel], columns);
    }

    /**
     * Rows of {@code C = clamp(A W' + bias + residual)} for the panels [panel0, panel1). C and the residual have {@code columns}
     * elements a row.
     *
     * @param residual at residualAt, or null
     * @param depths how many columns of A count, for each {@code rowsPerDepth} rows, falling; null if all. Rows of a tile beyond
     *     their own depth must hold zeros in A
     * @param row0 the first row's number as depths count
     */
    void run(int panel0, int panel1, int rows, float[] a, int aAt, int aStride, float[] c, int cAt, float[] residual, int residualAt,
            int[] depths, int rowsPerDepth, int row0, float[] scratch, int scratchAt) {
        boolean aside = residual != null || columns < lanes.width();
        for (int panel = panel0; panel < panel1; panel++) {
            int wide = width[panel];
            int first = column[panel];
            for (int row = 0; row < rows;) {
                int k = depths == null ? depth : depths[(row0 + row) / rowsPerDepth];
                int count = depths == null ? rows - row : together(row0 + row, row0 + rows, depths, rowsPerDepth);
                int from = aAt + row * aStride;
                int to = cAt + row * columns + first;
                if (aside) {
                    count = Math.min(count, ASIDE_ROWS);
                    aside(panel, count, k, a, from, aStride, c, to, residual, residualAt + row * columns + first, scratch, scratchAt);
                } else {
                    lanes.gemm(wide, count, k, a, from, aStride, packed, start + first * depth, c, to, columns, last(panel), bias, first, low, high);
                }
                row += count;
            }
        }
    }

    /** The elements of a panel's row. */
    int width(int panel) {
        return width[panel];
    }

    /**
     * Rows of one panel, not clamped, its vectors side by side. The last of them holds the last columns that exist; where these fill no
     * vector of their own, some are in the vector before it too.
     *
     * @param cStride at least the panel's width
     * @param depths how many columns of A count, for each {@code rowsPerDepth} rows, as in {@link #run}
     */
    void panel(int panel, int rows, float[] a, int aAt, int aStride, float[] c, int cAt, int cStride, int[] depths, int rowsPerDepth) {
        for (int row = 0; row < rows;) {
            int count = together(row, rows, depths, rowsPerDepth);
            lanes.gemm(width[panel], count, depths[row / rowsPerDepth], a, aAt + row * aStride, aStride, packed, start + column[panel] * depth, c,
                    cAt + row * cStride, cStride, width[panel] - lanes.width(), bias, column[panel], Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
            row += count;
        }
    }

    /** How many of the rows from {@code row} on to compute to the depth of the first: whole tiles of one depth, or one mixed tile. */
    private int together(int row, int end, int[] depths, int rowsPerDepth) {
        int z = row / rowsPerDepth;
        int k = depths[z];
        while (z < depths.length && depths[z] == k) {
            z++;
        }
        int same = Math.min(end, z * rowsPerDepth) - row;
        int tile = lanes.tileRows();
        return row + same == end ? same : Math.min(end - row, Math.max(1, same / tile) * tile);
    }

    /**
     * Rows of a panel by way of scratch memory: added to the residual from there, which may be C itself; or copied as far as columns
     * exist, where they fill no vector. A tile that took the residual as its sums' start would cost the many layers without one a seventh
     * of their time, and an if in it makes C2 box the sums.
     */
    private void aside(int panel, int rows, int k, float[] a, int aAt, int aStride, float[] c, int cAt, float[] residual, int residualAt,
            float[] scratch, int scratchAt) {
        int exist = column(panel + 1) - column[panel];
        int stride = Math.max(exist, lanes.width());
        boolean adds = residual != null;
        int asideAt = scratchAt + start;
        lanes.gemm(width[panel], rows, k, a, aAt, aStride, packed, start + column[panel] * depth, scratch, asideAt, stride, last(panel), bias,
                column[panel], adds ? Float.NEGATIVE_INFINITY : low, adds ? Float.POSITIVE_INFINITY : high);
        // Rows without gaps are one long row.
        boolean dense = stride == columns;
        int count = dense ? rows * exist : exist;
        for (int row = 0; row < (dense ? 1 : rows); row++) {
            if (adds) {
                lanes.add(scratch, asideAt + row * stride, residual, residualAt + row * columns, c, cAt + row * columns, count, low, high);
            } else {
                System.arraycopy(scratch, asideAt + row * stride, c, cAt + row * columns, count);
            }
        }
    }
}
