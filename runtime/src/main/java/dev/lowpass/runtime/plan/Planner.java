package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Turns a model into the operations that run it: chooses domains and channel orders, inserts changes of domain, fuses what belongs
 * together (inverse DCT, depthwise, DCT in the middle of a block; the residual add into its project layer), cuts staircases into
 * bands, chains spatial operations that the back end likes to run by tiles of rows, and places every tensor in one arena.
 */
public final class Planner {

    /**
     * A plan, and the parameters of each of its steps, permuted to the order in which tensors are stored and in the layouts that
     * {@link OperationSpec} gives; null where a step has none. A chain has those of each stage; the depthwise part of a block with its expand
     * layer has the depthwise layer's and then the expand layer's; any other step has one element.
     */
    public record Planned(Plan plan, List<List<Parameters>> parameters) {}

    /**
     * What an arena value holds.
     *
     * @param isLinear whether it is a truncated layer's result before its activation
     */
    private record Stored(String tensor, Representation representation, boolean isLinear) {
        Stored(String tensor, Representation representation) {
            this(tensor, representation, false);
        }
    }

    /** A tensor in one representation. */
    private static final class Value {
        final long elements;
        int first = -1;
        int last = -1;
        Value aliasOf;

        Value(Plane plane) {
            elements = plane.elements();
        }

        Value root() {
            return aliasOf == null ? this : aliasOf.root();
        }
    }

    /** A step before its operands have offsets. */
    private record Draft(List<String> ops, OperationSpec spec, Plan.Domain domain, List<Parameters> parameters, Value in, Value out, Value residual) {
        static Draft of(List<String> ops, OperationSpec spec, Plan.Domain domain, Parameters parameters, Value in, Value out, Value residual) {
            return new Draft(ops, spec, domain, Collections.singletonList(parameters), in, out, residual);
        }
    }

    private final ModelDefinition model;
    private final Graph graph;
    private final int maxBatch;
    private final BandCost cost;
    private final Predicate<OperationSpec> fuses;
    private final Domains domains;
    private final ChannelOrders orders;
    private final Map<String, Integer> position = new HashMap<>();
    private final Map<GraphOp, GraphOp.Add> addOf = new HashMap<>();
    private final Set<GraphOp.Add> carried = new HashSet<>();
    private final Set<GraphOp> fusedDepthwise = new HashSet<>();
    private final Map<Stored, Value> stored = new HashMap<>();
    private final List<Draft> drafts = new ArrayList<>();

    private Planner(ModelDefinition model, int maxBatch, BandCost cost, Predicate<OperationSpec> fuses) {
        this.model = model;
        this.graph = model.graph();
        this.maxBatch = maxBatch;
        this.cost = cost;
        this.fuses = fuses;
        this.domains = Domains.assign(graph);
        this.orders = ChannelOrders.assign(model);
    }

    /**
     * @param maxBatch the largest batch to plan memory and bands for, at least 1
     * @param cost what a band costs on the back end that will run the plan
     */
    public static Planned plan(ModelDefinition model, int maxBatch, BandCost cost) {
        return plan(model, maxBatch, cost, spec -> false);
    }

    /**
     * @param maxBatch the largest batch to plan memory and bands for, at least 1
     * @param cost what a band costs on the back end that will run the plan
     * @param fuses of an {@link OperationSpec.ExpandIdctDepthwiseDct} or {@link OperationSpec.Chain}: whether that back end runs it as one
     */
    public static Planned plan(ModelDefinition model, int maxBatch, BandCost cost, Predicate<OperationSpec> fuses) {
        if (maxBatch < 1) {
            throw new IllegalArgumentException("maxBatch is " + maxBatch + "; it must be at least 1");
        }
        return new Planner(model, maxBatch, cost, fuses).plan();
    }

