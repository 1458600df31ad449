package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compilation on the user's machine, with stand-ins for libnvrtc, and in place of a driver a note of what it would be given. */
class RuntimeCompilerTest {

    private static final int DRIVER = 12060;

    @TempDir
    static Path folder;

    private static Path nvrtc12;
    private static Path nvrtc13;
    private static Path failing;

    @BeforeAll
    static void build() {
        StandInNvrtc standIn = new StandInNvrtc(folder);
        nvrtc12 = standIn.build(12, 4, "8.4", new int[] {75, 80, 86, 89, 90});
        nvrtc13 = standIn.build(13, 0, "9.0", new int[] {75, 80, 86, 89, 90, 100, 103, 120});
        failing = standIn.build(12, 1, "8.1", new int[] {75, 80, 90}, "NVRTC_FAILS");
    }

    @BeforeEach
    void setUp(@TempDir Path cache) {
        System.setProperty(Cache.PROPERTY, cache.toString());
        use(nvrtc12);
    }

    @AfterEach
    void tearDown() {
        System.clearProperty(Cache.PROPERTY);
        System.clearProperty(Nvrtc.LIBRARY_PROPERTY);
    }

    private static void use(Path... libraries) {
        System.setProperty(Nvrtc.LIBRARY_PROPERTY, Arrays.stream(libraries).map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
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

    /** What a driver of that version that refuses the first images is given. */
    private static final class Driver implements RuntimeCompiler.Loader {
        private final List<String> targets = new ArrayList<>();
        private int refusals;
        private byte[] image;

        Driver(int refusals) {
            this.refusals = refusals;
        }

        @Override
        public CudaException load(byte[] given, String target) {
            targets.add(target);
            image = given;
            return refusals-- > 0 ? new CudaException("cuModuleLoadData", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "refused for " + target) : null;
        }

        String text() {
            return new String(image, StandardCharsets.UTF_8);
        }
    }

    private static Driver compile(String source, int computeCapability) {
        Driver driver = new Driver(0);
        RuntimeCompiler.compile(source, computeCapability, DRIVER, driver);
        assertEquals(1, driver.targets.size());
        return driver;
    }

    private static CudaException refusal(String source, int computeCapability, int driverVersion) {
        return assertThrows(CudaException.class, () -> RuntimeCompiler.compile(source, computeCapability, driverVersion, new Driver(0)));
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
            String image = compile(source, 90).text();
            assertTrue(image.startsWith("\u007fELF\n--std=c++17\n--gpu-architecture=sm_90\n"), image.substring(0, 60));
            assertFalse(image.contains("#include"));
            assertEquals(1, image.split("typedef long long index_t;", -1).length - 1, source);
            assertTrue(image.contains("LOWPASS_KERNEL"), source);
        }
        assertEquals(sources.size(), cached().size());
    }

    @Test
    void keepsWhatWasCompiled() throws IOException {
        byte[] first = compile("elementwise", 86).image;
        assertEquals(1, cached().size());
        assertTrue(cached().get(0).getFileName().toString().matches("elementwise-sm_86-[0-9a-f]{32}\\.cubin"), () -> "" + first.length);
        use(Path.of("/nowhere/libnvrtc.so"));
        assertArrayEquals(first, compile("elementwise", 86).image);
        // Another architecture is another image.
        refusal("elementwise", 80, DRIVER);
    }

    /** What was kept and does not load is made anew, and what is made anew is kept. */
    @Test
    void mendsWhatWasKept() throws IOException {
        byte[] sound = compile("elementwise", 86).image;
        Files.write(cached().get(0), new byte[100]);
        Driver driver = new Driver(1);
        RuntimeCompiler.compile("elementwise", 86, DRIVER, driver);
        assertEquals(List.of("sm_86", "sm_86"), driver.targets);
        assertArrayEquals(sound, driver.image);
        assertArrayEquals(sound, Files.readAllBytes(cached().get(0)));
    }

    /** A GPU newer than NVRTC: PTX for the newest architecture that it knows, until an NVRTC comes that knows the GPU. */
    @Test
    void compilesPtxForADeviceThatItDoesNotKnow() throws IOException {
        Driver driver = compile("elementwise", 103);
        assertEquals(List.of("compute_90"), driver.targets);
        assertTrue(driver.text().startsWith(".version 8.4\n.target sm_90\n"), driver.text().substring(0, 60));
        assertTrue(driver.text().contains("--gpu-architecture=compute_90\n"));
        assertEquals(0, driver.image[driver.image.length - 1], "a driver reads PTX up to a zero");
        assertTrue(cached().get(0).getFileName().toString().matches("elementwise-compute_90-[0-9a-f]{32}\\.ptx"), () -> "" + cachedNames());
        byte[] marked = "kept".getBytes(StandardCharsets.UTF_8);
        Files.write(cached().get(0), marked);
        assertArrayEquals(marked, compile("elementwise", 103).image);
        // Between two that it knows, the older one: PTX runs on what is newer only.
        assertEquals(List.of("compute_86"), compile("elementwise", 87).targets);

        use(nvrtc13);
        Driver newer = new Driver(0);
        RuntimeCompiler.compile("elementwise", 103, 13000, newer);
        assertEquals(List.of("sm_103"), newer.targets);
        assertFalse(Arrays.equals(marked, newer.image));
    }

    private static List<String> cachedNames() {
        try {
            return cached().stream().map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** An NVRTC of a later major version than the driver's makes nothing that the driver loads. */
    @Test
    void passesOverAnNvrtcThatIsNewerThanTheDriver() {
        use(nvrtc13, nvrtc12);
        Driver driver = compile("elementwise", 100);
        assertEquals(List.of("compute_90"), driver.targets);
        assertTrue(driver.text().contains("// by NVRTC 12.4\n"));

        use(nvrtc13);
        assertEquals("no installed NVRTC compiles the kernels for this GPU (sm_90) and its driver (of CUDA 12.6): " + nvrtc13 + " of CUDA 13.0: it is newer than"
                + " the driver; install the package cuda-nvrtc of CUDA 12.6 or a newer driver, set dev.lowpass.nvrtc to a libnvrtc that suits, or use the device"
                + " cpu", refusal("elementwise", 90, DRIVER).getMessage());
    }

    /** A minor version may be too new too; only the driver knows. */
    @Test
    void triesTheNextWhereTheDriverRefuses() throws IOException {
        use(nvrtc13, failing, nvrtc12);
        Driver driver = new Driver(1);
        RuntimeCompiler.compile("elementwise", 121, 13010, driver);
        assertEquals(List.of("compute_120", "compute_90"), driver.targets);
        assertEquals(1, cached().size(), "what was refused is not kept");

        CudaException failure = assertThrows(CudaException.class, () -> RuntimeCompiler.compile("dct", 121, 13010, new Driver(9)));
        assertTrue(failure.getMessage().contains(" (of CUDA 13.1): " + nvrtc13 + " of CUDA 13.0: refused for compute_120; " + failing
                + " of CUDA 12.1: nvrtcCompileProgram failed with NVRTC_ERROR_COMPILATION (6), dct.cu with [--std=c++17, --gpu-architecture=compute_90]: error:"
                + " expected a better source; " + nvrtc12 + " of CUDA 12.4: refused for compute_90; install"), failure.getMessage());
    }

    /** Other failures of the driver are no matter of the image. */
    @Test
    void passesOnWhatTheDriverThrows() {
        use(nvrtc12, nvrtc13);
        CudaException thrown = new CudaException("cuModuleLoadData", "CUDA_ERROR_OUT_OF_MEMORY", "no memory");
        assertEquals(thrown, assertThrows(CudaException.class, () -> RuntimeCompiler.compile("dct", 90, 13000, (image, target) -> {
            throw thrown;
        })));
    }

    @Test
    void saysWhatIsMissing() {
        use(Path.of("/nowhere/libnvrtc.so"));
        assertEquals("this build of Lowpass has no kernels compiled for this GPU, and NVRTC, which would compile them, is not installed as"
                + " /nowhere/libnvrtc.so; install the package cuda-nvrtc of the CUDA toolkit, set dev.lowpass.nvrtc to its libnvrtc, or use the device cpu",
                refusal("dct", 90, DRIVER).getMessage());
        use(nvrtc12);
        assertTrue(refusal("dct", 70, DRIVER).getMessage().contains(" of CUDA 12.4: it knows [75, 80, 86, 89, 90] only; install"));
    }

    @Test
    void passesOnTheCompilersLog() throws IOException {
        use(failing);
        assertEquals("no installed NVRTC compiles the kernels for this GPU (sm_90) and its driver (of CUDA 12.6): " + failing + " of CUDA 12.1:"
                + " nvrtcCompileProgram failed with NVRTC_ERROR_COMPILATION (6), dct.cu with [--std=c++17, --gpu-architecture=sm_90]: error: expected a better"
                + " source; install the package cuda-nvrtc of CUDA 12.6 or a newer driver, set dev.lowpass.nvrtc to a libnvrtc that suits, or use the device cpu",
                refusal("dct", 90, DRIVER).getMessage());
        assertEquals(List.of(), cached());
    }
}
