package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Learns cutoffs by self-distillation: the uncut network teaches the cut one on unlabelled photos, by its answers and, on demand, by what its
 * linear bottlenecks hold. One run walks down through all targets. For each, thresholds start where the {@link Saliency} of the tails puts
 * them, by as much more or less as was learned before; they follow the loss, and after each step all are lowered or raised until just the
 * target is kept; then they stand and only scales, biases and filters go on, at a falling rate.
 * Optimiser: Adam (arXiv 1412.6980).
 */
final class CutoffLearner implements AutoCloseable {

    /**
     * How to learn.
     *
     * @param keep the target shares of what pointwise layers cost, falling
     * @param epochs passes over the photos for all targets together; 0 only selects by saliency
     * @param tune what changes besides the thresholds
     * @param rate for scales, biases and normalised filters
     * @param match weight of the bottlenecks' mean relative squared error beside the answers' cross entropy
     * @param batch photos a step
     * @param labelled whether the photos' labels are learned from too, half and half with the teacher
     * @param augmented how photos are changed at random
     * @param seed of everything random
     */
    record Recipe(List<Double> keep, int epochs, CutoffNetwork.Tune tune, double rate, double match, int batch, boolean labelled, Augmentation.Strength augmented, long seed) {
        Recipe {
            keep = List.copyOf(keep);
        }
    }

    private static final double THRESHOLD_RATE = 0.1;
    /** The share of the way to a target from where on the thresholds stand, unless nothing else is learned. */
    private static final double FROZEN_FROM = 0.6;
    /** Temperatures of the soft masks at the beginning of the way to a target and from {@link #FROZEN_FROM} on, geometrically between. */
    private static final double HOT = 1;
    private static final double COLD = 0.5;
    /** Coefficients by which the most willing threshold is moved at most: by then the others have moved as far as they can, too. */
    private static final double FARTHEST = 1e12;
    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-8;

    /** How long a checkpoint stays the newest. */
    long checkpointNanos = 60_000_000_000L;

    private final NDManager root;
    private final Workers workers;
    private final ModelDefinition open;
    private final Costs costs;
    private final PhotoSet photos;
    private final PhotoSet heldOut;
    private final Consumer<String> log;
    private final FoldedNetwork teacher;
    private final Augmentation augmentation;
    private final int microBatch;
    private Saliency saliency;

    /**
     * @param uncut the teacher
     * @param open the same with blocks on the layers that may be cut, and cutoffs that keep everything
     * @param costs of the network, of which the targets are shares
     * @param photos to learn from
     * @param heldOut photos on which agreement is told
     */
    CutoffLearner(ModelDefinition uncut, ModelDefinition open, Costs costs, PhotoSet photos, PhotoSet heldOut, int threads, Consumer<String> log) {
        this.open = open;
        this.costs = costs;
        this.photos = photos;
        this.heldOut = heldOut;
        this.log = log;
        root = Libtorch.start();
        workers = new Workers(threads);
        teacher = new FoldedNetwork(root, uncut);
        augmentation = new Augmentation(photos, uncut.preprocess());
        microBatch = Math.max(2, Math.min(32, 32 * 1024 / photos.plane().area()));
    }

    /** The saliency of the tails, measured once, on at most 2,000 of the photos. */
    private Saliency saliency(long seed) {
        if (saliency == null) {
            PhotoSet measured = photos.size() > 2000 ? photos.split(2000, seed).get(0) : photos;
            int[] told = new int[1];
            try (Progress progress = Progress.of("saliency", "photos", 0, measured.size(), log)) {
                saliency = Saliency.of(root, workers, open, measured, seed, microBatch, done -> {
                    progress.step(done - told[0], "");
                    told[0] = done;
                });
            }
        }
        return saliency;
    }

    /** The share of held-out photos about whose class the model and its teacher agree. */
    double agreement(ModelDefinition model) {
        return Evaluation.agreement(logits(model, heldOut), Evaluation.logits(workers, teacher, model.preprocess(), heldOut));
    }

