package dev.lowpass.models.tflite;

import dev.lowpass.kernels.Activation;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names ops by their place in the network. A chain of a stem convolution, depthwise-separable or inverted-residual blocks, an optional
 * head, pooling and a classifier gives {@code stem}, {@code block1.depthwise}, {@code block1.project} ({@code block1.pointwise} where it
 * has an activation, as in MobileNetV1), {@code block2.expand}, ..., {@code block3.add}, ..., {@code head}, {@code pool},
 * {@code classifier}. Any other network gives the op's kind and its place from 1 on: {@code conv_1}, {@code depthwise_2}.
 */
final class TopologyNames {

    private final List<GraphOp> ops;
    private final Map<String, String> names = new LinkedHashMap<>();
    private String last = Graph.INPUT; // the op at the end of what is named
    private int at;

    private TopologyNames(List<GraphOp> ops) {
        this.ops = ops;
    }

    /** A new name for each op, by its present name. */
    static Map<String, String> of(List<GraphOp> ops) {
        TopologyNames chain = new TopologyNames(ops);
        if (chain.isChain()) {
            return chain.names;
        }
        Map<String, String> names = new HashMap<>();
        for (GraphOp op : ops) {
            String kind = op instanceof GraphOp.Conv2d ? "conv" : op instanceof GraphOp.DepthwiseConv2d ? "depthwise"
                    : op instanceof GraphOp.PointwiseConv2d ? "pointwise" : op instanceof GraphOp.Add ? "add" : "pool";
            names.put(op.name(), kind + "_" + (names.size() + 1));
        }
        return names;
    }

    private boolean isChain() {
        if (!take("stem", GraphOp.Conv2d.class)) {
            return false;
        }
        for (int block = 1; next(0, GraphOp.DepthwiseConv2d.class) || next(0, GraphOp.PointwiseConv2d.class) && next(1,
                GraphOp.DepthwiseConv2d.class);
                block++) {
            String input = last;
            if (next(0, GraphOp.PointwiseConv2d.class)) {
                take("block" + block + ".expand", GraphOp.PointwiseConv2d.class);
            }
            if (!take("block" + block + ".depthwise", GraphOp.DepthwiseConv2d.class)) {
                return false;
            }
            boolean linear = next(0, GraphOp.PointwiseConv2d.class) && ops.get(at).activation() == Activation.NONE;
            if (!take("block" + block + (linear ? ".project" : ".pointwise"), GraphOp.PointwiseConv2d.class)) {
                return false;
            }
            if (next(0, GraphOp.Add.class)) {
                GraphOp add = ops.get(at++);
                if (!add.inputs().equals(List.of(input, last)) && !add.inputs().equals(List.of(last, input))) {
                    return false;
                }
                names.put(add.name(), "block" + block + ".add");
                last = add.name();
            }
        }
        if (next(0, GraphOp.PointwiseConv2d.class)) {
            take("head", GraphOp.PointwiseConv2d.class);
        }
        return take("pool", GraphOp.GlobalAveragePool.class) && take("classifier", GraphOp.PointwiseConv2d.class) && at == ops.size();
    }

    private boolean next(int ahead, Class<? extends GraphOp> kind) {
        return at + ahead < ops.size() && kind.isInstance(ops.get(at + ahead));
    }

    /** Names the next op if it is of that kind and reads the last one. */
    private boolean take(String name, Class<? extends GraphOp> kind) {
        if (!next(0, kind) || !ops.get(at).inputs().equals(List.of(last))) {
            return false;
        }
        last = ops.get(at++).name();
        names.put(last, name);
        return true;
    }

    static GraphOp rename(GraphOp op, Map<String, String> names) {
        String name = names.get(op.name());
        List<String> inputs = new ArrayList<>();
        for (String input : op.inputs()) {
            inputs.add(names.getOrDefault(input, input));
        }
        return copy(op, name, inputs, op.activation());
    }

    static GraphOp withActivation(GraphOp op, Activation activation) {
        return copy(op, op.name(), op.inputs(), activation);
    }

    private static GraphOp copy(GraphOp op, String name, List<String> inputs, Activation activation) {
        if (op instanceof GraphOp.Conv2d conv) {
            return new GraphOp.Conv2d(name, inputs.get(0), conv.inChannels(), conv.outChannels(), conv.window(), activation);
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return new GraphOp.DepthwiseConv2d(name, inputs.get(0), depthwise.channels(), depthwise.window(), activation);
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            return new GraphOp.PointwiseConv2d(name, inputs.get(0), pointwise.inChannels(), pointwise.outChannels(), pointwise.block(),
                    activation);
        } else if (op instanceof GraphOp.Add) {
            return new GraphOp.Add(name, inputs.get(0), inputs.get(1), activation);
        }
        return new GraphOp.GlobalAveragePool(name, inputs.get(0));
    }
}
