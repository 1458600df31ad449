package dev.lowpass.models.learn;

import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a network costs by its cutoffs: {@code fixed + sum over cut layers of layer * (mean cutoff / coefficients of a block)}, in
 * multiply-accumulates or in measured milliseconds.
 *
 * @param fixed what no cutoff changes
 * @param layers what each cut layer's coefficients cost when all are kept
 * @param unit what is counted, for messages
 */
record Costs(double fixed, Map<String, Double> layers, String unit) {

    Costs {
        layers = Map.copyOf(layers);
    }

    /** Multiply-accumulates of the pointwise layers on planes of more than 1x1. */
    static Costs macs(Graph graph) {
        double fixed = 0;
        Map<String, Double> layers = new HashMap<>();
        for (GraphOp.PointwiseConv2d op : graph.truncatable()) {
            if (op.isTruncated()) {
                layers.put(op.name(), (double) graph.macs(op));
            } else {
                fixed += graph.macs(op);
            }
        }
        return new Costs(fixed, layers, "pointwise MACs");
    }

    /** With everything kept. */
    double whole() {
        return fixed + layers.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** @throws LearnException when even cutoffs of 0 keep more than a share */
    void requireReachable(double share) {
        double least = fixed / whole();
        if (least > share) {
            throw new LearnException(String.format(Locale.ROOT,
                    "a share of %.3f of the %s cannot be reached: what cutoffs do not change keeps %.3f; use another --block, or a larger --keep",
                    share, unit, least));
        }
    }

    /** The share of {@link #whole} that given cutoffs keep. */
    double share(Graph graph, Map<String, int[]> cutoffs) {
        double kept = fixed;
        for (Map.Entry<String, int[]> entry : cutoffs.entrySet()) {
            int[] values = entry.getValue();
            int block = ((GraphOp.PointwiseConv2d) graph.op(entry.getKey())).block();
            kept += layers.get(entry.getKey()) * Arrays.stream(values).asLongStream().sum() / ((double) values.length * block * block);
        }
        return kept / whole();
    }

    /** The share of {@link #whole} that one coefficient of one input channel of a cut layer costs. */
    double coefficient(GraphOp.PointwiseConv2d op) {
        return layers.get(op.name()) / ((double) op.inChannels() * op.block() * op.block()) / whole();
    }
}
