package dev.lowpass.models.learn;

import dev.lowpass.runtime.Preprocess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** What networks say about photos, and how often they are right or of one mind. */
final class Evaluation {

    /** Positions of a batch's input: what is computed for them is in memory all at once, about 4 KB a position. */
    private static final int POSITIONS = 64 * 1024;
    private static final int MOST = 50;

    private Evaluation() {}

    /** Logits {@code [photo][class]}. */
    static float[][] logits(Workers workers, FoldedNetwork network, Preprocess preprocess, PhotoSet photos) {
        Augmentation plain = new Augmentation(photos, preprocess);
        int batch = Math.max(1, Math.min(MOST, POSITIONS / photos.plane().area()));
        List<Callable<float[]>> parts = new ArrayList<>();
        for (int at = 0; at < photos.size(); at += batch) {
            int from = at;
            int n = Math.min(batch, photos.size() - at);
            parts.add(() -> {
                return network.logits(plain.plain(IntStream.range(from, from + n).toArray()), n);
            });
        }
        float[][] logits = new float[photos.size()][];
        int photo = 0;
        for (float[] part : workers.run(parts)) {
            for (int at = 0; at < part.length; at += network.classes()) {
                logits[photo++] = Arrays.copyOfRange(part, at, at + network.classes());
            }
        }
        return logits;
    }

    /** How many rows of {@code [row][class]} have their largest value where the label says. */
    static int hits(float[] logits, int[] labels) {
        int classes = logits.length / labels.length;
        int hits = 0;
        for (int i = 0; i < labels.length; i++) {
            hits += top(Arrays.copyOfRange(logits, i * classes, (i + 1) * classes)) == labels[i] ? 1 : 0;
        }
        return hits;
    }

    /** The index of the largest value, the first of equals. */
    static int top(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
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

    /** The share of photos whose largest logit is the label's. */
    static double accuracy(float[][] logits, int[] labels) {
        int right = 0;
        for (int i = 0; i < logits.length; i++) {
            right += top(logits[i]) == labels[i] ? 1 : 0;
        }
        return (double) right / logits.length;
    }

    /** The share of photos about whose class two networks agree. */
    static double agreement(float[][] one, float[][] other) {
        int same = 0;
        for (int i = 0; i < one.length; i++) {
            same += top(one[i]) == top(other[i]) ? 1 : 0;
        }
        return (double) same / one.length;
    }
}
