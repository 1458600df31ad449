package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Workspace;

/** An operation whose constants are on the device. */
final class CudaOperation implements Operation {

    /** Prepares the work of one binding: for each of the operation's {@link Tactics}, what to enqueue, in order. */
    interface Binder {
        Work[][] bind(CudaWorkspace workspace, Operands operands);
    }

    private final CudaContext context;
    private final OperationSpec spec;
    private final Constants constants;
    private final long scratchPerImage;
    private final Tactics tactics;
    private final Binder binder;
    private boolean closed;

    /**
     * @param constants not yet uploaded
     * @param scratchPerImage elements of scratch memory for each image
     */
    CudaOperation(CudaContext context, OperationSpec spec, Constants constants, long scratchPerImage, Binder binder) {
        this(context, spec, constants, scratchPerImage, Tactics.single(spec.kernelName()), binder);
    }

    /**
     * @param constants not yet uploaded
     * @param scratchPerImage elements of scratch memory for each image
     */
    CudaOperation(CudaContext context, OperationSpec spec, Constants constants, long scratchPerImage, Tactics tactics, Binder binder) {
        this.context = context;
        this.spec = spec;
        this.constants = constants;
        this.scratchPerImage = scratchPerImage;
        this.tactics = tactics;
        this.binder = binder;
        context.retain();
        try {
            context.with(constants::upload);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> context.tidy(constants::free), context::release);
            throw e;
        }
    }

    @Override
    public OperationSpec spec() {
        return spec;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return scratchPerImage * maxBatch;
    }

    @Override
    public Step bind(Workspace workspace, Operands operands) {
        CudaWorkspace target = (CudaWorkspace) workspace;
        CudaStep step = new CudaStep(target);
        context.with(() -> step.work = binder.bind(target, operands));
        return step;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Cleanup cleanup = new Cleanup();
            cleanup.run(() -> context.tidy(constants::free));
            cleanup.run(context::release);
            cleanup.rethrow();
        }
    }

    /** This operation, bound. */
    final class CudaStep implements Step {
        private final CudaWorkspace workspace;
        /** By tactic. */
        private Work[][] work;

        CudaStep(CudaWorkspace workspace) {
            this.workspace = workspace;
        }

        Tactics tactics() {
            return tactics;
        }

        /** What that tactic enqueues. */
        Work[] work(int tactic) {
            return work[tactic];
        }

        @Override
        public void run(int batch) {
            workspace.enqueue(work[tactics.of(batch)], batch);
        }

        @Override
        public String tactic(int batch) {
            return tactics.names().get(tactics.of(batch));
        }
    }
}
