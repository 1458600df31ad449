package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Workspace;
import java.nio.FloatBuffer;
import java.util.concurrent.Executor;

/** One arena, scratch memory for each worker, and the workers. */
final class VectorWorkspace implements Workspace {

    private static final int MOST = Integer.MAX_VALUE - 8; // the longest array that HotSpot grants

    /**
     * The index in a long array where a cache line starts: elements start 16 bytes into the array, and HotSpot's G1 places an array
     * of half a region or more at a region's start; with {@code -XX:ObjectAlignmentInBytes=64} every array does. Elsewhere it does no
     * harm.
     */
    static final int LINE_START = 12;

    /** Elements behind the arena, so that what is copied by whole vectors may be read up to one too far. */
    private static final int READ_BEYOND = 16;

    private final int maxBatch;
    private final int elements;
    private final Workers workers;
    private float[] arena;
    private float[][] scratch;

    VectorWorkspace(int maxBatch, long elements, long scratchElements, int threads, Executor executor) {
        this.maxBatch = maxBatch;
        this.elements = length("arena", elements + LINE_START + READ_BEYOND) - LINE_START - READ_BEYOND;
        arena = new float[this.elements + LINE_START + READ_BEYOND];
        scratch = new float[threads][length("scratch", scratchElements)];
        workers = new Workers(threads, executor);
    }

    private static int length(String what, long elements) {
        if (elements > MOST) {
            throw new IllegalArgumentException("vector " + what + " of " + elements + " elements; one array holds at most " + MOST
                    + ": lower maxBatch");
        }
        return (int) elements;
    }

    /** Element 0 is at {@link #LINE_START}. */
    float[] arena() {
        return arena;
    }

    /** By worker. */
    float[][] scratch() {
        return scratch;
    }

    Workers workers() {
        return workers;
    }

    @Override
    public int maxBatch() {
        return maxBatch;
    }

    @Override
    public long elements() {
        return elements;
    }

    @Override
    public long bytes() {
        long elements = arena.length;
        for (float[] each : scratch) {
            elements += each.length;
        }
        return Float.BYTES * elements;
    }

    @Override
    public void write(long offset, FloatBuffer source, int from, int count) {
        source.get(from, arena, LINE_START + (int) offset, count);
    }

    @Override
    public void read(long offset, FloatBuffer target, int to, int count) {
        target.put(to, arena, LINE_START + (int) offset, count);
    }

    @Override
    public void close() {
        workers.close();
        arena = new float[0];
        scratch = new float[0][];
    }
}
