package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.Activation;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * In which representation each op computes. A truncated pointwise layer computes in the frequency domain and every op with an
 * activation or a window spatially; what is linear and without cutoffs (residual adds, plain linear pointwise layers) may compute
 * in either. Ops of that kind which feed one another form a group; a group computes where the fewest elements change domain, so
 * that a residual stream between truncated layers stays in the frequency domain.
 */
final class Domains {

    private final Graph graph;
    private final Map<GraphOp, Representation> chosen = new HashMap<>();

    private Domains(Graph graph) {
        this.graph = graph;
    }

    static Domains assign(Graph graph) {
        Domains domains = new Domains(graph);
        for (GraphOp op : graph.ops()) {
            if (isFlexible(op) && !domains.chosen.containsKey(op)) {
                domains.assignGroup(domains.group(op));
            }
        }
        return domains;
    }

    private static boolean isFlexible(GraphOp op) {
        if (op.activation() != Activation.NONE) {
            return false;
        }
        return op instanceof GraphOp.Add || op instanceof GraphOp.PointwiseConv2d pointwise && !pointwise.isTruncated();
    }

    /** The representation in which an op reads its inputs. */
    Representation reads(GraphOp op) {
        if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
            return Representation.frequency(pointwise.block());
        }
        return chosen.getOrDefault(op, Representation.SPATIAL);
    }

    /** The representation in which a tensor comes to be; an activation is applied spatially, so what carries one is spatial. */
    Representation produced(String tensor) {
        if (tensor.equals(Graph.INPUT)) {
            return Representation.SPATIAL;
        }
        GraphOp op = graph.op(tensor);
        return op.activation() == Activation.NONE ? reads(op) : Representation.SPATIAL;
    }

    private Set<GraphOp> group(GraphOp start) {
        Set<GraphOp> group = new LinkedHashSet<>();
        Deque<GraphOp> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            GraphOp op = open.remove();
            if (!isFlexible(op) || !group.add(op)) {
                continue;
            }
            open.addAll(graph.consumers(op.name()));
            for (String tensor : op.inputs()) {
                if (!tensor.equals(Graph.INPUT)) {
                    open.add(graph.op(tensor));
                }
            }
        }
        return group;
    }

    private void assignGroup(Set<GraphOp> group) {
        Set<Representation> candidates = new LinkedHashSet<>();
        for (GraphOp op : group) {
            op.inputs().stream().filter(tensor -> !inGroup(tensor, group)).map(this::produced).forEach(candidates::add);
            graph.consumers(op.name()).stream().filter(consumer -> !group.contains(consumer)).map(this::reads).forEach(candidates::add);
        }
        // On a tie the spatial domain, which transforms nothing else, comes first.
        List<Representation> ordered = new ArrayList<>(List.of(Representation.SPATIAL));
        candidates.stream().filter(candidate -> !candidate.isSpatial()).forEach(ordered::add);
        Representation best = null;
        long bestCost = Long.MAX_VALUE;
        for (Representation candidate : ordered) {
            long cost = conversions(group, candidate);
            if (cost < bestCost) {
                best = candidate;
                bestCost = cost;
            }
        }
        for (GraphOp op : group) {
            chosen.put(op, best);
        }
    }

    /** Elements of an image that change domain at the group's borders when it computes in {@code candidate}. */
    private long conversions(Set<GraphOp> group, Representation candidate) {
        long elements = 0;
        Set<String> read = new HashSet<>();
        for (GraphOp op : group) {
            if (!candidate.isSpatial() && !graph.inputPlane(op).divisibleBy(candidate.block())) {
                return Long.MAX_VALUE;
            }
            for (String tensor : op.inputs()) {
                if (!inGroup(tensor, group) && read.add(tensor) && !produced(tensor).equals(candidate)) {
                    elements += graph.plane(tensor).elements();
                }
            }
            Set<Representation> wanted = new HashSet<>();
            for (GraphOp consumer : graph.consumers(op.name())) {
                if (!group.contains(consumer) && !reads(consumer).equals(candidate) && wanted.add(reads(consumer))) {
                    elements += graph.plane(op.name()).elements();
                }
            }
            if (graph.output() == op && !candidate.isSpatial()) {
                elements += graph.plane(op.name()).elements();
            }
        }
        return elements;
    }

    private boolean inGroup(String tensor, Set<GraphOp> group) {
        return !tensor.equals(Graph.INPUT) && group.contains(graph.op(tensor));
    }
}
