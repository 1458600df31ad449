package dev.lowpass.models.learn;

import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Several models that differ only in cutoffs and in what was tuned to them, as one model with a choice. */
final class CutoffSets {

    /** A weight that a scale explains to this, relative to the largest of its filter, is stored as a scale. */
    private static final double EXPLAINED = 1e-5;

    private CutoffSets() {}

    /**
     * One model that offers them all; what was measured is still to be filled in.
     *
     * @param names of the sets, the default first
     * @param models in the same order
     */
    static ModelDefinition combine(List<String> names, List<ModelDefinition> models) {
        ModelDefinition base = models.get(0);
        List<CutoffSet> sets = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            Map<String, CutoffSet.Change> changes = new HashMap<>();
            for (Map.Entry<String, Parameters> entry : i == 0 ? Map.<String, Parameters>of().entrySet() : models.get(i).parameters().entrySet()) {
                Parameters own = base.parameters().get(entry.getKey());
                Parameters other = entry.getValue();
                float[] scale = Arrays.equals(own.weight(), other.weight()) ? null : scale(own.weight(), other.weight(), own.bias().length);
                boolean explained = scale == null || explains(own.weight(), scale, other.weight());
                CutoffSet.Change change = new CutoffSet.Change(other.cutoffs(), explained ? null : other.weight(), explained ? scale : null,
                        Arrays.equals(own.bias(), other.bias()) ? null : other.bias());
                if (change.cutoffs() != null || change.weight() != null || change.scale() != null || change.bias() != null) {
                    changes.put(entry.getKey(), change);
                }
            }
            sets.add(new CutoffSet(names.get(i), models.get(i).keptShare(), 0, "", changes, null));
        }
        return with(base, sets);
    }

    static ModelDefinition with(ModelDefinition model, List<CutoffSet> sets) {
        return new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), model.labels(), model.provenance(), Optional.empty(), sets);
    }

    /** The factors on each output channel's filter that come closest to another's (least squares). */
    private static float[] scale(float[] own, float[] other, int outChannels) {
        float[] scale = new float[outChannels];
        int fanIn = own.length / outChannels;
        for (int o = 0; o < outChannels; o++) {
            double product = 0;
            double square = 0;
            for (int i = o * fanIn; i < (o + 1) * fanIn; i++) {
                product += (double) own[i] * other[i];
                square += (double) own[i] * own[i];
            }
            scale[o] = square == 0 ? 1 : (float) (product / square);
        }
        return scale;
    }

    private static boolean explains(float[] own, float[] scale, float[] other) {
        int fanIn = own.length / scale.length;
        for (int o = 0; o < scale.length; o++) {
            double largest = 0;
            double difference = 0;
            for (int i = o * fanIn; i < (o + 1) * fanIn; i++) {
                largest = Math.max(largest, Math.abs(other[i]));
                difference = Math.max(difference, Math.abs((double) own[i] * scale[o] - other[i]));
            }
            if (difference > EXPLAINED * largest) {
                return false;
            }
        }
        return true;
    }
}
