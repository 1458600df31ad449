package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.HashMap;
import java.util.Map;

/** Walks a graph with libtorch, differentiably. Tensors are n, c, y, x with the channels innermost in memory. */
final class TorchGraph {

    /** What an op with weights computes before its activation; the owner decides how weights come about. */
    interface Layer {
        NDArray apply(GraphOp op, NDArray input);
    }

    private TorchGraph() {}

    /** The logits {@code [n, classes]} of a batch. */
    static NDArray forward(Graph graph, NDArray input, Layer layer) {
        return forward(graph, input, layer, new HashMap<>());
    }

    /**
     * The logits {@code [n, classes]} of a batch.
     *
     * @param tensors receives what each op gives
     */
    static NDArray forward(Graph graph, NDArray input, Layer layer, Map<String, NDArray> tensors) {
        tensors.put(Graph.INPUT, input);
        for (GraphOp op : graph.ops()) {
            NDArray in = tensors.get(op.inputs().get(0));
            NDArray out;
            if (op instanceof GraphOp.Add add) {
                out = in.add(tensors.get(add.right()));
            } else if (op instanceof GraphOp.GlobalAveragePool) {
                out = in.getNDArrayInternal().globalAvgPool();
                out = out.reshape(out.getShape().get(0), out.getShape().get(1), 1, 1);
            } else {
                out = layer.apply(op, in);
            }
            tensors.put(op.name(), activate(out, op.activation()));
        }
        NDArray logits = tensors.get(graph.output().name());
        return logits.reshape(logits.getShape().get(0), -1);
    }

    private static NDArray activate(NDArray x, Activation activation) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> x.getNDArrayInternal().relu();
            case RELU6 -> x.clip(0, 6);
        };
    }

    /** The convolution of an op with the given filter {@code [out, in or 1, kernelY, kernelX]} and bias (or null). */
    static NDArray convolve(GraphOp op, NDArray x, NDArray weight, NDArray bias) {
        if (op instanceof GraphOp.PointwiseConv2d) {
            return convolve(x, weight, bias, 1, 1, 0, 0, 1);
        }
        boolean depthwise = op instanceof GraphOp.DepthwiseConv2d;
        Window window = depthwise ? ((GraphOp.DepthwiseConv2d) op).window() : ((GraphOp.Conv2d) op).window();
        int groups = depthwise ? ((GraphOp.DepthwiseConv2d) op).channels() : 1;
        Padding padding = window.padding();
        int top = padding.top();
        int left = padding.left();
        if (top != padding.bottom() || left != padding.right()) {
            x = JniUtils.pad((PtNDArray) x, new long[] {left, padding.right(), top, padding.bottom()}, 0);
            top = 0;
            left = 0;
        }
        return convolve(x, weight, bias, window.strideY(), window.strideX(), top, left, groups);
    }

    private static NDArray convolve(NDArray x, NDArray weight, NDArray bias, int strideY, int strideX, int top, int left, int groups) {
        return x.getNDArrayInternal()
                .convolution(x, weight, bias, new Shape(strideY, strideX), new Shape(top, left), new Shape(1, 1), groups)
                .singletonOrThrow();
    }
}
