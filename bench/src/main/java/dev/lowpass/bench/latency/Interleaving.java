package dev.lowpass.bench.latency;

import dev.lowpass.bench.receipt.Receipt;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures several engines in turns, so that whatever the machine does besides meets all of them alike: a, b, c, c, b, a, a, b, ... A turn
 * begins with calls that are not timed, in which caches fill again and threads of the engine before come to rest.
 *
 * @param warmUpNanos of calls before anything is timed, at least, for each; they go on until the time has settled
 * @param durationNanos of timed calls, at least, for each
 * @param iterations timed calls, at least, for each
 * @param turnNanos of timed calls in a turn, at least
 * @param settleNanos of calls at a turn's beginning that are not timed, at least
 */
public record Interleaving(long warmUpNanos, long durationNanos, int iterations, long turnNanos, long settleNanos) {

    /** Warm-up ends with this many rounds in a row that gain less than the share below, or after this many times the least. */
    private static final int SETTLED_ROUNDS = 3;
    private static final double GAIN = 0.02;
    private static final int WARM_UP_LIMIT = 10;

    /** Windows of the check whether times are stable: each holds a turn at least. */
    private static final int LEAST_ROUNDS = 3;

    /** Turns of each engine. */
    public int rounds() {
        return (int) Math.max(LEAST_ROUNDS, (durationNanos + turnNanos - 1) / Math.max(1, turnNanos));
    }

    /** Runs an engine's calls, one after the other, until the time has settled: the same for all. */
    public void warmUp(List<? extends Engine.Call> calls) {
        for (Engine.Call call : calls) {
            long start = System.nanoTime();
            long best = Long.MAX_VALUE;
            int settled = 0;
            long now = start;
            while (now - start < warmUpNanos || settled < SETTLED_ROUNDS && now - start < WARM_UP_LIMIT * warmUpNanos) {
                long fastest = Long.MAX_VALUE;
                long round = now;
                do {
                    long before = System.nanoTime();
                    call.run();
                    now = System.nanoTime();
                    fastest = Math.min(fastest, now - before);
                } while (now - round < warmUpNanos / 5);
                settled = fastest > best * (1 - GAIN) ? settled + 1 : 0;
                best = Math.min(best, fastest);
            }
        }
    }

    /**
     * Times the engines, in the list's order there and back.
     *
     * @param engines each with its callers' calls
     * @param afterTurn told after each turn, for a display of progress
     * @return the turns of each
     */
    public List<List<Receipt.Turn>> measure(List<? extends List<? extends Engine.Call>> engines, Load load, Runnable afterTurn) {
        List<List<Receipt.Turn>> turns = new ArrayList<>();
        engines.forEach(engine -> turns.add(new ArrayList<>()));
        int rounds = rounds();
        long start = System.nanoTime();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < engines.size(); i++) {
                int at = round % 2 == 0 ? i : engines.size() - 1 - i;
                long collections = collections();
                long millis = collectionMillis();
                Load.Timed timed = load.turn(engines.get(at), settleNanos, turnNanos, (iterations + rounds - 1) / rounds, round);
                turns.get(at).add(new Receipt.Turn(timed.beginNanos() - start, timed.elapsedNanos(), timed.latencyNanos(), timed.queueingNanos(),
                        collections() - collections, collectionMillis() - millis));
                afterTurn.run();
            }
        }
        return turns;
    }

    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(GarbageCollectorMXBean::getCollectionCount).sum();
    }

    private static long collectionMillis() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
    }

    /** What two readings of the clock, one right after the other, are apart: the median of many. */
    public static long timerNanos() {
        long[] gaps = new long[100_000];
        for (int i = 0; i < gaps.length; i++) {
            long before = System.nanoTime();
            gaps[i] = System.nanoTime() - before;
        }
        return Percentile.of(java.util.Arrays.stream(gaps).sorted().toArray(), 50);
    }
}
