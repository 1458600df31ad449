package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WorkersTest {

    @BeforeAll
    static void start() {
        LibtorchCondition.start().close();
    }

    @Test
    void resultsComeInThePartsOrder() {
        try (Workers workers = new Workers(2)) {
            Callable<Integer> slow = () -> {
                Thread.sleep(50);
                return 1;
            };
            assertEquals(List.of(1, 2, 3), workers.run(List.of(slow, () -> 2, () -> 3)));
        }
    }

    /** Native code knows no interrupt, and what it works on is freed next. */
    @Test
    void closingWaitsForThePartThatRuns() throws Exception {
        Workers workers = new Workers(1);
        CountDownLatch running = new CountDownLatch(1);
        AtomicBoolean done = new AtomicBoolean();
        Thread caller = new Thread(() -> workers.run(List.of((Callable<Void>) () -> {
            running.countDown();
            long until = System.nanoTime() + 300_000_000L;
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            done.set(true);
            return null;
        })));
        caller.start();
        running.await();
        workers.close();
        assertTrue(done.get(), "closed while a part was running");
        caller.join();
        LearnException e = assertThrows(LearnException.class, () -> workers.run(List.of(() -> 1)));
        assertEquals("interrupted; start the same command again to go on from the last checkpoint", e.getMessage());
    }
}
