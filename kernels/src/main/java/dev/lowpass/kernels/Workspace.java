package dev.lowpass.kernels;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * The memory in which one context runs: one arena of elements addressed from 0, with scratch memory and workers of its own.
 * Used by one thread at a time.
 */
public interface Workspace extends AutoCloseable {

    int maxBatch();

    /** Elements of the arena. */
    long elements();

    /** Bytes held: arena, scratch and staging. */
    long bytes();

    /**
     * Copies {@code count} floats from the buffer, from index {@code from} on, into the arena. The buffer's position is
     * neither used nor changed. Allocates nothing.
     */
    void write(long offset, FloatBuffer source, int from, int count);

    /** Copies {@code count} elements of the arena into the buffer, at index {@code to}; waits for the steps before it. */
    void read(long offset, FloatBuffer target, int to, int count);

    /**
     * Fixes how these steps run batches up to the workspace's largest, where the back end has several ways: by measuring them, or by what was
     * measured before. What the arena holds is lost. Without this call steps run as an estimate says.
     */
    default void tune(List<Operation.Step> steps) {}

    /**
     * Ways to the device's memory; null where there is none.
     *
     * @param mean of each channel, in units of a pixel's 0 to 255
     * @param deviation of each channel, in the same units
     * @param pixels the most that come at once
     */
    default DeviceAccess newDeviceAccess(float[] mean, float[] deviation, int pixels) {
        return null;
    }

    /** Whether {@link #record} is offered: whether a pass costs less recorded than step by step. */
    default boolean canRecord() {
        return false;
    }

    /**
     * Records a pass, the steps of this workspace that {@code pass} runs, as one launch: the steps are not run. Reads and writes do
     * not belong into a pass.
     *
     * @throws UnsupportedOperationException unless {@link #canRecord}
     */
    default Recording record(Runnable pass) {
        throw new UnsupportedOperationException("this workspace keeps no recordings; run the steps one by one");
    }

    /** A stopwatch for what this workspace does from now on. */
    default Stopwatch newStopwatch(int marks) {
        return Stopwatch.ofHost(marks);
    }

    /** A recorded pass. Belongs to its workspace, and must be closed before it. */
    interface Recording extends AutoCloseable {

        /** Enqueues the recorded steps, for the batches with which they were recorded. Allocates nothing. */
        void run();

        /** Frees what is held for this recording; idempotent. */
        @Override
        void close();
    }

    /** Frees the memory and stops the workers; idempotent. */
    @Override
    void close();
}
