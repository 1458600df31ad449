package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands on a model with two cutoff sets; the second one's classifier sees blue everywhere, so that it shows. */
class CutoffsOptionTest {

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void makeModel() throws Exception {
        ModelDefinition plain = TinyNetwork.withGolden(TinyNetwork.definition(TinyNetwork.LABELS, false));
        Map<String, CutoffSet.Change> changes = Map.of(
                "block1.expand", new CutoffSet.Change(new int[] {4, 4, 4}, null, null, null),
                "block1.project", new CutoffSet.Change(new int[] {4, 4, 4, 4, 0, 1}, null, null, null),
                "classifier", new CutoffSet.Change(null, null, null, new float[] {0, 0, 1000}));
        ModelDefinition less = with(plain, new CutoffSet("0.2", 0, 0, "", changes, null)).withCutoffs("0.2");
        byte[] images = plain.golden().orElseThrow().images();
        model = folder.resolve("sets.safetensors");
        ModelFile.write(with(plain, new CutoffSet("0.2", less.keptShare(), 0.25, "top-1 of 40 photos", changes, Golden.of(less, images).logits())), model,
                ModelFile.WeightType.F32);
    }

    private static ModelDefinition with(ModelDefinition plain, CutoffSet further) {
        return new ModelDefinition(plain.graph(), plain.parameters(), plain.preprocess(), plain.labels(), plain.provenance(), plain.golden(),
                List.of(new CutoffSet("best", plain.keptShare(), 0.9, "top-1 of 40 photos", Map.of(), null), further));
    }

    @Test
    void inspectListsTheSets() {
        Execution run = Execution.of("inspect", model);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().matches("(?s).*cutoffs +best: keeps \\d+\\.\\d\\d % of pointwise MACs, 90\\.00 % top-1 of 40 photos \\(default\\) <- shown here\\R"
                + "cutoffs +0\\.2: keeps \\d+\\.\\d\\d % of pointwise MACs, 25\\.00 % top-1 of 40 photos\\R.*"), run.out());
        run = Execution.of("inspect", model, "--cutoffs", "0.2", "--json", "-");
        assertTrue(run.out().replace(" ", "").contains("\"cutoffs\":\"0.2\""), run.out());
        assertTrue(run.out().replace(" ", "").contains("\"measured\":0.25"), run.out());
    }

    @Test
    void aSetIsChosenByItsName() throws Exception {
        Path red = TinyNetwork.picture(folder.resolve("red.png"), 0xff0000);
        assertTrue(Execution.of("classify", "-m", model, "--top", 1, red).out().contains("red\n"));
        assertTrue(Execution.of("classify", "-m", model, "--top", 1, "--cutoffs", "0.2", red).out().contains(" blue\n"));
        for (String name : List.of("best", "0.2")) {
            Execution run = Execution.of("verify", model, "--cutoffs", name);
            assertEquals(0, run.status(), run.err());
        }
        Execution run = Execution.of("classify", "-m", model, "--cutoffs", "0.3", red);
        assertEquals(1, run.status());
        assertEquals("lowpass: " + model + ": the model has no cutoffs \"0.3\"; choose one of best, 0.2", run.message());
    }

    @Test
    void classifyWithoutAModelRunsTheBundledOne() throws Exception {
        Path blue = TinyNetwork.picture(folder.resolve("blue.png"), 0x0000ff);
        Execution run = Execution.of("classify", "--top", 10, "--json", folder.resolve("out.json"), blue);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.err().startsWith("lowpass: the small model that comes with Lowpass answers; it knows only 10 classes: airplane, automobile, bird, "), run.err());
        assertEquals(12, run.out().lines().count(), run.out());
        assertTrue(java.nio.file.Files.readString(folder.resolve("out.json")).contains("\"cifar10.safetensors\""));
        Execution unknown = Execution.of("classify", "--cutoffs", "0.1", blue);
        assertEquals(1, unknown.status());
        assertTrue(unknown.message().startsWith("lowpass: cifar10.safetensors: the model has no cutoffs \"0.1\"; choose one of 0."), unknown.message());
    }
}
