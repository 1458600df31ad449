package dev.lowpass.bench.latency;

import java.util.List;

/**
 * Measures several calls in turns, so that whatever the machine does besides meets all of them alike: a, b, c, c, b, a, a, b, ... A turn
 * begins with calls that are not timed, in which caches fill again and threads of the call before come to rest.
 *
 * @param warmUpNanos of calls that are run before anything is timed, at least, for each; they go on until the time has settled
 * @param durationNanos of timed calls, at least, for each
 * @param iterations timed calls, at least, for each
 * @param turnNanos of timed calls in a turn, at least
 * @param settleNanos of calls at a turn's beginning that are not timed, at least
 */
public record Interleaving(long warmUpNanos, long durationNanos, int iterations, long turnNanos, long settleNanos) {

    /** Warm-up ends with this many rounds in a row that gain less than {@value #GAIN}, or after the limit. */
    private static final int SETTLED_ROUNDS = 3;
    private static final double GAIN = 0.02;
    private static final int WARM_UP_LIMIT = 10;

    /** Runs each call until its time has settled: the same for all. */
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

    /** Times the calls, the list's order there and back. */
    public List<Samples> measure(List<? extends Engine.Call> calls) {
        List<Samples> samples = calls.stream().map(call -> new Samples()).toList();
        long rounds = Math.max(3, (durationNanos + turnNanos - 1) / turnNanos);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < calls.size(); i++) {
                int at = round % 2 == 0 ? i : calls.size() - 1 - i;
                turn(calls.get(at), samples.get(at), (int) ((iterations + rounds - 1) / rounds));
            }
        }
        return samples;
    }

    private void turn(Engine.Call call, Samples samples, int least) {
        long start = System.nanoTime();
        long now;
        do {
            call.run();
            now = System.nanoTime();
        } while (now - start < settleNanos);
        long begun = now;
        int done = 0;
        while (now - begun < turnNanos || done < least) {
            long before = System.nanoTime();
            call.run();
            now = System.nanoTime();
            samples.add(now - before);
            done++;
        }
        samples.endTurn();
    }
}
