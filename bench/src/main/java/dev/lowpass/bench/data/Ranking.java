package dev.lowpass.bench.data;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What one image's logits say. */
public final class Ranking {

    /**
     * A class and what the network makes of it.
     *
     * @param index of the logit
     * @param probability by softmax over all logits, 0 to 1
     */
    public record Entry(int index, float logit, double probability) {}

    private Ranking() {}

    /**
     * The best classes, best first; of equal logits the lower index first. Softmax: {@code exp(x[i]) / sum over j of exp(x[j])}, after
     * subtracting the largest so that nothing overflows.
     *
     * @param count how many to return, at most as many as there are logits
     */
    public static List<Entry> top(float[] logits, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        List<Entry> entries = new ArrayList<>();
        for (int index : best(logits, count)) {
            entries.add(new Entry(index, logits[index], Math.exp(logits[index] - largest) / sum));
        }
        return entries;
    }

    /** Whether every logit is a number: a network whose sums overflow says nothing about its images. */
    public static boolean isFinite(float[] logits) {
        for (float logit : logits) {
            if (!Float.isFinite(logit)) {
                return false;
            }
        }
        return true;
    }

    /** The indices of the largest logits, in the order of {@link #top}. */
    public static int[] best(float[] logits, int count) {
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted((a, b) -> logits[a] == logits[b] ? Integer.compare(a, b) : Float.compare(logits[b], logits[a]))
                .limit(count)
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
