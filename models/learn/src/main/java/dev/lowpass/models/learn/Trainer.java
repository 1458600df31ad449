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
import java.util.stream.Collectors;

/**
 * Trains a network from scratch: matrices of weights by {@link Muon}, all else by stochastic gradient descent with Nesterov momentum, on
 * cross entropy with smoothed labels and, when there are teachers, mostly with what they say of the very photos that are shown, moved and
 * mixed as they are: a teacher gives more away on those than on photos that it has learned by heart (Beyer et al., arXiv 2106.05237).
 * Smaller photos come first. The rate rises, stays, and falls linearly to nothing from two fifths of the training on.
 */
final class Trainer implements AutoCloseable {

    /**
     * How to train.
     *
     * @param epochs passes over the photos
     * @param smallEpochs how many of them, at first, with photos of 3/4 the side
     * @param batch photos a step
     * @param rate the peak learning rate of all but matrices
     * @param smoothing of labels: the share that goes to all classes alike
     * @param angle by which a matrix turns at most in a step at the peak, in radians
     * @param augmented what is done to photos
     * @param mix the share of photos into which part of another is pasted
     * @param seed of weights, order and augmentation
     * @param threads workers
     */
    record Recipe(int epochs, int smallEpochs, int batch, double rate, double smoothing, double angle, Augmentation.Strength augmented, double mix, long seed,
            int threads) {}

    /** Photos that a worker takes at a time, over which batch normalisation is taken: a step of 128 keeps two workers busy. */
    private static final int MICRO_BATCH = 64;
    /** Photos of which the moments of a network to go on from are taken. */
    private static final int MOMENTS_OF = 512;
    private static final double MOMENTUM = 0.9;
    private static final double WARM_UP = 0.05;
    private static final double FALL_FROM = 0.4;
    /** The weight of a teacher's answer, and by what logits are divided before the two are compared (Hinton et al., arXiv 1503.02531). */
    private static final double DISTILLATION_WEIGHT = 0.9;
    private static final float TEMPERATURE = 2;

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
    private final boolean[] matrix;
    private final Muon muon;
    private final String made;
    private final Optional<Checkpoint> saved;
    private final List<FoldedNetwork> teachers;

    /**
     * @param from a network of the same ops to go on from, instead of weights at random
     * @param teachers networks whose mean answers are learned beside the labels, or none
     * @param checkpoint a file that is written every minute and after every epoch, and read when it is there
     * @param log gets a line now and then
     */
    Trainer(Graph graph, PhotoSet photos, Preprocess preprocess, Recipe recipe, Optional<ModelDefinition> from, List<ModelDefinition> teachers, Path checkpoint,
            Consumer<String> log) throws IOException {
        from.ifPresent(model -> requireSameOps(model, graph));
        teachers.forEach(model -> requireSameTask(model, photos, preprocess));
        this.photos = photos;
        this.preprocess = preprocess;
        this.recipe = recipe;
        this.checkpoint = checkpoint;
        this.log = log;
        augmentation = new Augmentation(photos, preprocess);
        network = new BatchNormNetwork(graph);
        root = Libtorch.start();
        workers = new Workers(recipe.threads());
        muon = new Muon(root, workers, network.matrices());
        matrix = new boolean[network.size()];
        network.matrices().forEach(m -> Arrays.fill(matrix, m.at(), m.at() + m.elements(), true));
        this.teachers = teachers.stream().map(model -> new FoldedNetwork(root, model)).toList();
        made = made(from, teachers);
        saved = Checkpoint.read(checkpoint, made, network.size(), network.size());
        vector = saved.map(Checkpoint::vector).orElseGet(() -> from.map(this::continueFrom).orElseGet(() -> network.initialize(recipe.seed())));
        momentum = saved.map(Checkpoint::momentum).orElseGet(() -> new float[vector.length]);
    }

    private static void requireSameOps(ModelDefinition from, Graph graph) {
        if (!from.graph().ops().equals(graph.ops())) {
            throw new LearnException("the model to go on from has other ops than the network that is trained; give one that this version's train made with the same --network");
        }
    }

