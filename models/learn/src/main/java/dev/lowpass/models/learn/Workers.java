package dev.lowpass.models.learn;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** Threads that each run libtorch alone, on parts of a batch. Results come in the parts' order, so they do not depend on timing. */
final class Workers implements AutoCloseable {

    private static final long PART_SECONDS = 60;

    private final ExecutorService threads;
    /**
     * When the JVM is told to end, libtorch's own clean-up runs while workers are still in it, which is a crash; so the end waits for
     * the parts that are running.
     */
    private final Thread atExit = new Thread(this::end, "learn-end");

    Workers(int count) {
        Runtime.getRuntime().addShutdownHook(atExit);
        threads = Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(() -> {
                Libtorch.enterWorker();
                task.run();
            }, "learn");
            thread.setDaemon(true);
            return thread;
        });
    }

    <T> List<T> run(List<? extends Callable<T>> parts) {
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> part : threads.invokeAll(parts)) {
                results.add(part.get());
            }
            return results;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        } catch (RejectedExecutionException e) {
            throw interrupted(e); // the JVM is ending
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new LearnException("a worker failed: " + e.getCause(), e.getCause());
        }
    }

    private static LearnException interrupted(Exception cause) {
        return new LearnException("interrupted; start the same command again to go on from the last checkpoint", cause);
    }

    private void end() {
        threads.shutdownNow();
        try {
            threads.awaitTermination(PART_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for parts that are running. */
    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM is ending, and the hook runs.
        }
    }
}
