package dev.lowpass.kernels;

/**
 * Times of what one workspace does, at marks between its steps. A mark is set in the workspace's order: on a device it is enqueued
 * like a step and noted when the steps before it are done. Belongs to its workspace, and must be closed before it.
 */
public interface Stopwatch extends AutoCloseable {

    /**
     * Sets a mark. Allocates nothing.
     *
     * @param index from 0 to the number of marks the stopwatch was made with
     */
    void mark(int index);

    /** Nanoseconds between two marks that were set; waits for the later one. */
    long nanos(int from, int to);

    /** Idempotent. */
    @Override
    void close();

    /** For workspaces whose steps are done when they return. */
    static Stopwatch ofHost(int marks) {
        long[] times = new long[marks];
        return new Stopwatch() {
            @Override
            public void mark(int index) {
                times[index] = System.nanoTime();
            }

            @Override
            public long nanos(int from, int to) {
                return times[to] - times[from];
            }

            @Override
            public void close() {}
        };
    }
}
