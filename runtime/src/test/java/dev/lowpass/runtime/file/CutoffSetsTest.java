package dev.lowpass.runtime.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several cutoff sets in one model: in the file, and in sessions. */
class CutoffSetsTest {

    private static final int[] FEWER = {2, 0, 1, 1};
    private static final float[] SCALE = {1, 2, 0.5f, 1, 1, -1};
    private static final float[] BIAS = {1, 2, 3, 4};

    @TempDir
    Path folder;

    /** {@link SmallNetwork} with a set "0.5" that has cutoffs, a scale, a bias and golden logits of its own. */
    private static ModelDefinition model() {
        ModelDefinition plain = SmallNetwork.definition();
        plain = plain.withGolden(Golden.of(plain, plain.golden().orElseThrow().images()));
        Map<String, CutoffSet.Change> changes = Map.of("expand", new CutoffSet.Change(FEWER, null, SCALE, null), "project",
                new CutoffSet.Change(null, plain.parameters().get("expand").weight(), null, BIAS));
        ModelDefinition changed = with(plain, List.of(new CutoffSet("default", 0, 0, "", Map.of(), null), new CutoffSet("0.5", 0, 0, "", changes, null)))
                .withCutoffs("0.5");
        float[] logits = Golden.of(changed, plain.golden().orElseThrow().images()).logits();
        return with(plain, List.of(new CutoffSet("default", plain.keptShare(), 0.9, "top-1 of 10 photos", Map.of(), null),
                new CutoffSet("0.5", changed.keptShare(), 0.8, "top-1 of 10 photos", changes, logits)));
    }

