package dev.lowpass.kernels.cuda;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * The ways in which an operation can run, by number, and which of them runs a batch: the one that measuring has found best, else the
 * one that an estimate prefers. Shared by the operation's steps in all workspaces. Thread-safe.
 */
final class Tactics {

    private static final int ESTIMATED = -1;

    private final List<String> names;
    private final String fingerprint;
    private final IntUnaryOperator estimate;
    /** By batch; what lies beyond is estimated. */
    private volatile int[] chosen = {};

    /**
     * @param names at least one
     * @param fingerprint stands for all of the product that decides which way is fastest
     * @param estimate the number of the way that promises most for a batch
     */
    Tactics(List<String> names, String fingerprint, IntUnaryOperator estimate) {
        this.names = List.copyOf(names);
        this.fingerprint = fingerprint;
        this.estimate = estimate;
    }

    /** For an operation that can run in one way only. */
    static Tactics single(String name) {
        return new Tactics(List.of(name), "", batch -> 0);
    }

    List<String> names() {
        return names;
    }

    String fingerprint() {
        return fingerprint;
    }

    /** Whether a way was chosen for the batch, rather than estimated. */
    boolean isChosen(int batch) {
        int[] current = chosen;
        return batch < current.length && current[batch] != ESTIMATED;
    }

    /** The number of the way that runs a batch. */
    int of(int batch) {
        return isChosen(batch) ? chosen[batch] : estimate.applyAsInt(batch);
    }

    /** Fixes the way for the batches from {@code first} to {@code last}. */
    synchronized void choose(int first, int last, int tactic) {
        int[] current = chosen;
        int[] changed = Arrays.copyOf(current, Math.max(current.length, last + 1));
        Arrays.fill(changed, current.length, changed.length, ESTIMATED);
        Arrays.fill(changed, first, last + 1, tactic);
        chosen = changed;
    }
}
