package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import java.nio.FloatBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BundledModelTest {

    private static double percent(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertTrue(matcher.find(), text);
        return Double.parseDouble(matcher.group(1));
    }

    @Test
    void itIsSmallAndTellsHowItWasMade() {
        assertTrue(BundledModel.bytes().length < 4_000_000, BundledModel.bytes().length + " bytes");
        ModelDefinition model = BundledModel.load();
        assertEquals(10, model.labels().size());
        assertTrue(model.provenance().get("recipe").startsWith("lowpass train "), model.provenance().toString());
        assertTrue(model.provenance().get("cutoffs_recipe").startsWith("lowpass learn "), model.provenance().toString());
        double dense = percent("([0-9.]+) % of 10000 test photos", model.provenance().get("test_accuracy"));
        for (CutoffSet set : model.cutoffSets()) {
            assertTrue(set.measure().startsWith("right of 10000 photos of "), set.measure());
            assertTrue(100 * set.measured() >= dense - 1, set + " dense " + dense);
        }
    }

    @Test
    void everySetGivesItsGoldenLogits() {
        ModelDefinition definition = BundledModel.load();
        assertTrue(definition.cutoffSets().size() >= 2, definition.cutoffSets().toString());
        try (Model model = Model.of(definition)) {
            for (CutoffSet set : definition.cutoffSets()) {
                Golden golden = definition.withCutoffs(set.name()).golden().orElseThrow();
                assertArrayEquals(GoldenImages.of(definition.preprocess(), golden.count()), golden.images(), "golden images are computed, not photos");
                FloatBuffer logits = FloatBuffer.allocate(golden.logits().length);
                try (Session session = model.newSession(SessionOptions.builder().device(Device.cpu()).maxBatch(golden.count()).cutoffs(set.name()).build())) {
                    session.run(golden.input(definition.preprocess()), golden.count(), logits);
                }
                assertArrayEquals(golden.logits(), logits.array(), 1e-3f, set.name());
            }
        }
    }
}
