package dev.lowpass.models.learn;

import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes a learned model with its golden images and its record. */
final class Sealing {

    private static final int GOLDEN_IMAGES = 2;

    private Sealing() {}

    /** The same model with more lines in its record. */
    static ModelDefinition record(ModelDefinition model, Map<String, String> lines) {
        Map<String, String> provenance = new LinkedHashMap<>(model.provenance());
        provenance.putAll(lines);
        return withProvenance(model, provenance);
    }

    /** The same model without what its record says of cutoffs that it no longer has. */
    static ModelDefinition withoutCutoffRecord(ModelDefinition model) {
        Map<String, String> provenance = new LinkedHashMap<>(model.provenance());
        provenance.keySet().removeIf(key -> key.matches("(cutoffs|kept_pointwise_macs|uncut_agreement|teacher_agreement|accuracy)(_.*)?"));
        return withProvenance(model, provenance);
    }

    private static ModelDefinition withProvenance(ModelDefinition model, Map<String, String> provenance) {
        return new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), model.labels(), provenance, model.golden(), model.cutoffSets());
    }

    /** Writes the model with golden images; their logits are the stored weights', in double precision. */
    static void write(ModelDefinition model, Path file, ModelFile.WeightType weights) throws IOException {
        ModelDefinition stored = ModelFile.asStored(model, weights);
        byte[] images = GoldenImages.of(model.preprocess(), GOLDEN_IMAGES);
        List<CutoffSet> sets = new ArrayList<>();
        for (CutoffSet set : stored.cutoffSets()) {
            float[] logits = sets.isEmpty() ? null : Golden.of(stored.withCutoffs(set.name()), images).logits();
            sets.add(new CutoffSet(set.name(), set.kept(), set.measured(), set.measure(), set.changes(), logits));
        }
        ModelFile.write(CutoffSets.with(stored, sets).withGolden(Golden.of(stored, images)), file, weights);
    }

    /** Replaces a file by the text, whole or not at all. */
    static void writeText(Path file, String text) throws IOException {
        try {
            WholeFile.replace(file, part -> Files.writeString(part, text));
        } catch (IOException e) {
            throw new IOException("cannot write " + file + ": " + e.getMessage() + "; make room or name another file", e);
        }
    }
}
