import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Compiles the CUDA kernels: {@code java BuildKernels.java SOURCES OUT [RESOURCES]} makes of each SOURCES/NAME.cu the fat binary
 * OUT/NAME.fatbin and the report of ptxas, OUT/NAME.usage.txt; the fat binary is copied to RESOURCES too, if that is given. Without nvcc
 * it says so and makes nothing, which is no failure: NVRTC then compiles on the user's machine.
 *
 * <p>Results are kept under the user's cache folder, named by the hash of compiler, options and sources, since a compilation for all
 * architectures takes minutes.
 */
public final class BuildKernels {

    /** One of each generation that the kernels are meant for; binaries run on later minor versions of the same generation too. */
    private static final List<String> ARCHITECTURES = List.of("75", "80", "86", "89", "90", "100", "120");

    /** For generations without a binary of their own, all later than this, the driver compiles this. */
    private static final String PTX = "90";

    private BuildKernels() {}

    public static void main(String[] arguments) throws Exception {
        Path sources = Path.of(arguments[0]);
        Path out = Path.of(arguments[1]);
        String nvcc = find();
        if (nvcc == null) {
            System.out.println("no nvcc on the PATH, in CUDA_HOME or in /usr/local/cuda: the jar goes without compiled kernels, and NVRTC compiles them"
                    + " on the user's machine");
            return;
        }
        List<String> supported = List.of(run(nvcc, "--list-gpu-code").split("\\s+"));
        // The jar compresses; and the tests read what an image holds.
        List<String> options = new ArrayList<>(List.of("-std=c++17", "-fatbin", "--no-compress", "-Xptxas", "-v"));
        List<String> made = new ArrayList<>();
        for (String architecture : ARCHITECTURES) {
            if (supported.contains("sm_" + architecture)) {
                options.add("-gencode=arch=compute_" + architecture + ",code=sm_" + architecture);
                made.add("sm_" + architecture);
            }
        }
        options.add("-gencode=arch=compute_" + PTX + ",code=compute_" + PTX);
        options.add("--threads=" + Runtime.getRuntime().availableProcessors());
        Files.createDirectories(out);

        TreeMap<String, Path> headers = files(sources, ".cuh");
        for (var source : files(sources, ".cu").entrySet()) {
            String name = source.getKey().replace(".cu", "");
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(run(nvcc, "--version").getBytes(StandardCharsets.UTF_8));
            digest.update(String.join(" ", options.subList(0, options.size() - 1)).getBytes(StandardCharsets.UTF_8));
            for (Path header : headers.values()) {
                digest.update(Files.readAllBytes(header));
            }
            digest.update(Files.readAllBytes(source.getValue()));
            Path cache = cacheFolder().resolve(name + "-" + HexFormat.of().formatHex(digest.digest(), 0, 16));
            if (!Files.exists(cache)) {
                System.out.println("nvcc compiles " + source.getKey() + " for " + String.join(" ", made));
                compile(nvcc, options, source.getValue(), name, cache);
            }
            for (String suffix : List.of(".fatbin", ".usage.txt")) {
                Files.copy(cache.resolve(name + suffix), out.resolve(name + suffix), StandardCopyOption.REPLACE_EXISTING);
            }
            if (arguments.length > 2) {
                Path resource = Path.of(arguments[2], name + ".fatbin");
                Files.copy(cache.resolve(name + ".fatbin"), resource, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void compile(String nvcc, List<String> options, Path source, String name, Path cache) throws IOException, InterruptedException {
        Files.createDirectories(cache.getParent());
        Path partial = Files.createTempDirectory(cache.getParent(), "partial");
        try {
            List<String> command = new ArrayList<>(List.of(nvcc));
            command.addAll(options);
            command.addAll(List.of("-o", partial.resolve(name + ".fatbin").toString(), source.getFileName().toString()));
            // Run beside the source, so that no absolute path can reach the image.
            Process process = new ProcessBuilder(command).directory(source.toAbsolutePath().getParent().toFile()).redirectErrorStream(true).start();
            String report = read(process.getInputStream());
            if (process.waitFor() != 0) {
                throw new IOException("nvcc failed on " + source + ":\n" + report);
            }
            Files.writeString(partial.resolve(name + ".usage.txt"), report);
            try {
                Files.move(partial, cache, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (!Files.isDirectory(cache)) {
                    throw e; // else another build was faster, with the same result
                }
            }
        } finally {
            if (Files.isDirectory(partial)) {
                for (Path file : files(partial, "").values()) {
                    Files.delete(file);
                }
                Files.delete(partial);
            }
        }
    }

    private static TreeMap<String, Path> files(Path folder, String suffix) throws IOException {
        TreeMap<String, Path> found = new TreeMap<>();
        try (Stream<Path> list = Files.list(folder)) {
            list.filter(file -> file.toString().endsWith(suffix)).forEach(file -> found.put(file.getFileName().toString(), file));
        }
        return found;
    }

    private static Path cacheFolder() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path root = xdg == null || xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return root.resolve("lowpass").resolve("nvcc");
    }

    private static String find() {
        List<String> folders = new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)));
        String home = System.getenv("CUDA_HOME");
        if (home != null) {
            folders.add(home + "/bin");
        }
        folders.add("/usr/local/cuda/bin");
        for (String folder : folders) {
            File nvcc = new File(folder, "nvcc");
            if (nvcc.canExecute()) {
                return nvcc.getPath();
            }
        }
        return null;
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = read(process.getInputStream());
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed:\n" + output);
        }
        return output;
    }

    private static String read(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
}
