package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network whose cutoffs are learned. All that may be learned stands in one vector: a threshold per input channel of a cut layer; a
 * scale and a bias per output channel of every layer; and, where asked for, the filters, each divided by its root mean square so
 * that one rate suits all of them.
 *
 * <p>Coefficient z of a channel with threshold k passes with {@code m = sigmoid((k - z - 1/2) / T)}. The network computes with the
 * hard mask {@code m > 1/2} and differentiates the soft one (straight-through), so what is learned is what the file will hold.
 */
final class CutoffNetwork implements AutoCloseable {

    /** What may change besides the thresholds. */
    enum Tune {
        NONE,
        AFFINE,
        ALL
    }

    /** What a slot of the vector is. */
    enum Kind {
        THRESHOLD,
        SCALE,
        BIAS,
        WEIGHT
    }

    private record Slot(String op, Kind kind, int at, int length) {}

    private final ModelDefinition model;
    private final Graph graph;
    private final NDManager constants;
    private final List<Slot> slots = new ArrayList<>();
    private final Map<String, NDArray> directions = new HashMap<>();
    private final Map<String, NDArray> norms = new HashMap<>();
    private final Map<String, float[]> normValues = new HashMap<>();
    private final Map<Integer, NDArray> transforms = new HashMap<>();
    private final Map<Integer, NDArray> indices = new HashMap<>();
    private volatile double temperature = 1;
    private final int size;