    private Planned plan() {
        for (GraphOp op : graph.ops()) {
            position.put(op.name(), position.size());
        }
        findFusions();
        Value input = define(new Stored(Graph.INPUT, Representation.SPATIAL), graph.input());
        for (GraphOp op : graph.ops()) {
            lower(op);
        }
        Value output = require(graph.output().name(), Representation.SPATIAL);
        chain(output);
        return place(input, output);
    }

    private void findFusions() {
        for (GraphOp op : graph.ops()) {
            if (op instanceof GraphOp.Add add && !add.left().equals(add.right())) {
                String later = isLater(add.left(), add.right()) ? add.left() : add.right();
                if (!later.equals(Graph.INPUT) && graph.op(later) instanceof GraphOp.PointwiseConv2d pointwise && canCarry(pointwise, add)) {
                    addOf.put(pointwise, add);
                    carried.add(add);
                }
            }
            if (op instanceof GraphOp.DepthwiseConv2d depthwise && canFuse(depthwise)) {
                fusedDepthwise.add(depthwise);
            }
        }
    }

    private boolean isLater(String a, String b) {
        return position.getOrDefault(a, -1) > position.getOrDefault(b, -1);
    }

    /** Whether a pointwise layer can add the residual as it writes. */
    private boolean canCarry(GraphOp.PointwiseConv2d pointwise, GraphOp.Add add) {
        return pointwise.activation() == Activation.NONE
                && graph.consumers(pointwise.name()).size() == 1
                && domains.reads(pointwise).equals(domains.reads(add))
                && (add.activation() == Activation.NONE || domains.reads(add).isSpatial());
    }

    /** Whether a depthwise layer stands alone between two truncated layers of one block side. */
    private boolean canFuse(GraphOp.DepthwiseConv2d depthwise) {
        if (depthwise.input().equals(Graph.INPUT)
                || !(graph.op(depthwise.input()) instanceof GraphOp.PointwiseConv2d expand)
                || !expand.isTruncated()
                || graph.consumers(expand.name()).size() != 1
                || graph.consumers(depthwise.name()).size() != 1) {
            return false;
        }
        return graph.consumers(depthwise.name()).get(0) instanceof GraphOp.PointwiseConv2d project && project.block() == expand.block();
    }

    // ---- lowering

    private void lower(GraphOp op) {
        if (op instanceof GraphOp.Conv2d conv) {
            OperationSpec.Conv2d spec = new OperationSpec.Conv2d(graph.inputPlane(op), conv.outChannels(), conv.window(), conv.activation());
            emit(op, spec, Plan.Domain.SPATIAL, Permuted.conv2d(conv, model.parameters(op), orders.of(conv.input()), orders.of(op.name())),
                    require(conv.input(), Representation.SPATIAL), null);
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            lowerDepthwise(depthwise);
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            lowerPointwise(pointwise);
        } else if (op instanceof GraphOp.Add add) {
            if (!carried.contains(add)) {
                Representation domain = domains.reads(add);
                OperationSpec.Add spec = new OperationSpec.Add(graph.inputPlane(add), add.activation());
                emit(op, spec, domain.domain(), null, require(add.left(), domain), require(add.right(), domain));
            }
        } else {
            OperationSpec.GlobalAveragePool spec = new OperationSpec.GlobalAveragePool(graph.inputPlane(op));
            emit(op, spec, Plan.Domain.SPATIAL, null, require(op.inputs().get(0), Representation.SPATIAL), null);
        }
    }