    private static ModelDefinition with(ModelDefinition model, List<CutoffSet> sets) {
        return new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), model.labels(), model.provenance(), model.golden(), sets);
    }

    @Test
    void aSetChangesWhatItNamesAndNothingElse() {
        ModelDefinition model = model();
        ModelDefinition chosen = model.withCutoffs("0.5");
        Parameters expand = model.parameters().get("expand");
        assertArrayEquals(FEWER, chosen.parameters().get("expand").cutoffs());
        for (int i = 0; i < expand.weight().length; i++) {
            assertEquals(expand.weight()[i] * SCALE[i / 4], chosen.parameters().get("expand").weight()[i], "weight " + i);
        }
        assertArrayEquals(expand.bias(), chosen.parameters().get("expand").bias());
        assertArrayEquals(expand.weight(), chosen.parameters().get("project").weight());
        assertArrayEquals(BIAS, chosen.parameters().get("project").bias());
        assertArrayEquals(model.parameters().get("stem").weight(), chosen.parameters().get("stem").weight());
        assertEquals(List.of("0.5"), chosen.cutoffSets().stream().map(CutoffSet::name).toList());
        // The two pointwise layers are alike in size, and only the first is cut: 4 of 16 coefficients.
        assertEquals((4 / 16.0 + 1) / 2, chosen.keptShare(), 1e-12);
        ModelDefinition own = model.withCutoffs("default");
        assertArrayEquals(SmallNetwork.CUTOFFS, own.parameters().get("expand").cutoffs());
        assertEquals(model, model.withCutoffs(null));
    }

    @Test
    void setsOfAModelFromMemoryAreChecked() {
        ModelDefinition plain = SmallNetwork.definition();
        refuses("cutoff set \"bad\" changes \"nothing\", which is no convolution", plain, "nothing", new CutoffSet.Change(FEWER, null, null, null));
        refuses("\"expand.scale@bad\"", plain, "expand", new CutoffSet.Change(null, null, new float[3], null));
        refuses("\"expand.weight@bad\"", plain, "expand", new CutoffSet.Change(null, new float[3], null, null));
        refuses("expand", plain, "expand", new CutoffSet.Change(new int[] {1}, null, null, null));
        refuses("expand", plain, "expand", new CutoffSet.Change(null, null, null, new float[] {1}));
        refuses("NaN", plain, "project", new CutoffSet.Change(null, null, null, new float[] {1, 2, Float.NaN, 4}));
        ModelDefinition misnamed = new ModelDefinition(plain.graph(), plain.parameters(), plain.preprocess(), List.of("one"), Map.of(), Optional.empty());
        String message = assertThrows(IllegalArgumentException.class, () -> Model.of(misnamed)).getMessage();
        assertTrue(message.contains("has 1 names for "), message);
    }

    private static void refuses(String part, ModelDefinition plain, String op, CutoffSet.Change change) {
        ModelDefinition bad = with(plain, List.of(new CutoffSet("default", plain.keptShare(), 0, "", Map.of(), null),
                new CutoffSet("bad", plain.keptShare(), 0, "", Map.of(op, change), null)));
        String message = assertThrows(IllegalArgumentException.class, () -> Model.of(bad)).getMessage();
        assertTrue(message.startsWith("model from memory: ") && message.contains(part), message);
    }

    @Test
    void setsComeBackFromTheFileAndProveThemselves() throws Exception {
        Path path = folder.resolve("sets.safetensors");
        for (ModelFile.WeightType weights : ModelFile.WeightType.values()) {
            ModelDefinition model = ModelFile.asStored(model(), weights);
            ModelFile.write(model, path, weights);
            ModelDefinition read = ModelFile.read(path);
            assertEquals("2", SafetensorsFile.open(path).metadata().get("lowpass.format"));
            assertEquals(2, read.cutoffSets().size());
            for (String name : List.of("default", "0.5")) {
                ModelDefinition expected = model.withCutoffs(name);
                ModelDefinition actual = read.withCutoffs(name);
                expected.parameters().forEach((op, parameters) -> {
                    assertArrayEquals(parameters.weight(), actual.parameters().get(op).weight(), op);
                    assertArrayEquals(parameters.bias(), actual.parameters().get(op).bias(), op);
                    assertArrayEquals(parameters.cutoffs(), actual.parameters().get(op).cutoffs(), op);
                });
                assertArrayEquals(expected.golden().orElseThrow().logits(), actual.golden().orElseThrow().logits());
                assertEquals(expected.cutoffSets().get(0), actual.cutoffSets().get(0));
            }
        }
        byte[] once = Files.readAllBytes(path);
        ModelFile.write(ModelFile.read(path), path, ModelFile.WeightType.F16);
        assertArrayEquals(once, Files.readAllBytes(path));
    }

    @Test
    void aSessionRunsTheSetItWasAskedFor() {
        ModelDefinition definition = model();
        try (Model model = Model.of(definition)) {
            for (String device : List.of("cpu", "reference")) {
                List<float[]> logits = new ArrayList<>();
                for (String name : List.of("default", "0.5")) {
                    Golden golden = definition.withCutoffs(name).golden().orElseThrow();
                    FloatBuffer out = FloatBuffer.allocate(golden.logits().length);
                    try (Session session = model.newSession(SessionOptions.builder().device(Device.named(device)).maxBatch(2).cutoffs(name).build())) {
                        session.run(golden.input(definition.preprocess()), 2, out);
                        assertEquals(name, session.options().cutoffs());
                    }
                    assertArrayEquals(golden.logits(), out.array(), 1e-3f, device + " " + name);
                    logits.add(out.array());
                }
                assertTrue(Math.abs(logits.get(0)[0] - logits.get(1)[0]) > 0.01, "both sets answer alike, so the choice is not tested");
            }
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> model.newSession(SessionOptions.builder().cutoffs("0.7").build()));
            assertEquals("the model has no cutoffs \"0.7\"; choose one of default, 0.5", e.getMessage());
        }
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> SmallNetwork.definition().withCutoffs("0.5"));
        assertEquals("the model has no cutoffs \"0.5\"; it has only one set, which has no name: leave the choice out", e.getMessage());
    }

    private static final String SETS = "[{\"name\":\"a\",\"kept_pointwise_macs\":0.75,\"measured\":0.9,\"measure\":\"m\"},"
            + "{\"name\":\"0.5\",\"kept_pointwise_macs\":0.625,\"measured\":0.8,\"measure\":\"m\"}]";

    private void refuses(String message, Consumer<HandMadeFile> damage) {
        HandMadeFile file = SmallNetwork.file();
        file.metadata.put("lowpass.format", "2");
        file.metadata.put("lowpass.cutoffs", SETS);
        file.ints("expand.cutoff@0.5", List.of(4), FEWER);
        file.floats("golden.logits@0.5", List.of(2, 2), 1, 2, 3, 4);
        damage.accept(file);
        Path path = file.write(folder.resolve("m.safetensors"));
        if (message == null) {
            try {
                assertEquals(2, ModelFile.read(path).cutoffSets().size());
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            return;
        }
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> ModelFile.read(path));
        assertEquals(path + ": " + message, e.getMessage());
    }

    private void refusesList(String message, String what, String by) {
        assertTrue(SETS.contains(what), what);
        refuses("lowpass.cutoffs" + message, file -> file.metadata.put("lowpass.cutoffs", SETS.replace(what, by)));
    }

    @Test
    void badSetsAreRefused() {
        refuses(null, file -> {});
        refuses("has lowpass.cutoffs, which format 1 does not know; it must be lowpass.format 2", file -> file.metadata.put("lowpass.format", "1"));
        refuses("lowpass.cutoffs is no list of cutoff sets; give one object a set, the default first, or leave the key out",
                file -> file.metadata.put("lowpass.cutoffs", "[]"));
        refusesList("[1] is a second set of the name \"a\"; names are unique: rename one", "0.5\"", "a\"");
        refusesList("[1]: cutoff set \"1/2\" has a name that cannot be; use letters, digits, - and _, then perhaps a point and digits, like 0.65", "0.5\"", "1/2\"");
        refusesList("[0]: cutoff set \"a\" has measured = 90.0; it must be a share from 0 to 1", "0.9", "90");
        refusesList("[1] lacks the field \"measured\"; add it, a number", "\"measured\":0.8,", "");
        refuses("cutoff set \"0.5\" states that it keeps 0.61 of the pointwise multiply-accumulates, but its cutoffs keep 0.625; correct lowpass.cutoffs",
                file -> file.metadata.put("lowpass.cutoffs", SETS.replace("0.625", "0.61")));
        refuses("tensor \"expand.cutoff@0.5\" is missing; op \"expand\" needs it, of shape [4]: add it", file -> file.tensors.remove("expand.cutoff@0.5"));
        refuses("tensor \"expand.scale@0.5\" has shape [4], but op \"expand\" in lowpass.graph needs [6]; correct one of them",
                file -> file.floats("expand.scale@0.5", List.of(4), 1, 1, 1, 1));
        refuses("cutoff set \"0.5\" has a weight and a scale for op \"classifier\"; give one of them",
                file -> file.floats("classifier.scale@0.5", List.of(2), 1, 1).floats("classifier.weight@0.5", List.of(2, 4), 1, 1, 1, 1, 1, 1, 1, 1));
        refuses("cutoff set \"0.5\": tensor \"stem.bias\" holds NaN at index 1; every value must be finite: export the weights again",
                file -> file.floats("stem.bias@0.5", List.of(4), 1, Float.NaN, 1, 1));
        refuses("cutoff set \"0.5\": tensor \"project.cutoff\" belongs to op \"project\", which has no block; add \"block\" to a pointwise op or remove the cutoffs",
                file -> file.ints("project.cutoff@0.5", List.of(6), 1, 1, 1, 1, 1, 1));
        refuses("tensor \"golden.logits@0.5\" has shape [4]; it must be [2, 2], images of \"golden.input\" by classes of the graph's output",
                file -> file.floats("golden.logits@0.5", List.of(4), 1, 2, 3, 4));
        refuses(null, file -> file.floats("classifier.weight@0.5", List.of(2, 4, 1, 1), 1, 1, 1, 1, 1, 1, 1, 1));
        refuses("has golden images, but no tensor \"golden.logits@0.5\"; add it or remove the golden tensors", file -> file.tensors.remove("golden.logits@0.5"));
        refuses("tensor \"expand.cutoff@a\" belongs to no op; remove it or add its op to lowpass.graph (tensors are OP.weight and OP.bias of each convolution, "
                + "OP.cutoff of a pointwise one, golden.input, golden.logits; those of a further cutoff set end in @ and its name)",
                file -> file.ints("expand.cutoff@a", List.of(4), FEWER));
    }

    @Test
    void theDefaultChangesNothing() {
        ModelDefinition model = model();
        ModelDefinition turned = with(model, List.of(model.cutoffSets().get(1)));
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> ModelFile.write(turned, folder.resolve("x"), ModelFile.WeightType.F32));
        assertTrue(e.getMessage().contains("cutoff set \"0.5\" is the default, but changes parameters"), e.getMessage());
    }
}
