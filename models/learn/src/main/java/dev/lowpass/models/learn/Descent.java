package dev.lowpass.models.learn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * Gradient descent over photos in random order: the loop that training and learning share. A step's photos are parted among the
 * workers, the parts' gradients are added in a fixed order, and a checkpoint is written now and then, so that a run that was killed
 * ends as if it had not been.
 */
final class Descent {

    /**
     * How far to go.
     *
     * @param photos how many there are
     * @param batch photos a step
     * @param microBatch photos a part
     * @param epochs passes over the photos
     * @param seed of their order
     */
    record Plan(int photos, int batch, int microBatch, int epochs, long seed) {
        int stepsPerEpoch() {
            return Math.max(1, photos / batch);
        }

        long steps() {
            return (long) stepsPerEpoch() * epochs;
        }
    }

    /**
     * What some photos say.
     *
     * @param loss their share of the batch's mean loss
     * @param agreed how many of the answers were those asked for
     * @param gradient of the loss
     */
    record Part(double loss, int agreed, float[] gradient) {}

    /** What is descended on. */
    interface Problem {
        /**
         * Called on a worker.
         *
         * @param chosen the photos' indices
         * @param weight of each photo
         */
        Part gradient(int[] chosen, int epoch, double weight);

        /** Takes the step of the given number. */
        void update(float[] gradient, long step);

        /** More to tell beside the loss. */
        String state();

        /** What is to be remembered beside the vector. */
        float[] memory();

        /** Called after each epoch, numbered from 0. */
        void epochDone(int epoch, Progress progress);
    }

    private final String task;
    private final String answers;
    private final Plan plan;
    private final Workers workers;
    private final Path checkpoint;
    private final String recipe;
    private final float[] vector;
    private final long checkpointNanos;
    private long step;

    /**
     * @param answers what the share of answers as asked for is called
     * @param recipe as {@link Checkpoint} takes it
     * @param saved where to go on from
     * @param vector what is learned; the problem changes it in place
     */
    Descent(String task, String answers, Plan plan, Workers workers, Path checkpoint, long checkpointNanos, String recipe, Optional<Checkpoint> saved, float[] vector) {
        this.task = task;
        this.answers = answers;
        this.plan = plan;
        this.workers = workers;
        this.checkpoint = checkpoint;
        this.checkpointNanos = checkpointNanos;
        this.recipe = recipe;
        this.vector = vector;
        step = saved.map(Checkpoint::step).orElse(0L);
    }

    void run(Problem problem, Consumer<String> log) throws IOException {
        long saved = System.nanoTime();
        double loss = 0;
        double agreed = 0;
        try (Progress progress = Progress.of(task, "photos", step * plan.batch(), plan.steps() * plan.batch(), log)) {
            if (step > 0) {
                progress.note("going on from step " + step + " of " + checkpoint);
            }
            while (step < plan.steps()) {
                int epoch = (int) (step / plan.stepsPerEpoch());
                int[] order = PhotoSet.shuffled(plan.photos(), new SplittableRandom(plan.seed() * 1_000_003 + epoch));
                for (int i = (int) (step % plan.stepsPerEpoch()); i < plan.stepsPerEpoch(); i++) {
                    Part sum = sum(problem, order, i, epoch);
                    problem.update(sum.gradient(), step);
                    step++;
                    // Of about the last 30 steps.
                    double share = loss == 0 ? 1 : 1 / 30.0;
                    loss += share * (sum.loss() - loss);
                    agreed += share * ((double) sum.agreed() / Math.min(plan.batch(), plan.photos()) - agreed);
                    progress.step(plan.batch(), String.format(Locale.ROOT, "epoch %d/%d loss %.4f %s %.1f %% %s", epoch + 1, plan.epochs(), loss,
                            answers, 100 * agreed, problem.state()));
                    if (System.nanoTime() - saved > checkpointNanos) {
                        save(problem);
                        saved = System.nanoTime();
                    }
                }
                save(problem);
                saved = System.nanoTime();
                problem.epochDone(epoch, progress);
            }
        }
    }

    private void save(Problem problem) throws IOException {
        new Checkpoint(recipe, step, vector, problem.memory()).write(checkpoint);
    }

    private Part sum(Problem problem, int[] order, int index, int epoch) {
        int from = index * plan.batch();
        int to = Math.min(plan.photos(), from + plan.batch());
        List<Callable<Part>> parts = new ArrayList<>();
        for (int at = from; at < to; at += plan.microBatch()) {
            int[] chosen = Arrays.copyOfRange(order, at, Math.min(to, at + plan.microBatch()));
            parts.add(() -> problem.gradient(chosen, epoch, 1.0 / (to - from)));
        }
        double loss = 0;
        int agreed = 0;
        float[] gradient = null;
        for (Part part : workers.run(parts)) {
            loss += part.loss();
            agreed += part.agreed();
            if (gradient == null) {
                gradient = part.gradient();
            } else {
                for (int i = 0; i < gradient.length; i++) {
                    gradient[i] += part.gradient()[i];
                }
            }
        }
        if (!Double.isFinite(loss)) {
            throw new LearnException("the loss is " + loss + " at step " + step + "; delete " + checkpoint + " and start again with a lower --rate");
        }
        return new Part(loss, agreed, gradient);
    }
}
