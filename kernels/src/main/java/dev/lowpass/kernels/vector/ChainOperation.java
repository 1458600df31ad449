package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import java.util.List;

/** Spatial operations in a row, by tiles of rows. */
final class ChainOperation extends VectorOperation {

    private final List<RowOperation> stages;
    private final RowChain chain;

    ChainOperation(Lanes lanes, OperationSpec.Chain spec, List<RowOperation> stages) {
        super(lanes, spec);
        this.stages = stages;
        chain = new RowChain(stages);
    }

    @Override
    public long scratchElements(int maxBatch) {
        return chain.scratchElements();
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        return chain.bind(workspace, in, out, residual);
    }

    @Override
    public void close() {
        stages.forEach(RowOperation::close);
    }
}
