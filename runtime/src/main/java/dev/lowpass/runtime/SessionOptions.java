package dev.lowpass.runtime;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.TacticChoice;
import java.util.Objects;
import java.util.concurrent.Executor;

/**
 * How a session runs. Immutable.
 *
 * @param device where
 * @param maxBatch the most images a call may bring, 1 to 16,384
 * @param threads threads that share one call, 1 to 1,024
 * @param contexts calls that may run at the same time, each with memory and threads of its own, 1 to 1,024
 * @param precision how numbers are kept and multiplied: one that the device offers
 * @param cutoffs the name of one of the model's {@link ModelDefinition#cutoffSets}; null for its default
 * @param tactics how a device that can multiply in several ways chooses one for each layer and batch
 * @param executor lends the CPU back end the threads beside the calling one; null for daemon threads of the session's own
 */
public record SessionOptions(Device device, int maxBatch, int threads, int contexts, Precision precision, String cutoffs, TacticChoice tactics,
        Executor executor) {

    /** Far beyond what pays: a larger value is a mistake, and would end in an OutOfMemoryError that names no option. */
    private static final int MAX_BATCH = 16_384;
    private static final int MAX_THREADS = 1_024;
    private static final int MAX_CONTEXTS = 1_024;

    public SessionOptions {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(tactics, "tactics");
        requireRange("maxBatch", maxBatch, MAX_BATCH);
        requireRange("threads", threads, MAX_THREADS);
        requireRange("contexts", contexts, MAX_CONTEXTS);
    }

    private static void requireRange(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be from 1 to " + most);
        }
    }

    /**
     * {@link Device#auto()}, one image a call, as many threads as the JVM has processors (in a container: as its limit allows), at most
     * {@value SessionOptions#MAX_THREADS}, one context, single precision, the model's default cutoffs.
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects options. */
    public static final class Builder {
        private Device device;
        private int maxBatch = 1;
        private int threads = Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS);
        private int contexts = 1;
        private Precision precision = Precision.FP32;
        private String cutoffs;
        private TacticChoice tactics;
        private Executor executor;

        private Builder() {}

        public Builder device(Device device) {
            this.device = Objects.requireNonNull(device, "device");
            return this;
        }

        public Builder maxBatch(int maxBatch) {
            this.maxBatch = maxBatch;
            return this;
        }

        public Builder threads(int threads) {
            this.threads = threads;
            return this;
        }

        public Builder contexts(int contexts) {
            this.contexts = contexts;
            return this;
        }

        /** {@link Precision#FP32} unless it is set; others are faster and less exact, see {@link Precision#tolerance}. */
        public Builder precision(Precision precision) {
            this.precision = Objects.requireNonNull(precision, "precision");
            return this;
        }

        /** One of the model's cutoff sets by its name, such as {@code "0.65"}: how much is kept, and with what accuracy. */
        public Builder cutoffs(String name) {
            this.cutoffs = Objects.requireNonNull(name, "name");
            return this;
        }

        /** What {@link TacticChoice#byDefault} says unless it is set. */
        public Builder tactics(TacticChoice tactics) {
            this.tactics = Objects.requireNonNull(tactics, "tactics");
            return this;
        }

        /**
         * Where the CPU back end takes its other {@code threads - 1} threads from: at most that many tasks for each running call, which
         * end a few dozen microseconds after it. A call never waits for a task that the executor has not begun: an executor that is busy,
         * or refuses, only makes the call slower; but one that drops a task silently, as DiscardPolicy does, takes a thread from the session
         * for good. The executor stays the caller's to shut down. GPUs need no threads.
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        public SessionOptions build() {
            return new SessionOptions(device == null ? Device.auto() : device, maxBatch, threads, contexts, precision, cutoffs,
                    tactics == null ? TacticChoice.byDefault() : tactics, executor);
        }
    }
}
