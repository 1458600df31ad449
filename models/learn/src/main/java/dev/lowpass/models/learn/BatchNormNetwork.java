package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A graph as it is trained: each convolution but the last is followed by a batch normalisation (Ioffe and Szegedy, arXiv
 * 1502.03167), which {@link #fold} takes into weights and biases. All that is learned stands in one vector.
 */
final class BatchNormNetwork {

    private static final float EPSILON = 1e-5f;

    /** Where an op's parameters stand in the vector: the filter, then a scale (none for the last op) and a shift per output channel. */
    private record Slots(int weight, int[] shape, int scale, int shift, int outChannels) {
        int weights() {
            return shape[0] * shape[1] * shape[2] * shape[3];
        }
    }

    /** Running mean and variance per op. */
    static final class Statistics {
        private final Map<String, NDArray> mean = new HashMap<>();
        private final Map<String, NDArray> variance = new HashMap<>();
        /** How much of the old values stays: 0 forgets them. */
        float keep;
    }

    private final Graph graph;
    private final Map<String, Slots> slots = new LinkedHashMap<>();
    private final long[] cuts;
    private final int size;

    BatchNormNetwork(Graph graph) {
        this.graph = graph;
        int at = 0;
        List<Long> bounds = new ArrayList<>();
        for (GraphOp op : graph.ops()) {
            int[] shape = Filters.shape(op);
            if (shape == null) {
                continue;
            }
            boolean last = op == graph.output();
            int weights = shape[0] * shape[1] * shape[2] * shape[3];
            int scale = at + weights;
            int shift = last ? scale : scale + shape[0];
            slots.put(op.name(), new Slots(at, shape, last ? -1 : scale, shift, shape[0]));
            if (at > 0) {
                bounds.add((long) at);
            }
            bounds.add((long) scale);
            if (!last) {
                bounds.add((long) shift);
            }
            at = shift + shape[0];
        }
        size = at;
        cuts = bounds.stream().mapToLong(Long::longValue).toArray();
    }

    Graph graph() {
        return graph;
    }

    /** The length of the vector. */
    int size() {
        return size;
    }

    /** Filters of variance 2 / fan-in (He et al., arXiv 1502.01852), scales 1, shifts 0. */
    float[] initialize(long seed) {
        Random random = new Random(seed);
        float[] vector = new float[size];
        for (Slots slot : slots.values()) {
            int fanIn = slot.shape[1] * slot.shape[2] * slot.shape[3];
            double deviation = slot.scale < 0 ? 0.01 : Math.sqrt(2.0 / fanIn);
            for (int i = 0; i < slot.weights(); i++) {
                vector[slot.weight + i] = (float) (random.nextGaussian() * deviation);
            }
            for (int c = 0; slot.scale >= 0 && c < slot.outChannels; c++) {
                vector[slot.scale + c] = 1;
            }
        }
        return vector;
    }

    /**
     * A vector that computes what a folded network does: its filters, scaled to the size that {@link #initialize} gives them, which
     * batch normalisation undoes, and scales and shifts that give each channel the mean and deviation it had.
     *
     * @param from a network of the same ops
     * @param moments as {@link FoldedNetwork#moments} tells them of it
     */
    float[] continueFrom(ModelDefinition from, Map<String, float[][]> moments) {
        float[] vector = new float[size];
        slots.forEach((name, slot) -> {
            Parameters parameters = from.parameters().get(name);
            float[] weight = parameters.weight();
            System.arraycopy(weight, 0, vector, slot.weight, weight.length);
            if (slot.scale < 0) {
                System.arraycopy(parameters.bias(), 0, vector, slot.shift, slot.outChannels);
                return;
            }
            int fanIn = weight.length / slot.outChannels;
            float[] norms = Filters.norms(weight, slot.outChannels);
            double deviation = Math.sqrt(2.0 / fanIn);
            for (int i = 0; i < weight.length; i++) {
                vector[slot.weight + i] *= (float) (deviation / norms[i / fanIn]);
            }
            System.arraycopy(moments.get(name)[1], 0, vector, slot.scale, slot.outChannels);
            System.arraycopy(moments.get(name)[0], 0, vector, slot.shift, slot.outChannels);
        });
        return vector;
    }

    /** The filters that mix channels and are normalised: all but the depthwise ones and the last. */
    List<Muon.Matrix> matrices() {
        return slots.values().stream()
                .filter(slot -> slot.shape[1] > 1 && slot.scale >= 0)
                .map(slot -> new Muon.Matrix(slot.weight, slot.outChannels, slot.weights() / slot.outChannels))
                .toList();
    }

    Statistics newStatistics(NDManager manager) {
        Statistics statistics = new Statistics();
        slots.forEach((name, slot) -> {
            if (slot.scale >= 0) {
                statistics.mean.put(name, manager.zeros(new Shape(slot.outChannels), DataType.FLOAT32));
                statistics.variance.put(name, manager.ones(new Shape(slot.outChannels), DataType.FLOAT32));
            }
        });
        return statistics;
    }

    /** Logits, normalised by the batch's own statistics, which are mixed into {@code statistics}. */
    NDArray forward(NDArray vector, NDArray input, Statistics statistics) {
        Map<Integer, NDArray> pieces = new HashMap<>();
        int at = 0;
        for (NDArray piece : vector.split(cuts)) {
            pieces.put(at, piece);
            at += (int) piece.size();
        }
        return TorchGraph.forward(graph, input, (op, x) -> {
            Slots slot = slots.get(op.name());
            NDArray weight = pieces.get(slot.weight).reshape(slot.shape[0], slot.shape[1], slot.shape[2], slot.shape[3]);
            if (slot.scale < 0) {
                return TorchGraph.convolve(op, x, weight, pieces.get(slot.shift));
            }
            NDArray y = TorchGraph.convolve(op, x, weight, null);
            return y.getNDArrayInternal()
                    .batchNorm(y, statistics.mean.get(op.name()), statistics.variance.get(op.name()), pieces.get(slot.scale), pieces.get(slot.shift), 1,
                            statistics.keep, EPSILON, true)
                    .singletonOrThrow();
        });
    }

    /** The parameters of the network without batch normalisation that computes the same. */
    Map<String, Parameters> fold(float[] vector, Statistics statistics) {
        Map<String, Parameters> folded = new HashMap<>();
        slots.forEach((name, slot) -> {
            float[] weight = java.util.Arrays.copyOfRange(vector, slot.weight, slot.weight + slot.weights());
            float[] bias = java.util.Arrays.copyOfRange(vector, slot.shift, slot.shift + slot.outChannels);
            if (slot.scale >= 0) {
                float[] mean = statistics.mean.get(name).toFloatArray();
                float[] variance = statistics.variance.get(name).toFloatArray();
                int fanIn = weight.length / slot.outChannels;
                for (int o = 0; o < slot.outChannels; o++) {
                    double factor = vector[slot.scale + o] / Math.sqrt((double) variance[o] + EPSILON);
                    for (int i = 0; i < fanIn; i++) {
                        weight[o * fanIn + i] = (float) (weight[o * fanIn + i] * factor);
                    }
                    bias[o] = (float) (bias[o] - mean[o] * factor);
                }
            }
            folded.put(name, new Parameters(weight, bias));
        });
        return folded;
    }
}
