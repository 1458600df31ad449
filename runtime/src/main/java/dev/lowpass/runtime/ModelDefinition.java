package dev.lowpass.runtime;

import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The whole content of a model file, in memory: what importers make, the model file holds and the planner reads. Reading and writing
 * a file check that all of it fits together, {@link Model#of} that graph, parameters and pre-processing do.
 *
 * @param graph the network
 * @param parameters of every op that has weights, by op name
 * @param preprocess how photos become input
 * @param labels a name per class, or empty
 * @param provenance where it comes from and what was measured: source, licence, accuracy, kept MACs, ...
 * @param golden images and their logits, if the model has them
 * @param cutoffSets the choices between speed and accuracy that the model offers, the default first: that one's parameters are the
 *     model's own; empty for a model that has no choice
 */
public record ModelDefinition(
        Graph graph,
        Map<String, Parameters> parameters,
        Preprocess preprocess,
        List<String> labels,
        Map<String, String> provenance,
        Optional<Golden> golden,
        List<CutoffSet> cutoffSets) {

    public ModelDefinition {
        parameters = Map.copyOf(parameters);
        labels = List.copyOf(labels);
        provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
        cutoffSets = List.copyOf(cutoffSets);
    }

    /** A model without a choice of cutoffs. */
    public ModelDefinition(
            Graph graph, Map<String, Parameters> parameters, Preprocess preprocess, List<String> labels, Map<String, String> provenance, Optional<Golden> golden) {
        this(graph, parameters, preprocess, labels, provenance, golden, List.of());
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
        return new ModelDefinition(graph, parameters, preprocess, labels, provenance, Optional.of(golden), cutoffSets);
    }

    /**
     * The model with one of its {@link #cutoffSets}, which is then its only one.
     *
     * @param name of the set; null leaves the model as it is
     * @throws IllegalArgumentException when the model has no such set; the message lists those it has
     */
    public ModelDefinition withCutoffs(String name) {
        if (name == null) {
            return this;
        }
        CutoffSet set = cutoffSets.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "the model has no cutoffs \"" + name + "\"; " + (cutoffSets.isEmpty() ? "it has only one set, which has no name: leave the choice out"
                        : "choose one of " + cutoffSets.stream().map(CutoffSet::name).collect(Collectors.joining(", ")))));
        Map<String, Parameters> chosen = new HashMap<>(parameters);
        set.changes().forEach((op, change) -> chosen.put(op, change.applyTo(parameters.get(op))));
        Optional<Golden> chosenGolden = set.goldenLogits() == null ? golden
                : golden.map(own -> new Golden(own.count(), own.images(), set.goldenLogits()));
        CutoffSet only = new CutoffSet(set.name(), set.kept(), set.measured(), set.measure(), Map.of(), null);
        return new ModelDefinition(graph, chosen, preprocess, labels, provenance, chosenGolden, List.of(only));
    }

    /** Of an op's {@link Graph#macs}, those below its cutoffs. */
    public long keptMacs(GraphOp op) {
        if (!(op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated())) {
            return graph.macs(op);
        }
        long coefficients = Arrays.stream(parameters.get(op.name()).cutoffs()).asLongStream().sum();
        return coefficients * graph.inputPlane(op).blocks(pointwise.block()) * pointwise.outChannels();
    }

    /**
     * The share of the pointwise layers' multiply-accumulates that the cutoffs keep, 0 to 1, of the layers that are
     * {@linkplain Graph#truncatable truncatable}; 1 where there is none.
     */
    public double keptShare() {
        long dense = graph.truncatable().stream().mapToLong(graph::macs).sum();
        long kept = graph.truncatable().stream().mapToLong(this::keptMacs).sum();
        return dense == 0 ? 1 : (double) kept / dense;
    }
}
