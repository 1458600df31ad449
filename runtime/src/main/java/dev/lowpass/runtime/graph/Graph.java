package dev.lowpass.runtime.graph;

import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Zigzag;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A network: one input, ops in an order in which each comes after what it reads, one output, and the plane of every tensor.
 * Immutable, and consistent once it exists.
 */
public final class Graph {

    /** The name of the network's input tensor. */
    public static final String INPUT = "input";

    /** Ops that an error message names before it only counts. */
    private static final int MAX_NAMES = 5;

    private final List<GraphOp> ops;
    private final Map<String, GraphOp> byName;
    private final Map<String, Plane> planes;
    private final Map<String, List<GraphOp>> consumers;
    private final GraphOp output;

    private Graph(List<GraphOp> ops, Map<String, GraphOp> byName, Map<String, Plane> planes, Map<String, List<GraphOp>> consumers, GraphOp output) {
        this.ops = List.copyOf(ops);
        this.byName = byName;
        this.planes = planes;
        this.consumers = consumers;
        this.output = output;
    }

    /**
     * Sorts, checks and infers shapes.
     *
     * @param input the plane of the network's input
     * @param ops in any order
     * @throws GraphException for a duplicate or reserved name, a dangling input, a cycle, an op without a consumer besides the
     *     output, channel counts or planes that do not fit or are too large, or
     *     a block that is out of range or does not divide its plane
     */
    public static Graph of(Plane input, List<? extends GraphOp> ops) {
        if (ops.isEmpty()) {
            throw new GraphException("the graph has no ops; a network needs at least one");
        }
        Map<String, GraphOp> byName = new LinkedHashMap<>();
        for (GraphOp op : ops) {
            if (op.name().isBlank() || op.name().equals(INPUT)) {
                throw new GraphException("an op is named \"" + op.name() + "\"; choose a name that is not blank and not the reserved \"" + INPUT + "\"");
            }
            if (byName.put(op.name(), op) != null) {
                throw new GraphException("two ops are named \"" + op.name() + "\"; op names must be unique");
            }
        }
        Map<String, List<GraphOp>> consumers = new LinkedHashMap<>();
        for (GraphOp op : ops) {
            for (String tensor : op.inputs()) {
                if (!tensor.equals(INPUT) && !byName.containsKey(tensor)) {
                    throw new GraphException("op \"" + op.name() + "\" reads \"" + tensor + "\", which no op produces; name an op or \"" + INPUT + "\"");
                }
                consumers.computeIfAbsent(tensor, t -> new ArrayList<>()).add(op);
            }
        }
        List<GraphOp> sorted = sort(byName, consumers);
        List<GraphOp> ends = sorted.stream().filter(op -> !consumers.containsKey(op.name())).toList();
        if (ends.size() != 1) {
            throw new GraphException("the graph has " + ends.size() + " outputs ("
                    + ends.stream().map(op -> '"' + op.name() + '"').collect(Collectors.joining(", "))
                    + "); exactly one op may have no consumer");
        }
        Map<String, Plane> planes = new LinkedHashMap<>();
        planes.put(INPUT, requireIndexable(INPUT, input));
        for (GraphOp op : sorted) {
            planes.put(op.name(), requireIndexable(op.name(), infer(op, planes)));
        }
        return new Graph(sorted, Collections.unmodifiableMap(byName), Collections.unmodifiableMap(planes), consumers, ends.get(0));
    }

    /** Each op as early as the given order allows; what remains unplaced is on or behind a cycle. */
    private static List<GraphOp> sort(Map<String, GraphOp> byName, Map<String, List<GraphOp>> consumers) {
        List<GraphOp> given = List.copyOf(byName.values());
        Map<String, Integer> position = new HashMap<>();
        Map<String, Integer> awaited = new HashMap<>(); // of an op's inputs, how many are not placed yet
        PriorityQueue<Integer> ready = new PriorityQueue<>();
        for (int i = 0; i < given.size(); i++) {
            GraphOp op = given.get(i);
            int inputs = (int) op.inputs().stream().filter(tensor -> !tensor.equals(INPUT)).count();
            position.put(op.name(), i);
            awaited.put(op.name(), inputs);
            if (inputs == 0) {
                ready.add(i);
            }
        }
        List<GraphOp> sorted = new ArrayList<>(given.size());
        while (!ready.isEmpty()) {
            GraphOp op = given.get(ready.remove());
            sorted.add(op);
            for (GraphOp consumer : consumers.getOrDefault(op.name(), List.of())) {
                if (awaited.merge(consumer.name(), -1, Integer::sum) == 0) {
                    ready.add(position.get(consumer.name()));
                }
            }
        }
        if (sorted.size() < given.size()) {
            List<String> waiting = given.stream().map(GraphOp::name).filter(name -> awaited.get(name) > 0).toList();
            throw new GraphException("the graph has a cycle through or before \""
                    + waiting.stream().limit(MAX_NAMES).collect(Collectors.joining("\", \""))
                    + (waiting.size() > MAX_NAMES ? "\" and " + (waiting.size() - MAX_NAMES) + " more" : "\"") + "; an op may only read what does not depend on it");
        }
        return sorted;
    }

