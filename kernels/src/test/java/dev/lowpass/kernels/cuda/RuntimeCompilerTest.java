package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compilation on the user's machine, with a stand-in for libnvrtc that g++ builds. */
class RuntimeCompilerTest {

    @TempDir
    static Path folder;

    private static Path library;

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        library = folder.resolve("libnvrtc-stand-in.so");
        Process compiler;
        try {
            compiler = new ProcessBuilder("g++", "-std=c++17", "-Wall", "-Werror", "-fPIC", "-shared", "-o", library.toString(),
                    "src/test/cpp/nvrtc/nvrtc.cpp").redirectErrorStream(true).start();
        } catch (IOException e) {
            Assumptions.abort("no g++ to build a stand-in for libnvrtc with: " + e.getMessage());
            return;
        }
        String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, compiler.waitFor(), output);
    }

    @BeforeEach
    void setUp(@TempDir Path cache) {
        System.setProperty(Cache.PROPERTY, cache.toString());
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, library.toString());
    }

    @AfterEach
    void tearDown() {
        System.clearProperty(Cache.PROPERTY);
        System.clearProperty(Nvrtc.LIBRARY_PROPERTY);
    }

    private static List<Path> cached() throws IOException {
        Path cache = Path.of(System.getProperty(Cache.PROPERTY), "cuda");
        if (!Files.isDirectory(cache)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(cache)) {
            return files.toList();
        }
    }

    /** Each source reaches the compiler whole: no include is left, no header comes twice, every kernel is there. */
    @Test
    void givesTheCompilerWholeSources() throws IOException {
        List<String> sources;
        try (Stream<Path> files = Files.list(Path.of("src/main/cuda"))) {
            sources = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".cu")).map(name -> name.replace(".cu", "")).toList();
        }
        assertTrue(sources.contains("product"), () -> "" + sources);
        for (String source : sources) {
            String image = new String(RuntimeCompiler.compile(source, 90), StandardCharsets.UTF_8);
            assertTrue(image.startsWith("--std=c++17\n--gpu-architecture=sm_90\n"), image.substring(0, 60));
            assertFalse(image.contains("#include"));
            assertEquals(1, image.split("typedef long long index_t;", -1).length - 1, source);
            assertTrue(image.contains("LOWPASS_KERNEL"), source);
        }
        assertEquals(sources.size(), cached().size());
    }

    @Test
    void keepsWhatWasCompiled() throws IOException {
        byte[] first = RuntimeCompiler.compile("elementwise", 86);
        assertEquals(1, cached().size());
        assertTrue(cached().get(0).getFileName().toString().matches("elementwise-sm_86-[0-9a-f]{32}\\.cubin"), () -> "" + first.length);
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, "/nowhere/libnvrtc.so");
        assertArrayEquals(first, RuntimeCompiler.compile("elementwise", 86));
        // Another architecture is another image.
        assertThrows(CudaException.class, () -> RuntimeCompiler.compile("elementwise", 80));
    }

    @Test
    void saysWhatIsMissing() {
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, "/nowhere/libnvrtc.so");
        assertEquals("this build of Lowpass has no kernels compiled for this GPU, and NVRTC, which would compile them, is not installed as"
                + " /nowhere/libnvrtc.so; install the package cuda-nvrtc of the CUDA toolkit, set dev.lowpass.nvrtc to its libnvrtc, or use the device cpu",
                assertThrows(CudaException.class, () -> RuntimeCompiler.compile("dct", 90)).getMessage());
    }

    @Test
    void passesOnTheCompilersLog() throws IOException {
        CudaException failure = assertThrows(CudaException.class, () -> RuntimeCompiler.compile("dct", 99));
        assertEquals("nvrtcCompileProgram failed with NVRTC_ERROR_INVALID_OPTION (5), dct.cu with [--std=c++17, --gpu-architecture=sm_99]: nvrtc: error:"
                + " invalid value for --gpu-architecture (-arch)", failure.getMessage());
        assertEquals("nvrtcCompileProgram", failure.call());
        assertEquals("NVRTC_ERROR_INVALID_OPTION", failure.code());
        assertEquals(List.of(), cached());
    }
}