    private static void requireSameTask(ModelDefinition teacher, PhotoSet photos, Preprocess preprocess) {
        if (!teacher.labels().equals(photos.classes())) {
            throw new LearnException("the teacher's classes are " + teacher.labels() + ", the photos' " + photos.classes() + "; give a teacher that train made of these photos");
        }
        if (!teacher.preprocess().equals(preprocess)) {
            throw new LearnException("the teacher's pre-processing is " + teacher.preprocess() + ", the network's " + preprocess + "; give a teacher that train made");
        }
    }

    private float[] continueFrom(ModelDefinition from) {
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

    private String made(Optional<ModelDefinition> from, List<ModelDefinition> teachers) {
        return String.format(Locale.ROOT, "train network %s epochs %d small epochs %d batch %d rate %s smoothing %s angle %s %s mix %s seed %d photos %d %s%s%s%s",
                new Fingerprint().add(network.graph()), recipe.epochs(), recipe.smallEpochs(), recipe.batch(), recipe.rate(), recipe.smoothing(), recipe.angle(),
                recipe.augmented(), recipe.mix(), recipe.seed(), photos.size(), new Fingerprint().add(photos), from.map(model -> " from a model " + new Fingerprint().add(model)).orElse(""),
                teachers.isEmpty() ? "" : " weight " + DISTILLATION_WEIGHT + " temperature " + TEMPERATURE,
                teachers.stream().map(model -> " teacher " + new Fingerprint().add(model)).collect(Collectors.joining()));
    }

    /** The rate and the angle at a share of the training, 0 to 1, as a share of their peaks. */
    static double schedule(double progress) {
        return Math.min(1, Math.min(progress / WARM_UP, (1 - progress) / (1 - FALL_FROM)));
    }

    /** Alternating flip (Jordan, arXiv 2404.00498): even epochs mirror a random half of the photos, odd epochs the other half. */
    static boolean isMirrored(long seed, int photo, int epoch) {
        return new SplittableRandom(seed + photo).nextBoolean() ^ (epoch & 1) == 1;
    }

    /** Probabilities to learn for photos {@code [n][class]}: their labels', smoothed; of a mixed photo each label's by its share of the pixels. */
    static float[] targets(int[] labels, int classes, double smoothing, Augmentation.Mixed mixed) {
        float[] targets = new float[labels.length * classes];
        Arrays.fill(targets, (float) (smoothing / classes));
        for (int i = 0; i < labels.length; i++) {
            targets[i * classes + labels[i]] += (float) ((1 - smoothing) * (1 - mixed.share()[i]));
            targets[i * classes + labels[mixed.with()[i]]] += (float) ((1 - smoothing) * mixed.share()[i]);
        }
        return targets;
    }

    /** Trains to the end, or from the checkpoint to the end, and gives the folded network. */
    ModelDefinition train(PhotoSet heldOut) throws IOException {
        Descent.Plan plan = new Descent.Plan(photos.size(), recipe.batch(), MICRO_BATCH, recipe.epochs(), recipe.seed());
        if (saved.map(Checkpoint::step).orElse(0L) < plan.steps()) {
            for (int i = 0; i < teachers.size(); i++) {
                log.accept(String.format(Locale.ROOT, "teacher %d of %d: held-out accuracy %.2f %% of %d", i + 1, teachers.size(),
                        100 * accuracy(teachers.get(i), heldOut), heldOut.size()));
            }
        }
        new Descent("train", "accuracy", plan, workers, checkpoint, checkpointNanos, made, saved, vector).run(new Descent.Problem() {
            private double share;

            @Override
            public Descent.Part gradient(int[] chosen, int epoch, double weight) {
                int side = epoch < recipe.smallEpochs() ? photos.plane().height() * 3 / 4 : photos.plane().height();
                return Trainer.this.gradient(chosen, side, epoch, weight);
            }

            @Override
            public void update(float[] gradient, long step) {
                share = schedule((step + 0.5) / plan.steps());
                move(gradient, share);
            }

            @Override
            public String state() {
                return String.format(Locale.ROOT, "rate %.4f", recipe.rate() * share);
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

    /**
     * One step: matrices by Muon, all else by stochastic gradient descent with Nesterov's momentum.
     *
     * @param share of the peak rate and angle
     */
    private void move(float[] gradient, double share) {
        double rate = recipe.rate() * share;
        muon.step(vector, momentum, gradient, recipe.angle() * share);
        for (int i = 0; i < vector.length; i++) {
            if (!matrix[i]) {
                double m = MOMENTUM * momentum[i] + gradient[i];
                momentum[i] = (float) m;
                vector[i] -= (float) (rate * (gradient[i] + MOMENTUM * m));
            }
        }
    }

    private Descent.Part gradient(int[] chosen, int side, int epoch, double weight) {
        Plane plane = photos.plane();
        int elements = side * side * plane.channels();
        int classes = photos.classes().size();
        int[] labels = Arrays.stream(chosen).map(photo -> photos.labels()[photo]).toArray();
        float[] input = new float[chosen.length * elements];
        SplittableRandom[] randoms = new SplittableRandom[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            randoms[i] = new SplittableRandom((recipe.seed() * 31 + epoch) * 1_000_000_007L + chosen[i]);
            augmentation.random(chosen[i], side, side, recipe.augmented(), isMirrored(recipe.seed(), chosen[i], epoch), randoms[i], input, i * elements);
        }
        float[] targets = targets(labels, classes, recipe.smoothing(), Augmentation.mix(input, new Plane(side, side, plane.channels()), recipe.mix(), randoms));
        try (NDManager manager = root.newSubManager(); NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
            NDArray images = Libtorch.images(manager, input, chosen.length, side, side, plane.channels());
            NDArray parameters = Libtorch.array(manager, vector, vector.length);
            parameters.setRequiresGradient(true);
            BatchNormNetwork.Statistics statistics = network.newStatistics(manager);
            NDArray logits = network.forward(parameters, images, statistics);
            double taught = teachers.isEmpty() ? 0 : DISTILLATION_WEIGHT;
            NDArray loss = Libtorch.crossEntropy(manager, logits, targets, (1 - taught) * weight);
            if (!teachers.isEmpty()) {
                float[] answers = meanAnswers(teachers.stream().map(teacher -> teacher.logits(images)).toList(), classes);
                NDArray warm = logits.mul(Libtorch.array(manager, new float[] {1 / TEMPERATURE}, 1));
                // The square keeps the gradient as large as without a temperature.
                loss = loss.add(Libtorch.crossEntropy(manager, warm, answers, taught * TEMPERATURE * TEMPERATURE * weight));
            }
            Libtorch.backward(loss);
            return new Descent.Part(loss.toType(DataType.FLOAT32, false).getFloat(), Evaluation.hits(logits.toFloatArray(), labels), Libtorch.gradient(parameters));
        }
    }

    /**
     * The mean of teachers' probabilities {@code [n][class]} at {@link #TEMPERATURE}.
     *
     * @param logits of each teacher, changed in place
     */
    static float[] meanAnswers(List<float[]> logits, int classes) {
        float[] mean = new float[logits.get(0).length];
        for (float[] answers : logits) {
            for (int i = 0; i < answers.length; i++) {
                answers[i] /= TEMPERATURE;
            }
            for (int at = 0; at < answers.length; at += classes) {
                Evaluation.softmax(answers, at, classes);
            }
            for (int i = 0; i < answers.length; i++) {
                mean[i] += answers[i] / logits.size();
            }
        }
        return mean;
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
            return accuracy(folded, measured);
        }
    }

    private double accuracy(FoldedNetwork folded, PhotoSet measured) {
        return Evaluation.accuracy(Evaluation.logits(workers, folded, preprocess, measured), measured.labels());
    }

    @Override
    public void close() {
        workers.close();
        teachers.forEach(FoldedNetwork::close);
        root.close();
    }
}
