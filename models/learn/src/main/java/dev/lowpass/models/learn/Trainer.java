package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * Trains a network from scratch: stochastic gradient descent with Nesterov momentum on cross entropy with smoothed labels; photos
 * shifted and mirrored at random, smaller ones first. The rate rises, stays, and falls linearly to nothing from two fifths of the
 * training on, so that a training that was cut off can be given more epochs as long as it has not begun to fall.
 */
final class Trainer implements AutoCloseable {

    /**
     * How to train.
     *
     * @param epochs passes over the photos
     * @param smallEpochs how many of them, at first, with photos of 3/4 the side
     * @param batch photos a step
     * @param rate the peak learning rate
     * @param decay of weights, per step and rate
     * @param smoothing of labels: the share that goes to all classes alike
     * @param seed of weights, order and augmentation
     * @param threads workers
     */
    record Recipe(int epochs, int smallEpochs, int batch, double rate, double decay, double smoothing, long seed, int threads) {}

    private static final int MICRO_BATCH = 32;
    /** Photos of which the moments of a network to go on from are taken. */
    private static final int MOMENTS_OF = 512;
    private static final double MOMENTUM = 0.9;
    private static final double WARM_UP = 0.05;
    private static final double FALL_FROM = 0.4;
    private static final Augmentation.Strength AUGMENTED = new Augmentation.Strength(3, 1);

    private final PhotoSet photos;
    private final Preprocess preprocess;
    private final Augmentation augmentation;
    private final BatchNormNetwork network;
    private final Recipe recipe;
    /** How long a checkpoint stays the newest. */
    long checkpointNanos = 60_000_000_000L;

    private final NDManager root;
    private final Workers workers;
    private final Path checkpoint;
    private final Consumer<String> log;
    private final float[] vector;
    private final float[] momentum;
    private final boolean[] decayed;
    private final String made;
    private final Optional<Checkpoint> saved;

    /**
     * @param from a network of the same ops to go on from, instead of weights at random
     * @param checkpoint a file that is written every minute and after every epoch, and read when it is there
     * @param log gets a line now and then
     */
    Trainer(Graph graph, PhotoSet photos, Preprocess preprocess, Recipe recipe, Optional<ModelDefinition> from, Path checkpoint, Consumer<String> log) throws IOException {
        this.photos = photos;
        this.preprocess = preprocess;
        this.recipe = recipe;
        this.checkpoint = checkpoint;
        this.log = log;
        augmentation = new Augmentation(photos, preprocess);
        network = new BatchNormNetwork(graph);
        decayed = network.decayed();
        root = Libtorch.start();
        workers = new Workers(recipe.threads());
        made = made(from);
        saved = Checkpoint.read(checkpoint, made, network.size(), network.size());
        vector = saved.map(Checkpoint::vector).orElseGet(() -> from.map(this::continueFrom).orElseGet(() -> network.initialize(recipe.seed())));
        momentum = saved.map(Checkpoint::momentum).orElseGet(() -> new float[vector.length]);
    }

    private float[] continueFrom(ModelDefinition from) {
        if (!from.graph().ops().equals(network.graph().ops())) {
            throw new LearnException("the model to go on from has other ops than the network that is trained; give one that train made");
        }
        try (FoldedNetwork folded = new FoldedNetwork(root, from)) {
            int n = Math.min(MOMENTS_OF, photos.size());
            float[] input = augmentation.plain(Arrays.copyOf(statisticsOrder(), n));
            return network.continueFrom(from, workers.run(List.of((Callable<Map<String, float[][]>>) () -> folded.moments(input, n))).get(0));
        }
    }

    /** The photos in the order in which statistics are taken of them. */
    private int[] statisticsOrder() {
        return PhotoSet.shuffled(photos.size(), new SplittableRandom(recipe.seed() * 1_000_003 - 1));
    }

    /** Without the epochs, which may be changed as long as the rate has not begun to fall. */
    private String made(Optional<ModelDefinition> from) {
        return String.format(Locale.ROOT, "train batch %d rate %s decay %s smoothing %s seed %d photos %d %s%s", recipe.batch(), recipe.rate(), recipe.decay(),
                recipe.smoothing(), recipe.seed(), photos.size(), new Fingerprint().add(photos), from.map(model -> " from a model " + new Fingerprint().add(model)).orElse(""));
    }

    /** The rate at a share of the training, 0 to 1. */
    static double rate(double progress, double peak) {
        return peak * Math.min(1, Math.min(progress / WARM_UP, (1 - progress) / (1 - FALL_FROM)));
    }

