package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Workspace;

/** An operation that has been created; subclasses hold packed weights and make steps. */
abstract class VectorOperation implements Operation {

    final Lanes lanes;
    private final OperationSpec spec;

    VectorOperation(Lanes lanes, OperationSpec spec) {
        this.lanes = lanes;
        this.spec = spec;
    }

    @Override
    public OperationSpec spec() {
        return spec;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return 0;
    }

    @Override
    public final Step bind(Workspace workspace, Operands operands) {
        int base = VectorWorkspace.LINE_START;
        return bind((VectorWorkspace) workspace, base + (int) operands.in(), base + (int) operands.out(), base + (int) operands.residual());
    }

    /** Binds to indices of the workspace's arena. */
    abstract VectorStep bind(VectorWorkspace workspace, int in, int out, int residual);

    @Override
    public void close() {}

    static float low(Activation activation) {
        return (float) activation.low();
    }

    static float high(Activation activation) {
        return (float) activation.high();
    }

    /** The bias, or zeros, with room for {@code length} elements. */
    static float[] padded(float[] bias, int length) {
        float[] padded = new float[length];
        if (bias != null) {
            System.arraycopy(bias, 0, padded, 0, bias.length);
        }
        return padded;
    }

    static int ceilDiv(int value, int by) {
        return -Math.floorDiv(-value, by); // no sum that could overflow
    }
}
