package dev.lowpass.kernels;

import java.util.List;

/**
 * What a machine can do at most in single precision: the roof under which operations run. No operation can be faster than
 * {@link #floorNanos}, after Williams, Waterman and Patterson, <i>Roofline</i> (CACM 52(4), 2009).
 *
 * @param flops floating-point operations a second, a multiply-accumulate counted as two
 * @param levels how fast memory is read, by how much of it is read again and again; by rising size
 * @param method how the figures were got, in words
 */
public record Peak(double flops, List<Level> levels, String method) {

    /**
     * The speed of the memory that holds a working set.
     *
     * @param bytes the working set's size
     * @param bytesPerSecond of reading it
     */
    public record Level(long bytes, double bytesPerSecond) {}

    public Peak {
        levels = List.copyOf(levels);
        if (!(flops > 0) || levels.isEmpty()) {
            throw new IllegalArgumentException("a peak of " + flops + " FLOP/s and " + levels.size() + " levels of memory; both must be more than nothing");
        }
    }

    /**
     * The highest speed at which a working set of that size can be read: of the largest measured size that is not larger than it, so that
     * a floor is never too high; or of a larger one, where that was read faster, for what holds more holds less too.
     */
    public double bytesPerSecond(long workingSet) {
        double speed = 0;
        for (int i = levels.size() - 1; i >= 0; i--) {
            speed = Math.max(speed, levels.get(i).bytesPerSecond());
            if (levels.get(i).bytes() <= workingSet) {
                break;
            }
        }
        return speed;
    }

    /** The speed of the memory behind all caches. */
    public double memoryBytesPerSecond() {
        return levels.get(levels.size() - 1).bytesPerSecond();
    }

    /** The least time in nanoseconds for that many multiply-accumulates and bytes, read or written; the bytes are the working set. */
    public double floorNanos(long macs, long bytes) {
        return 1e9 * Math.max(2.0 * macs / flops, bytes / bytesPerSecond(bytes));
    }
}
