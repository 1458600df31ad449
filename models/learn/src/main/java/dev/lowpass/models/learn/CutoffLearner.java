package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * Learns cutoffs by self-distillation: the uncut network teaches the cut one on unlabelled photos. Thresholds start where the
 * {@link Saliency} of the tails puts them, half-way to the target; a price on the kept multiply-accumulates, raised while more than
 * planned is kept and lowered while less, pulls them down to the target over the first half of the steps; after 7/10 of the steps
 * they are cut to the target exactly and only scales, biases and filters go on. Optimiser: Adam (arXiv 1412.6980).
 */
final class CutoffLearner implements AutoCloseable {

    /**
     * How to learn.
     *
     * @param keep the target share of pointwise multiply-accumulates
     * @param epochs passes over the photos; 0 only selects by saliency
     * @param tune what changes besides the thresholds
     * @param rate for scales, biases and normalised filters
     * @param batch photos a step
     * @param labelled whether the photos' labels are learned from too, half and half with the teacher
     * @param shift pixels by which photos are moved at random
     * @param seed of everything random
     */
    record Recipe(double keep, int epochs, CutoffNetwork.Tune tune, double rate, int batch, boolean labelled, int shift, long seed) {}

    private static final double TEMPERATURE = 1;
    private static final double THRESHOLD_RATE = 0.3;
    private static final double TARGET_AT = 0.5;
    private static final double FROZEN_FROM = 0.7;
    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-8;

    /** How long a checkpoint stays the newest. */
    long checkpointNanos = 60_000_000_000L;

    private final NDManager root;
    private final Workers workers;
    private final ModelDefinition open;
    private final PhotoSet photos;
    private final PhotoSet heldOut;
    private final Consumer<String> log;
    private final FoldedNetwork teacher;
    private final Augmentation augmentation;
    private final int microBatch;
    private Saliency saliency;

    /**
     * @param uncut the teacher
     * @param block as {@link CutoffLayers#open} takes it
     * @param photos to learn from
     * @param heldOut photos on which agreement is told
     */
    CutoffLearner(ModelDefinition uncut, int block, PhotoSet photos, PhotoSet heldOut, int threads, Consumer<String> log) {
        this.photos = photos;
        this.heldOut = heldOut;
        this.log = log;
        root = Libtorch.start();
        workers = new Workers(threads);
        open = CutoffLayers.open(uncut, block);
        teacher = new FoldedNetwork(root, uncut);
        augmentation = new Augmentation(photos, uncut.preprocess());
        microBatch = Math.max(2, Math.min(32, 32 * 1024 / photos.plane().area()));
    }

    /** The saliency of the tails, measured once, on at most 2,000 of the photos. */
    private Saliency saliency(long seed) {
        if (saliency == null) {
            PhotoSet measured = photos.size() > 2000 ? photos.split(2000, seed).get(0) : photos;
            long started = System.nanoTime();
            int[] told = new int[1];
            saliency = Saliency.of(root, workers, open, measured, seed, microBatch, done -> {
                if (done - told[0] >= 200 || done == measured.size()) {
                    told[0] = done;
                    double each = (System.nanoTime() - started) / 1e9 / done;
                    log.accept(String.format(Locale.ROOT, "saliency %d/%d photos, %s left", done, measured.size(),
                            Trainer.duration((measured.size() - done) * each)));
                }
            });
        }
        return saliency;
    }

    /** The share of held-out photos about whose class the model and its teacher agree. */
    double agreement(ModelDefinition model) {
        return Evaluation.agreement(logits(model, heldOut), Evaluation.logits(workers, teacher, model.preprocess(), heldOut));
    }

    /** The share of labelled photos that a model gets right. */
    double accuracy(ModelDefinition model, PhotoSet labelled) {
        return Evaluation.accuracy(logits(model, labelled), labelled.labels());
    }

    float[][] logits(ModelDefinition model, PhotoSet measured) {
        try (FoldedNetwork network = new FoldedNetwork(root, model)) {
            return Evaluation.logits(workers, network, model.preprocess(), measured);
        }
    }

    /** Keeps at most the recipe's share: selects, and learns unless there are no epochs. */
    ModelDefinition learn(Recipe recipe, Path checkpoint) throws IOException {
        if (recipe.epochs() == 0) {
            return CutoffLayers.withCutoffs(open, saliency(recipe.seed()).select(recipe.keep()));
        }
        try (Run run = new Run(recipe, checkpoint)) {
            return run.toEnd();
        }
    }

    private final class Run implements AutoCloseable {
        private final Recipe recipe;
        private final Path checkpoint;
        private final CutoffNetwork network;
        private final CutoffNetwork.Kind[] kinds;
        private final double[] costs;
        private final int[] limits;
        private final float[] vector;
        /** First moments, second moments, the price, the kept share at the start. */
        private final float[] memory;
        private final long total;
        private long step;

