package dev.lowpass.runtime;

import java.util.Objects;

/**
 * How a session runs. Immutable.
 *
 * @param device where
 * @param maxBatch the most images a call may bring, at least 1
 * @param threads threads that share one call, at least 1
 * @param contexts calls that may run at the same time, each with memory and threads of its own, at least 1
 */
public record SessionOptions(Device device, int maxBatch, int threads, int contexts) {

    public SessionOptions {
        Objects.requireNonNull(device, "device");
        requirePositive("maxBatch", maxBatch);
        requirePositive("threads", threads);
        requirePositive("contexts", contexts);
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + "; it must be at least 1");
        }
    }

    /** {@link Device#auto()}, one image a call, as many threads as the JVM has processors, one context. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects options. */
    public static final class Builder {
        private Device device;
        private int maxBatch = 1;
        private int threads = Runtime.getRuntime().availableProcessors();
        private int contexts = 1;

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

        public SessionOptions build() {
            return new SessionOptions(device == null ? Device.auto() : device, maxBatch, threads, contexts);
        }
    }
}
