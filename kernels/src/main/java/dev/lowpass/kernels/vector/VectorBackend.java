package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Peak;
import dev.lowpass.kernels.Workspace;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * The CPU back end: single precision on {@code float[]}, several threads. Packing, tiling and the split of the work are written once
 * over {@link Lanes}, which is either the Vector API's or plain loops.
 */
public final class VectorBackend implements Backend {

    /** Elements of a plane that stay near enough from one operation to the next. */
    private static final int NEAR_ELEMENTS = 128 * 1024;

    private final Lanes lanes;

    /** @throws IllegalArgumentException when system property {@code dev.lowpass.vector.bits} is set to no lane width */
    public VectorBackend() {
        lanes = LaneChoice.lanes();
    }

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public String description() {
        return "vector: " + LaneChoice.description();
    }

    /** A tile is as deep as its deepest row, to the single channel; bands share one launch. */
    @Override
    public BandCost bandCost() {
        return new BandCost(lanes.tileRows(), 1, 0);
    }

    @Override
    public Optional<Peak> peak(int threads) {
        return lanes.peak(threads);
    }

    @Override
    public Operation conv2d(OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        return new Conv2dOperation(lanes, spec, weight, bias);
    }

    @Override
    public Operation depthwise(OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        return new DepthwiseOperation(lanes, spec, weight, bias);
    }

    @Override
    public Operation pointwise(OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        return new PointwiseOperation(lanes, spec, weight, bias);
    }

    @Override
    public Operation bandPointwise(OperationSpec.BandPointwise spec, Bands[] bandsByBatch, float[] weight, float[] bias) {
        return new BandPointwiseOperation(lanes, spec, weight, bias);
    }

    @Override
    public Operation dct(OperationSpec.Dct spec) {
        return new TransformOperation(lanes, spec);
    }

    @Override
    public Operation idct(OperationSpec.Idct spec) {
        return new TransformOperation(lanes, spec);
    }

    @Override
    public Operation idctDepthwiseDct(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        return new IdctDepthwiseDctOperation(lanes, spec, weight, bias);
    }

    @Override
    public Operation expandIdctDepthwiseDct(
            OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        if (!fuses(spec)) {
            return Backend.super.expandIdctDepthwiseDct(spec, expandWeight, expandBias, weight, bias);
        }
        return new IdctDepthwiseDctOperation(lanes, spec, expandWeight, expandBias, weight, bias);
    }

    @Override
    public Operation add(OperationSpec.Add spec) {
        return new AddOperation(lanes, spec);
    }

    @Override
    public Operation globalAveragePool(OperationSpec.GlobalAveragePool spec) {
        return new GlobalAveragePoolOperation(lanes, spec);
    }

    /**
     * Chains where what lies between the stages is too large for the second cache level; an expand layer with what comes after it where
     * a panel of its GEMM is whole planes of the transforms.
     */
    @Override
    public boolean fuses(OperationSpec spec) {
        if (spec instanceof OperationSpec.ExpandIdctDepthwiseDct) {
            return lanes.width() == lanes.planeChannels();
        }
        return spec instanceof OperationSpec.Chain chain
                && chain.stages().stream().limit(chain.stages().size() - 1L).anyMatch(stage -> stage.out().elements() > NEAR_ELEMENTS);
    }

    @Override
    public Operation chain(OperationSpec.Chain spec, List<Operation> stages) {
        return new ChainOperation(lanes, spec, stages.stream().map(RowOperation.class::cast).toList());
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads) {
        return newWorkspace(maxBatch, elements, scratchElements, threads, null);
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads, Executor executor) {
        return new VectorWorkspace(maxBatch, elements, scratchElements, threads, executor);
    }
}
