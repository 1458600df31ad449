package dev.lowpass.kernels.emulator;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * A CUDA device without a GPU: builds the driver, cuBLAS and cuFFT of {@code src/test/cpp/emulator}, and the kernels, by g++, and loads
 * them before JCuda's natives, which then bind to them. One device for the whole JVM, started by {@link #start}; tests that use
 * it carry the tag {@code cuda} and so run in a JVM of their own. Results of builds are kept under {@code kernels/target/emulator} by
 * the hash of what they were made from.
 */
public final class EmulatedDevice {

    /** Environment variable: set to {@code true}, a device that cannot be built fails the tests instead of skipping them. */
    public static final String REQUIRED = "LOWPASS_EMULATOR_REQUIRED";

    // A fat binary's first bytes; the emulated driver looks no further.
    private static final byte[] FAT_BINARY = {0x50, (byte) 0xed, 0x55, (byte) 0xba, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    /** What JCuda's natives need, of the release that is built against and of the one with JCufft. */
    private static final List<String> LOADED = List.of("libcuda.so.1", "libcublas.so.11", "libcublas.so.12", "libcufft.so.10");

    /** Also what tests bind by name. */
    private static final List<String> DRIVER = Stream.concat(LOADED.stream(), Stream.of("libcublas.so.13", "libcufft.so.11", "libcufft.so.12")).toList();

    private static final long BUILD_MINUTES = 10;

    /**
     * Whether the tests run on the machine's own GPU instead, by the system property {@code lowpass.cuda.real}: what looks into the emulated
     * device is then skipped, and leaks and faults are compute-sanitizer's to find.
     */
    private static final boolean REAL = Boolean.getBoolean("lowpass.cuda.real");

    /** See {@link #keep}. */
    private static final List<Workspace> KEPT = new ArrayList<>();

    private static boolean started;
    private static String problem;
    private static String compiler;
    private static Path sources;
    private static Path out;

    /** What the device pretends to be. */
    public record Configuration(int devices, int architecture, long memoryBytes, int driverVersion, int multiprocessors, boolean eager) {

        /** One device of compute capability 9.0 with 4 GiB and a driver of CUDA 12.6; work waits for a synchronising call. */
        public static final Configuration DEFAULT = new Configuration(1, 90, 4L << 30, 12060, 8, false);

        public Configuration withDevices(int count) {
            return new Configuration(count, architecture, memoryBytes, driverVersion, multiprocessors, eager);
        }

        /** @param capability 10 * major + minor */
        public Configuration withArchitecture(int capability) {
            return new Configuration(devices, capability, memoryBytes, driverVersion, multiprocessors, eager);
        }

        public Configuration withMemoryBytes(long bytes) {
            return new Configuration(devices, architecture, bytes, driverVersion, multiprocessors, eager);
        }

        /** @param version 1000 * major + 10 * minor of the newest CUDA that the driver supports */
        public Configuration withDriverVersion(int version) {
            return new Configuration(devices, architecture, memoryBytes, version, multiprocessors, eager);
        }

        /** Whether work in a stream runs at once instead of at the next synchronising call. */
        public Configuration withEager(boolean value) {
            return new Configuration(devices, architecture, memoryBytes, driverVersion, multiprocessors, value);
        }
    }

    private EmulatedDevice() {}

    /**
     * Builds and loads what is not yet there and resets the device to {@link Configuration#DEFAULT}; skips the calling test,
     * with the reason, where the device cannot be built.
     */
    public static synchronized void start() {
        if (REAL) {
            return;
        }
        if (problem == null && !started) {
            try {
                load();
                started = true;
            } catch (BuildException e) {
                problem = e.getMessage();
                // Surefire passes over the reason when it is a whole class, or a class in a class, that is skipped.
                System.out.println("tests of the CUDA back end are SKIPPED: no emulated CUDA device: " + problem);
            }
        }
        if (problem != null) {
            if (Boolean.parseBoolean(System.getenv(REQUIRED)) || Boolean.getBoolean("lowpass.emulator.required")) {
                Assertions.fail("the emulated CUDA device is required but cannot be built: " + problem);
            }
            Assumptions.abort("no emulated CUDA device: " + problem);
        }
        reset();
        configure(Configuration.DEFAULT);
        checkRaces(true);
    }

    /** {@link #start}, and the kernels of these sources. */
    public static synchronized void start(Path... kernels) {
        requireEmulated("brings kernels of its own");
        start();
        for (Path source : kernels) {
            loadKernels(source);
        }
    }

    /** {@link #start} with the project's own kernels, and stand-ins for their images where the CUDA back end looks for images. */
    public static synchronized void startWithProjectKernels() {
        if (REAL) {
            System.setProperty("dev.lowpass.tactics", "kernels");
            if (KEPT.isEmpty()) {
                keep(Backends.cuda(0));
            }
            return;
        }
        Path folder = root().resolve("src/main/cuda");
        start(list(folder, ".cu").toArray(Path[]::new));
        try {
            Path images = Files.createDirectories(out.resolve("images"));
            for (Path source : list(folder, ".cu")) {
                Files.write(images.resolve(source.getFileName().toString().replace(".cu", ".fatbin")), FAT_BINARY);
            }
            System.setProperty("dev.lowpass.cuda.images", images.toString());
            // Measuring says nothing here and takes long: tests that want it ask for it.
            System.setProperty("dev.lowpass.tactics", "kernels");
            System.setProperty("dev.lowpass.cache", out.resolve("cache").toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * On a real GPU: keeps the primary context, and the kernels that a back end has loaded, until the process ends. Tests close all that they hold
     * after each of thousands of cases; a GPU takes a good part of a second to make its context anew, and a check has minutes.
     */
    public static synchronized void keep(Backend backend) {
        if (REAL) {
            KEPT.add(backend.newWorkspace(1, 64, 0, 1));
        }
    }

    /**
     * Loads a device that was built before, with the kernels beside it, into this JVM, for programs that know nothing of it. Its driver is of CUDA
     * 13, as machines with a GPU have it now.
     *
     * @param folder what {@link #startWithProjectKernels} has built, {@code kernels/target/emulator}
     */
    static void load(Path folder) {
        loadDriver(folder);
        for (Path library : list(folder, ".so")) {
            loadKernelLibrary(library);
        }
        configure0(Configuration.DEFAULT.withDriverVersion(13000));
    }

    /** Whether the tests run on the machine's own GPU instead; see {@link #REAL}. */
    public static boolean isReal() {
        return REAL;
    }

    /** The kernels that test the device itself. */
    public static Path testKernels() {
        return root().resolve("src/test/cpp/emulator/test_kernels.cu");
    }

    /** A library that was built for the device: {@code libcublas.so.13} for example, which is not loaded by itself. */
    public static Path library(String name) {
        requireEmulated("uses a library that was built for it");
        return out.resolve(name);
    }

    /** An image that the driver takes; its functions are those of all loaded kernels. */
    public static byte[] image() {
        return FAT_BINARY.clone();
    }

    public static void configure(Configuration it) {
        requireEmulated("pretends to be another device");
        configure0(it);
    }

    private static void configure0(Configuration it) {
        configure0(it.devices(), it.architecture(), it.memoryBytes(), it.driverVersion(), it.multiprocessors(), it.eager());
    }

    /** Names of all driver and cuBLAS calls since the last {@link #clearCalls} or {@link #reset}, in order. */
    public static List<String> calls() {
        requireEmulated("looks at the driver's calls");
        return List.of(calls0());
    }

    /** What is still held, and what was freed twice or left to the end of its context: a line each; empty when all is well. */
    public static List<String> live() {
        return REAL ? List.of() : List.of(live0());
    }

    /** Makes the n-th call from now (1 is the next) fail with one of two codes, by whose call it is; 0 makes none fail. */
    public static void failNth(long n, int driverCode, int cublasCode) {
        requireEmulated("makes calls fail");
        failNth0(n, driverCode, cublasCode);
    }

    /** The call that was made to fail, or an empty string. */
    public static String failedCall() {
        return REAL ? "" : failedCall0();
    }

    /** Forgets calls and injected failure. */
    public static void clearCalls() {
        if (!REAL) {
            clearCalls0();
        }
    }

    /** What was wrong in the kernel that failed, or with the last call that was refused. */
    public static String report() {
        return REAL ? "" : report0();
    }

    /** Bytes of device memory that are allocated. */
    public static long deviceBytes() {
        return REAL ? 0 : deviceBytes0();
    }

    /** Whether unordered use of shared memory by two threads is an error; it is unless this is called. */
    public static void checkRaces(boolean check) {
        if (!REAL) {
            checkRaces0(check);
        }
    }

    /** Frees and forgets everything, as in a new process. */
    public static void reset() {
        if (!REAL) {
            reset0();
        }
    }

    private static void requireEmulated(String what) {
        Assumptions.assumeFalse(REAL, "runs on the emulated device only: " + what);
    }

    private static native void failNth0(long n, int driverCode, int cublasCode);

    private static native String failedCall0();

    private static native void clearCalls0();

    private static native String report0();

    private static native long deviceBytes0();

    private static native void checkRaces0(boolean check);

    private static native void reset0();

    private static native void configure0(int devices, int architecture, long memoryBytes, int driverVersion, int multiprocessors, boolean eager);

    private static native String[] calls0();

    private static native String[] live0();

    private static native String loadKernels0(String path);

    // ---- building ----

    private static final class BuildException extends Exception {

        private static final long serialVersionUID = 1;

        BuildException(String message) {
            super(message);
        }
    }

    private static void load() throws BuildException {
        if (!System.getProperty("os.name").startsWith("Linux")) {
            throw new BuildException("it is built on Linux only; this is " + System.getProperty("os.name"));
        }
        sources = root().resolve("src/test/cpp/emulator");
        out = root().resolve("target/emulator");
        String compiler = compiler();
        List<Path> inputs = new ArrayList<>();
        inputs.addAll(list(sources, ".cpp"));
        inputs.addAll(list(sources, ".h"));
        inputs.addAll(list(sources.resolve("include"), ".h"));
        inputs.add(sources.resolve("build.sh"));
        build("driver", hash(compiler, inputs), DRIVER.stream().map(out::resolve).toList(), "driver",
                out.toString());
        loadDriver(out);
    }

    private static void loadDriver(Path folder) {
        LOADED.forEach(library -> System.load(folder.resolve(library).toString()));
    }

    private static void loadKernels(Path source) {
        String name = source.getFileName().toString().replace(".cu", "");
        Path library = out.resolve(name + ".so");
        try {
            List<Path> inputs = new ArrayList<>();
            inputs.add(source);
            inputs.addAll(list(source.getParent(), ".cuh"));
            inputs.addAll(list(sources.resolve("include"), ".h"));
            inputs.add(sources.resolve("build.sh"));
            build(name, hash(compiler(), inputs), List.of(library), "kernels", out.toString(), source.toString());
        } catch (BuildException e) {
            // The compiler is there: this is a source that does not compile, which no test may pass over.
            throw new AssertionError(source + " does not compile for the emulated device: " + e.getMessage());
        }
        loadKernelLibrary(library);
    }

    private static void loadKernelLibrary(Path library) {
        String failure = loadKernels0(library.toString());
        if (failure != null) {
            throw new AssertionError(library + " cannot be loaded: " + failure);
        }
    }

    private static void build(String name, String hash, List<Path> results, String... arguments) throws BuildException {
        Path stamp = out.resolve(name + ".hash");
        try {
            if (results.stream().allMatch(Files::exists) && Files.exists(stamp) && Files.readString(stamp).equals(hash)) {
                return;
            }
            Files.createDirectories(out);
            Files.deleteIfExists(stamp);
            List<String> command = new ArrayList<>(List.of("sh", sources.resolve("build.sh").toString()));
            command.addAll(List.of(arguments));
            run(command, out.resolve(name + ".log"));
            Files.writeString(stamp, hash);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The compiler's version line, or why there is none. */
    private static String compiler() throws BuildException {
        if (compiler == null) {
            compiler = askCompiler();
        }
        return compiler;
    }

    private static String askCompiler() throws BuildException {
        String name = System.getenv().getOrDefault("CXX", "g++");
        try {
            Path log = Files.createTempFile("compiler", ".txt");
            try {
                run(List.of(name, "--version"), log);
                return Files.readString(log);
            } finally {
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new BuildException("cannot run " + name + " (" + e.getMessage() + "); install g++ 12 or newer, or name one in CXX");
        }
    }

    private static void run(List<String> command, Path log) throws IOException, BuildException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        try {
            if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new BuildException(String.join(" ", command) + " took more than " + BUILD_MINUTES + " minutes");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            throw new BuildException(String.join(" ", command) + " was interrupted");
        }
        if (process.exitValue() != 0) {
            throw new BuildException(String.join(" ", command) + " ended with " + process.exitValue() + ":\n" + Files.readString(log));
        }
    }

    private static String hash(String compiler, List<Path> inputs) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(compiler.getBytes(StandardCharsets.UTF_8));
            for (Path input : inputs) {
                digest.update((input.getFileName() + "\0").getBytes(StandardCharsets.UTF_8));
                digest.update(Files.readAllBytes(input));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> list(Path folder, String suffix) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder of the kernels module, from wherever in the project the tests run. */
    private static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            for (String module : new String[] {"", "kernels"}) {
                Path candidate = at.resolve(module);
                if (Files.exists(candidate.resolve("src/test/cpp/emulator/build.sh"))) {
                    return candidate;
                }
            }
        }
        throw new AssertionError("no folder kernels/src/test/cpp/emulator above " + Path.of("").toAbsolutePath());
    }
}
