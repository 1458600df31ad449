package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Peak;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/**
 * Measures the processor's peaks: the same loop on every thread at once, the best of several rounds, since whatever disturbs a round
 * only slows it down.
 */
final class PeakProbe {

    /** Working sets of a thread, from one that a first-level cache holds to one that no cache does. */
    private static final int[] BYTES = {16 << 10, 128 << 10, 512 << 10, 2 << 20, 8 << 20, 32 << 20, 128 << 20};

    private static final int ROUNDS = 12;
    /** Rounds in which C2 compiles the loop. */
    private static final int WARM_UP_ROUNDS = 6;
    private static final long ROUND_NANOS = 12_000_000;

    /** One call's work for one thread: something that takes microseconds at the least. */
    interface Work {
        /** @return what was computed, so that no compiler can leave it out */
        float run(int thread);
    }

    private PeakProbe() {}

    static Peak measure(int threads) {
        int calls = 20_000;
        double flops = SimdPeak.fmaFlops(calls) * perSecond(threads, thread -> SimdPeak.fma(calls));
        List<Peak.Level> levels = new ArrayList<>();
        for (int bytes : BYTES) {
            if (!levels.isEmpty() && (long) bytes * threads > Runtime.getRuntime().maxMemory() / 4) {
                break; // a small heap is for the application
            }
            levels.add(new Peak.Level((long) bytes * threads, bytesPerSecond(threads, bytes)));
        }
        // On a busy machine C2 may still have been compiling the loop when the first was read.
        levels.set(0, new Peak.Level(levels.get(0).bytes(), Math.max(levels.get(0).bytesPerSecond(), bytesPerSecond(threads, BYTES[0]))));
        return new Peak(flops, levels, String.format(Locale.ROOT,
                "measured on %d thread%s: independent fused multiply-adds, and reading arrays of several sizes", threads, threads == 1 ? "" : "s"));
    }

    /** How fast all threads together read, each {@code bytes} of its own. */
    private static double bytesPerSecond(int threads, int bytes) {
        int floats = bytes / Float.BYTES;
        float[][] data = new float[threads][floats];
        // A call reads at least 256 KiB, so that starting it costs nothing beside it.
        int times = Math.max(1, (256 << 10) / bytes);
        return (double) bytes * times * perSecond(threads, thread -> {
            float sum = 0;
            for (int i = 0; i < times; i++) {
                sum += SimdPeak.sum(data[thread], floats);
            }
            return sum;
        });
    }

    /** How often {@code work} is done in a second by all threads together. */
    private static double perSecond(int threads, Work work) {
        double[] best = new double[1];
        double[] rates = new double[threads];
        float[] results = new float[threads];
        CyclicBarrier start = new CyclicBarrier(threads);
        CyclicBarrier end = new CyclicBarrier(threads, () -> {
            double sum = 0;
            for (double rate : rates) {
                sum += rate;
            }
            best[0] = Math.max(best[0], sum);
        });
        Thread[] helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int thread = i + 1;
            helpers[i] = new Thread(() -> rounds(thread, work, start, end, rates, results), "lowpass-peak-" + thread);
            helpers[i].setDaemon(true);
            helpers[i].start();
        }
        rounds(0, work, start, end, rates, results);
        for (Thread helper : helpers) {
            join(helper);
        }
        return best[0];
    }

    private static void rounds(int thread, Work work, CyclicBarrier start, CyclicBarrier end, double[] rates, float[] results) {
        for (int round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
            await(start);
            long begun = System.nanoTime();
            long now = begun;
            int done = 0;
            while (now - begun < ROUND_NANOS) {
                results[thread] += work.run(thread);
                done++;
                now = System.nanoTime();
            }
            rates[thread] = round < WARM_UP_ROUNDS ? 0 : 1e9 * done / (now - begun);
            await(end);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the machine's peak was measured; measure it again", e);
        } catch (BrokenBarrierException e) {
            throw new IllegalStateException("another thread of the peak's measurement was interrupted; measure it again", e);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