    private void lowerDepthwise(GraphOp.DepthwiseConv2d depthwise) {
        Plane plane = graph.inputPlane(depthwise);
        Parameters parameters = Permuted.depthwise(depthwise, model.parameters(depthwise), orders.of(depthwise.name()));
        if (!fusedDepthwise.contains(depthwise)) {
            OperationSpec.Depthwise spec = new OperationSpec.Depthwise(plane, depthwise.window(), depthwise.activation());
            emit(depthwise, spec, Plan.Domain.SPATIAL, parameters, require(depthwise.input(), Representation.SPATIAL), null);
            return;
        }
        GraphOp.PointwiseConv2d expand = (GraphOp.PointwiseConv2d) graph.op(depthwise.input());
        GraphOp.PointwiseConv2d project = (GraphOp.PointwiseConv2d) graph.consumers(depthwise.name()).get(0);
        OperationSpec.IdctDepthwiseDct spec = new OperationSpec.IdctDepthwiseDct(plane, expand.activation(), depthwise.window(), depthwise.activation(),
                staircase(project));
        Value coefficients = stored.get(coefficientsOf(expand));
        Value out = define(new Stored(depthwise.name(), Representation.frequency(project.block())), spec.out());
        Draft expanding = drafts.stream().filter(draft -> draft.out() == coefficients).findFirst().orElseThrow();
        OperationSpec.BandPointwise expandSpec = (OperationSpec.BandPointwise) expanding.spec();
        if (!expandSpec.residual()) {
            OperationSpec.ExpandIdctDepthwiseDct whole = new OperationSpec.ExpandIdctDepthwiseDct(expandSpec, spec);
            if (fuses.test(whole)) {
                drafts.remove(expanding);
                drafts.add(new Draft(List.of(expand.name(), depthwise.name()), whole, Plan.Domain.FREQUENCY,
                        List.of(parameters, expanding.parameters().get(0)), expanding.in(), out, null));
                return;
            }
        }
        drafts.add(Draft.of(List.of(depthwise.name()), spec, Plan.Domain.FREQUENCY, parameters, coefficients, out, null));
    }

    private void lowerPointwise(GraphOp.PointwiseConv2d pointwise) {
        Representation domain = domains.reads(pointwise);
        Plane plane = graph.inputPlane(pointwise);
        GraphOp.Add add = addOf.get(pointwise);
        Value in = require(pointwise.input(), domain);
        Value residual = add == null ? null : require(add.left().equals(pointwise.name()) ? add.right() : add.left(), domain);
        List<String> ops = add == null ? List.of(pointwise.name()) : List.of(pointwise.name(), add.name());
        String result = ops.get(ops.size() - 1);
        int[] inOrder = orders.of(pointwise.input());
        int[] outOrder = orders.of(pointwise.name());
        if (domain.isSpatial()) {
            Activation activation = add == null ? pointwise.activation() : add.activation();
            OperationSpec.Pointwise spec = new OperationSpec.Pointwise(plane, pointwise.outChannels(), activation, residual != null);
            Value out = define(new Stored(result, domain), spec.out());
            drafts.add(Draft.of(ops, spec, Plan.Domain.SPATIAL, Permuted.pointwise(pointwise, model.parameters(pointwise), inOrder, outOrder), in, out, residual));
            return;
        }
        Staircase staircase = staircase(pointwise, domain.block());
        OperationSpec.BandPointwise spec = new OperationSpec.BandPointwise(plane, pointwise.outChannels(), staircase, residual != null);
        int[] rankOrder = compose(inOrder, staircase.order());
        Parameters parameters = Permuted.pointwise(pointwise, model.parameters(pointwise), rankOrder, outOrder);
        boolean linear = pointwise.activation() == Activation.NONE;
        Stored target = linear && !keepsCoefficients(pointwise) ? new Stored(result, domain) : coefficientsOf(pointwise);
        Value out = define(target, spec.out());
        drafts.add(Draft.of(ops, spec, Plan.Domain.FREQUENCY, parameters, in, out, residual));
        if (!linear && !keepsCoefficients(pointwise)) {
            OperationSpec.Idct idct = new OperationSpec.Idct(spec.out(), domain.block(), pointwise.activation());
            emit(pointwise, idct, Plan.Domain.FREQUENCY, null, out, null);
        }
    }

