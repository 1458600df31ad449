package dev.lowpass.bench.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.bench.receipt.Receipt;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FactsTest {

    @Test
    void readsWhatNvidiaSmiPrints() {
        Gpus gpus = Gpus.parse(List.of("NVIDIA H200, GPU-5d2c, 570.86.15, 143771, 1980, 3201, 31, 75.42", "some notice", "Tesla T4, GPU-1, 550.54, 15360, [N/A], 5001, 40, [Not Supported]"));
        assertEquals(List.of(new Receipt.Gpu("NVIDIA H200", "GPU-5d2c", "570.86.15", 143771L << 20), new Receipt.Gpu("Tesla T4", "GPU-1", "550.54", 15360L << 20)), gpus.gpus());
        assertEquals(List.of(new Receipt.GpuClocks(1980.0, 3201.0, 31.0, 75.42), new Receipt.GpuClocks(null, 5001.0, 40.0, null)), gpus.clocks());
    }

    @Test
    void readsClocksOfProcessors() {
        assertEquals(List.of(2096.019, 3000.0), Facts.megahertz(List.of("processor : 0", "cpu MHz\t\t: 2096.019", "cpu MHz : 3000", "cpu MHz : unknown")));
    }

    @Test
    void programsThatDoNotExistOrFailSayNothing() {
        assertEquals(Optional.empty(), Program.lines("lowpass-no-such-program"));
        assertEquals(Optional.empty(), Program.lines(ProcessHandle.current().info().command().orElse("java"), "--no-such-option"));
    }

    @Test
    void hostIsFilledIn() {
        Receipt.Host host = Facts.host(new Gpus(List.of(), List.of()));
        assertTrue(host.processors() >= 1 && host.memoryBytes() > 0 && !host.cpu().isEmpty(), host.toString());
    }
}
