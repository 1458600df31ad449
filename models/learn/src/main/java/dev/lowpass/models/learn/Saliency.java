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
import java.util.stream.IntStream;

/**
 * How much is lost with a channel's tail, to first order: {@code E[(sum of g x over the tail)^2]}, with x the tail's coefficients over an
 * image's whole plane and g the gradient of the log-probability of a class drawn from the network's own answer. It is twice the
 * divergence of the answers as the Fisher information of a factor on the tail predicts it (Molchanov et al., arXiv 1611.06440, score
 * single features so). No labels are needed.
 */
final class Saliency {

    private final Graph graph;
    /** By layer, {@code [k][channel]}: what is lost with the coefficients from k on. */
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
        try (CutoffNetwork network = new CutoffNetwork(root, open, CutoffNetwork.Tune.NONE)) {
            float[] vector = network.initialize(CutoffLayers.cutoffs(open));
            int round = 16 * microBatch;
            for (int start = 0; start < photos.size(); start += round) {
                int end = Math.min(photos.size(), start + round);
                List<Callable<Map<String, double[]>>> parts = new ArrayList<>();
                for (int at = start; at < end; at += microBatch) {
                    int from = at;
                    int n = Math.min(microBatch, end - at);
                    parts.add(() -> {
                        float[] input = plain.plain(IntStream.range(from, from + n).toArray());
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
            probes.forEach((name, probe) -> squares.put(name, tails(Libtorch.gradient(probe), n, (int) probe.getShape().get(3))));
            return squares;
        }
    }

    /** The squares of the sums of {@code [n][z][channel]} over z from k on, summed over n: {@code [k][channel]}. */
    static double[] tails(float[] values, int n, int channels) {
        int size = values.length / n;
        double[] squares = new double[size];
        double[] tail = new double[channels];
        for (int image = 0; image < n; image++) {
            java.util.Arrays.fill(tail, 0);
            for (int i = size - 1; i >= 0; i--) {
                tail[i % channels] += values[image * size + i];
                squares[i] += tail[i % channels] * tail[i % channels];
            }
        }
        return squares;
    }

    /**
     * The cutoffs that lose the least saliency in the tails while they keep at most a share of what the pointwise layers cost: each
     * channel takes the cutoff with the least sum of what its tail loses and a price on what its head costs; the price is found by
     * bisection.
     *
     * @param keep the share, above 0
     * @param costs of the network
     * @throws LearnException when even cutoffs of 0 keep more
     */
    Map<String, int[]> select(double keep, Costs costs) {
        costs.requireReachable(keep);
        double low = 0;
        double high = 1e-12;
        while (costs.share(graph, choose(high, costs)) > keep) {
            low = high;
            high *= 4;
        }
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (costs.share(graph, choose(middle, costs)) > keep) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return choose(high, costs);
    }

    private Map<String, int[]> choose(double price, Costs costs) {
        Map<String, int[]> cutoffs = new HashMap<>();
        for (GraphOp.PointwiseConv2d op : CutoffLayers.cut(graph)) {
            double cost = price * costs.coefficient(op);
            double[] values = saliency.get(op.name());
            int channels = op.inChannels();
            int[] chosen = new int[channels];
            for (int c = 0; c < channels; c++) {
                int area = values.length / channels;
                double best = Double.MAX_VALUE;
                for (int k = area; k >= 0; k--) {
                    double loss = (k == area ? 0 : values[k * channels + c]) + cost * k;
                    if (loss < best || loss == best && price > 0) {
                        best = loss;
                        chosen[c] = k;
                    }
                }
            }
            cutoffs.put(op.name(), chosen);
        }
        return cutoffs;
    }
}
