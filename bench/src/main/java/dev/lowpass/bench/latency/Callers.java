package dev.lowpass.bench.latency;

import java.util.ArrayList;
import java.util.List;

/** Threads that call at the same time; a single caller is the calling thread itself. */
final class Callers {

    /** What one caller does. */
    interface Caller {
        void call(int number);
    }

    private Callers() {}

    /** Runs all callers and waits for them. What one of them throws is thrown here. */
    static void run(int count, Caller caller) {
        if (count == 1) {
            caller.call(0);
            return;
        }
        List<Throwable> thrown = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = i;
            Thread thread = new Thread(() -> caller.call(number), "caller-" + i);
            thread.setUncaughtExceptionHandler((t, e) -> {
                synchronized (thrown) {
                    thrown.add(e);
                }
            });
            threads.add(thread);
        }
        threads.forEach(Thread::start);
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true; // calls do not last; the flag is for whoever asked
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!thrown.isEmpty()) {
            if (thrown.get(0) instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown.get(0);
        }
    }
}
