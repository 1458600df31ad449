package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.latency.Summaries;
import dev.lowpass.bench.receipt.Receipt;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code bench} warns of, by figures made up. */
class BenchWarningsTest {

    private static final long MILLI = 1_000_000;
    private static final Receipt.Clocks IDLE = new Receipt.Clocks(List.of(2000.0), 0.0, List.of());

    /** Three turns of requests at 20 a second, each served in 2 ms, the last of which waited for {@code waited}. */
    private static List<String> warnings(long elapsed, int requests, long waited) {
        long[] latency = new long[requests];
        long[] queueing = new long[requests];
        Arrays.fill(latency, 2 * MILLI);
        queueing[requests - 1] = waited;
        latency[requests - 1] += waited;
        List<Receipt.Turn> turns = List.of(new Receipt.Turn(0, elapsed, latency, queueing, 0, 0), new Receipt.Turn(elapsed, elapsed, latency, queueing, 0, 0),
                new Receipt.Turn(2 * elapsed, elapsed, latency, queueing, 0, 0));
        Receipt.Measurement one = new Receipt.Measurement("lowpass", "reference", "", "fp32", "dense", 1, 1, 2, 20.0, null, null, 0.0, 1L, 1L, turns, null, null,
                Summaries.of(turns, 1, List.of(99.0)));
        return BenchWarnings.of(List.of(one), new Receipt.Settings(0, 1, 1, 1, 0, 1e-4, 25), IDLE, IDLE, false);
    }

    @Test
    void requestsThatHappenToArriveLateAreNoOverload() {
        assertEquals(List.of(), warnings(500 * MILLI, 10, 0));
        // Ten that took twice the half second that is to be expected.
        assertEquals(List.of(), warnings(1000 * MILLI, 10, 4 * MILLI));
    }

    @Test
    void aQueueThatGrowsIs() {
        assertEquals(List.of("lowpass fp32 dense on reference, batch 1, 2 callers, 20 requests a second: these are more than it serves; the queue grows, and latencies with the duration"),
                warnings(1000 * MILLI, 10, 400 * MILLI));
    }

    @Test
    void aBusyMachineIsNamed() {
        int processors = Runtime.getRuntime().availableProcessors();
        assertTrue(BenchWarnings.busy(processors / 2.0 + 0.1).orElseThrow().contains("processes ran or waited to"));
        assertEquals(Optional.empty(), BenchWarnings.busy(IDLE.loadAverage()));
        assertEquals(Optional.empty(), BenchWarnings.busy(null), "where the system does not tell");
    }
}
