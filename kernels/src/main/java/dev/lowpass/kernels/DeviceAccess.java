package dev.lowpass.kernels;

import java.nio.ByteBuffer;

/**
 * A workspace's ways to a device's memory, for back ends that have one: pixels normalised on the device, and the caller's own device
 * memory. Belongs to its workspace, and must be closed before it. Everything is enqueued in the workspace's order; nothing but
 * {@link #writePixels} waits. Allocates nothing, but for an object or two where an address is another than before, and
 * a few where {@link #requireMemory} asks the driver.
 */
public interface DeviceAccess extends AutoCloseable {

    /** Copies 8-bit pixels of the host, from index {@code from} on, and normalises them into the arena. */
    void writePixels(long offset, ByteBuffer source, int from, int count);

    /**
     * Whether so many bytes there are device memory of this GPU, or other memory that it reaches.
     *
     * @throws IllegalArgumentException unless they are: says what they are and what helps
     */
    void requireMemory(String what, long address, long bytes);

    /** Copies {@code count} floats from device memory into the arena. */
    void copyIn(long address, long offset, int count);

    /** Normalises {@code count} 8-bit pixels from device memory into the arena. */
    void copyPixelsIn(long address, long offset, int count);

    /** Copies {@code count} elements of the arena, as floats, into device memory. */
    void copyOut(long offset, long address, int count);

    /** What is enqueued from now on waits for all that the caller's stream holds. */
    void follow(long stream);

    /** What the caller's stream gets from now on waits for all that was enqueued here. */
    void precede(long stream);

    /** Idempotent. */
    @Override
    void close();
}
