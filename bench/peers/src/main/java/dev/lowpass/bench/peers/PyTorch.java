package dev.lowpass.bench.peers;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * PyTorch in a Python of this machine: the script {@code pytorch_peer.py} among the resources, which needs nothing but torch. It lives as
 * long as the session, runs one call a line that it reads, and times it by its own clock, so that the way between the processes does not
 * count.
 */
public abstract class PyTorch implements Engine {

    private static final String SCRIPT = "pytorch_peer.py";
    private static final String DEFAULT_PYTHON = "python3";

    /** Names the Python to run, where it is not {@code python3} on the path. */
    private static final String PYTHON = "LOWPASS_PYTHON";

    /** A peer that is still starting after this is stuck: torch.compile takes a minute or two. */
    private static final int START_MINUTES = 10;

    private static final int EXIT_SECONDS = 20;

    private final String mode;

    private PyTorch(String mode) {
        this.mode = mode;
    }

    /** Op by op, as models are written. */
    public static final class Eager extends PyTorch {
        public Eager() {
            super("eager");
        }
    }

    /** The same with channels innermost in memory. */
    public static final class ChannelsLast extends PyTorch {
        public ChannelsLast() {
            super("channels-last");
        }
    }

    /** Channels last, all kernels of a pass launched at once; on GPUs only. */
    public static final class CudaGraph extends PyTorch {
        public CudaGraph() {
            super("cuda-graph");
        }
    }

    /** Channels last, compiled by torch.compile at its hardest. */
    public static final class Compiled extends PyTorch {
        public Compiled() {
            super("compile");
        }
    }

    @Override
    public String name() {
        return mode.equals("eager") ? "pytorch" : "pytorch-" + mode;
    }

    @Override
    public String version() {
        return "by " + python();
    }

    static String python() {
        String chosen = System.getenv(PYTHON);
        return chosen == null || chosen.isBlank() ? DEFAULT_PYTHON : chosen;
    }

    @Override
    public Session open(ModelDefinition model, Options options) throws UnavailableException {
        if (options.concurrency() > 1) {
            throw new UnavailableException("the script runs one call at a time");
        }
        return new Peer(model, options, mode);
    }

    /** The script's process. */
    static final class Peer implements Session {

        private final Options options;
        private final int classes;
        private final Path folder;
        private final Process process;
        private final Writer toScript;
        private final BufferedReader fromScript;
        private final String description;
        /** When the JVM is told to end, by Ctrl-C for one, {@link #close} is not called. */
        private final Thread atExit = new Thread(this::abandon, "pytorch-end");

        Peer(ModelDefinition model, Options options, String mode) throws UnavailableException {
            this.options = options;
            classes = model.classes();
            boolean started = false;
            try {
                folder = Files.createTempDirectory("lowpass-pytorch");
                Process begun = null;
                try {
                    Path script = folder.resolve(SCRIPT);
                    try (InputStream in = PyTorch.class.getResourceAsStream(SCRIPT)) {
                        Files.copy(in, script);
                    }
                    Path file = folder.resolve("model.safetensors");
                    ModelFile.write(model, file, ModelFile.WeightType.F32);
                    begun = new ProcessBuilder(python(), script.toString(), "serve", file.toString(), "--mode", mode, "--device", options.device(), "--precision",
                            options.precision().name().toLowerCase(Locale.ROOT), "--threads", Integer.toString(options.threads()), "--batch", Integer.toString(options.batch()))
                                    .redirectError(folder.resolve("stderr.txt").toFile()).start();
                    process = begun;
                    Runtime.getRuntime().addShutdownHook(atExit);
                    toScript = process.outputWriter(StandardCharsets.UTF_8);
                    fromScript = process.inputReader(StandardCharsets.UTF_8);
                    description = ready(firstLine());
                    started = true;
                } finally {
                    if (!started) {
                        if (begun != null) {
                            begun.destroyForcibly();
                            removeAtExit();
                        }
                        delete(folder);
                    }
                }
            } catch (IOException e) {
                throw new UnavailableException(python() + " does not start (" + e.getMessage() + "); install Python 3 with torch, or name one by " + PYTHON, e);
            }
        }

        /** @throws UnavailableException when there is none in {@value #START_MINUTES} minutes */
        private String firstLine() throws UnavailableException, IOException {
            CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
                try {
                    return fromScript.readLine();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }, task -> {
                Thread reader = new Thread(task, "pytorch-start");
                reader.setDaemon(true);
                reader.start();
            });
            try {
                return line.get(START_MINUTES, TimeUnit.MINUTES);
            } catch (TimeoutException e) {
                throw new UnavailableException(python() + " is still starting after " + START_MINUTES + " minutes: " + lastErrorLine(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UnavailableException("interrupted while " + python() + " started", e);
            } catch (ExecutionException e) {
                throw new IOException(e.getCause());
            }
        }

        /** The script's first line: {@code ready} and what it runs on, or {@code error} and why not. */
        private String ready(String line) throws UnavailableException, IOException {
            if (line == null) {
                throw new UnavailableException(python() + " ended at once: " + lastErrorLine());
            }
            if (!line.startsWith("ready ")) {
                throw new UnavailableException(line.replaceFirst("^error ", ""));
            }
            return line.substring("ready ".length());
        }

        private String lastErrorLine() throws IOException {
            return Files.readAllLines(folder.resolve("stderr.txt")).stream().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("it said nothing");
        }

        /** Sends a line and gives the answer, which is {@code ok} and perhaps a value. */
        private String ask(String line) {
            try {
                toScript.write(line + "\n");
                toScript.flush();
                String answer = fromScript.readLine();
                if (answer == null || !answer.startsWith("ok")) {
                    throw new IllegalStateException("PyTorch failed at \"" + line + "\": " + (answer == null ? lastErrorLine() : answer));
                }
                return answer.substring("ok".length()).strip();
            } catch (IOException e) {
                throw new UncheckedIOException("PyTorch's process has gone at \"" + line + "\"", e);
            }
        }

        @Override
        public String device() {
            return description;
        }

        @Override
        public String description() {
            return "in a process of its own, timed by its own clock";
        }

        @Override
        public Call newCall(FloatBuffer input) {
            int elements = input.remaining();
            ByteBuffer bytes = ByteBuffer.allocate(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(input.duplicate());
            try {
                Path file = folder.resolve("input.f32");
                Files.write(file, bytes.array());
                ask("input " + file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new Call() {
                @Override
                public void run() {
                    ask("run");
                }

                @Override
                public long runTimed() {
                    return Long.parseLong(ask("run"));
                }

                @Override
                public float[] logits() {
                    Path file = folder.resolve("logits.f32");
                    ask("logits " + file);
                    try {
                        float[] values = new float[options.batch() * classes];
                        ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
                        return values;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }

                @Override
                public void close() {}
            };
        }

        private void abandon() {
            process.destroyForcibly();
            try {
                delete(folder);
            } catch (IOException e) {
                // The JVM is ending, and the system's folder for temporary files is cleaned some day.
            }
        }

        private void removeAtExit() {
            try {
                Runtime.getRuntime().removeShutdownHook(atExit);
            } catch (IllegalStateException e) {
                // The JVM is ending, and the hook runs.
            }
        }

        @Override
        public void close() {
            removeAtExit();
            try {
                toScript.close(); // the end of its input ends the script
                if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
                delete(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }

        private static void delete(Path folder) throws IOException {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
