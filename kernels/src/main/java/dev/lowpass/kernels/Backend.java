package dev.lowpass.kernels;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * One implementation of every operation. Weights and biases come as float arrays in the layouts that
 * {@link OperationSpec} gives, with channels already in the order in which the tensors are stored; they are copied. A bias is
 * null or has one element per output channel. Thread-safe.
 *
 * <p>All back ends are held to {@code reference}, plain double-precision Java, by one contract suite.
 */
public interface Backend {

    /** {@code reference}, {@code vector}, ... */
    String name();

    /** One line for logs and {@code doctor}: what was chosen and why. */
    String description();

    /** The precision in which operations are made here. */
    default Precision precision() {
        return Precision.FP32;
    }

    /** The precisions that {@link #withPrecision} takes. */
    default Set<Precision> precisions() {
        return Set.of(Precision.FP32);
    }

    /**
     * This back end in that precision. Operations and workspaces of one precision do not go with those of another.
     *
     * @throws IllegalArgumentException when {@link #precisions} lacks it: says what there is and what helps
     */
    default Backend withPrecision(Precision precision) {
        return this;
    }

    /**
     * This back end with another way of choosing among its tactics. Operations and workspaces go together whatever the way.
     *
     * @throws RuntimeException when it is one that this machine cannot do: says what is missing and what helps
     */
    default Backend withTactics(TacticChoice choice) {
        return this;
    }

    /** What a band costs here, for {@code planner}s. */
    BandCost bandCost();

    /**
     * What this machine can do at most with so many threads, measured in about two seconds or, of a device, computed from what its
     * driver tells. Empty where it cannot be told: for the reference, and without the Vector API.
     */
    default Optional<Peak> peak(int threads) {
        return Optional.empty();
    }

    Operation conv2d(OperationSpec.Conv2d spec, float[] weight, float[] bias);

    Operation depthwise(OperationSpec.Depthwise spec, float[] weight, float[] bias);

    Operation pointwise(OperationSpec.Pointwise spec, float[] weight, float[] bias);

    /**
     * @param bandsByBatch the bands to run for a batch of i + 1 images, for every batch the operation will see
     */
    Operation bandPointwise(OperationSpec.BandPointwise spec, Bands[] bandsByBatch, float[] weight, float[] bias);

    Operation dct(OperationSpec.Dct spec);

    Operation idct(OperationSpec.Idct spec);

    Operation idctDepthwiseDct(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias);

    /**
     * Whether {@link #expandIdctDepthwiseDct}, of such a specification, or {@link #chain}, of a chain, is offered for that: one pass where
     * it promises more than several.
     */
    default boolean fuses(OperationSpec spec) {
        return false;
    }

    /**
     * @param expandWeight of the pointwise convolution, {@code [out][rank]}
     * @param expandBias of the pointwise convolution
     * @param weight of the depthwise convolution, {@code [kernelY][kernelX][c]}
     * @param bias of the depthwise convolution
     * @throws UnsupportedOperationException where {@link #fuses} does not hold
     */
    default Operation expandIdctDepthwiseDct(
            OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        throw new UnsupportedOperationException("the back end " + name() + " does not run " + spec.kernelName(precision()) + " in one pass; run its parts");
    }

    Operation add(OperationSpec.Add spec);

    Operation globalAveragePool(OperationSpec.GlobalAveragePool spec);

    /**
     * Spatial operations in a row, as one.
     *
     * @param stages this back end's operations for the specification's stages; the chain owns them from here on
     * @throws UnsupportedOperationException where a back end knows no chains
     */
    default Operation chain(OperationSpec.Chain spec, List<Operation> stages) {
        throw new UnsupportedOperationException("the back end " + name() + " knows no chains");
    }

    /**
     * @param maxBatch the largest batch that steps will run
     * @param elements the arena's size
     * @param scratchElements scratch memory for each worker: the largest {@link Operation#scratchElements} to be bound
     * @param threads workers that share a step, the calling thread among them, at least 1
     */
    Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads);

    /**
     * The same, with the threads beside the calling one lent by an executor, where a back end has such threads.
     *
     * @param executor runs at most {@code threads - 1} tasks at once, which end soon after a pass; null for threads of the workspace's own
     */
    default Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads, Executor executor) {
        return newWorkspace(maxBatch, elements, scratchElements, threads);
    }
}
