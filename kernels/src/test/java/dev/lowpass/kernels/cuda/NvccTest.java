package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** nvcc compiles every kernel for every architecture, and ptxas finds registers for everything. */
@Tag("nvcc")
class NvccTest {

    private static final Path SOURCES = Path.of("src/main/cuda");
    private static final Path OUT = Path.of("target/cuda");

    private static final Pattern KERNEL = Pattern.compile("Compiling entry function '(\\w+)' for '(sm_\\d+)'");
    private static final Pattern MEMORY = Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
    private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");

    /** By architecture and kernel. */
    private static final Map<String, Map<String, Usage>> USAGE = new TreeMap<>();

    private record Usage(int stack, int spillStores, int spillLoads, int registers) {}

    @BeforeAll
    static void compile() throws IOException, InterruptedException {
        Process build = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "src/build/java/BuildKernels.java",
                SOURCES.toString(), OUT.toString()).redirectErrorStream(true).start();
        build.getOutputStream().close();
        String output = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, build.waitFor(), output);
        Assumptions.assumeFalse(output.contains("no nvcc"), output.strip());
        try (Stream<Path> files = Files.list(OUT)) {
            for (Path report : files.filter(file -> file.toString().endsWith(".usage.txt")).toList()) {
                read(Files.readAllLines(report));
            }
        }
    }

    private static void read(List<String> lines) {
        String kernel = null;
        String architecture = null;
        int[] memory = new int[3];
        for (String line : lines) {
            Matcher name = KERNEL.matcher(line);
            Matcher bytes = MEMORY.matcher(line);
            Matcher registers = REGISTERS.matcher(line);
            if (name.find()) {
                kernel = name.group(1);
                architecture = name.group(2);
            } else if (bytes.find()) {
                for (int i = 0; i < 3; i++) {
                    memory[i] = Integer.parseInt(bytes.group(i + 1));
                }
            } else if (registers.find()) {
                USAGE.computeIfAbsent(architecture, key -> new TreeMap<>())
                        .put(kernel, new Usage(memory[0], memory[1], memory[2], Integer.parseInt(registers.group(1))));
            }
        }
    }

    /** nvcc 13 knows all of these; an older one lacks the newest, a newer one may drop the oldest. */
    @Test
    void everyArchitectureIsThere() {
        assertTrue(USAGE.keySet().containsAll(Set.of("sm_75", "sm_80", "sm_86", "sm_89", "sm_90")), () -> "compiled for " + USAGE.keySet());
    }

    @Test
    void everyKernelIsCompiledForEveryArchitecture() {
        Set<String> all = new TreeSet<>();
        USAGE.values().forEach(kernels -> all.addAll(kernels.keySet()));
        for (String dtype : List.of("f32", "f16")) {
            for (int block = 4; block <= 8; block++) {
                for (String kernel : List.of("dct_%s_b%d", "idct_%s_b%d", "idct_depthwise_dct_%s_b%d_k3_s1", "idct_depthwise_dct_%s_b%d_k3_s2",
                        "idct_depthwise_dct_%s_b%d_k3_s1_plane")) {
                    assertTrue(all.contains(kernel.formatted(dtype, block)), () -> kernel + " is not among " + all);
                }
            }
        }
        for (String kernel : List.of("tf32_b7_k3_s1", "tf32_b8_k3_s1", "f16_b7_k3_s1", "f16_b7_k3_s2", "f16_b8_k3_s1", "f16_b8_k3_s2")) {
            assertTrue(all.contains("expand_idct_depthwise_dct_" + kernel), () -> kernel + " is not among " + all);
        }
        for (String dtype : List.of("f32", "tf32", "f16")) {
            assertTrue(all.contains("band_gemm_" + dtype + "_128x64"), () -> dtype + " is not among " + all);
        }
        USAGE.forEach((architecture, kernels) -> assertEquals(all, kernels.keySet(), architecture));
    }

    @Test
    void nothingSpillsOrLivesInLocalMemory() {
        List<String> offenders = new ArrayList<>();
        USAGE.forEach((architecture, kernels) -> kernels.forEach((kernel, usage) -> {
            if (usage.stack() + usage.spillStores() + usage.spillLoads() > 0) {
                offenders.add(architecture + " " + kernel + ": " + usage);
            }
        }));
        assertEquals(List.of(), offenders);
    }

    /** Two blocks of 256 threads, or four of 128, fit a multiprocessor's 65,536 registers: the fused kernels hide latency by that. */
    @Test
    void theFusedKernelsLeaveRoomForTwoBlocks() {
        List<String> offenders = new ArrayList<>();
        USAGE.forEach((architecture, kernels) -> kernels.forEach((kernel, usage) -> {
            if (kernel.startsWith("idct_depthwise_dct") && usage.registers() > 128) {
                offenders.add(architecture + " " + kernel + ": " + usage);
            }
        }));
        assertEquals(List.of(), offenders);
    }

    /** The emulated device sees the sources, not the images: each must hold each of its source's kernels, for each architecture and as PTX. */
    @Test
    void everyImageHoldsEveryKernelForEveryArchitecture() throws IOException {
        Set<String> everywhere = new TreeSet<>(USAGE.keySet());
        everywhere.add(FatBinary.PTX + "90");
        Map<String, Set<String>> found = new TreeMap<>();
        for (String kind : everywhere) {
            found.put(kind, new TreeSet<>());
        }
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path source : files.filter(file -> file.toString().endsWith(".cu")).toList()) {
                String name = source.getFileName().toString().replace(".cu", ".fatbin");
                Map<String, Set<String>> image = FatBinary.kernels(Files.readAllBytes(OUT.resolve(name)));
                assertEquals(everywhere, image.keySet(), name);
                image.forEach((kind, kernels) -> {
                    assertFalse(kernels.isEmpty(), () -> name + " has no kernel for " + kind);
                    found.get(kind).addAll(kernels);
                });
            }
        }
        Set<String> all = USAGE.get("sm_90").keySet();
        found.forEach((kind, kernels) -> assertEquals(all, kernels, kind));
    }
}
