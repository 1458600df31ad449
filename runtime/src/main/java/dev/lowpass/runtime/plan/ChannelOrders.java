package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.Staircase;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The order in which each tensor stores its channels. Pointwise and dense convolutions may write any order (their weights' rows
 * are permuted once); adds, depthwise convolutions and pooling keep the order they read, so tensors joined by them share one. A
 * shared order is the falling order of cutoffs of the truncated layer that reads the tensors with the most multiplications, so
 * that this layer reads prefixes; other truncated readers go through their own order as they load. The network's input and output
 * keep the model's order.
 */
final class ChannelOrders {

    private final Map<String, String> parent = new HashMap<>();
    private final Map<String, int[]> orderOfRoot = new HashMap<>();
    private final Graph graph;

    private ChannelOrders(Graph graph) {
        this.graph = graph;
    }

    static ChannelOrders assign(ModelDefinition model) {
        Graph graph = model.graph();
        ChannelOrders orders = new ChannelOrders(graph);
        for (GraphOp op : graph.ops()) {
            if (!(op instanceof GraphOp.PointwiseConv2d || op instanceof GraphOp.Conv2d)) {
                op.inputs().forEach(tensor -> orders.join(op.name(), tensor));
            }
        }
        orders.orderOfRoot.put(orders.root(Graph.INPUT), identity(graph.input().channels()));
        orders.orderOfRoot.put(orders.root(graph.output().name()), identity(graph.plane(graph.output().name()).channels()));
        Map<String, Long> heaviest = new HashMap<>();
        for (GraphOp op : graph.ops()) {
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                String root = orders.root(pointwise.input());
                long macs = graph.macs(op);
                boolean fixed = orders.orderOfRoot.containsKey(root) && !heaviest.containsKey(root);
                if (!fixed && macs > heaviest.getOrDefault(root, -1L)) {
                    heaviest.put(root, macs);
                    orders.orderOfRoot.put(root, Staircase.of(pointwise.block(), model.parameters(op).cutoffs()).order());
                }
            }
        }
        return orders;
    }

    /** The order of a tensor's channels: stored position p holds the model's channel {@code order[p]}. Not to be changed. */
    int[] of(String tensor) {
        return orderOfRoot.computeIfAbsent(root(tensor), r -> identity(graph.plane(tensor).channels()));
    }

    private static int[] identity(int channels) {
        return IntStream.range(0, channels).toArray();
    }

    private void join(String a, String b) {
        parent.put(root(a), root(b));
    }

    private String root(String tensor) {
        String up = parent.get(tensor);
        while (up != null && !up.equals(tensor)) {
            parent.put(tensor, parent.getOrDefault(up, up)); // halves the way of later calls
            tensor = up;
            up = parent.get(tensor);
        }
        return tensor;
    }
}
