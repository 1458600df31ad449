package dev.lowpass.runtime;

import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Zigzag;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.HashMap;
import java.util.Map;

/**
 * Runs a model op by op, straight from the definitions: everything spatial, in double precision, and a truncated layer as transform,
 * cut, inverse transform, then a plain 1x1 convolution. Knows nothing of plans, orders, bands or back ends.
 */
public final class NaiveNetwork {

    private NaiveNetwork() {}

    /** The output of one image given as {@code [y][x][c]}. */
    public static double[] run(ModelDefinition model, double[] input) {
        Graph graph = model.graph();
        Map<String, double[]> tensors = new HashMap<>();
        tensors.put(Graph.INPUT, input);
        for (GraphOp op : graph.ops()) {
            Plane in = graph.inputPlane(op);
            Plane out = graph.plane(op.name());
            double[] x = tensors.get(op.inputs().get(0));
            Parameters parameters = model.parameters(op);
            double[] y;
            if (op instanceof GraphOp.Conv2d conv) {
                y = conv(x, in, out, conv.window(), parameters, in.channels(), false);
            } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
                y = conv(x, in, out, depthwise.window(), parameters, 1, true);
            } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
                double[] kept = pointwise.isTruncated() ? cut(x, in, pointwise.block(), parameters.cutoffs()) : x;
                y = conv(kept, in, out, Window.square(1, 1, dev.lowpass.kernels.Padding.NONE), parameters, in.channels(), false);
            } else if (op instanceof GraphOp.Add add) {
                double[] right = tensors.get(add.right());
                y = new double[x.length];
                for (int i = 0; i < y.length; i++) {
                    y[i] = x[i] + right[i];
                }
            } else {
                y = new double[in.channels()];
                for (int i = 0; i < x.length; i++) {
                    y[i % in.channels()] += x[i] / in.area();
                }
            }
            for (int i = 0; i < y.length; i++) {
                y[i] = op.activation().apply(y[i]);
            }
            tensors.put(op.name(), y);
        }
        return tensors.get(graph.output().name());
    }

    /** Weight {@code [out][filterChannels][kernelY][kernelX]}; a depthwise filter sees its own channel only. */
    private static double[] conv(double[] x, Plane in, Plane out, Window window, Parameters parameters, int filterChannels, boolean depthwise) {
        double[] y = new double[out.elements()];
        for (int oy = 0; oy < out.height(); oy++) {
            for (int ox = 0; ox < out.width(); ox++) {
                for (int o = 0; o < out.channels(); o++) {
                    double sum = parameters.bias()[o];
                    for (int ky = 0; ky < window.kernelHeight(); ky++) {
                        for (int kx = 0; kx < window.kernelWidth(); kx++) {
                            int iy = oy * window.strideY() + ky - window.padding().top();
                            int ix = ox * window.strideX() + kx - window.padding().left();
                            if (iy < 0 || ix < 0 || iy >= in.height() || ix >= in.width()) {
                                continue;
                            }
                            for (int f = 0; f < filterChannels; f++) {
                                float w = parameters.weight()[((o * filterChannels + f) * window.kernelHeight() + ky) * window.kernelWidth() + kx];
                                sum += w * x[(iy * in.width() + ix) * in.channels() + (depthwise ? o : f)];
                            }
                        }
                    }
                    y[(oy * out.width() + ox) * out.channels() + o] = sum;
                }
            }
        }
        return y;
    }

    /** Every block of every channel, transformed, cut at the channel's cutoff and transformed back. */
    private static double[] cut(double[] x, Plane plane, int block, int[] cutoffs) {
        double[][] basis = DctBasis.of(block);
        Zigzag zigzag = Zigzag.of(block);
        double[] y = new double[x.length];
        for (int c = 0; c < plane.channels(); c++) {
            for (int top = 0; top < plane.height(); top += block) {
                for (int left = 0; left < plane.width(); left += block) {
                    for (int z = 0; z < cutoffs[c]; z++) {
                        double coefficient = 0;
                        for (int i = 0; i < block * block; i++) {
                            coefficient += basis[zigzag.row(z)][i / block] * basis[zigzag.column(z)][i % block]
                                    * x[((top + i / block) * plane.width() + left + i % block) * plane.channels() + c];
                        }
                        for (int i = 0; i < block * block; i++) {
                            y[((top + i / block) * plane.width() + left + i % block) * plane.channels() + c] +=
                                    basis[zigzag.row(z)][i / block] * basis[zigzag.column(z)][i % block] * coefficient;
                        }
                    }
                }
            }
        }
        return y;
    }
}
