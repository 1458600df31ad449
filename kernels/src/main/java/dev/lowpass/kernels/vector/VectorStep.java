package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Operation;

/**
 * A bound operation as units that the workspace's workers share. No unit writes what another reads or writes, and no sum is
 * split over units, so that results do not depend on the number of threads.
 */
abstract class VectorStep implements Operation.Step, Workers.Task {

    final float[] arena;
    final float[][] scratch;
    final int threads;
    private final Workers workers;

    VectorStep(VectorWorkspace workspace) {
        arena = workspace.arena();
        scratch = workspace.scratch();
        workers = workspace.workers();
        threads = workers.count();
    }

    @Override
    public final void run(int batch) {
        workers.run(this, prepare(batch));
    }

    /** Sets this step up for a batch; returns the number of units. */
    abstract int prepare(int batch);

    /** Into how many parts to split {@code items}, of which at least {@code least} belong together: several for each thread. */
    final int parts(int items, int least) {
        int wanted = threads == 1 ? 1 : 4 * threads;
        return Math.max(1, Math.min(wanted, items / Math.max(1, least)));
    }

    /** Where part {@code part} of {@code parts} even parts of {@code items} starts. */
    static int start(int part, int parts, int items) {
        return (int) ((long) items * part / parts);
    }
}