    /** The mean divergence (Kullback and Leibler) of the model's answers from its teacher's on the held-out photos, in nats. */
    double divergence(ModelDefinition model) {
        float[][] answers = logits(model, heldOut);
        float[][] asked = Evaluation.logits(workers, teacher, model.preprocess(), heldOut);
        double sum = 0;
        for (int i = 0; i < asked.length; i++) {
            Evaluation.softmax(asked[i], 0, asked[i].length);
            Evaluation.softmax(answers[i], 0, answers[i].length);
            for (int c = 0; c < asked[i].length; c++) {
                sum += asked[i][c] * (Math.log(asked[i][c] + 1e-30) - Math.log(answers[i][c] + 1e-30));
            }
        }
        return sum / asked.length;
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

    /** The cutoffs that saliency selects for a target. */
    private Map<String, int[]> select(double keep, long seed) {
        return saliency(seed).select(keep, costs);
    }

    /** A model for each target, in the recipe's order: selected, and learned unless there are no epochs. */
    List<ModelDefinition> learn(Recipe recipe, Path checkpoint) throws IOException {
        recipe.keep().forEach(costs::requireReachable); // all of them before the first is worked for
        if (recipe.epochs() == 0) {
            List<ModelDefinition> selected = new ArrayList<>();
            for (double share : recipe.keep()) {
                selected.add(CutoffLayers.withCutoffs(open, select(share, recipe.seed())));
            }
            return selected;
        }
        try (Run run = new Run(recipe, checkpoint)) {
            return run.toEnd();
        }
    }

    private final class Run implements Descent.Problem, AutoCloseable {
        private final Recipe recipe;
        private final Path checkpoint;
        private final CutoffNetwork network;
        private final CutoffNetwork.Kind[] kinds;
        /** Where in the vector the thresholds are, those of a layer side by side. */
        private final int[] thresholds;
        private final double[] costs;
        private final int[] limits;
        private final List<String> matched;
        private final Descent.Plan plan;
        /** What decides the result. */
        private final String made;
        private final Optional<Checkpoint> saved;
        private final float[] vector;
        /** First moments, second moments, the vector at each target. */
        private final float[] memory;

        Run(Recipe recipe, Path checkpoint) throws IOException {
            this.recipe = recipe;
            this.checkpoint = checkpoint;
            network = new CutoffNetwork(root, open, recipe.tune());
            kinds = network.kinds();
            thresholds = IntStream.range(0, kinds.length).filter(i -> kinds[i] == CutoffNetwork.Kind.THRESHOLD).toArray();
            costs = network.costs(CutoffLearner.this.costs);
            limits = network.limits();
            matched = recipe.match() == 0 ? List.of() : bottlenecks(open.graph());
            plan = new Descent.Plan(photos.size(), recipe.batch(), microBatch, recipe.epochs(), recipe.seed());
            if (plan.steps() < recipe.keep().size()) {
                throw new LearnException(plan.steps() + " steps are too few for " + recipe.keep().size() + " targets; give more --epochs or fewer --keep");
            }
            int remembered = (2 + recipe.keep().size()) * network.size();
            made = "learn " + recipe + " photos " + photos.size() + " by " + CutoffLearner.this.costs.unit() + ", model and photos " + new Fingerprint().add(open).add(photos);
            saved = Checkpoint.read(checkpoint, made, network.size(), remembered);
            vector = saved.map(Checkpoint::vector).orElseGet(() -> network.initialize(select(recipe.keep().get(0), recipe.seed())));
            memory = saved.map(Checkpoint::momentum).orElseGet(() -> new float[remembered]);
            network.temperature(temperature(saved.map(Checkpoint::step).orElse(0L)));
        }

        /** Ops whose output is what they compute, without an activation, and no answer yet. */
        private static List<String> bottlenecks(Graph graph) {
            return graph.ops().stream().filter(op -> op.activation() == Activation.NONE && graph.plane(op.name()).area() > 1).map(GraphOp::name).toList();
        }

        private double kept() {
            return CutoffLearner.this.costs.share(network.graph(), network.cutoffs(vector));
        }

        List<ModelDefinition> toEnd() throws IOException {
            new Descent("learn", "agreement", plan, workers, checkpoint, checkpointNanos, made, saved, vector).run(this, log);
            List<ModelDefinition> models = new ArrayList<>();
            for (int target = 0; target < recipe.keep().size(); target++) {
                int at = (2 + target) * vector.length;
                models.add(network.export(Arrays.copyOfRange(memory, at, at + vector.length)));
            }
            return models;
        }

        @Override
        public float[] memory() {
            return memory;
        }

        @Override
        public String state() {
            return String.format(Locale.ROOT, "kept %.4f", kept());
        }

        @Override
        public void epochDone(int epoch, Progress progress) {
            progress.note(String.format(Locale.ROOT, "epoch %d/%d kept %.4f agreement %.2f %% of %d", epoch + 1, recipe.epochs(), kept(),
                    100 * agreement(network.export(vector)), heldOut.size()));
        }

        /** Thresholds of the next target: what saliency selects, by as much more or less as was learned on the way to the one before. */
        private void goOnFromSaliency(double before, double keep) {
            float[] selected = network.initialize(select(before, recipe.seed()));
            float[] next = network.initialize(select(keep, recipe.seed()));
            for (int i : thresholds) {
                vector[i] = bounded(next[i] + vector[i] - selected[i], i);
            }
        }

        /** At a step, 0 the first. */
        private double temperature(long step) {
            int target = target(step);
            double progress = (double) (step - begin(target)) / (begin(target + 1) - begin(target));
            return HOT * Math.pow(COLD / HOT, Math.min(1, progress / FROZEN_FROM));
        }

        /** The target that a step is on the way to; the last, after all steps. */
        private int target(long step) {
            int target = 0;
            while (target + 1 < recipe.keep().size() && step >= begin(target + 1)) {
                target++;
            }
            return target;
        }

        /** The step at which the way to a target begins. */
        private long begin(int target) {
            return plan.steps() * target / recipe.keep().size();
        }

        @Override
        public void update(float[] gradient, long step) {
            int target = target(step);
            double keep = recipe.keep().get(target);
            long steps = begin(target + 1) - begin(target);
            long done = step - begin(target);
            double progress = (double) done / steps;
            boolean onlyThresholds = recipe.tune() == CutoffNetwork.Tune.NONE;
            double freeze = onlyThresholds ? 1 : FROZEN_FROM;
            if (done == 0 && target > 0) {
                goOnFromSaliency(recipe.keep().get(target - 1), keep);
            }
            double thresholdRate = progress >= freeze ? 0 : THRESHOLD_RATE * Math.min(1, (freeze - progress) / (freeze / 2));
            double tuneRate = onlyThresholds ? 0 : recipe.rate() * Math.min(1, Math.min((progress + 0.02) / 0.1, (1 - progress) / 0.5));
            adam(gradient, step, thresholdRate, tuneRate);
            network.temperature(temperature(step + 1));
            boolean last = done + 1 == steps;
            if (progress < freeze) {
                hold(keep);
                if ((done + 1.0) / steps >= freeze || last) {
                    round();
                }
            }
            if (last) {
                System.arraycopy(vector, 0, memory, (2 + target) * vector.length, vector.length);
            }
        }

        private void adam(float[] gradient, long step, double thresholdRate, double tuneRate) {
            double correction1 = 1 - Math.pow(BETA_1, step + 1.0);
            double correction2 = 1 - Math.pow(BETA_2, step + 1.0);
            int n = vector.length;
            for (int i = 0; i < n; i++) {
                memory[i] = (float) (BETA_1 * memory[i] + (1 - BETA_1) * gradient[i]);
                memory[n + i] = (float) (BETA_2 * memory[n + i] + (1 - BETA_2) * gradient[i] * gradient[i]);
            }
            for (int i = 0; i < n; i++) {
                if (kinds[i] != CutoffNetwork.Kind.THRESHOLD) {
                    vector[i] -= (float) (tuneRate * (memory[i] / correction1) / (Math.sqrt(memory[n + i] / correction2) + EPSILON));
                }
            }
            double[] shared = sharedMoments();
            for (int j = 0; j < thresholds.length; j++) {
                int i = thresholds[j];
                vector[i] -= (float) (thresholdRate * (memory[i] / correction1) / (Math.sqrt(shared[j] / correction2) + EPSILON));
                vector[i] = bounded(vector[i], i);
            }
        }

        /**
         * For each threshold, the mean of the second moments of its layer's. Were each divided by its own, a threshold on which hardly
         * anything depends would walk as far as any other, led by nothing but noise.
         */
        private double[] sharedMoments() {
            double[] shared = new double[thresholds.length];
            int first = 0;
            double sum = 0;
            for (int j = 0; j < thresholds.length; j++) {
                sum += memory[vector.length + thresholds[j]];
                if (j + 1 == thresholds.length || thresholds[j + 1] > thresholds[j] + 1) {
                    Arrays.fill(shared, first, j + 1, sum / (j + 1 - first));
                    first = j + 1;
                    sum = 0;
                }
            }
            return shared;
        }

        /**
         * Lowers (or raises) all thresholds until just a share is kept: by the way of least resistance, along what the kept share's gradient is
         * when it is scaled as {@link #adam} scales that of the loss. Descent and this together end where no threshold can buy a lower loss
         * from another.
         */
        private void hold(double share) {
            float[] from = new float[thresholds.length];
            double[] way = sharedMoments();
            double steepest = 0;
            for (int j = 0; j < thresholds.length; j++) {
                from[j] = vector[thresholds[j]];
                way[j] = costs[thresholds[j]] / (Math.sqrt(way[j]) + EPSILON);
                steepest = Math.max(steepest, way[j]);
            }
            double low = -1 / steepest;
            double high = 1 / steepest;
            for (walk(from, way, low); kept() <= share && low > -FARTHEST / steepest; walk(from, way, low)) {
                low *= 4;
            }
            for (walk(from, way, high); kept() > share && high < FARTHEST / steepest; walk(from, way, high)) {
                high *= 4;
            }
            for (int round = 0; round < 60; round++) {
                double middle = (low + high) / 2;
                walk(from, way, middle);
                if (kept() > share) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            walk(from, way, high);
        }

        private void walk(float[] from, double[] way, double length) {
            for (int j = 0; j < thresholds.length; j++) {
                vector[thresholds[j]] = bounded((float) (from[j] - length * way[j]), thresholds[j]);
            }
        }

        /** Half a coefficient beyond either end at most, so that a gradient is left to come back by. */
        private float bounded(float threshold, int i) {
            return Math.max(-0.5f, Math.min(limits[i] + 0.5f, threshold));
        }

        private void round() {
            for (int i : thresholds) {
                vector[i] = CutoffNetwork.cutoff(vector[i], limits[i]);
            }
        }

        @Override
        public Descent.Part gradient(int[] chosen, int epoch, double weight) {
            Plane plane = photos.plane();
            int n = chosen.length;
            int elements = plane.elements();
            int classes = teacher.classes();
            float[] input = new float[n * elements];
            for (int i = 0; i < n; i++) {
                SplittableRandom random = new SplittableRandom((recipe.seed() * 31 + epoch) * 1_000_000_007L + chosen[i]);
                augmentation.random(chosen[i], plane.height(), plane.width(), recipe.augmented(), random.nextBoolean(), random, input, i * elements);
            }
            try (NDManager manager = root.newSubManager(); NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
                NDArray images = Libtorch.images(manager, input, n, plane.height(), plane.width(), plane.channels());
                Map<String, NDArray> asked = new HashMap<>();
                Libtorch.setGradients(false);
                float[] targets = teacher.forward(images, asked).toFloatArray();
                Libtorch.setGradients(true);
                int[] answers = new int[n];
                double entropy = 0;
                for (int i = 0; i < n; i++) {
                    entropy += Evaluation.softmax(targets, i * classes, classes);
                    answers[i] = Evaluation.top(Arrays.copyOfRange(targets, i * classes, (i + 1) * classes));
                    if (recipe.labelled()) {
                        for (int c = 0; c < classes; c++) {
                            targets[i * classes + c] *= 0.5f;
                        }
                        targets[i * classes + photos.labels()[chosen[i]]] += 0.5f;
                    }
                }
                NDArray parameters = Libtorch.array(manager, vector, vector.length);
                parameters.setRequiresGradient(true);
                Map<String, NDArray> given = new HashMap<>();
                NDArray logits = network.forward(parameters, images, null, given);
                NDArray loss = Libtorch.crossEntropy(manager, logits, targets, weight);
                for (String op : matched) {
                    double energy = asked.get(op).mul(asked.get(op)).sum().toFloatArray()[0];
                    NDArray difference = given.get(op).sub(asked.get(op));
                    float factor = (float) (recipe.match() * weight * n / matched.size() / Math.max(1e-12, energy));
                    loss = loss.add(difference.mul(difference).sum().mul(Libtorch.array(manager, new float[] {factor}, 1)).sum());
                }
                Libtorch.backward(loss);
                double value = loss.toType(DataType.FLOAT32, false).getFloat() - (recipe.labelled() ? 0 : entropy * weight);
                return new Descent.Part(value, Evaluation.hits(logits.toFloatArray(), answers), Libtorch.gradient(parameters));
            }
        }

        @Override
        public void close() {
            network.close();
        }
    }

    @Override
    public void close() {
        workers.close();
        teacher.close();
        root.close();
    }
}
