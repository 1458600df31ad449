package dev.lowpass.runtime.plan;

import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;

/**
 * Parameters in the order in which tensors are stored, in the layouts of {@link dev.lowpass.kernels.OperationSpec}: new position
 * p holds what {@code order[p]} held. The one place where the model file's layouts meet the kernels'.
 */
final class Permuted {

    private Permuted() {}

    /** {@code [out][in][kernelY][kernelX]} to {@code [out][kernelY][kernelX][in]}. */
    static Parameters conv2d(GraphOp.Conv2d op, Parameters parameters, int[] inOrder, int[] outOrder) {
        int taps = op.window().kernelHeight() * op.window().kernelWidth();
        int in = op.inChannels();
        float[] weight = new float[parameters.weight().length];
        for (int o = 0; o < op.outChannels(); o++) {
            for (int tap = 0; tap < taps; tap++) {
                for (int i = 0; i < in; i++) {
                    weight[(o * taps + tap) * in + i] = parameters.weight()[(outOrder[o] * in + inOrder[i]) * taps + tap];
                }
            }
        }
        return new Parameters(weight, permute(parameters.bias(), outOrder));
    }

    /** {@code [channel][1][kernelY][kernelX]} to {@code [kernelY][kernelX][channel]}. */
    static Parameters depthwise(GraphOp.DepthwiseConv2d op, Parameters parameters, int[] order) {
        int taps = op.window().kernelHeight() * op.window().kernelWidth();
        int channels = op.channels();
        float[] weight = new float[parameters.weight().length];
        for (int tap = 0; tap < taps; tap++) {
            for (int c = 0; c < channels; c++) {
                weight[tap * channels + c] = parameters.weight()[order[c] * taps + tap];
            }
        }
        return new Parameters(weight, permute(parameters.bias(), order));
    }

    /** {@code [out][in]}, rows and columns permuted. */
    static Parameters pointwise(GraphOp.PointwiseConv2d op, Parameters parameters, int[] inOrder, int[] outOrder) {
        int in = op.inChannels();
        float[] weight = new float[parameters.weight().length];
        for (int o = 0; o < op.outChannels(); o++) {
            for (int i = 0; i < in; i++) {
                weight[o * in + i] = parameters.weight()[outOrder[o] * in + inOrder[i]];
            }
        }
        return new Parameters(weight, permute(parameters.bias(), outOrder));
    }

    private static float[] permute(float[] values, int[] order) {
        float[] permuted = new float[values.length];
        for (int p = 0; p < permuted.length; p++) {
            permuted[p] = values[order[p]];
        }
        return permuted;
    }
}
