package dev.lowpass.runtime;

import dev.lowpass.kernels.Stopwatch;

/**
 * Where the time of one {@link Session#run(java.nio.FloatBuffer, int, java.nio.FloatBuffer, RunTiming) run} went, in nanoseconds; of a
 * GPU by its own clock. Reusable: each run overwrites it. Not thread-safe.
 */
public final class RunTiming {

    private final long[] steps;
    private long writeNanos;
    private long computeNanos;
    private long readNanos;

    private RunTiming(int steps) {
        this.steps = new long[steps];
    }

    /** For the three phases only. Costs a run next to nothing. */
    public static RunTiming ofPhases() {
        return new RunTiming(0);
    }

    /**
     * For the steps of that session's plan too. On a GPU the pass then runs step by step, not as one CUDA graph: where kernels are
     * shorter than it takes to launch them, a step's time is that of its launch.
     */
    public static RunTiming ofSteps(Session session) {
        return new RunTiming(session.plan().steps().size());
    }

    int steps() {
        return steps.length;
    }

    /** @param marks 0 before the input is written, 1 after it, 1 + i after the i-th step, counted from 1, and one more after the read */
    void take(Stopwatch marks, int planSteps) {
        writeNanos = marks.nanos(0, 1);
        for (int i = 0; i < steps.length; i++) {
            steps[i] = marks.nanos(1 + i, 2 + i);
        }
        computeNanos = marks.nanos(1, 1 + planSteps);
        readNanos = marks.nanos(1 + planSteps, 2 + planSteps);
    }

    /** Copying the input to where the network runs: host to device. */
    public long writeNanos() {
        return writeNanos;
    }

    /** All steps. */
    public long computeNanos() {
        return computeNanos;
    }

    /** Copying the logits back: device to host. */
    public long readNanos() {
        return readNanos;
    }

    /**
     * One step.
     *
     * @param step its number in {@link Session#plan}, from 0
     * @throws IllegalStateException unless made {@link #ofSteps}
     */
    public long stepNanos(int step) {
        if (steps.length == 0) {
            throw new IllegalStateException("this timing has no steps; make it by RunTiming.ofSteps");
        }
        return steps[step];
    }
}