    /** Whether the fused depthwise step takes this layer's coefficients as they are. */
    private boolean keepsCoefficients(GraphOp.PointwiseConv2d pointwise) {
        List<GraphOp> consumers = graph.consumers(pointwise.name());
        return consumers.size() == 1 && fusedDepthwise.contains(consumers.get(0));
    }

    /** Where a truncated layer's coefficients are stored before its activation. */
    private static Stored coefficientsOf(GraphOp.PointwiseConv2d pointwise) {
        return new Stored(pointwise.name(), Representation.frequency(pointwise.block()), true);
    }

    /** The tensor in that representation; changes of domain are inserted on first demand. */
    private Value require(String tensor, Representation wanted) {
        Value value = stored.get(new Stored(tensor, wanted));
        if (value != null) {
            return value;
        }
        Plane plane = graph.plane(tensor);
        OperationSpec spec;
        Value in;
        if (wanted.isSpatial()) {
            Representation produced = domains.produced(tensor);
            spec = new OperationSpec.Idct(plane, produced.block(), Activation.NONE);
            in = require(tensor, produced);
        } else {
            spec = new OperationSpec.Dct(plane, demanded(tensor, wanted));
            in = require(tensor, Representation.SPATIAL);
        }
        Value out = define(new Stored(tensor, wanted), plane);
        drafts.add(Draft.of(List.of(), spec, Plan.Domain.FREQUENCY, null, in, out, null));
        return out;
    }

    /** What readers of a transformed tensor need of it: per channel the largest cutoff, or everything. */
    private Staircase demanded(String tensor, Representation representation) {
        int[] cutoffs = new int[graph.plane(tensor).channels()];
        for (GraphOp consumer : graph.consumers(tensor)) {
            if (!domains.reads(consumer).equals(representation)) {
                continue;
            }
            Staircase needed = consumer instanceof GraphOp.PointwiseConv2d pointwise
                    ? staircase(pointwise, representation.block())
                    : Staircase.full(representation.block(), cutoffs.length);
            for (int channel = 0; channel < cutoffs.length; channel++) {
                cutoffs[channel] = Math.max(cutoffs[channel], needed.cutoff(channel));
            }
        }
        return Staircase.of(representation.block(), cutoffs);
    }

    private Staircase staircase(GraphOp.PointwiseConv2d pointwise) {
        return staircase(pointwise, pointwise.block());
    }

    /** The layer's cutoffs over its input as stored; a layer without cutoffs keeps everything. */
    private Staircase staircase(GraphOp.PointwiseConv2d pointwise, int block) {
        if (!pointwise.isTruncated()) {
            return Staircase.full(block, pointwise.inChannels());
        }
        return Staircase.of(block, model.parameters(pointwise).cutoffs()).permuted(orders.of(pointwise.input()));
    }

    private static int[] compose(int[] order, int[] ranks) {
        return Arrays.stream(ranks).map(rank -> order[rank]).toArray();
    }

    private Value define(Stored key, Plane plane) {
        Value value = new Value(plane);
        stored.put(key, value);
        return value;
    }

    /** Adds the step whose result is the op's own tensor as it is produced. */
    private void emit(GraphOp op, OperationSpec spec, Plan.Domain domain, Parameters parameters, Value in, Value residual) {
        Value out = define(new Stored(op.name(), domains.produced(op.name())), spec.out());
        drafts.add(Draft.of(List.of(op.name()), spec, domain, parameters, in, out, residual));
    }

    // ---- chains

