package dev.lowpass.kernels.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Results that take time, kept under the user's cache folder, each named by the hash of all that it depends on. */
final class Cache {

    private static final System.Logger LOG = System.getLogger(Cache.class.getName());

    /** Names the cache folder; by default {@code lowpass} in the user's cache folder. */
    static final String PROPERTY = "dev.lowpass.cache";

    private Cache() {}

    /** Where a result of that name is, or will be. */
    static Path file(String name) {
        return folder().resolve("cuda").resolve(name);
    }

    private static Path folder() {
        String folder = System.getProperty(PROPERTY);
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

    /** 32 hexadecimal digits that stand for these texts. */
    static String hash(String... texts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String text : texts) {
                digest.update(text.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** What was stored, or null. */
    static byte[] read(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the cached {0} cannot be read ({1}); it is made again", file, e.toString());
            return null;
        }
    }

    /** Whole or not at all: another process may look at the same time. Failing to keep it costs only the next start. */
    static void store(Path file, byte[] content) {
        try {
            Files.createDirectories(file.getParent());
            Path partial = Files.createTempFile(file.getParent(), "partial", ".tmp");
            try {
                Files.write(partial, content);
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "{0} cannot be kept ({1}); the next start makes it again", file, e.toString());
        }
    }

    /** Removes what was stored, if it is there. */
    static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "{0} is of no use but cannot be deleted ({1})", file, e.toString());
        }
    }
}
