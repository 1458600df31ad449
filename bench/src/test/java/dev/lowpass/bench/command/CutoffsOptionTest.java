package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import dev.lowpass.bench.receipt.ReceiptSchema;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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

    @Test
    void denseIsAChoiceToo() throws Exception {
        Path red = TinyNetwork.picture(folder.resolve("red.png"), 0xff0000);
        Path labels = Files.writeString(folder.resolve("labels.csv"), "file,class\nred.png,red\n");
        Path json = folder.resolve("eval.json");
        assertEquals(0, Execution.of("eval", "-m", model, "--images", folder, "--labels", labels, "--cutoffs", "dense", "--json", json).status());
        assertEquals(1, new JsonMapper().readTree(json.toFile()).get("pointwise_kept_share").asDouble());
        assertTrue(Execution.of("classify", "-m", model, "--top", 1, "--cutoffs", "dense", red).out().contains("red\n"));
    }

    @Test
    void exportWritesTheChosenSet() throws Exception {
        byte[][] files = new byte[3][];
        List<String> sets = List.of("best", "0.2", "dense");
        for (int i = 0; i < files.length; i++) {
            Path file = folder.resolve(i + ".onnx");
            Execution run = Execution.of("export", model, "--truncation", "--cutoffs", sets.get(i), "-o", file);
            assertEquals(0, run.status(), run.err());
            assertTrue(run.out().endsWith(i == 2 ? ", dense\n" : ", with the cutoffs " + sets.get(i) + "\n"), run.out());
            files[i] = Files.readAllBytes(file);
        }
        assertFalse(Arrays.equals(files[0], files[1]));
        assertTrue(files[2].length < files[0].length, "no DCT in a dense network");
        Path other = folder.resolve("other.onnx");
        assertEquals("lowpass: " + model + ": the model has no cutoffs \"half\"; choose one of best, 0.2",
                Execution.of("export", model, "--cutoffs", "half", "-o", other).message());
        assertFalse(Files.exists(other));
    }

    /** Each set has rows of its own, and a point of its own in the report's figures: as it was measured when it was made, and anew. */
    @Test
    void benchAndReportTellOfAllSets() throws Exception {
        TinyNetwork.picture(folder.resolve("red.png"), 0xff0000);
        TinyNetwork.picture(folder.resolve("blue.png"), 0x0000ff);
        Path labels = Files.writeString(folder.resolve("labels.csv"), "file,class\nred.png,red\nblue.png,blue\n");
        Path sweep = folder.resolve("sweep.json");
        Path paper = folder.resolve("paper.json");
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cpu", "--threads", 1, "--cutoffs", "0.2,dense,best", "--json", sweep);
        assertEquals(0, run.status(), run.err());
        assertEquals(List.of(), ReceiptSchema.violations(sweep));
        Receipt receipt = ReceiptFile.read(sweep);
        assertEquals(List.of("0.2", "dense", "best"), receipt.measurements().stream().map(Receipt.Measurement::cutoffs).toList());
        assertEquals(Arrays.asList(0.25, null, 0.9), receipt.model().cutoffSets().stream().map(Receipt.CutoffSet::measured).toList());
        run = Execution.of("bench", "-m", model, "--device", "cpu", "--paper", "--images", folder, "--labels", labels, "--json", paper);
        assertEquals(0, run.status(), run.err());
        // The set 0.2 sees blue everywhere.
        JsonNode networks = new JsonMapper().readTree(paper.toFile()).get("networks");
        assertEquals(List.of("dense 2", "best 2", "0.2 1"), List.of(networks.get(0), networks.get(1), networks.get(2)).stream()
                .map(network -> network.get("cutoffs").asText() + " " + network.get("top1").asInt()).toList());
        Path page = folder.resolve("report.html");
        assertEquals(0, Execution.of("report", sweep, paper, sweep, "-o", page).status());
        String html = Files.readString(page).replace('\u00a0', ' '); // before a per cent sign
        for (String point : List.of("dense: 100.00 % right, 100.0 % kept", "best: 100.00 % right", "0.2: 50.00 % right", "best: 90.00 % right", "0.2: 25.00 % right")) {
            assertEquals(2, html.split(Pattern.quote("sets.safetensors, " + point), -1).length, point + " once");
        }
        assertTrue(html.contains("<h3>Accuracy against kept work</h3>") && html.contains("<h3>Accuracy against kept work, by the model&#39;s file</h3>"));
        assertTrue(html.contains("<p>What the model") && html.contains("top-1 of 40 photos."));
        run = Execution.of("bench", "-m", model, "--device", "cpu", "--paper", "--images", folder, "--labels", labels, "--cutoffs", "dense");
        assertTrue(run.message().endsWith("has no cutoffs among those asked for, so there is nothing to compare; leave --cutoffs out"), run.err());
    }
}