    /** Joins drafts that feed one another alone, where the back end prefers that: up to the layer that projects a depthwise one's output. */
    private void chain(Value output) {
        Map<Value, Integer> readers = new HashMap<>(Map.of(output, 1));
        for (Draft draft : drafts) {
            readers.merge(draft.in(), 1, Integer::sum);
            if (draft.residual() != null) {
                readers.merge(draft.residual(), 1, Integer::sum);
            }
        }
        for (int start = 0; start < drafts.size(); start++) {
            int end = start + 1;
            while (end < drafts.size() && !isProjection(start, end - 1) && follows(drafts.get(end - 1), drafts.get(end), readers)) {
                end++;
            }
            if (end - start > 1) {
                List<Draft> joined = drafts.subList(start, end);
                OperationSpec.Chain spec = new OperationSpec.Chain(joined.stream().map(Draft::spec).toList());
                if (fuses.test(spec)) {
                    Draft last = joined.get(joined.size() - 1);
                    Draft draft = new Draft(joined.stream().flatMap(each -> each.ops().stream()).toList(), spec, Plan.Domain.SPATIAL,
                            joined.stream().map(each -> each.parameters().get(0)).toList(), joined.get(0).in(), last.out(), last.residual());
                    joined.clear();
                    drafts.add(start, draft);
                }
            }
        }
    }

    /** Whether the draft at {@code at} is a pointwise layer behind a depthwise one that is not before {@code start}. */
    private boolean isProjection(int start, int at) {
        return at > start && drafts.get(at).spec() instanceof OperationSpec.Pointwise && drafts.get(at - 1).spec() instanceof OperationSpec.Depthwise;
    }

    private static boolean follows(Draft first, Draft second, Map<Value, Integer> readers) {
        return isChainable(first) && first.residual() == null && isChainable(second) && second.in() == first.out() && readers.get(first.out()) == 1;
    }

    private static boolean isChainable(Draft draft) {
        OperationSpec spec = draft.spec();
        return spec instanceof OperationSpec.Conv2d || spec instanceof OperationSpec.Depthwise || spec instanceof OperationSpec.Pointwise;
    }

    // ---- memory and bands

    private Planned place(Value input, Value output) {
        for (int step = 0; step < drafts.size(); step++) {
            Draft draft = drafts.get(step);
            draft.out().first = step;
            draft.out().last = Math.max(draft.out().last, step);
            draft.in().last = step;
            if (draft.residual() != null) {
                draft.residual().last = step;
            }
        }
        output.last = drafts.size();
        List<Value> roots = new ArrayList<>(List.of(input));
        for (int step = 0; step < drafts.size(); step++) {
            Draft draft = drafts.get(step);
            Value residual = draft.residual();
            // A residual that nobody reads later is overwritten in place.
            if (residual != null && residual.last == step && residual != draft.in()) {
                draft.out().aliasOf = residual.root();
                residual.root().last = draft.out().last;
            } else {
                roots.add(draft.out());
            }
        }
        ArenaPlanner arena = ArenaPlanner.place(roots.stream()
                .map(root -> new ArenaPlanner.Lifetime(root.elements * maxBatch, root.first, root.last))
                .toList());
        Map<Value, Long> offsets = new HashMap<>();
        for (int root = 0; root < roots.size(); root++) {
            offsets.put(roots.get(root), arena.offset(root));
        }
        List<Plan.Step> steps = new ArrayList<>();
        for (Draft draft : drafts) {
            Operands operands = new Operands(offsets.get(draft.in().root()), offsets.get(draft.out().root()),
                    draft.residual() == null ? -1 : offsets.get(draft.residual().root()));
            steps.add(new Plan.Step(draft.ops(), draft.spec(), draft.domain(), bands(draft.spec()), operands));
        }
        Plan plan = new Plan(steps, maxBatch, arena.elements(), offsets.get(input.root()), offsets.get(output.root()));
        return new Planned(plan, drafts.stream().map(Draft::parameters).toList());
    }

    private List<Bands> bands(OperationSpec spec) {
        if (!(spec instanceof OperationSpec.BandPointwise band)) {
            return List.of();
        }
        List<Bands> byBatch = new ArrayList<>(maxBatch);
        for (int batch = 1; batch <= maxBatch; batch++) {
            byBatch.add(BandPlanner.plan(band.staircase(), band.outChannels(), (long) band.in().blocks(band.block()) * batch, cost));
        }
        return byBatch;
    }
}
