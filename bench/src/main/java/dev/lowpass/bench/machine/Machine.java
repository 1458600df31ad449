package dev.lowpass.bench.machine;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a measurement ran on.
 *
 * @param java version, vendor and VM
 * @param os name, version and architecture
 * @param cpu the processor's own name, or its architecture where the system does not tell
 * @param processors that the JVM may use: the container's share, if there is a limit
 * @param memory bytes that the JVM may use, heap and all
 * @param maxHeap the largest heap in bytes
 * @param cpuLimit processors that a container's quota allows, if it sets one
 * @param memoryLimit bytes that a container allows, if it sets a limit
 * @param jvmOptions the options this JVM was started with
 */
public record Machine(
        String java,
        String os,
        String cpu,
        int processors,
        long memory,
        long maxHeap,
        Optional<Double> cpuLimit,
        Optional<Long> memoryLimit,
        List<String> jvmOptions) {

    /** The machine at hand. */
    public static Machine current() {
        Runtime runtime = Runtime.getRuntime();
        Path cgroup = Path.of("/sys/fs/cgroup");
        return new Machine(
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ", " + System.getProperty("java.vm.name") + ")",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
                cpuName(firstLines(Path.of("/proc/cpuinfo"))).orElse(System.getProperty("os.arch")),
                runtime.availableProcessors(),
                ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize(),
                runtime.maxMemory(),
                cpuLimit(first(cgroup.resolve("cpu.max")), first(cgroup.resolve("cpu/cpu.cfs_quota_us")), first(cgroup.resolve("cpu/cpu.cfs_period_us"))),
                memoryLimit(first(cgroup.resolve("memory.max")), first(cgroup.resolve("memory/memory.limit_in_bytes"))),
                ManagementFactory.getRuntimeMXBean().getInputArguments());
    }

    /** The first {@code model name} of Linux's /proc/cpuinfo. */
    static Optional<String> cpuName(List<String> cpuinfo) {
        return cpuinfo.stream()
                .filter(line -> line.startsWith("model name") && line.contains(":"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst();
    }

    /**
     * @param cpuMax of cgroup v2: {@code "max 100000"} or quota and period in microseconds
     * @param quota of cgroup v1, -1 for none
     * @param period of cgroup v1
     */
    static Optional<Double> cpuLimit(Optional<String> cpuMax, Optional<String> quota, Optional<String> period) {
        try {
            if (cpuMax.isPresent()) {
                String[] fields = cpuMax.get().split("\\s+");
                return fields[0].equals("max") || fields.length < 2
                        ? Optional.empty()
                        : Optional.of(Double.parseDouble(fields[0]) / Double.parseDouble(fields[1]));
            }
            if (quota.isPresent() && period.isPresent() && !quota.get().startsWith("-")) {
                return Optional.of(Double.parseDouble(quota.get()) / Double.parseDouble(period.get()));
            }
        } catch (NumberFormatException e) {
            return Optional.empty(); // a format that this program does not know says nothing
        }
        return Optional.empty();
    }

    /**
     * @param max of cgroup v2: {@code "max"} or bytes
     * @param limit of cgroup v1, near the largest long for none
     */
    static Optional<Long> memoryLimit(Optional<String> max, Optional<String> limit) {
        try {
            return max.or(() -> limit).filter(text -> !text.equals("max")).map(Long::valueOf).filter(bytes -> bytes < Long.MAX_VALUE / 2);
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> first(Path file) {
        return firstLines(file).stream().findFirst().map(String::strip);
    }

    /** Of a file that other systems may not have. */
    private static List<String> firstLines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.limit(64).toList();
        } catch (IOException | RuntimeException e) {
            return List.of();
        }
    }
}
