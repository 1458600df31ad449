package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/** Stand-ins for libnvrtc that g++ builds of {@code src/test/cpp/nvrtc}; without g++ the calling test is skipped. */
final class StandInNvrtc {

    private final Path folder;

    StandInNvrtc(Path folder) {
        this.folder = folder;
    }

    /**
     * One of a version of CUDA.
     *
     * @param ptx the version of its PTX
     * @param defines further words for the compiler's preprocessor
     */
    Path build(int major, int minor, String ptx, int[] architectures, String... defines) {
        Path library = folder.resolve("libnvrtc-stand-in-" + major + "." + minor + String.join("", defines) + ".so");
        List<String> command = new ArrayList<>(List.of("g++", "-std=c++17", "-Wall", "-Werror", "-fPIC", "-shared", "-o", library.toString(),
                "-DNVRTC_MAJOR=" + major, "-DNVRTC_MINOR=" + minor, "-DNVRTC_PTX=" + ptx, "-DNVRTC_ARCHITECTURES="
                + Arrays.stream(architectures).mapToObj(String::valueOf).collect(Collectors.joining(","))));
        for (String define : defines) {
            command.add("-D" + define);
        }
        command.add("src/test/cpp/nvrtc/nvrtc.cpp");
        try {
            Process compiler;
            try {
                compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
            } catch (IOException e) {
                Assumptions.abort("no g++ to build a stand-in for libnvrtc with: " + e.getMessage());
                return null;
            }
            String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, compiler.waitFor(), output);
            return library;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
