package dev.lowpass.bench.latency;

import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.kernels.Precision;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A program that runs networks: Lowpass itself, or a peer to compare with. Peers are services
 * ({@link java.util.ServiceLoader}), for they live in a module that only {@code bench --peers} builds.
 */
public interface Engine {

    /**
     * How an engine is to run.
     *
     * @param device {@code cpu}, {@code reference}, {@code cuda:0}, ...
     * @param precision how it keeps and multiplies numbers
     * @param threads that share a call
     * @param batch images of every call
     * @param concurrency calls at the same time
     */
    record Options(String device, Precision precision, int threads, int batch, int concurrency) {}

    /** A network made ready. Its calls may run at the same time. */
    interface Session extends AutoCloseable {

        /** What the engine makes of the device, such as the GPU's name or the width of vectors. */
        String device();

        /** What a reader of the figures should know besides, such as the options set: one line, or empty. */
        String description();

        /**
         * A caller's own input and output.
         *
         * @param input a batch {@code [n][y][x][c]}, normalised; it is brought here into whatever layout the engine takes in a call
         */
        Call newCall(FloatBuffer input);

        @Override
        void close();
    }

    /** One caller's input and output. */
    interface Call extends AutoCloseable {

        /** Runs the batch: from an input in host memory to logits in host memory. This is what is timed. */
        void run();

        /** Runs the batch and tells how many nanoseconds it took; an engine in a process of its own tells it by its own clock. */
        default long runTimed() {
            long before = System.nanoTime();
            run();
            return System.nanoTime() - before;
        }

        /** Runs the batch and tells how long its parts took; empty for an engine that cannot tell. */
        default Optional<Phases> runInPhases() {
            return Optional.empty();
        }

        /** Runs the batch several times and tells how long each of its steps took; empty for an engine that cannot tell. */
        default List<Receipt.Step> runInSteps(int times) {
            return List.of();
        }

        /** The logits {@code [n][class]} of the last run. */
        float[] logits();

        @Override
        void close();
    }

    /** The parts of a call in nanoseconds. */
    record Phases(long hostToDevice, long compute, long deviceToHost) {}

    /** As on the command line: {@code onnxruntime}. */
    String name();

    /** Of the library. */
    String version();

    /**
     * Makes a network ready.
     *
     * @throws UnavailableException when this engine cannot run it here
     */
    Session open(ModelDefinition model, Options options) throws UnavailableException;

    /** An engine that cannot run here: the message says why, and what would help. */
    final class UnavailableException extends Exception {

        private static final long serialVersionUID = 1;

        public UnavailableException(String message) {
            super(message);
        }

        public UnavailableException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
