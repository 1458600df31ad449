package dev.lowpass.bench.command;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;

/**
 * Multiply-accumulates of one image, by the network's definition: biases, activations, transforms and pooling are not counted.
 *
 * @param dense with every coefficient
 * @param kept with those below the cutoffs
 */
record Macs(long dense, long kept) {

    static final Macs NONE = new Macs(0, 0);

    /** Of one op. */
    static Macs of(ModelDefinition model, GraphOp op) {
        Plane out = model.graph().plane(op.name());
        if (op instanceof GraphOp.Conv2d conv) {
            return same((long) out.elements() * conv.window().kernelHeight() * conv.window().kernelWidth() * conv.inChannels());
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return same((long) out.elements() * depthwise.window().kernelHeight() * depthwise.window().kernelWidth());
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            long dense = (long) out.elements() * pointwise.inChannels();
            if (!pointwise.isTruncated()) {
                return same(dense);
            }
            long coefficients = 0;
            for (int cutoff : model.parameters(op).cutoffs()) {
                coefficients += cutoff;
            }
            return new Macs(dense, coefficients * out.blocks(pointwise.block()) * pointwise.outChannels());
        }
        return NONE;
    }

    /** Of every op. */
    static Macs of(ModelDefinition model) {
        return model.graph().ops().stream().map(op -> of(model, op)).reduce(NONE, Macs::plus);
    }

    /**
     * Of the pointwise convolutions that could be truncated: a classifier, which reads a plane of 1x1, has no frequencies and is left
     * out, as in the paper's figures.
     */
    static Macs ofPointwise(ModelDefinition model) {
        return model.graph().ops().stream().filter(op -> isTruncatable(model, op)).map(op -> of(model, op)).reduce(NONE, Macs::plus);
    }

    static boolean isTruncatable(ModelDefinition model, GraphOp op) {
        return op instanceof GraphOp.PointwiseConv2d && model.graph().inputPlane(op).area() > 1;
    }

    private static Macs same(long macs) {
        return new Macs(macs, macs);
    }

    private Macs plus(Macs other) {
        return new Macs(dense + other.dense, kept + other.kept);
    }

    /** The share that is kept, 0 to 1; 1 where there is nothing. */
    double keptShare() {
        return dense == 0 ? 1 : (double) kept / dense;
    }
}