        Run(Recipe recipe, Path checkpoint) throws IOException {
            this.recipe = recipe;
            this.checkpoint = checkpoint;
            network = new CutoffNetwork(root, open, recipe.tune(), TEMPERATURE);
            kinds = network.kinds();
            costs = network.costs();
            limits = network.limits();
            total = (long) stepsPerEpoch() * recipe.epochs();
            Optional<Checkpoint> saved = Checkpoint.read(checkpoint, made(), network.size());
            if (saved.isPresent()) {
                vector = saved.get().vector();
                memory = saved.get().momentum();
                step = saved.get().step();
                log.accept("going on from step " + step + " of " + checkpoint);
            } else {
                vector = network.initialize(saliency(recipe.seed()).select((1 + recipe.keep()) / 2));
                memory = new float[2 * vector.length + 2];
                memory[2 * vector.length] = 1;
                memory[2 * vector.length + 1] = (float) kept();
            }
        }

        private String made() {
            return "learn " + recipe + " photos " + photos.size();
        }

        private int stepsPerEpoch() {
            return Math.max(1, photos.size() / recipe.batch());
        }

        private double kept() {
            return CutoffLayers.keptShare(network.graph(), network.cutoffs(vector));
        }

        ModelDefinition toEnd() throws IOException {
            long started = System.nanoTime();
            long saved = started;
            long first = step;
            double lossSum = 0;
            int lossCount = 0;
            while (step < total) {
                int epoch = (int) (step / stepsPerEpoch());
                int[] order = PhotoSet.shuffled(photos.size(), new SplittableRandom(recipe.seed() * 1_000_003 + epoch));
                for (int i = (int) (step % stepsPerEpoch()); i < stepsPerEpoch(); i++) {
                    lossSum += step(order, i, epoch);
                    lossCount++;
                    step++;
                    if (lossCount == 20 || i == stepsPerEpoch() - 1) {
                        double perStep = (System.nanoTime() - started) / 1e9 / (step - first);
                        log.accept(String.format(Locale.ROOT, "epoch %d/%d step %d/%d loss %.4f kept %.4f %.0f photos/s, %s left", epoch + 1, recipe.epochs(), i + 1,
                                stepsPerEpoch(), lossSum / lossCount, kept(), recipe.batch() / perStep, Trainer.duration((total - step) * perStep)));
                        lossSum = 0;
                        lossCount = 0;
                    }
                    if (System.nanoTime() - saved > checkpointNanos) {
                        save();
                        saved = System.nanoTime();
                    }
                }
                save();
                saved = System.nanoTime();
                log.accept(String.format(Locale.ROOT, "epoch %d/%d kept %.4f agreement %.2f %% of %d", epoch + 1, recipe.epochs(), kept(),
                        100 * agreement(network.export(vector)), heldOut.size()));
            }
            return network.export(vector);
        }

        private void save() throws IOException {
            new Checkpoint(made(), step, vector, memory).write(checkpoint);
        }

        private record Part(double loss, float[] gradient) {}

        private double step(int[] order, int index, int epoch) {
            double progress = (double) step / total;
            boolean onlyThresholds = recipe.tune() == CutoffNetwork.Tune.NONE;
            double freeze = onlyThresholds ? 1 : FROZEN_FROM;
            boolean frozen = progress >= freeze;
            int from = index * recipe.batch();
            int to = Math.min(photos.size(), from + recipe.batch());
            List<Callable<Part>> parts = new ArrayList<>();
            for (int at = from; at < to; at += microBatch) {
                int[] chosen = Arrays.copyOfRange(order, at, Math.min(to, at + microBatch));
                parts.add(() -> gradient(chosen, epoch, 1.0 / (to - from)));
            }
            double loss = 0;
            float[] gradient = null;
            for (Part part : workers.run(parts)) {
                loss += part.loss();
                if (gradient == null) {
                    gradient = part.gradient();
                } else {
                    for (int i = 0; i < gradient.length; i++) {
                        gradient[i] += part.gradient()[i];
                    }
                }
            }
            if (Double.isNaN(loss)) {
                throw new LearnException("the loss is NaN at step " + step + "; delete " + checkpoint + " and start again with a lower --rate");
            }
            if (!frozen) {
                press(gradient, progress);
            }
            double thresholdRate = frozen ? 0 : THRESHOLD_RATE * Math.min(1, (freeze - progress) / (freeze / 2));
            double tuneRate = onlyThresholds ? 0 : recipe.rate() * Math.min(1, Math.min((progress + 0.01) / 0.05, (1 - progress) / 0.5));
            adam(gradient, thresholdRate, tuneRate);
            if (progress < freeze && (double) (step + 1) / total >= freeze || onlyThresholds && step + 1 == total) {
                cutToTarget();
            }
            return loss;
        }

