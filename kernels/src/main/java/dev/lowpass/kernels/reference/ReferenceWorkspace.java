package dev.lowpass.kernels.reference;

import dev.lowpass.kernels.Workspace;
import java.nio.FloatBuffer;

/** An arena of doubles; one worker, the calling thread. */
final class ReferenceWorkspace implements Workspace {

    private final int maxBatch;
    private double[] arena;
    private double[] scratch;

    ReferenceWorkspace(int maxBatch, long elements, long scratchElements) {
        this.maxBatch = maxBatch;
        arena = new double[array("arena", elements)];
        scratch = new double[array("scratch", scratchElements)];
    }

    private static int array(String what, long elements) {
        int most = Integer.MAX_VALUE - 8; // the longest array that HotSpot grants
        if (elements > most) {
            throw new IllegalArgumentException("reference " + what + " of " + elements + " elements; one array holds at most " + most
                    + ": lower maxBatch");
        }
        return (int) elements;
    }

    double[] arena() {
        return arena;
    }

    double[] scratch() {
        return scratch;
    }

    @Override
    public int maxBatch() {
        return maxBatch;
    }

    @Override
    public long elements() {
        return arena.length;
    }

    @Override
    public long bytes() {
        return Double.BYTES * ((long) arena.length + scratch.length);
    }

    @Override
    public void write(long offset, FloatBuffer source, int from, int count) {
        for (int i = 0; i < count; i++) {
            arena[(int) offset + i] = source.get(from + i);
        }
    }

    @Override
    public void read(long offset, FloatBuffer target, int to, int count) {
        for (int i = 0; i < count; i++) {
            target.put(to + i, (float) arena[(int) offset + i]);
        }
    }

    @Override
    public void close() {
        arena = new double[0];
        scratch = new double[0];
    }
}
