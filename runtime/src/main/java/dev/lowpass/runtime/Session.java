package dev.lowpass.runtime;

import dev.lowpass.runtime.plan.Plan;
import java.nio.FloatBuffer;

/**
 * A model made ready to run on a device. Thread-safe: calls beyond the number of contexts wait for one. After warm-up a call
 * allocates nothing.
 */
public final class Session implements AutoCloseable {

    Session() {}

    /**
     * Runs a batch.
     *
     * @param input {@code [n][y][x][c]}, normalised, from the buffer's position on; heap or direct; position and limit stay
     * @param batch images, 1 to the session's maximum
     * @param logits receives {@code [n][class]} from the buffer's position on; position and limit stay
     * @throws IllegalArgumentException when the batch or a buffer's size does not fit
     * @throws IllegalStateException after close
     */
    public void run(FloatBuffer input, int batch, FloatBuffer logits) {
        throw new UnsupportedOperationException("TODO(session)");
    }

    /** Runs each batch size until its code is compiled and its time has settled. */
    public void warmUp(int... batches) {
        throw new UnsupportedOperationException("TODO(session)");
    }

    public SessionOptions options() {
        throw new UnsupportedOperationException("TODO(session)");
    }

    /** What runs: steps, domains, bands and memory. */
    public Plan plan() {
        throw new UnsupportedOperationException("TODO(session)");
    }

    /** Bytes of one context: arena and scratch. */
    public long contextBytes() {
        throw new UnsupportedOperationException("TODO(session)");
    }

    /** Waits for running calls, then frees everything; idempotent. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("TODO(session)");
    }
}
