package dev.lowpass.kernels;

import java.nio.FloatBuffer;

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

    /** Frees the memory and stops the workers; idempotent. */
    @Override
    void close();
}
