package dev.lowpass.bench.latency;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who calls when. Times are only compared with sleeps that are far longer than any delay of a busy machine should matter. */
class LoadTest {

    /** A call that does what a test says. */
    private record FakeCall(Runnable work) implements Engine.Call {
        @Override
        public void run() {
            work.run();
        }

        @Override
        public float[] logits() {
            return new float[0];
        }

        @Override
        public void close() {}
    }

    private static void sleepMillis(long millis) {
        long end = System.nanoTime() + millis * 1_000_000;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    @Test
    void turnsGoThereAndBack() {
        List<String> order = new ArrayList<>();
        List<List<FakeCall>> engines = Stream.of("a", "b", "c").map(name -> List.of(new FakeCall(() -> order.add(name)))).toList();
        List<List<Receipt.Turn>> turns = new Interleaving(0, 0, 3, 0, 0).measure(engines, new ClosedLoop(), () -> order.add("|"));
        // A call that is not timed, then one that is.
        assertEquals("aa|bb|cc|cc|bb|aa|aa|bb|cc|", String.join("", order));
        turns.forEach(each -> assertEquals(3, each.stream().mapToInt(turn -> turn.latencyNanos().length).sum()));
        assertTrue(turns.get(1).get(1).startNanos() > turns.get(2).get(1).startNanos());
    }

    @Test
    void iterationsAreALeast() {
        AtomicInteger calls = new AtomicInteger();
        List<List<Receipt.Turn>> turns = new Interleaving(0, 0, 100, 0, 0).measure(List.of(List.of(new FakeCall(calls::incrementAndGet))), new ClosedLoop(), () -> { });
        assertTrue(turns.get(0).stream().mapToInt(turn -> turn.latencyNanos().length).sum() >= 100);
        assertEquals(calls.get(), 3 + turns.get(0).stream().mapToInt(turn -> turn.latencyNanos().length).sum());
    }

    @Test
    void callersCallAtTheSameTime() {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        FakeCall call = new FakeCall(() -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            sleepMillis(5);
            inside.decrementAndGet();
        });
        Load.Timed timed = new ClosedLoop().turn(List.of(call, call, call, call), 1_000_000, 40_000_000, 4, 0);
        assertEquals(4, most.get());
        assertTrue(timed.latencyNanos().length >= 4, timed.latencyNanos().length + " calls");
        assertTrue(LongStream.of(timed.latencyNanos()).min().orElseThrow() >= 5_000_000);
    }

    @Test
    void failureOfACallerIsThrown() {
        FakeCall good = new FakeCall(() -> { });
        FakeCall bad = new FakeCall(() -> {
            throw new IllegalStateException("broken");
        });
        assertEquals("broken", assertThrows(IllegalStateException.class, () -> new ClosedLoop().turn(List.of(good, bad), 0, 0, 1, 0)).getMessage());
        assertEquals("broken", assertThrows(IllegalStateException.class, () -> new OpenLoop(100).turn(List.of(bad, good), 0, 0, 1, 0)).getMessage());
    }

    @Test
    void arrivalsAreAPoissonProcess() {
        long second = 1_000_000_000;
        long[] due = OpenLoop.arrivals(1000, 20 * second, 1, 5);
        assertEquals(20_000, due.length, 4 * Math.sqrt(20_000));
        assertTrue(due[due.length - 1] < 20 * second);
        // Exponential gaps: the mean and the deviation are both 1 ms; the share above t is exp(-t / 1 ms).
        double sum = 0;
        double squares = 0;
        int long1 = 0;
        for (int i = 1; i < due.length; i++) {
            double millis = (due[i] - due[i - 1]) / 1e6;
            sum += millis;
            squares += millis * millis;
            long1 += millis > 1 ? 1 : 0;
        }
        double mean = sum / (due.length - 1);
        assertEquals(1, mean, 0.03);
        assertEquals(1, Math.sqrt(squares / (due.length - 1) - mean * mean), 0.05);
        assertEquals(Math.exp(-1), (double) long1 / (due.length - 1), 0.015);
        assertArrayEquals(due, OpenLoop.arrivals(1000, 20 * second, 1, 5), "the same for every engine");
        assertEquals(50, OpenLoop.arrivals(1000, 0, 50, 5).length);
    }

    /**
     * One call of 200 ms among short ones: requests that were due meanwhile have waited, and their latencies say so, though their own
     * calls were short.
     */
    @Test
    void waitingCountsFromWhenARequestWasDue() {
        AtomicInteger calls = new AtomicInteger();
        FakeCall call = new FakeCall(() -> {
            if (calls.incrementAndGet() == 2) { // the first is not timed
                sleepMillis(200);
            }
        });
        Load.Timed timed = new OpenLoop(500).turn(List.of(call), 0, 400_000_000, 1, 3);
        long delayed = LongStream.of(timed.latencyNanos()).filter(nanos -> nanos > 50_000_000).count();
        // About 500 / s * 0.15 s were due early enough in the stall to wait 50 ms.
        assertTrue(delayed > 40, delayed + " of " + timed.latencyNanos().length + " waited 50 ms");
        for (int i = 0; i < timed.latencyNanos().length; i++) {
            assertTrue(timed.queueingNanos()[i] >= 0 && timed.queueingNanos()[i] <= timed.latencyNanos()[i]);
        }
        assertTrue(timed.queueingNanos()[1] > 100_000_000, "the one behind the stall queued for " + timed.queueingNanos()[1] + " ns");
    }
}