        /** Adds the price of what is kept to the thresholds' gradients. */
        private void press(float[] gradient, double progress) {
            int at = 2 * vector.length;
            double planned = recipe.keep() + (memory[at + 1] - recipe.keep()) * Math.max(0, 1 - progress / TARGET_AT);
            memory[at] = (float) Math.max(0.01, Math.min(1000, memory[at] * (kept() > planned ? 1.05 : 0.95)));
            for (int i = 0; i < vector.length; i++) {
                if (kinds[i] == CutoffNetwork.Kind.THRESHOLD) {
                    double slope = 0; // of the expected count of coefficients
                    for (int z = 0; z < limits[i]; z++) {
                        double m = 1 / (1 + Math.exp(-(vector[i] - z - 0.5)));
                        slope += m * (1 - m);
                    }
                    gradient[i] += (float) (memory[at] * costs[i] * slope);
                }
            }
        }

        private void adam(float[] gradient, double thresholdRate, double tuneRate) {
            double correction1 = 1 - Math.pow(BETA_1, step + 1.0);
            double correction2 = 1 - Math.pow(BETA_2, step + 1.0);
            int n = vector.length;
            for (int i = 0; i < n; i++) {
                double m = memory[i] = (float) (BETA_1 * memory[i] + (1 - BETA_1) * gradient[i]);
                double v = memory[n + i] = (float) (BETA_2 * memory[n + i] + (1 - BETA_2) * gradient[i] * gradient[i]);
                boolean threshold = kinds[i] == CutoffNetwork.Kind.THRESHOLD;
                vector[i] -= (float) ((threshold ? thresholdRate : tuneRate) * (m / correction1) / (Math.sqrt(v / correction2) + EPSILON));
                if (threshold) {
                    // Half a coefficient beyond either end, so that a gradient is left to come back by.
                    vector[i] = Math.max(-0.5f, Math.min(limits[i] + 0.5f, vector[i]));
                }
            }
        }

        /** Lowers (or raises) all thresholds alike until just the target is kept, and makes them whole. */
        private void cutToTarget() {
            double low = -256;
            double high = 256;
            float[] original = vector.clone();
            for (int round = 0; round < 60; round++) {
                double offset = (low + high) / 2;
                shift(original, offset);
                if (kept() > recipe.keep()) {
                    high = offset;
                } else {
                    low = offset;
                }
            }
            shift(original, low);
            for (int i = 0; i < vector.length; i++) {
                if (kinds[i] == CutoffNetwork.Kind.THRESHOLD) {
                    vector[i] = CutoffNetwork.cutoff(vector[i], limits[i]);
                }
            }
            log.accept(String.format(Locale.ROOT, "thresholds fixed at %.4f kept, moved by %.2f", kept(), low));
        }

        private void shift(float[] original, double offset) {
            for (int i = 0; i < vector.length; i++) {
                if (kinds[i] == CutoffNetwork.Kind.THRESHOLD) {
                    vector[i] = (float) (original[i] + offset);
                }
            }
        }

        private Part gradient(int[] chosen, int epoch, double weight) {
            Plane plane = photos.plane();
            int n = chosen.length;
            int elements = plane.elements();
            int classes = teacher.classes();
            float[] input = new float[n * elements];
            for (int i = 0; i < n; i++) {
                SplittableRandom random = new SplittableRandom((recipe.seed() * 31 + epoch) * 1_000_000_007L + chosen[i]);
                augmentation.random(chosen[i], plane.height(), plane.width(), recipe.shift(), random, input, i * elements);
            }
            float[] targets = teacher.logits(input, n);
            double entropy = 0;
            for (int i = 0; i < n; i++) {
                entropy += softmax(targets, i * classes, classes);
                if (recipe.labelled()) {
                    for (int c = 0; c < classes; c++) {
                        targets[i * classes + c] *= 0.5f;
                    }
                    targets[i * classes + photos.labels()[chosen[i]]] += 0.5f;
                }
            }
            try (NDManager manager = root.newSubManager(); NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
                NDArray parameters = Libtorch.array(manager, vector, vector.length);
                parameters.setRequiresGradient(true);
                NDArray logits = network.forward(parameters, Libtorch.images(manager, input, n, plane.height(), plane.width(), plane.channels()), null);
                NDArray loss = Libtorch.crossEntropy(manager, logits, targets, weight);
                Libtorch.backward(loss);
                double value = loss.toType(DataType.FLOAT32, false).getFloat() - (recipe.labelled() ? 0 : entropy * weight);
                return new Part(value, Libtorch.gradient(parameters));
            }
        }

        @Override
        public void close() {
            network.close();
        }
    }

    /** Turns logits into probabilities, in place; gives their entropy, the least that a cross entropy can be. */
    static double softmax(float[] values, int from, int count) {
        double most = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            most = Math.max(most, values[i]);
        }
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += Math.exp(values[i] - most);
        }
        double entropy = 0;
        for (int i = from; i < from + count; i++) {
            double log = values[i] - most - Math.log(sum);
            values[i] = (float) Math.exp(log);
            entropy -= Math.exp(log) * log;
        }
        return entropy;
    }

    @Override
    public void close() {
        workers.close();
        teacher.close();
        root.close();
    }
}
