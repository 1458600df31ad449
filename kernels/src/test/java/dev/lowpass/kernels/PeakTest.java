package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeakTest {

    private final Peak peak = new Peak(100e9, List.of(new Peak.Level(1_000, 400e9), new Peak.Level(1_000_000, 50e9)), "made up");

    @Test
    void theFloorIsTheLaterOfComputingAndMoving() {
        assertEquals(20_000, peak.floorNanos(1_000_000, 100), 1e-6);
        assertEquals(2_000_000 / 50.0, peak.floorNanos(1_000, 2_000_000), 1e-6);
    }

    @Test
    void aWorkingSetCountsAsInTheFasterOfTwoLevels() {
        assertEquals(400e9, peak.bytesPerSecond(1));
        assertEquals(400e9, peak.bytesPerSecond(999_999));
        assertEquals(50e9, peak.bytesPerSecond(1_000_000));
        assertEquals(50e9, peak.memoryBytesPerSecond());
    }

    @Test
    void aWorkingSetIsReadAsFastAsAnyLargerOne() {
        // The first was disturbed.
        Peak disturbed = new Peak(100e9, List.of(new Peak.Level(1_000, 1e8), new Peak.Level(10_000, 400e9), new Peak.Level(1_000_000, 50e9)), "made up");
        for (long bytes : new long[] {1, 1_000, 10_000, 999_999}) {
            assertEquals(400e9, disturbed.bytesPerSecond(bytes));
        }
        assertEquals(50e9, disturbed.bytesPerSecond(1_000_000));
        assertEquals(2_000 / 400.0, disturbed.floorNanos(1, 2_000), 1e-6);
    }

    @Test
    void refusesToBeNothing() {
        assertThrows(IllegalArgumentException.class, () -> new Peak(0, peak.levels(), ""));
        assertThrows(IllegalArgumentException.class, () -> new Peak(1, List.of(), ""));
    }

    /** Of the machine at hand: no figure is expected, only that there are some, and that caches are not slower than memory by far. */
    @Test
    void theVectorBackEndMeasuresItsMachine() {
        Peak measured = Backends.vector().peak(2).orElseThrow();
        assertTrue(measured.flops() > 1e8, measured.toString());
        assertTrue(measured.levels().size() > 1, measured.toString());
        for (Peak.Level level : measured.levels()) {
            assertTrue(level.bytesPerSecond() > 1e7, measured.toString());
        }
        assertEquals(Optional.empty(), Backends.reference().peak(1));
        assertEquals("the peak of 0 threads; it must be at least 1",
                assertThrows(IllegalArgumentException.class, () -> Backends.vector().peak(0)).getMessage());
    }
}
