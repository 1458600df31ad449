package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Window;
import java.util.List;

/** A spatial operation that can make any rows of its output from some rows of its input. */
abstract class RowOperation extends VectorOperation {

    RowOperation(Lanes lanes, OperationSpec spec) {
        super(lanes, spec);
    }

    /** The rows of the input that a row of the output needs. */
    abstract Window window();

    /** Scratch elements to make {@code rows} rows at once. */
    abstract long rowScratch(int rows);

    /** @param threads workers that will call, each with its number */
    abstract Rows rows(int threads);

    @Override
    public long scratchElements(int maxBatch) {
        return new RowChain(List.of(this)).scratchElements();
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        return new RowChain(List.of(this)).bind(workspace, in, out, residual);
    }

    /** The operation, bound to no memory. */
    interface Rows {
        /**
         * Makes the rows [y0, y1) of one image.
         *
         * @param residual null where the operation has none
         * @param scratch {@link #rowScratch} elements at scratchAt
         */
        void make(int y0, int y1, RowBuffer in, RowBuffer out, RowBuffer residual, float[] scratch, int scratchAt, int worker);
    }
}
