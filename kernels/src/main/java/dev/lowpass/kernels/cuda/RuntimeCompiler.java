package dev.lowpass.kernels.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles the jar's kernel sources on the user's machine with NVRTC and keeps the results under the user's cache folder, named by
 * the hash of what they were made from.
 */
final class RuntimeCompiler {

    private static final System.Logger LOG = System.getLogger(RuntimeCompiler.class.getName());

    /** Names the cache folder; by default {@code lowpass} in the user's cache folder. */
    static final String CACHE_PROPERTY = "dev.lowpass.cache";

    private static final Pattern INCLUDE = Pattern.compile("^#include \"(\\w+\\.cuh)\"$", Pattern.MULTILINE);

    private RuntimeCompiler() {}

    /** An image of {@code SOURCE.cu} for that compute capability. */
    static byte[] compile(String source, int computeCapability) {
        String text;
        try {
            text = expand(source + ".cu", new HashSet<>());
        } catch (IOException e) {
            throw new UncheckedIOException("the kernels' source " + source + ".cu cannot be read from the jar", e);
        }
        List<String> options = List.of("--std=c++17", "--gpu-architecture=sm_" + computeCapability);
        Path cached = cacheFolder().resolve("cuda").resolve(source + "-sm_" + computeCapability + "-" + hash(text, options) + ".cubin");
        try {
            if (Files.isRegularFile(cached)) {
                return Files.readAllBytes(cached);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the cached kernels {0} cannot be read ({1}); they are compiled again", cached, e.toString());
        }
        byte[] image = Nvrtc.compile(text, source + ".cu", options);
        store(cached, image);
        return image;
    }

    /** The source with its includes in place, each once; NVRTC then needs no files. */
    private static String expand(String name, Set<String> seen) throws IOException {
        byte[] content = KernelImages.resource(name);
        if (content == null) {
            throw new IOException(name + " is missing");
        }
        String text = new String(content, StandardCharsets.UTF_8).replace("#pragma once\n", "");
        Matcher includes = INCLUDE.matcher(text);
        StringBuilder expanded = new StringBuilder();
        int end = 0;
        while (includes.find()) {
            expanded.append(text, end, includes.start());
            if (seen.add(includes.group(1))) {
                expanded.append(expand(includes.group(1), seen));
            }
            end = includes.end();
        }
        return expanded.append(text, end, text.length()).toString();
    }

    private static String hash(String text, List<String> options) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(text.getBytes(StandardCharsets.UTF_8));
            digest.update(String.join(" ", options).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static Path cacheFolder() {
        String folder = System.getProperty(CACHE_PROPERTY);
        if (folder != null) {
            return Path.of(folder);
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        String windows = System.getenv("LOCALAPPDATA");
        if (xdg != null && !xdg.isEmpty()) {
            return Path.of(xdg, "lowpass");
        }
        return windows != null ? Path.of(windows, "lowpass") : Path.of(System.getProperty("user.home"), ".cache", "lowpass");
    }

    /** Whole or not at all: another process may look at the same time. Failing to keep it costs only the next start. */
    private static void store(Path file, byte[] image) {
        try {
            Files.createDirectories(file.getParent());
            Path partial = Files.createTempFile(file.getParent(), "partial", ".cubin");
            try {
                Files.write(partial, image);
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "compiled kernels cannot be kept in {0} ({1}); the next start compiles them again", file, e.toString());
        }
    }
}
