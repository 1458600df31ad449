package dev.lowpass.bench.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MachineTest {

    @Test
    void readsLimitsOfBothKindsOfControlGroups() {
        assertEquals(Optional.of(1.5), Machine.cpuLimit(Optional.of("150000 100000"), Optional.empty(), Optional.empty()));
        assertEquals(Optional.empty(), Machine.cpuLimit(Optional.of("max 100000"), Optional.empty(), Optional.empty()));
        assertEquals(Optional.of(2.0), Machine.cpuLimit(Optional.empty(), Optional.of("200000"), Optional.of("100000")));
        assertEquals(Optional.empty(), Machine.cpuLimit(Optional.empty(), Optional.of("-1"), Optional.of("100000")));
        assertEquals(Optional.empty(), Machine.cpuLimit(Optional.of("new words"), Optional.empty(), Optional.empty()));
        assertEquals(Optional.of(1L << 30), Machine.memoryLimit(Optional.of("1073741824"), Optional.empty()));
        assertEquals(Optional.empty(), Machine.memoryLimit(Optional.of("max"), Optional.empty()));
        assertEquals(Optional.empty(), Machine.memoryLimit(Optional.empty(), Optional.of("9223372036854771712")));
    }

    @Test
    void namesTheProcessor() {
        assertEquals(Optional.of("Some CPU: fast"), Machine.cpuName(List.of("processor : 0", "model name\t: Some CPU: fast", "model name\t: other")));
        assertEquals(Optional.empty(), Machine.cpuName(List.of()));
    }

    @Test
    void currentMachineIsFilledIn() {
        Machine machine = Machine.current();
        assertTrue(machine.java().startsWith(System.getProperty("java.version")), machine.java());
        assertTrue(machine.processors() >= 1 && machine.memory() > 0 && machine.maxHeap() > 0, machine.toString());
    }
}
