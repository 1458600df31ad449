package dev.lowpass.bench.machine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Another program that is asked for facts. */
final class Program {

    private static final int SECONDS = 10;

    private Program() {}

    /** The lines it prints; empty when it does not exist, fails, or takes longer than ten seconds. */
    static Optional<List<String>> lines(String... command) {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            return Optional.empty(); // not installed
        }
        try (InputStream out = process.getInputStream()) {
            process.getOutputStream().close();
            // A program that hangs keeps its output open: it must end for the read below to end.
            Thread limit = new Thread(() -> {
                try {
                    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                        process.destroyForcibly();
                    }
                } catch (InterruptedException e) {
                    process.destroyForcibly();
                }
            }, "program-limit");
            limit.setDaemon(true);
            limit.start();
            String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(text.lines().toList()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            process.destroyForcibly();
        }
    }
}
