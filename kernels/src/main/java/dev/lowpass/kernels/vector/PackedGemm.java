package dev.lowpass.kernels.vector;

/**
 * A weight matrix packed once in the order in which the register tiles read it, panel after panel, each {@code depth} rows of the
 * panel's width, and the loops over row tiles and panels.
 */
final class PackedGemm {

    /** Elements of A, and of C, that one block of rows may hold: each a quarter of a second-level cache of 512 KiB. */
    private static final int BLOCK_ELEMENTS = 32 * 1024;
    /** Rows of A for which C may be larger: a panel is fetched from afar once for each block. */
    private static final int LEAST_ROWS = 64;
    /** Sums that are computed aside at once, so that they stay in the first cache level, unless a few tiles have more. */
    private static final int ASIDE_ELEMENTS = 5 * 1024;

    /** Elements of a matrix that is out of the near caches by the next pass of a network: half of a second-level cache of 1 MiB. */
    private static final int FAR_ELEMENTS = 128 * 1024;
    /** Rows of a block for which waiting for a panel weighs more than what reading it ahead costs. */
    private static final int FEW_ROWS = 64;

    /** Where the first panel starts. */
    private final int start = VectorWorkspace.LINE_START;
    final int depth;
    final int columns;
    final int panels;
    private final int asideRows;
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
        for (int panel = 0; panel < panels; panel++) {
            column[panel + 1] = column[panel] + width[panel];
        }
        asideRows = Math.max(3, ASIDE_ELEMENTS / column[panels] / lanes.tileRows()) * lanes.tileRows();
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
        return start + asideRows * Math.max(columns, lanes.width());
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
        if (residual == null && columns >= lanes.width()) {
            for (int panel = panel0; panel < panel1; panel++) {
                rows(panel, rows, a, aAt, aStride, c, cAt + column[panel], columns, last(panel), depths, rowsPerDepth, row0, low, high);
            }
            return;
        }
        for (int row = 0; row < rows; row += asideRows) {
            aside(panel0, panel1, Math.min(asideRows, rows - row), a, aAt + row * aStride, aStride, c, cAt + row * columns, residual,
                    residualAt + row * columns, depths, rowsPerDepth, row0 + row, scratch, scratchAt + start);
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
        rows(panel, rows, a, aAt, aStride, c, cAt, cStride, width[panel] - lanes.width(), depths, rowsPerDepth, 0, Float.NEGATIVE_INFINITY,
                Float.POSITIVE_INFINITY);
    }

    private void rows(int panel, int rows, float[] a, int aAt, int aStride, float[] c, int cAt, int cStride, int last, int[] depths, int rowsPerDepth,
            int row0, float low, float high) {
        int ahead = packed.length >= FAR_ELEMENTS && rows <= FEW_ROWS && depths == null && column[panel + 1] + width[panel] <= column[panels]
                ? start + column[panel + 1] * depth : -1;
        for (int row = 0; row < rows;) {
            int k = depths == null ? depth : depths[(row0 + row) / rowsPerDepth];
            int count = depths == null ? rows : together(row0 + row, row0 + rows, depths, rowsPerDepth);
            lanes.gemm(width[panel], count, k, a, aAt + row * aStride, aStride, packed, start + column[panel] * depth, ahead, c, cAt + row * cStride, cStride, last,
                    bias, column[panel], low, high);
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
     * Rows by way of scratch memory: added to the residual from there, which may be C itself; or copied as far as columns exist, where
     * they fill no vector. A tile that took the residual as its sums' start would cost the many layers without one a seventh of their
     * time, and an if in it makes C2 box the sums.
     */
    private void aside(int panel0, int panel1, int rows, float[] a, int aAt, int aStride, float[] c, int cAt, float[] residual, int residualAt,
            int[] depths, int rowsPerDepth, int row0, float[] scratch, int asideAt) {
        int first = column[panel0];
        int exist = column(panel1) - first;
        int stride = Math.max(exist, lanes.width());
        boolean adds = residual != null;
        for (int panel = panel0; panel < panel1; panel++) {
            rows(panel, rows, a, aAt, aStride, scratch, asideAt + column[panel] - first, stride, last(panel), depths, rowsPerDepth, row0,
                    adds ? Float.NEGATIVE_INFINITY : low, adds ? Float.POSITIVE_INFINITY : high);
        }
        // Rows without gaps are one long row.
        boolean dense = stride == columns;
        int count = dense ? rows * exist : exist;
        for (int row = 0; row < (dense ? 1 : rows); row++) {
            int to = row * columns + first;
            if (adds) {
                lanes.add(scratch, asideAt + row * stride, residual, residualAt + to, c, cAt + to, count, low, high);
            } else {
                System.arraycopy(scratch, asideAt + row * stride, c, cAt + to, count);
            }
        }
    }
}
