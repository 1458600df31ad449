package dev.lowpass.runtime;

import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The whole content of a model file, in memory: what importers make, the model file holds and the planner reads. Consistent once
 * it exists.
 *
 * @param graph the network
 * @param parameters of every op that has weights, by op name
 * @param preprocess how photos become input
 * @param labels a name per class, or empty
 * @param provenance where it comes from and what was measured: source, licence, accuracy, kept MACs, ...
 * @param golden images and their logits, if the model has them
 */
public record ModelDefinition(
        Graph graph, Map<String, Parameters> parameters, Preprocess preprocess, List<String> labels, Map<String, String> provenance, Optional<Golden> golden) {

    public ModelDefinition {
        parameters = Map.copyOf(parameters);
        labels = List.copyOf(labels);
        provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
    }

    /** The parameters of an op; null for one that has none. */
    public Parameters parameters(GraphOp op) {
        return parameters.get(op.name());
    }

    /** The number of logits of one image. */
    public int classes() {
        return graph.plane(graph.output().name()).elements();
    }

    /** The same network without cutoffs: every pointwise layer keeps all frequencies. Its logits are others, so it has no golden images. */
    public ModelDefinition dense() {
        List<GraphOp> ops = new ArrayList<>();
        Map<String, Parameters> dense = new HashMap<>(parameters);
        for (GraphOp op : graph.ops()) {
            boolean truncated = op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated();
            ops.add(truncated ? ((GraphOp.PointwiseConv2d) op).withBlock(0) : op);
            if (truncated) {
                dense.computeIfPresent(op.name(), (name, before) -> new Parameters(before.weight(), before.bias()));
            }
        }
        return new ModelDefinition(Graph.of(graph.input(), ops), dense, preprocess, labels, provenance, Optional.empty());
    }

    public ModelDefinition withGolden(Golden golden) {
        return new ModelDefinition(graph, parameters, preprocess, labels, provenance, Optional.of(golden));
    }
}
