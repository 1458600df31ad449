package dev.lowpass.bench.machine;

import dev.lowpass.bench.receipt.Receipt;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a receipt says of the program and of the machine. */
public final class Facts {

    private Facts() {}

    /** The program, and the state of its checkout where it runs from one. */
    public static Receipt.Program program(String version, List<String> commandLine) {
        String home = System.getProperty("lowpass.home");
        List<String> commit = home == null ? List.of() : Program.lines("git", "-C", home, "rev-parse", "HEAD").orElse(List.of());
        if (commit.size() != 1 || !commit.get(0).matches("[0-9a-f]{40,64}")) {
            return new Receipt.Program(version, null, null, commandLine);
        }
        Boolean changed = Program.lines("git", "-C", home, "status", "--porcelain").map(lines -> !lines.isEmpty()).orElse(null);
        return new Receipt.Program(version, commit.get(0), changed, commandLine);
    }

    public static Receipt.Host host(Gpus gpus) {
        Machine machine = Machine.current();
        return new Receipt.Host(machine.java(), machine.os(), machine.cpu(), machine.processors(), machine.cpuLimit().orElse(null), machine.memory(),
                machine.maxHeap(), machine.jvmOptions(), gpus.gpus());
    }

    /** The present state. */
    public static Receipt.Clocks clocks(Gpus gpus) {
        List<String> lines;
        try (Stream<String> all = Files.lines(Path.of("/proc/cpuinfo"))) {
            lines = all.toList();
        } catch (IOException | RuntimeException e) {
            lines = List.of(); // another system
        }
        return new Receipt.Clocks(megahertz(lines), loadAverage(), gpus.clocks());
    }

    /** Processes that run or wait to, mean of the last minute; null where the system does not tell. */
    public static Double loadAverage() {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return load < 0 ? null : load;
    }

    /** The {@code cpu MHz} of each processor in Linux's /proc/cpuinfo. */
    static List<Double> megahertz(List<String> cpuinfo) {
        return cpuinfo.stream()
                .filter(line -> line.startsWith("cpu MHz") && line.contains(":"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .filter(value -> value.matches("\\d+(\\.\\d+)?"))
                .map(Double::valueOf)
                .toList();
    }
}
