package dev.lowpass.bench.latency;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Requests that arrive at random and independently of one another, a Poisson process, whatever has become of those before. A free caller
 * takes the request that has waited longest. A request's latency counts from the moment it was due, not from the moment its call began: a
 * slow call also delays those behind it, and a measurement that only asked again after each answer would not see that (Tene's
 * "coordinated omission").
 *
 * @param requestRate requests a second
 */
public record OpenLoop(double requestRate) implements Load {

    /** Before a request is due its caller sleeps; for the rest, which sleeping would miss, it watches the clock. */
    private static final long WATCH_NANOS = 150_000;

    @Override
    public Timed turn(List<? extends Engine.Call> calls, long settleNanos, long turnNanos, int least, long seed) {
        long settled = System.nanoTime();
        Callers.run(calls.size(), number -> {
            do {
                calls.get(number).run();
            } while (System.nanoTime() - settled < settleNanos);
        });
        long[] due = arrivals(requestRate, turnNanos, least, seed);
        long[] latency = new long[due.length];
        long[] queueing = new long[due.length];
        AtomicInteger next = new AtomicInteger();
        long start = System.nanoTime();
        Callers.run(calls.size(), number -> {
            for (int request = next.getAndIncrement(); request < due.length; request = next.getAndIncrement()) {
                await(start + due[request]);
                long begin = System.nanoTime() - start;
                calls.get(number).run();
                queueing[request] = begin - due[request];
                latency[request] = System.nanoTime() - start - due[request];
            }
        });
        long end = 0;
        for (int i = 0; i < due.length; i++) {
            end = Math.max(end, due[i] + latency[i]);
        }
        return new Timed(start + due[0], end - due[0], latency, queueing);
    }

    /**
     * When requests are due, in nanoseconds from the start: all within the turn, or the first {@code least} if those are more. The gaps are
     * exponentially distributed, {@code -ln(1 - u) / rate} of a uniform u.
     */
    static long[] arrivals(double rate, long turnNanos, int least, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Durations due = new Durations();
        double at = 0;
        while (true) {
            at += -Math.log(1 - random.nextDouble()) / rate * 1e9;
            if (at >= turnNanos && due.count() >= Math.max(1, least)) {
                return due.toArray();
            }
            due.add((long) at);
        }
    }

    private static void await(long moment) {
        for (long left = moment - System.nanoTime(); left > 0; left = moment - System.nanoTime()) {
            if (left > WATCH_NANOS) {
                LockSupport.parkNanos(left - WATCH_NANOS);
            } else {
                Thread.onSpinWait();
            }
        }
    }
}
