package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lowpass.bench.profile.Profile;
import dev.lowpass.bench.profile.ProfileJson;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.ModelFile.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code explain --measure} for moments: no figure is expected, but that they are there and belong together. */
class ExplainMeasureTest {

    @TempDir
    Path folder;

    private Path model(ModelDefinition definition) throws IOException {
        Path file = folder.resolve("tiny.safetensors");
        ModelFile.write(definition, file, WeightType.F32);
        return file;
    }

    private JsonNode explain(Path model, Object... more) throws IOException {
        Path json = folder.resolve("explain.json");
        Object[] args = new Object[7 + more.length];
        System.arraycopy(new Object[] {"explain", model, "--measure", "--duration", 0.05, "--json", json}, 0, args, 0, 7);
        System.arraycopy(more, 0, args, 7, more.length);
        Execution run = Execution.of(args);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("a pass               dense "), run.out());
        return new JsonMapper().readTree(Files.readString(json));
    }

    @Test
    void everyOpIsTimedDenseAndTruncated() throws IOException {
        ModelDefinition definition = TinyNetwork.definition(TinyNetwork.LABELS, false);
        JsonNode report = explain(model(definition), "--device", "cpu", "--threads", 1, "--batch", 2, "--recorder-cost");
        assertEquals("lowpass.explain/1", report.get("schema").asText());
        Profile profile = ProfileJson.read(report.get("measured"));
        assertEquals("cpu", profile.device());
        assertEquals(2, profile.batch());
        assertTrue(profile.peak().flops() > 0 && !profile.peak().levels().isEmpty());
        assertTrue(profile.denseNanos() > 0 && profile.truncatedNanos() > 0 && profile.stepwiseNanos() > 0);

        Set<String> ops = definition.graph().ops().stream().map(op -> op.name()).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(ops, profile.steps().stream().flatMap(step -> step.ops().stream()).collect(Collectors.toCollection(TreeSet::new)));
        assertEquals(ops, profile.blocks().stream().flatMap(block -> block.ops().stream()).collect(Collectors.toCollection(TreeSet::new)));
        for (int i = 1; i < profile.steps().size(); i++) {
            assertTrue(profile.steps().get(i - 1).lostNanos() >= profile.steps().get(i).lostNanos(), "by falling loss");
        }
        Profile.Step fused = profile.steps().stream().filter(step -> step.ops().contains("block1.depthwise")).findFirst().orElseThrow();
        assertEquals("block1.expand, inverse DCT, block1.depthwise, DCT for block1.project", fused.covers());
        assertEquals("expand_idct_depthwise_dct_f32_b4_k3_s1", fused.kernel());
        assertEquals(2 * (6 * 28 + 4 * 4 * 6 * 9), fused.macs());
        // In: the 28 coefficients kept of 3 channels. Out: what the cutoffs 16, 16, 12, 4, 0 and 1 keep. Weights: 3 and 9 a channel.
        assertEquals(4 * (2 * (28 + 49) + 6 * 3 + 6 * 9), fused.bytes());
        assertNotNull(fused.denseNanos());
        Profile.Step dct = profile.steps().stream().filter(step -> step.kernel().equals("dct_f32_b4")).findFirst().orElseThrow();
        assertTrue(dct.covers().startsWith("DCT for block1.expand"), dct.covers());
        assertNull(dct.denseNanos());

        assertEquals(List.of("stem", "block1", "pool", "classifier"), profile.blocks().stream().map(Profile.Block::name).toList());
        Profile.Block block = profile.blocks().get(1);
        assertEquals(2 * (18 * 16 + 54 * 16 + 18 * 16), block.denseMacs());
        assertEquals(2 * (6 * 28 + 54 * 16 + 3 * 49), block.keptMacs());
        long stepsOfBlock = profile.steps().stream().filter(step -> step.covers().contains("block1")).mapToLong(Profile.Step::nanos).sum();
        assertTrue(stepsOfBlock <= block.truncatedNanos(), "a block has all steps that name it");

        Profile.Layer expand = profile.layers().get(0);
        assertEquals("block1.expand", expand.name());
        assertEquals("block1", expand.block());
        assertEquals(28, expand.keptCoefficients());
        assertEquals(3 * 16, expand.coefficients());
        assertTrue(expand.denseNanos() > 0 && expand.truncatedNanos() > 0);
        assertEquals(3, report.get("recorder").size());
        assertEquals("both events off", report.get("recorder").get(0).get("events").asText());
        for (JsonNode mode : report.get("recorder")) {
            assertTrue(mode.get("time").asDouble() > 0 && mode.get("bytes_per_call").asLong() >= 0, mode.toString());
            assertEquals(20, mode.get("turns").size());
        }
    }

    @Test
    void aDenseNetworkHasNoTruncatedTimes() throws IOException {
        Profile profile = ProfileJson.read(explain(model(TinyNetwork.definition(TinyNetwork.LABELS, false).dense()), "--device", "reference").get("measured"));
        assertNull(profile.truncatedNanos());
        assertNull(profile.peak());
        assertTrue(profile.steps().stream().allMatch(step -> step.denseNanos() == null && step.floorNanos() == null && step.nanos() > 0));
        assertTrue(profile.layers().stream().allMatch(layer -> layer.truncatedNanos() == null && layer.denseNanos() > 0));
    }

    @Test
    void refusesADurationOfNothing() throws IOException {
        Execution run = Execution.of("explain", model(TinyNetwork.definition(TinyNetwork.LABELS, false)), "--measure", "--duration", 0);
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: Invalid value for option '--duration': 0.0 is out of range; give more than 0, up to 3600 seconds"), run.err());
    }
}
