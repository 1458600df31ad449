package dev.lowpass.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

// In a thread of its own: a deadlock that swallows interrupts must fail the test, not hang it.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkersTest {

    @Test
    void runsEveryUnitOnceOverManySmallRuns() {
        for (int threads : new int[] {1, 2, 5}) {
            try (Workers workers = new Workers(threads)) {
                assertEquals(threads, workers.count());
                for (int run = 0; run < 20_000; run++) {
                    int units = run % 7;
                    AtomicIntegerArray seen = new AtomicIntegerArray(7);
                    workers.run((unit, worker) -> {
                        assertTrue(worker >= 0 && worker < threads);
                        seen.incrementAndGet(unit);
                    }, units);
                    for (int unit = 0; unit < 7; unit++) {
                        assertEquals(unit < units ? 1 : 0, seen.get(unit), "unit " + unit + " of " + units + " in run " + run);
                    }
                }
            }
        }
    }

    @Test
    void wakesWorkersThatSleep() throws InterruptedException {
        try (Workers workers = new Workers(3)) {
            for (int run = 0; run < 20; run++) {
                Thread.sleep(3); // long enough for the workers to park
                // Each unit waits for the others: only three workers at once can finish this.
                CountDownLatch together = new CountDownLatch(3);
                Set<Integer> who = ConcurrentHashMap.newKeySet();
                workers.run((unit, worker) -> {
                    who.add(worker);
                    together.countDown();
                    try {
                        together.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }, 3);
                assertEquals(Set.of(0, 1, 2), who);
            }
        }
    }

    @Test
    void carriesExceptionsToTheCallerAndGoesOn() {
        for (int threads : new int[] {1, 3}) {
            try (Workers workers = new Workers(threads)) {
                IllegalStateException failure = new IllegalStateException("unit 5");
                for (int run = 0; run < 200; run++) {
                    assertSame(failure, assertThrows(IllegalStateException.class, () -> workers.run((unit, worker) -> {
                        if (unit == 5) {
                            throw failure;
                        }
                    }, 9)));
                    AtomicIntegerArray seen = new AtomicIntegerArray(9);
                    workers.run((unit, worker) -> seen.incrementAndGet(unit), 9);
                    for (int unit = 0; unit < 9; unit++) {
                        assertEquals(1, seen.get(unit));
                    }
                }
                assertThrows(StackOverflowError.class, () -> workers.run((unit, worker) -> {
                    throw new StackOverflowError();
                }, 4));
            }
        }
    }

    @Test
    void closeStopsTheThreadsAndMayBeRepeated() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        Workers workers = new Workers(2);
        CountDownLatch together = new CountDownLatch(2);
        workers.run((unit, worker) -> {
            threads.add(Thread.currentThread());
            together.countDown();
            try {
                together.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }, 2);
        threads.remove(Thread.currentThread());
        assertEquals(1, threads.size());
        Thread worker = threads.iterator().next();
        assertTrue(worker.isDaemon());
        workers.close();
        workers.close();
        assertFalse(worker.isAlive());
    }

    @Test
    void runsOnAnExecutor() throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try (Workers workers = new Workers(3, pool)) {
            for (int run = 0; run < 2_000; run++) {
                AtomicIntegerArray seen = new AtomicIntegerArray(5);
                workers.run((unit, worker) -> seen.incrementAndGet(unit), 5);
                for (int unit = 0; unit < 5; unit++) {
                    assertEquals(1, seen.get(unit), "unit " + unit + " in run " + run);
                }
                if (run % 500 == 0) {
                    Thread.sleep(3); // long enough for the helpers to give the pool's threads back
                    assertEquals(0, ((ThreadPoolExecutor) pool).getActiveCount());
                }
            }
            // Each unit waits for the others: only helpers that run at once can finish this.
            CountDownLatch together = new CountDownLatch(3);
            workers.run((unit, worker) -> {
                together.countDown();
                try {
                    together.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }, 3);
        }
        pool.shutdown();
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
    }

    /** Whatever an executor throws, and while helpers are at work: each unit of each task runs once, and within its own task. */
    @Test
    void anExecutorThatFailsNowAndThenCostsNoUnit() throws InterruptedException {
        ExecutorService pool = Executors.newFixedThreadPool(3);
        AtomicInteger calls = new AtomicInteger();
        Executor failing = command -> {
            if (calls.incrementAndGet() % 3 == 0) {
                long until = System.nanoTime() + 200_000; // the other helpers have begun
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                throw new IllegalStateException("broken");
            }
            pool.execute(command);
        };
        try (Workers workers = new Workers(4, failing)) {
            for (int run = 0; run < 300; run++) {
                AtomicIntegerArray seen = new AtomicIntegerArray(40);
                workers.run((unit, worker) -> {
                    for (int spin = 0; spin < 500; spin++) {
                        Thread.onSpinWait();
                    }
                    seen.incrementAndGet(unit);
                }, 40);
                for (int unit = 0; unit < 40; unit++) {
                    assertEquals(1, seen.get(unit), "unit " + unit + " in run " + run);
                }
                Thread.sleep(0, 200_000); // the helpers go, and are handed over again
            }
            assertTrue(calls.get() > 100, calls + " calls");
        }
        pool.shutdown();
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
    }

    /** On the calling thread a helper would look out for tasks in vain before the caller begins. */
    @Test
    void anExecutorThatRunsHelpersOnTheCallingThreadLeavesItTheWork() {
        try (Workers workers = new Workers(4, Runnable::run)) {
            for (int run = 0; run < 10; run++) {
                Set<Integer> who = ConcurrentHashMap.newKeySet();
                workers.run((unit, worker) -> who.add(worker), 20);
                assertEquals(Set.of(0), who);
            }
        }
    }

    /** An executor that refuses, drops what it is given, or runs it on the calling thread costs no unit, and close does not wait for it. */
    @Test
    void needsNothingOfTheExecutor() {
        List<Executor> executors = List.of(
                command -> {
                    throw new RejectedExecutionException("full");
                },
                command -> {
                    throw new OutOfMemoryError("unable to create native thread");
                },
                command -> {},
                Runnable::run);
        for (Executor executor : executors) {
            try (Workers workers = new Workers(4, executor)) {
                for (int run = 0; run < 50; run++) {
                    AtomicIntegerArray seen = new AtomicIntegerArray(9);
                    workers.run((unit, worker) -> seen.incrementAndGet(unit), 9);
                    for (int unit = 0; unit < 9; unit++) {
                        assertEquals(1, seen.get(unit));
                    }
                }
            }
        }
    }

    /** What an executor runs only after close does nothing. */
    @Test
    void lateHelpersFindTheDoorShut() {
        List<Runnable> late = new ArrayList<>();
        try (Workers workers = new Workers(2, late::add)) {
            workers.run((unit, worker) -> assertEquals(0, worker), 3);
        }
        assertEquals(1, late.size());
        late.get(0).run();
    }
}
