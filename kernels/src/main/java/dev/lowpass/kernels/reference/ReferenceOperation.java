package dev.lowpass.kernels.reference;

import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Workspace;

/** An operation as a function over one array. */
final class ReferenceOperation implements Operation {

    /** What an operation does to a batch. */
    interface Kernel {
        /** @param in where the input starts in the arena; likewise {@code out} and {@code residual} */
        void run(double[] arena, int in, int out, int residual, int batch, double[] scratch);
    }

    private final OperationSpec spec;
    private final long scratchElements;
    private final Kernel kernel;

    ReferenceOperation(OperationSpec spec, long scratchElements, Kernel kernel) {
        this.spec = spec;
        this.scratchElements = scratchElements;
        this.kernel = kernel;
    }

    @Override
    public OperationSpec spec() {
        return spec;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return scratchElements;
    }

    @Override
    public Step bind(Workspace workspace, Operands operands) {
        ReferenceWorkspace memory = (ReferenceWorkspace) workspace;
        double[] arena = memory.arena();
        double[] scratch = memory.scratch();
        int in = (int) operands.in();
        int out = (int) operands.out();
        int residual = (int) operands.residual();
        return batch -> kernel.run(arena, in, out, residual, batch, scratch);
    }

    @Override
    public void close() {}
}