    /** Trains to the end, or from the checkpoint to the end, and gives the folded network. */
    ModelDefinition train(PhotoSet heldOut) throws IOException {
        Descent.Plan plan = new Descent.Plan(photos.size(), recipe.batch(), MICRO_BATCH, recipe.epochs(), recipe.seed());
        if (saved.isPresent() && saved.get().step() > plan.steps()) {
            throw new LearnException("checkpoint " + checkpoint + " has made " + saved.get().step() + " steps, more than the " + plan.steps() + " of " + recipe.epochs()
                    + " epochs; give more --epochs, delete it, or name another file with --checkpoint");
        }
        new Descent("train", "accuracy", plan, workers, checkpoint, checkpointNanos, made, saved, vector).run(new Descent.Problem() {
            private double rate;

            @Override
            public Descent.Part gradient(int[] chosen, int epoch, double weight) {
                int side = epoch < recipe.smallEpochs() ? photos.plane().height() * 3 / 4 : photos.plane().height();
                return Trainer.this.gradient(chosen, side, epoch, weight);
            }

            @Override
            public void update(float[] gradient, long step) {
                rate = rate((step + 0.5) / plan.steps(), recipe.rate());
                move(gradient, rate);
            }

            @Override
            public String state() {
                return String.format(Locale.ROOT, "rate %.4f", rate);
            }

            @Override
            public float[] memory() {
                return momentum;
            }

            @Override
            public void epochDone(int epoch, Progress progress) {
                if (epoch + 1 < recipe.epochs()) {
                    progress.note(String.format(Locale.ROOT, "epoch %d/%d held-out accuracy %.2f %% of %d", epoch + 1, recipe.epochs(),
                            100 * accuracy(export(32), heldOut), heldOut.size()));
                }
            }
        }, log);
        return export(160);
    }

    /** One step of stochastic gradient descent with Nesterov's momentum. */
    private void move(float[] gradient, double rate) {
        for (int i = 0; i < vector.length; i++) {
            double g = gradient[i] + (decayed[i] ? recipe.decay() * vector[i] : 0);
            double m = MOMENTUM * momentum[i] + g;
            momentum[i] = (float) m;
            vector[i] -= (float) (rate * (g + MOMENTUM * m));
        }
    }

    private Descent.Part gradient(int[] chosen, int side, int epoch, double weight) {
        Plane plane = photos.plane();
        int elements = side * side * plane.channels();
        int classes = photos.classes().size();
        float[] input = new float[chosen.length * elements];
        float[] targets = new float[chosen.length * classes];
        Arrays.fill(targets, (float) (recipe.smoothing() / classes));
        for (int i = 0; i < chosen.length; i++) {
            SplittableRandom random = new SplittableRandom((recipe.seed() * 31 + epoch) * 1_000_000_007L + chosen[i]);
            augmentation.random(chosen[i], side, side, AUGMENTED, random, input, i * elements);
            targets[i * classes + photos.labels()[chosen[i]]] += (float) (1 - recipe.smoothing());
        }
        try (NDManager manager = root.newSubManager(); NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
            NDArray parameters = Libtorch.array(manager, vector, vector.length);
            parameters.setRequiresGradient(true);
            BatchNormNetwork.Statistics statistics = network.newStatistics(manager);
            NDArray logits = network.forward(parameters, Libtorch.images(manager, input, chosen.length, side, side, plane.channels()), statistics);
            NDArray loss = Libtorch.crossEntropy(manager, logits, targets, weight);
            Libtorch.backward(loss);
            int right = Evaluation.hits(logits.toFloatArray(), Arrays.stream(chosen).map(photo -> photos.labels()[photo]).toArray());
            return new Descent.Part(loss.toType(DataType.FLOAT32, false).getFloat(), right, Libtorch.gradient(parameters));
        }
    }

    /** The network with batch normalisation folded, its statistics taken afresh over so many batches of 64 photos. */
    private ModelDefinition export(int batches) {
        int count = Math.min(batches, Math.max(1, photos.size() / 64));
        int[] order = statisticsOrder();
        Plane plane = photos.plane();
        try (NDManager manager = root.newSubManager()) {
            BatchNormNetwork.Statistics statistics = network.newStatistics(manager);
            workers.run(List.of((Callable<Void>) () -> {
                Libtorch.setGradients(false);
                try {
                    for (int b = 0; b < count; b++) {
                        int n = Math.min(64, photos.size());
                        float[] input = augmentation.plain(Arrays.copyOfRange(order, b * n, (b + 1) * n));
                        statistics.keep = b / (b + 1f);
                        try (NDManager batch = root.newSubManager(); NDScope scope = new NDScope()) {
                            scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
                            network.forward(Libtorch.array(batch, vector, vector.length),
                                    Libtorch.images(batch, input, n, plane.height(), plane.width(), plane.channels()), statistics);
                        }
                    }
                } finally {
                    Libtorch.setGradients(true);
                }
                return null;
            }));
            return new ModelDefinition(network.graph(), network.fold(vector, statistics), preprocess, photos.classes(), Map.of(), Optional.empty());
        }
    }

    /** The share of photos whose largest logit is their label's. */
    double accuracy(ModelDefinition model, PhotoSet measured) {
        try (FoldedNetwork folded = new FoldedNetwork(root, model)) {
            return Evaluation.accuracy(Evaluation.logits(workers, folded, preprocess, measured), measured.labels());
        }
    }

    @Override
    public void close() {
        workers.close();
        root.close();
    }
}
