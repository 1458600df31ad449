package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;

/**
 * How much each coefficient matters, to first order: {@code E[(g x)^2]}, with x the coefficient over an image's whole plane and g the
 * gradient of the log-probability of a class drawn from the network's own answer (Molchanov et al., arXiv 1611.06440; the empirical
 * Fisher information of a factor on the coefficient). No labels are needed.
 */
final class Saliency {

    private final Graph graph;
    private final Map<String, double[]> saliency;

    private Saliency(Graph graph, Map<String, double[]> saliency) {
        this.graph = graph;
        this.saliency = saliency;
    }

    /**
     * @param open the network with blocks and cutoffs that keep everything
     * @param progress is told how many images are done
     */
    static Saliency of(NDManager root, Workers workers, ModelDefinition open, PhotoSet photos, long seed, int microBatch, IntConsumer progress) {
        Map<String, double[]> sums = new HashMap<>();
        Augmentation plain = new Augmentation(photos, open.preprocess());
        int elements = photos.plane().elements();
        try (CutoffNetwork network = new CutoffNetwork(root, open, CutoffNetwork.Tune.NONE, 1)) {
            float[] vector = network.initialize(CutoffLayers.cutoffs(open));
            int round = 16 * microBatch;
            for (int start = 0; start < photos.size(); start += round) {
                int end = Math.min(photos.size(), start + round);
                List<Callable<Map<String, double[]>>> parts = new ArrayList<>();
                for (int at = start; at < end; at += microBatch) {
                    int from = at;
                    int n = Math.min(microBatch, end - at);
                    parts.add(() -> {
                        float[] input = new float[n * elements];
                        for (int i = 0; i < n; i++) {
                            plain.plain(from + i, input, i * elements);
                        }
                        return part(root, network, vector, photos.plane(), input, n, new SplittableRandom(seed * 1_000_003 + from));
                    });
                }
                for (Map<String, double[]> part : workers.run(parts)) {
                    part.forEach((name, values) -> {
                        double[] sum = sums.computeIfAbsent(name, key -> new double[values.length]);
                        for (int i = 0; i < sum.length; i++) {
                            sum[i] += values[i] / photos.size();
                        }
                    });
                }
                progress.accept(end);
            }
        }
        return new Saliency(open.graph(), sums);
    }

    private static Map<String, double[]> part(NDManager root, CutoffNetwork network, float[] vector, Plane plane, float[] input, int n, SplittableRandom random) {
        try (NDManager manager = root.newSubManager(); NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
            Map<String, NDArray> probes = new HashMap<>();
            for (GraphOp.PointwiseConv2d op : CutoffLayers.cut(network.graph())) {
                int area = op.block() * op.block();
                float[] ones = new float[n * area * op.inChannels()];
                java.util.Arrays.fill(ones, 1);
                NDArray probe = Libtorch.array(manager, ones, n, 1, area, op.inChannels());
                probe.setRequiresGradient(true);
                probes.put(op.name(), probe);
            }
            NDArray logits = network.forward(Libtorch.array(manager, vector, vector.length),
                    Libtorch.images(manager, input, n, plane.height(), plane.width(), plane.channels()), probes);
            NDArray log = logits.logSoftmax(1);
            float[] probabilities = log.exp().toFloatArray();
            int classes = probabilities.length / n;
            float[] drawn = new float[probabilities.length];
            for (int i = 0; i < n; i++) {
                double left = random.nextDouble();
                int c = 0;
                while (c < classes - 1 && (left -= probabilities[i * classes + c]) > 0) {
                    c++;
                }
                drawn[i * classes + c] = 1;
            }
            Libtorch.backward(log.mul(Libtorch.array(manager, drawn, n, classes)).sum());
            Map<String, double[]> squares = new HashMap<>();
            probes.forEach((name, probe) -> {
                float[] gradient = Libtorch.gradient(probe);
                double[] sum = new double[gradient.length / n];
                for (int i = 0; i < gradient.length; i++) {
                    sum[i % sum.length] += (double) gradient[i] * gradient[i];
                }
                squares.put(name, sum);
            });
            return squares;
        }
    }

    /**
     * The cutoffs that lose the least saliency in the tails while they keep at most a share of the pointwise multiply-accumulates: each
     * channel takes the cutoff with the least sum of what its tail loses and a price on what its head costs; the price is found by
     * bisection.
     *
     * @param keep the share, above 0
     * @throws LearnException when even cutoffs of 0 keep more
     */
    Map<String, int[]> select(double keep) {
        Map<String, int[]> none = choose(Double.MAX_VALUE);
        double least = CutoffLayers.keptShare(graph, none);
        if (least > keep) {
            throw new LearnException(String.format(java.util.Locale.ROOT,
                    "a share of %.3f of the pointwise MACs cannot be reached: layers that this block does not divide keep %.3f; use another --block or a larger --keep",
                    keep, least));
        }
        double low = 0;
        double high = 1e-12;
        while (CutoffLayers.keptShare(graph, choose(high)) > keep) {
            low = high;
            high *= 4;
        }
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (CutoffLayers.keptShare(graph, choose(middle)) > keep) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return choose(high);
    }

    private Map<String, int[]> choose(double price) {
        double total = CutoffLayers.pointwiseMacs(graph);
        Map<String, int[]> cutoffs = new HashMap<>();
        for (GraphOp.PointwiseConv2d op : CutoffLayers.cut(graph)) {
            double cost = price * (CutoffLayers.coefficientMacs(graph, op) / total);
            double[] values = saliency.get(op.name());
            int channels = op.inChannels();
            int[] chosen = new int[channels];
            for (int c = 0; c < channels; c++) {
                double tail = 0;
                double best = Double.MAX_VALUE;
                // From the whole block down: a tail grows by one coefficient at a time.
                for (int k = values.length / channels; k >= 0; k--) {
                    double loss = tail + cost * k;
                    if (loss < best || loss == best && price > 0) {
                        best = loss;
                        chosen[c] = k;
                    }
                    tail += k == 0 ? 0 : values[(k - 1) * channels + c];
                }
            }
            cutoffs.put(op.name(), chosen);
        }
        return cutoffs;
    }
}
