package dev.lowpass.runtime;

import dev.lowpass.runtime.graph.Parameters;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * One of a model's choices between speed and accuracy: cutoffs, what was tuned to them, and what was measured with them.
 *
 * @param name letters, digits, hyphens and underscores, then perhaps a point and digits: {@code 0.65}, {@code fast}
 * @param kept the share of the pointwise layers' multiply-accumulates that it keeps, 0 to 1
 * @param measured the share of answers that were right, 0 to 1
 * @param measure what a right answer was, and on how many photos of what
 * @param changes by op, what differs from the model's own parameters; empty for the default set
 * @param goldenLogits for the model's golden images; null for the default set and for a model without golden images
 */
public record CutoffSet(String name, double kept, double measured, String measure, Map<String, Change> changes, float[] goldenLogits) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[0-9]+)?");

    /**
     * What differs in one op. The arrays are the owner's: do not change them.
     *
     * @param cutoffs one per input channel, or null for the model's own
     * @param weight in the op's layout, or null for the model's own
     * @param scale factors on the model's own weight, one per output channel, or null; not together with {@code weight}
     * @param bias one per output channel, or null for the model's own
     */
    public record Change(int[] cutoffs, float[] weight, float[] scale, float[] bias) {

        /** The parameters that result. */
        public Parameters applyTo(Parameters own) {
            float[] changed = weight == null ? own.weight() : weight;
            if (scale != null) {
                changed = changed.clone();
                int fanIn = changed.length / scale.length;
                for (int i = 0; i < changed.length; i++) {
                    changed[i] *= scale[i / fanIn];
                }
            }
            return new Parameters(changed, bias == null ? own.bias() : bias, cutoffs == null ? own.cutoffs() : cutoffs);
        }
    }

    /** @throws IllegalArgumentException when the name or a share is out of range */
    public CutoffSet {
        Objects.requireNonNull(measure, "measure");
        changes = Map.copyOf(changes);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("cutoff set \"" + name
                    + "\" has a name that cannot be; use letters, digits, - and _, then perhaps a point and digits, like 0.65");
        }
        requireShare(name, "kept", kept);
        requireShare(name, "measured", measured);
    }

    private static void requireShare(String name, String field, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("cutoff set \"" + name + "\" has " + field + " = " + share + "; it must be a share from 0 to 1");
        }
    }
}