    private static Plane infer(GraphOp op, Map<String, Plane> planes) {
        Plane in = planes.get(op.inputs().get(0));
        try {
            if (op instanceof GraphOp.Conv2d conv) {
                requireChannels(op, "in_channels", conv.inChannels(), in);
                return conv.window().out(in, conv.outChannels());
            } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
                requireChannels(op, "channels", depthwise.channels(), in);
                return depthwise.window().out(in, depthwise.channels());
            } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
                requireChannels(op, "in_channels", pointwise.inChannels(), in);
                if (pointwise.isTruncated()) {
                    Zigzag.checkBlock(pointwise.block());
                }
                if (pointwise.isTruncated() && !in.divisibleBy(pointwise.block())) {
                    throw new GraphException("op \"" + op.name() + "\" has block " + pointwise.block() + ", which does not divide its plane of "
                            + in.height() + "x" + in.width() + "; " + divisors(in));
                }
                return in.withChannels(pointwise.outChannels());
            } else if (op instanceof GraphOp.Add add) {
                Plane right = planes.get(add.right());
                if (!in.equals(right)) {
                    throw new GraphException("op \"" + op.name() + "\" adds \"" + add.left() + "\" of " + in + " and \"" + add.right() + "\" of " + right
                            + "; both must have the same shape");
                }
                return in;
            } else {
                return new Plane(1, 1, in.channels());
            }
        } catch (GraphException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new GraphException("op \"" + op.name() + "\" on a plane of " + in + ": " + e.getMessage());
        }
    }

    /** Arrays and buffers count elements in an int. */
    private static Plane requireIndexable(String tensor, Plane plane) {
        try {
            plane.elements();
        } catch (ArithmeticException e) {
            throw new GraphException("\"" + tensor + "\" is of " + plane + ", more than " + Integer.MAX_VALUE
                    + " elements; use a smaller plane or fewer channels");
        }
        return plane;
    }

    private static void requireChannels(GraphOp op, String field, int channels, Plane in) {
        if (channels != in.channels()) {
            throw new GraphException("op \"" + op.name() + "\" has " + field + " " + channels + ", but \"" + op.inputs().get(0) + "\" has "
                    + in.channels() + " channels; they must agree");
        }
    }

    private static String divisors(Plane plane) {
        String fit = IntStream.rangeClosed(Zigzag.MIN_BLOCK, Zigzag.MAX_BLOCK).filter(plane::divisibleBy).mapToObj(Integer::toString).collect(Collectors.joining(", "));
        return fit.isEmpty() ? "no block from " + Zigzag.MIN_BLOCK + " to " + Zigzag.MAX_BLOCK + " does: leave this layer without cutoffs" : "use a block of " + fit;
    }

    /** Every op, each after what it reads. */
    public List<GraphOp> ops() {
        return ops;
    }

    /**
     * The op of that name.
     *
     * @throws GraphException when there is none
     */
    public GraphOp op(String name) {
        GraphOp op = byName.get(name);
        if (op == null) {
            throw new GraphException("no op is named \"" + name + "\"");
        }
        return op;
    }

    public Plane input() {
        return planes.get(INPUT);
    }

    /** The op whose tensor is the network's result. */
    public GraphOp output() {
        return output;
    }

    /** The plane of a tensor: of {@value #INPUT} or of an op's result. */
    public Plane plane(String tensor) {
        return planes.get(tensor);
    }

    /** The plane that an op reads (of an Add: either). */
    public Plane inputPlane(GraphOp op) {
        return planes.get(op.inputs().get(0));
    }

    /**
     * Multiply-accumulates of an op of one image, with every coefficient kept; biases, activations, additions, transforms and pooling are
     * not counted.
     */
    public long macs(GraphOp op) {
        long out = plane(op.name()).elements();
        if (op instanceof GraphOp.Conv2d conv) {
            return out * conv.window().kernelHeight() * conv.window().kernelWidth() * conv.inChannels();
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return out * depthwise.window().kernelHeight() * depthwise.window().kernelWidth();
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            return out * pointwise.inChannels();
        }
        return 0;
    }

    /**
     * The pointwise convolutions that cutoffs can be given to: those on planes of more than 1x1, for a classifier behind a pool has no
     * frequencies and is left out, as in the paper's figures.
     */
    public List<GraphOp.PointwiseConv2d> truncatable() {
        return ops.stream().filter(GraphOp.PointwiseConv2d.class::isInstance).map(GraphOp.PointwiseConv2d.class::cast)
                .filter(op -> inputPlane(op).area() > 1).toList();
    }

    /** The ops that read a tensor, in no particular order; an Add of a tensor with itself counts twice. */
    public List<GraphOp> consumers(String tensor) {
        return Collections.unmodifiableList(consumers.getOrDefault(tensor, List.of()));
    }
}
