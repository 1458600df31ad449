package dev.lowpass.runtime;

/** Runs code until the JIT compiler has nothing left to gain from it. */
final class WarmUp {

    private static final int ROUND = 5;
    private static final int SETTLED_ROUNDS = 3;
    private static final double GAIN = 0.02;
    private static final long LIMIT_NANOS = 5_000_000_000L;

    private WarmUp() {}

    /** Repeats {@code pass} in rounds of five until three rounds in a row bring no gain of 2 %, or for at most about five seconds. */
    static void untilSettled(Runnable pass) {
        long start = System.nanoTime();
        long best = Long.MAX_VALUE;
        int settled = 0;
        while (settled < SETTLED_ROUNDS) {
            long fastest = Long.MAX_VALUE;
            for (int i = 0; i < ROUND; i++) {
                long before = System.nanoTime();
                pass.run();
                long now = System.nanoTime();
                fastest = Math.min(fastest, now - before);
                if (now - start > LIMIT_NANOS) {
                    return;
                }
            }
            settled = fastest > best * (1 - GAIN) ? settled + 1 : 0;
            best = Math.min(best, fastest);
        }
    }
}
