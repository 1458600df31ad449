package dev.lowpass.models.learn;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads that each run libtorch alone, on parts of a batch. Results come in the parts' order, so they do not depend on timing. */
final class Workers implements AutoCloseable {

    private final ExecutorService threads;

    Workers(int count) {
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
            throw new LearnException("interrupted; start the same command again to go on from the last checkpoint", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new LearnException("a worker failed: " + e.getCause(), e.getCause());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
