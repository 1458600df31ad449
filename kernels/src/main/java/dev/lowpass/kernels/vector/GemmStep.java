package dev.lowpass.kernels.vector;

/** A GEMM split into blocks of rows and, where these are too few for the threads, groups of panels. */
abstract class GemmStep extends VectorStep {

    private final PackedGemm gemm;
    private final int tileRows;
    private int rows;
    private int tiles;
    private int rowBlocks;
    private int panelGroups;

    GemmStep(VectorWorkspace workspace, PackedGemm gemm) {
        super(workspace);
        this.gemm = gemm;
        tileRows = gemm.tileRows();
    }

    /** @param blockRows rows of a block, as many as the cache likes */
    final int split(int rows, int blockRows) {
        this.rows = rows;
        tiles = VectorOperation.ceilDiv(rows, tileRows);
        rowBlocks = VectorOperation.ceilDiv(rows, blockRows);
        int wanted = threads == 1 ? 1 : 4 * threads;
        panelGroups = Math.min(gemm.panels, VectorOperation.ceilDiv(wanted, rowBlocks));
        return rowBlocks * panelGroups;
    }

    @Override
    public final void run(int unit, int worker) {
        int block = unit / panelGroups;
        int group = unit % panelGroups;
        block(start(block, rowBlocks, tiles) * tileRows, Math.min(rows, start(block + 1, rowBlocks, tiles) * tileRows), start(group, panelGroups, gemm.panels),
                start(group + 1, panelGroups, gemm.panels), scratch[worker]);
    }

    /** Computes the rows [row0, row1) of the panels [panel0, panel1). */
    abstract void block(int row0, int row1, int panel0, int panel1, float[] scratch);
}
