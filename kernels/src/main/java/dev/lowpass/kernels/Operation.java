package dev.lowpass.kernels;

/**
 * An operation that has been created: checked, its weights packed for its back end. Immutable, and shared by any number of
 * workspaces of the back end that made it.
 */
public interface Operation extends AutoCloseable {

    OperationSpec spec();

    /** Elements of scratch memory that each worker needs to run this for up to {@code maxBatch} images. */
    long scratchElements(int maxBatch);

    /**
     * Fixes where this operation reads and writes. The step belongs to the workspace, is not thread-safe, and allocates nothing
     * when it runs.
     *
     * @param workspace a workspace of the same back end
     */
    Step bind(Workspace workspace, Operands operands);

    /** Frees what the back end holds for this operation; idempotent. */
    @Override
    void close();

    /** A bound operation. */
    interface Step {
        /**
         * Runs the operation (on a device: enqueues it in the workspace's order).
         *
         * @param batch images, 1 to the workspace's maximum
         */
        void run(int batch);

        /**
         * The name of the way in which the back end runs a batch of that size; empty where an operation runs in one way only.
         */
        default String tactic(int batch) {
            return "";
        }
    }
}
