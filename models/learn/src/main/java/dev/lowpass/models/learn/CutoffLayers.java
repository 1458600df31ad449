package dev.lowpass.models.learn;

import dev.lowpass.kernels.Zigzag;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Which layers of a network may be cut, by which block, and what their coefficients cost. */
final class CutoffLayers {

    /** Blocks of which the runtime has specialised transforms. */
    private static final int AUTO_FROM = 4;
    private static final int AUTO_TO = 8;

    private CutoffLayers() {}

    /**
     * The same network with cutoffs that keep everything, on every pointwise layer whose plane the block divides.
     *
     * @param block the side, or 0 for the one from 4 to 8 that divides the planes of the most multiply-accumulates, the largest of
     *     equals
     * @throws LearnException when no layer can be cut
     */
    static ModelDefinition open(ModelDefinition model, int block) {
        int side = block == 0 ? best(model.graph()) : block;
        Map<String, Parameters> parameters = new HashMap<>(model.parameters());
        boolean[] any = new boolean[1];
        List<GraphOp> ops = model.graph().ops().stream().map(op -> {
            if (op instanceof GraphOp.PointwiseConv2d pointwise && model.graph().inputPlane(op).divisibleBy(side)) {
                int[] all = new int[pointwise.inChannels()];
                Arrays.fill(all, side * side);
                parameters.put(op.name(), parameters.get(op.name()).withCutoffs(all));
                any[0] = true;
                return pointwise.withBlock(side);
            }
            return op;
        }).toList();
        if (!any[0]) {
            String planes = model.graph().truncatable().stream().map(op -> model.graph().inputPlane(op)).map(p -> p.height() + "x" + p.width()).distinct()
                    .collect(Collectors.joining(", "));
            String fits = IntStream.rangeClosed(Zigzag.MIN_BLOCK, Zigzag.MAX_BLOCK)
                    .filter(b -> model.graph().truncatable().stream().anyMatch(op -> model.graph().inputPlane(op).divisibleBy(b)))
                    .mapToObj(Integer::toString).collect(Collectors.joining(", "));
            throw new LearnException("block " + side + " divides the plane of no pointwise layer (" + (planes.isEmpty() ? "there is none" : planes) + "); "
                    + (fits.isEmpty() ? "this network has nothing to cut" : "use --block auto or one of " + fits));
        }
        return with(model, Graph.of(model.graph().input(), ops), parameters);
    }

    private static int best(Graph graph) {
        int best = AUTO_TO;
        long most = -1;
        for (int block = AUTO_TO; block >= AUTO_FROM; block--) {
            int side = block;
            long macs = graph.truncatable().stream().filter(op -> graph.inputPlane(op).divisibleBy(side)).mapToLong(graph::macs).sum();
            if (macs > most) {
                most = macs;
                best = block;
            }
        }
        return best;
    }

    /** The pointwise layers that have cutoffs. */
    static List<GraphOp.PointwiseConv2d> cut(Graph graph) {
        return graph.truncatable().stream().filter(GraphOp.PointwiseConv2d::isTruncated).toList();
    }

    /** The network with cutoffs on those of its cut layers only that a rule names. */
    static ModelDefinition openOnly(ModelDefinition open, Predicate<GraphOp.PointwiseConv2d> named) {
        Map<String, Parameters> parameters = new HashMap<>(open.parameters());
        List<GraphOp> ops = open.graph().ops().stream().map(op -> {
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated() && !named.test(pointwise)) {
                parameters.put(op.name(), parameters.get(op.name()).withCutoffs(null));
                return pointwise.withBlock(0);
            }
            return op;
        }).toList();
        return with(open, Graph.of(open.graph().input(), ops), parameters);
    }

    /** The same network with other cutoffs. */
    static ModelDefinition withCutoffs(ModelDefinition model, Map<String, int[]> cutoffs) {
        Map<String, Parameters> parameters = new HashMap<>(model.parameters());
        cutoffs.forEach((name, values) -> parameters.put(name, parameters.get(name).withCutoffs(values)));
        return with(model, model.graph(), parameters);
    }

    static Map<String, int[]> cutoffs(ModelDefinition model) {
        Map<String, int[]> cutoffs = new HashMap<>();
        for (GraphOp.PointwiseConv2d op : cut(model.graph())) {
            cutoffs.put(op.name(), model.parameters(op).cutoffs());
        }
        return cutoffs;
    }

    /** Other ops and parameters; golden logits would no longer be true. */
    private static ModelDefinition with(ModelDefinition model, Graph graph, Map<String, Parameters> parameters) {
        return new ModelDefinition(graph, parameters, model.preprocess(), model.labels(), model.provenance(), java.util.Optional.empty());
    }
}
