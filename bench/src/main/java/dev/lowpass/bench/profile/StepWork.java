package dev.lowpass.bench.profile;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Staircase;

/**
 * What a step has to do for one image, by its definition.
 *
 * @param macs below the cutoffs; transforms are not counted
 * @param moved elements of activations read and written, below the cutoffs; what lies between operations that run as one is neither
 * @param weights elements of weights that count, read once for the batch
 */
record StepWork(long macs, long moved, long weights) {

    static StepWork of(OperationSpec spec) {
        long in = spec.in().elements();
        long out = spec.out().elements();
        if (spec instanceof OperationSpec.Conv2d conv) {
            return new StepWork(spec.macs(), in + out, spec.macs() / conv.out().area());
        } else if (spec instanceof OperationSpec.Depthwise depthwise) {
            return new StepWork(spec.macs(), in + out, spec.macs() / depthwise.out().area());
        } else if (spec instanceof OperationSpec.Pointwise pointwise) {
            return new StepWork(spec.macs(), in + out + (pointwise.residual() ? out : 0), (long) pointwise.in().channels() * pointwise.outChannels());
        } else if (spec instanceof OperationSpec.BandPointwise band) {
            return new StepWork(spec.macs(), keptIn(band) + out + (band.residual() ? out : 0), weights(band));
        } else if (spec instanceof OperationSpec.Dct dct) {
            return new StepWork(0, in + kept(dct.staircase(), dct.in().blocks(dct.block())), 0);
        } else if (spec instanceof OperationSpec.IdctDepthwiseDct fused) {
            return new StepWork(spec.macs(), in + keptOut(fused), weights(fused));
        } else if (spec instanceof OperationSpec.ExpandIdctDepthwiseDct whole) {
            return new StepWork(spec.macs(), keptIn(whole.expand()) + keptOut(whole.middle()), weights(whole.expand()) + weights(whole.middle()));
        } else if (spec instanceof OperationSpec.Chain chain) {
            long weights = chain.stages().stream().mapToLong(stage -> of(stage).weights).sum();
            return new StepWork(spec.macs(), in + out + (chain.residual() ? out : 0), weights);
        } else if (spec instanceof OperationSpec.Add) {
            return new StepWork(0, 2 * in + out, 0);
        }
        return new StepWork(spec.macs(), in + out, 0);
    }

    private static long keptIn(OperationSpec.BandPointwise band) {
        return kept(band.staircase(), band.in().blocks(band.block()));
    }

    private static long keptOut(OperationSpec.IdctDepthwiseDct fused) {
        return kept(fused.staircase(), fused.out().blocks(fused.block()));
    }

    /** Without those of input channels that the cutoffs drop. */
    private static long weights(OperationSpec.BandPointwise band) {
        return (long) band.staircase().prefix(0) * band.outChannels();
    }

    private static long weights(OperationSpec.IdctDepthwiseDct fused) {
        return fused.macs() / fused.out().area();
    }

    private static long kept(Staircase staircase, int blocks) {
        return staircase.keptCoefficients() * blocks;
    }

    long macs(int batch) {
        return batch * macs;
    }

    long bytes(int batch, int elementBytes) {
        return (batch * moved + weights) * elementBytes;
    }
}
