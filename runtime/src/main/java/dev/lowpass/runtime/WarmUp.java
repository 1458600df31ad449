package dev.lowpass.runtime;

/** Runs code until the JIT compiler has nothing left to gain from it. */
final class WarmUp {

    private static final long ROUND_NANOS = 200_000_000L;
    private static final long LIMIT_NANOS = 10_000_000_000L;
    private static final int SETTLED_ROUNDS = 3;
    private static final double GAIN = 0.02;

    private WarmUp() {}

    /**
     * Repeats {@code pass} in rounds of a fifth of a second until the fastest pass of three rounds in a row is no gain of 2 % over
     * what came before, or for at most about ten seconds. Rounds are counted in time, not in passes: the compiler works beside us,
     * and a small network's passes would be over before it has begun.
     */
    static void untilSettled(Runnable pass) {
        long start = System.nanoTime();
        long now = start;
        long best = Long.MAX_VALUE;
        int settled = 0;
        while (settled < SETTLED_ROUNDS && now - start < LIMIT_NANOS) {
            long fastest = Long.MAX_VALUE;
            long roundStart = now;
            while (now - roundStart < ROUND_NANOS) {
                long before = System.nanoTime();
                pass.run();
                now = System.nanoTime();
                fastest = Math.min(fastest, now - before);
            }
            settled = fastest > best * (1 - GAIN) ? settled + 1 : 0;
            best = Math.min(best, fastest);
        }
    }
}
