package dev.lowpass.bench.latency;

import java.util.List;

/** How calls follow one another. */
public interface Load {

    /**
     * What one turn gave.
     *
     * @param beginNanos of {@link System#nanoTime} when the first timed call began
     * @param elapsedNanos from then to the end of the last
     * @param latencyNanos every timed call
     * @param queueingNanos how much of each latency passed before the call began; null where calls do not queue
     */
    record Timed(long beginNanos, long elapsedNanos, long[] latencyNanos, long[] queueingNanos) {}

    /**
     * Runs a turn.
     *
     * @param calls one a caller; callers call at the same time
     * @param settleNanos of calls at the beginning that are not timed, at least
     * @param turnNanos of timed calls, at least
     * @param least timed calls, at least
     * @param seed of what is drawn at random: the same for every engine
     */
    Timed turn(List<? extends Engine.Call> calls, long settleNanos, long turnNanos, int least, long seed);
}