    /** @param model with blocks on the layers that may be cut */
    CutoffNetwork(NDManager root, ModelDefinition model, Tune tune) {
        this.model = model;
        graph = model.graph();
        constants = root.newSubManager();
        int at = 0;
        for (GraphOp op : graph.ops()) {
            int[] shape = Filters.shape(op);
            if (shape == null) {
                continue;
            }
            float[] weight = model.parameters(op).weight();
            float[] norm = Filters.norms(weight, shape[0]);
            normValues.put(op.name(), norm);
            norms.put(op.name(), Libtorch.array(constants, norm, shape[0]));
            if (tune == Tune.ALL) {
                at = slot(op, Kind.WEIGHT, at, weight.length);
            } else {
                directions.put(op.name(), Libtorch.array(constants, divided(weight, norm), shape[0], shape[1], shape[2], shape[3]));
            }
            at = slot(op, Kind.SCALE, at, shape[0]);
            at = slot(op, Kind.BIAS, at, shape[0]);
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                at = slot(op, Kind.THRESHOLD, at, pointwise.inChannels());
                int block = pointwise.block();
                transforms.computeIfAbsent(block, b -> FrequencyPointwise.transform(constants, b, DataType.FLOAT32));
                indices.computeIfAbsent(block, b -> constants.arange(b * b).toType(DataType.FLOAT32, false).add(0.5f).reshape(b * b, 1));
            }
        }
        size = at;
    }

    /** Sets T of the soft mask: the higher, the more coefficients a threshold's gradient reaches over. 1 at first. */
    void temperature(double temperature) {
        this.temperature = temperature;
    }

    private int slot(GraphOp op, Kind kind, int at, int length) {
        slots.add(new Slot(op.name(), kind, at, length));
        return at + length;
    }

    private static float[] divided(float[] weight, float[] norms) {
        float[] direction = weight.clone();
        int fanIn = weight.length / norms.length;
        for (int i = 0; i < direction.length; i++) {
            direction[i] /= norms[i / fanIn];
        }
        return direction;
    }

    int size() {
        return size;
    }

    Graph graph() {
        return graph;
    }

    /** The vector at which the network is the model, with the given cutoffs. */
    float[] initialize(Map<String, int[]> cutoffs) {
        float[] vector = new float[size];
        for (Slot slot : slots) {
            Parameters parameters = model.parameters(graph.op(slot.op));
            switch (slot.kind) {
                case WEIGHT -> System.arraycopy(divided(parameters.weight(), normValues.get(slot.op)), 0, vector, slot.at, slot.length);
                case SCALE -> java.util.Arrays.fill(vector, slot.at, slot.at + slot.length, 1);
                case BIAS -> System.arraycopy(parameters.bias(), 0, vector, slot.at, slot.length);
                case THRESHOLD -> {
                    int[] values = cutoffs.get(slot.op);
                    for (int c = 0; c < slot.length; c++) {
                        vector[slot.at + c] = values[c];
                    }
                }
            }
        }
        return vector;
    }

    /** What each element of the vector is. */
    Kind[] kinds() {
        Kind[] kinds = new Kind[size];
        for (Slot slot : slots) {
            java.util.Arrays.fill(kinds, slot.at, slot.at + slot.length, slot.kind);
        }
        return kinds;
    }

    /** For each element that is a threshold, the share of the whole cost that one coefficient has; else 0. */
    double[] costs(Costs by) {
        double[] costs = new double[size];
        for (Slot slot : slots) {
            if (slot.kind == Kind.THRESHOLD) {
                java.util.Arrays.fill(costs, slot.at, slot.at + slot.length, by.coefficient((GraphOp.PointwiseConv2d) graph.op(slot.op)));
            }
        }
        return costs;
    }

    /** For each element that is a threshold, its largest value, the block's coefficients; else 0. */
    int[] limits() {
        int[] limits = new int[size];
        for (Slot slot : slots) {
            if (slot.kind == Kind.THRESHOLD) {
                int block = ((GraphOp.PointwiseConv2d) graph.op(slot.op)).block();
                java.util.Arrays.fill(limits, slot.at, slot.at + slot.length, block * block);
            }
        }
        return limits;
    }

    /** The cutoffs of a vector: how many z have {@code k - z - 1/2 > 0}. */
    Map<String, int[]> cutoffs(float[] vector) {
        Map<String, int[]> cutoffs = new LinkedHashMap<>();
        for (Slot slot : slots) {
            if (slot.kind == Kind.THRESHOLD) {
                int block = ((GraphOp.PointwiseConv2d) graph.op(slot.op)).block();
                int[] values = new int[slot.length];
                for (int c = 0; c < slot.length; c++) {
                    values[c] = cutoff(vector[slot.at + c], block * block);
                }
                cutoffs.put(slot.op, values);
            }
        }
        return cutoffs;
    }

    /** {@code ceil(k - 1/2)} within 0 to {@code limit}. */
    static int cutoff(double threshold, int limit) {
        return (int) Math.max(0, Math.min(limit, Math.ceil(threshold - 0.5)));
    }

    private Map<String, Map<Kind, NDArray>> pieces(NDArray vector) {
        long[] cuts = slots.stream().skip(1).mapToLong(Slot::at).toArray();
        Map<String, Map<Kind, NDArray>> pieces = new HashMap<>();
        int i = 0;
        for (NDArray piece : vector.split(cuts)) {
            Slot slot = slots.get(i++);
            pieces.computeIfAbsent(slot.op, op -> new HashMap<>()).put(slot.kind, piece);
        }
        return pieces;
    }

    /**
     * Logits {@code [n, classes]}, differentiable in the vector.
     *
     * @param probes null, or factors per coefficient and image by layer, {@code [n, 1, z, c]}, that the masks are multiplied by
     */
    NDArray forward(NDArray vector, NDArray input, Map<String, NDArray> probes) {
        return forward(vector, input, probes, new HashMap<>());
    }

    /**
     * The same.
     *
     * @param tensors receives what each op gives
     */
    NDArray forward(NDArray vector, NDArray input, Map<String, NDArray> probes, Map<String, NDArray> tensors) {
        Map<String, Map<Kind, NDArray>> pieces = pieces(vector);
        NDArray inverseTemperature = Libtorch.array(vector.getManager(), new float[] {(float) (1 / temperature)}, 1);
        return TorchGraph.forward(graph, input, (op, x) -> {
            int[] shape = Filters.shape(op);
            Map<Kind, NDArray> own = pieces.get(op.name());
            NDArray direction = own.containsKey(Kind.WEIGHT) ? own.get(Kind.WEIGHT).reshape(shape[0], shape[1], shape[2], shape[3]) : directions.get(op.name());
            NDArray weight = direction.mul(own.get(Kind.SCALE).mul(norms.get(op.name())).reshape(shape[0], 1, 1, 1));
            NDArray bias = own.get(Kind.BIAS);
            NDArray threshold = own.get(Kind.THRESHOLD);
            if (threshold == null) {
                return TorchGraph.convolve(op, x, weight, bias);
            }
            int block = ((GraphOp.PointwiseConv2d) op).block();
            NDArray mask = probes == null ? mask(threshold, indices.get(block), inverseTemperature) : probes.get(op.name());
            return FrequencyPointwise.apply(x, block, transforms.get(block), mask, weight, bias);
        }, tensors);
    }

    /** Hard in value, soft in gradient. */
    private static NDArray mask(NDArray threshold, NDArray index, NDArray inverseTemperature) {
        NDArray distance = threshold.reshape(1, -1).sub(index);
        NDArray soft = distance.mul(inverseTemperature).getNDArrayInternal().sigmoid();
        NDArray hard = distance.stopGradient().gt(0).toType(DataType.FLOAT32, false);
        return soft.add(hard.sub(soft.stopGradient()));
    }

    /** The model that a vector stands for. */
    ModelDefinition export(float[] vector) {
        Map<String, Parameters> parameters = new HashMap<>();
        Map<String, Map<Kind, Slot>> byOp = new HashMap<>();
        slots.forEach(slot -> byOp.computeIfAbsent(slot.op, op -> new HashMap<>()).put(slot.kind, slot));
        Map<String, int[]> cutoffs = cutoffs(vector);
        byOp.forEach((name, own) -> {
            float[] norm = normValues.get(name);
            float[] original = model.parameters().get(name).weight();
            Slot tuned = own.get(Kind.WEIGHT);
            Slot scale = own.get(Kind.SCALE);
            float[] weight = original.clone();
            int fanIn = weight.length / norm.length;
            for (int i = 0; i < weight.length; i++) {
                int o = i / fanIn;
                weight[i] = tuned == null ? original[i] * vector[scale.at + o] : vector[tuned.at + i] * norm[o] * vector[scale.at + o];
            }
            Slot bias = own.get(Kind.BIAS);
            parameters.put(name, new Parameters(weight, java.util.Arrays.copyOfRange(vector, bias.at, bias.at + bias.length), cutoffs.get(name)));
        });
        return new ModelDefinition(graph, parameters, model.preprocess(), model.labels(), model.provenance(), java.util.Optional.empty());
    }

    @Override
    public void close() {
        constants.close();
    }
}
