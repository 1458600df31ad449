package dev.lowpass.runtime.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.GraphException;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFileTest {

    @TempDir
    Path folder;

    private Path path() {
        return folder.resolve("m.safetensors");
    }

    private ModelFormatException refuses(String message, Consumer<HandMadeFile> damage) {
        HandMadeFile file = SmallNetwork.file();
        damage.accept(file);
        Path path = file.write(path());
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> ModelFile.read(path));
        assertEquals(path + ": " + message, e.getMessage());
        return e;
    }

    private ModelFormatException refusesGraph(String message, String what, String by) {
        assertTrue(SmallNetwork.GRAPH.contains(what), what);
        return refuses("lowpass.graph" + message, file -> file.metadata.put("lowpass.graph", SmallNetwork.GRAPH.replace(what, by)));
    }

    private void refusesPreprocess(String message, String what, String by) {
        assertTrue(SmallNetwork.PREPROCESS.contains(what), what);
        refuses("lowpass.preprocess" + message, file -> file.metadata.put("lowpass.preprocess", SmallNetwork.PREPROCESS.replace(what, by)));
    }

    static void assertSame(ModelDefinition expected, ModelDefinition actual) {
        assertEquals(expected.graph().ops(), actual.graph().ops());
        assertEquals(expected.graph().input(), actual.graph().input());
        assertEquals(expected.preprocess(), actual.preprocess());
        assertEquals(expected.labels(), actual.labels());
        assertEquals(List.copyOf(expected.provenance().entrySet()), List.copyOf(actual.provenance().entrySet()), "in the same order");
        assertEquals(expected.parameters().keySet(), actual.parameters().keySet());
        expected.parameters().forEach((op, parameters) -> {
            assertArrayEquals(parameters.weight(), actual.parameters().get(op).weight(), op);
            assertArrayEquals(parameters.bias(), actual.parameters().get(op).bias(), op);
            assertArrayEquals(parameters.cutoffs(), actual.parameters().get(op).cutoffs(), op);
        });
        assertEquals(expected.golden().isPresent(), actual.golden().isPresent());
        expected.golden().ifPresent(golden -> {
            assertEquals(golden.count(), actual.golden().get().count());
            assertArrayEquals(golden.images(), actual.golden().get().images());
            assertArrayEquals(golden.logits(), actual.golden().get().logits());
        });
    }

    @Test
    void readsAFileThatWasMadeByHand() throws IOException {
        assertSame(SmallNetwork.definition(), ModelFile.read(SmallNetwork.file().write(path())));
    }

    @Test
    void comesBackAsItWasWritten() throws IOException {
        ModelFile.write(SmallNetwork.definition(), path(), ModelFile.WeightType.F32);
        assertSame(SmallNetwork.definition(), ModelFile.read(path()));
        SafetensorsFile file = SafetensorsFile.open(path());
        assertEquals(SmallNetwork.GRAPH, file.metadata().get("lowpass.graph"));
        assertEquals(SmallNetwork.PREPROCESS, file.metadata().get("lowpass.preprocess"));
        assertEquals(List.of(6, 4), file.shape("expand.weight"));
    }

    /** As an application may have it in a jar. */
    @Test
    void aZipArchiveHoldsModelsToo() throws IOException {
        try (FileSystem zip = FileSystems.newFileSystem(folder.resolve("models.zip"), Map.of("create", "true"))) {
            Path path = zip.getPath("/m.safetensors");
            ModelFile.write(SmallNetwork.definition(), path, ModelFile.WeightType.F32);
            assertSame(SmallNetwork.definition(), ModelFile.read(path));
            Path missing = zip.getPath("/none");
            assertEquals("/none: does not exist; check the path", assertThrows(ModelFormatException.class, () -> ModelFile.read(missing)).getMessage());
        }
    }

    /** What is made in memory is held to the same rules. */
    @Test
    void noModelIsMadeOfPartsThatDoNotFit() {
        Model.of(SmallNetwork.definition()).close();
        assertEquals("model from memory: op \"stem\" has no weight or no bias; a convolution needs both: add them",
                assertThrows(IllegalArgumentException.class, () -> Model.of(with("stem", null))).getMessage());
        assertEquals("model from memory: tensor \"stem.bias\" has 5 values, but its shape is [4]; they must agree",
                assertThrows(IllegalArgumentException.class, () -> Model.of(with("stem", new Parameters(new float[72], new float[5])))).getMessage());
    }

    @Test
    void halvesComeBackRoundedToTheNearestAndBiasesAsTheyWere() throws IOException {
        ModelDefinition model = SmallNetwork.definition();
        float[] special = {1 + 0x1p-11f, 1 + 0x3p-11f, 0x1p-25f, 0x1.8p-24f, 65519.99f, -0x1p-26f, 1023.5f * 0x1p-24f, 0.1f};
        float[] rounded = {1, 1 + 0x1p-9f, 0, 0x1p-23f, 65504, -0f, 0x1p-14f, 0.0999755859375f};
        System.arraycopy(special, 0, model.parameters().get("classifier").weight(), 0, 8);
        ModelFile.write(model, path(), ModelFile.WeightType.F16);
        assertEquals(Dtype.F16, SafetensorsFile.open(path()).dtype("stem.weight"));
        ModelDefinition read = ModelFile.read(path());
        assertArrayEquals(rounded, read.parameters().get("classifier").weight());
        model.parameters().forEach((op, parameters) -> {
            assertArrayEquals(parameters.bias(), read.parameters().get(op).bias());
            for (int i = 0; i < parameters.weight().length; i++) {
                float value = parameters.weight()[i];
                assertEquals(value, read.parameters().get(op).weight()[i], Math.max(Math.abs(value) * 0x1p-11f, 0x1p-25f), op + "[" + i + "]");
            }
        });
        ModelDefinition model2 = ModelFile.read(path());
        ModelFile.write(model2, path(), ModelFile.WeightType.F16);
        assertSame(model2, ModelFile.read(path()));
    }

    @Test
    void asStoredIsWhatIsReadBack() throws IOException {
        ModelDefinition model = SmallNetwork.definition();
        for (ModelFile.WeightType weights : ModelFile.WeightType.values()) {
            ModelFile.write(model, path(), weights);
            assertSame(ModelFile.asStored(model, weights), ModelFile.read(path()));
        }
        float[] large = new float[8];
        large[5] = 65520;
        ModelDefinition tooLarge = with("classifier", new Parameters(large, new float[2]));
        assertEquals("cannot store as F16: tensor \"classifier.weight\" holds 65520.0 at index 5; F16 ends at 65504.0: write F32",
                assertThrows(ModelFormatException.class, () -> ModelFile.asStored(tooLarge, ModelFile.WeightType.F16)).getMessage());
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        ModelDefinition model = SmallNetwork.definition();
        ModelFile.write(model, path(), ModelFile.WeightType.F32);
        byte[] first = Files.readAllBytes(path());
        Map<String, Parameters> reversed = new LinkedHashMap<>();
        List.of("stem", "project", "expand", "depthwise", "classifier").forEach(op -> reversed.put(op, model.parameters().get(op)));
        ModelDefinition again = new ModelDefinition(model.graph(), reversed, model.preprocess(), model.labels(), model.provenance(), model.golden());
        ModelFile.write(again, path(), ModelFile.WeightType.F32);
        assertArrayEquals(first, Files.readAllBytes(path()));
        ModelFile.write(ModelFile.read(path()), path(), ModelFile.WeightType.F32);
        assertArrayEquals(first, Files.readAllBytes(path()));
    }

    @Test
    void labelsProvenanceAndGoldenAreOptional() throws IOException {
        HandMadeFile file = SmallNetwork.file();
        file.metadata.remove("lowpass.labels");
        file.metadata.remove("lowpass.provenance");
        file.tensors.remove("golden.input");
        file.tensors.remove("golden.logits");
        ModelDefinition model = ModelFile.read(file.write(path()));
        assertEquals(List.of(), model.labels());
        assertEquals(Map.of(), model.provenance());
        assertEquals(Optional.empty(), model.golden());
        ModelFile.write(model, path(), ModelFile.WeightType.F32);
        assertSame(model, ModelFile.read(path()));
        assertFalse(SafetensorsFile.open(path()).metadata().containsKey("lowpass.labels"));
    }

    @Test
    void stretchingComesBack() throws IOException {
        ModelDefinition model = SmallNetwork.definition();
        Preprocess stretch = new Preprocess(model.graph().input(), Preprocess.Resize.STRETCH, 0, Preprocess.Interpolation.BILINEAR,
                List.of(0f, 1e-20f, 1.0f / 3), List.of(1f, 3e20f, -0.1f), Preprocess.ChannelOrder.RGB);
        ModelFile.write(new ModelDefinition(model.graph(), model.parameters(), stretch, List.of(), Map.of(), Optional.empty()), path(),
                ModelFile.WeightType.F32);
        assertEquals(stretch, ModelFile.read(path()).preprocess());
    }

    @Test
    void refusesFormatsThatItDoesNotKnow() {
        refuses("has no lowpass.format in its metadata, so it is no Lowpass model; this build reads formats 1 to 2: import other weights first",
                file -> file.metadata.remove("lowpass.format"));
        for (String format : List.of("3", "0", "", "1.0", "01", "one", "99999999999")) {
            refuses("lowpass.format is \"" + format
                    + "\"; this build reads formats 1 to 2: use a build that knows that format or import the model again",
                    file -> file.metadata.put("lowpass.format", format));
        }
        refuses("metadata has the unknown key \"lowpass.label\"; remove it, known are lowpass.format, lowpass.graph, lowpass.preprocess, "
                + "lowpass.labels, lowpass.provenance, lowpass.cutoffs", file -> file.metadata.put("lowpass.label", "[]"));
    }

    @Test
    void refusesMetadataThatIsMissingOrMalformed() {
        for (String key : List.of("lowpass.graph", "lowpass.preprocess")) {
            refuses(key + " is empty; it must be JSON", file -> file.metadata.put(key, " "));
            refuses("has no " + key + " in its metadata; a model needs it: add it", file -> file.metadata.remove(key));
        }
        refuses("lowpass.graph is {}; it must be a JSON list of ops", file -> file.metadata.put("lowpass.graph", "{}"));
        refuses("lowpass.graph op 0 is 7; it must be a JSON object", file -> file.metadata.put("lowpass.graph", "[7]"));
        refuses("lowpass.preprocess is []; it must be a JSON object", file -> file.metadata.put("lowpass.preprocess", "[]"));
        refuses("lowpass.labels is {\"a\": 1}; it must be a JSON list of strings", file -> file.metadata.put("lowpass.labels", "{\"a\":1}"));
        refuses("lowpass.labels[1] is 5; it must be a string", file -> file.metadata.put("lowpass.labels", "[\"a\",5]"));
        refuses("lowpass.labels has 3 names for 2 classes; give one a class or none", file -> file.metadata.put("lowpass.labels", "[\"a\",\"b\",\"c\"]"));
        refuses("lowpass.provenance is \"me\"; it must be a JSON object", file -> file.metadata.put("lowpass.provenance", "\"me\""));
        refuses("lowpass.provenance has \"top1\" = 78.0; it must be a string", file -> file.metadata.put("lowpass.provenance", "{\"top1\":78.0}"));
        refuses("lowpass.graph is not valid JSON at character 1: Unexpected end-of-input: expected close marker for Array; "
                + "keys must be unique and the text complete", file -> file.metadata.put("lowpass.graph", "["));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', value = {
        "\"op\":\"add\",          !                         ! ' op \"sum\" lacks the field \"op\"; add it, a string'",
        "\"op\":\"add\"           ! \"op\":\"mul\"          ! ' op \"sum\" is of the unknown kind \"mul\"; use one of conv2d, depthwise_conv2d, "
                + "pointwise_conv2d, add, global_average_pool'",
        "\"op\":\"add\"           ! \"op\":1                ! ' op \"sum\" has \"op\" = 1; it must be a string'",
        "\"name\":\"expand\",     !                         ! ' op 1 lacks the field \"name\"; add it, a string'",
        "\"name\":\"expand\"      ! \"name\":null           ! ' op 1 has \"name\" = null; it must be a string'",
        "\"inputs\":[\"input\"],  !                         ! ' op \"stem\" lacks the field \"inputs\"; add it, [input], strings'",
        "\"inputs\":[\"input\"]   ! \"inputs\":\"input\"    ! ' op \"stem\" has \"inputs\" = \"input\"; it must be [input], strings'",
        "\"inputs\":[\"input\"]   ! \"inputs\":[3]          ! ' op \"stem\" has \"inputs\" = [3]; it must be [input], strings'",
        "[\"stem\",\"project\"]   ! [\"stem\"]              ! ' op \"sum\" has \"inputs\" = [\"stem\"]; it must be [left, right], strings'",
        "\"in_channels\":3,       !                         ! ' op \"stem\" lacks the field \"in_channels\"; add it, a whole number from 1 to 2147483647'",
        "\"in_channels\":3        ! \"in_channels\":3.0     ! ' op \"stem\" has \"in_channels\" = 3.0; it must be a whole number from 1 to 2147483647'",
        "\"in_channels\":3        ! \"in_channels\":0       ! ' op \"stem\" has \"in_channels\" = 0; it must be a whole number from 1 to 2147483647'",
        "\"in_channels\":3        ! \"in_channels\":true    ! ' op \"stem\" has \"in_channels\" = true; it must be a whole number from 1 to 2147483647'",
        "\"channels\":6           ! \"channels\":\"6\"      ! ' op \"depthwise\" has \"channels\" = \"6\"; it must be a whole number from 1 to 2147483647'",
        "\"kernel\":[3,2]         ! \"kernel\":[3]          ! ' op \"stem\" has \"kernel\" = [3]; it must be [height, width], whole numbers "
                + "from 1 to 2147483647'",
        "\"stride\":[1,2]         ! \"stride\":[1,0]        ! ' op \"stem\" has \"stride\" = [1, 0]; it must be [y, x], whole numbers "
                + "from 1 to 2147483647'",
        "\"padding\":[1,0,1,0],   !                         ! ' op \"stem\" lacks the field \"padding\"; add it, [top, left, bottom, right], "
                + "whole numbers from 0 to 2147483647'",
        "\"padding\":[1,0,1,0]    ! \"padding\":[3,0,1,0]   ! ' op \"stem\" has padding [3, 0, 1, 0] for a kernel of [3, 2]; each side must be "
                + "smaller than the kernel''s'",
        "\"block\":2              ! \"block\":1             ! ' op \"expand\" has \"block\" = 1; it must be a whole number from 2 to 16'",
        "\"block\":2              ! \"block\":17            ! ' op \"expand\" has \"block\" = 17; it must be a whole number from 2 to 16'",
        "\"block\":2              ! \"block\":null          ! ' op \"expand\" has \"block\" = null; it must be a whole number from 2 to 16'",
        "\"activation\":\"relu\"} ! \"activation\":\"gelu\"} ! ' op \"expand\" has \"activation\" = \"gelu\"; it must be one of \"none\", \"relu\", "
                + "\"relu6\"'",
        ",\"activation\":\"relu\"} ! }                      ! ' op \"expand\" lacks the field \"activation\"; add it, one of \"none\", \"relu\", "
                + "\"relu6\"'",
        "\"in_channels\":3        ! \"bias\":true,\"in_channels\":3 ! ' op \"stem\" has an unknown field \"bias\" = true; remove it, known are "
                + "activation, in_channels, inputs, kernel, name, op, out_channels, padding, stride'",
        "\"inputs\":[\"sum\"]     ! \"inputs\":[\"sum\"],\"activation\":\"relu\" ! ' op \"pool\" has an unknown field \"activation\" = \"relu\"; "
                + "remove it, known are inputs, name, op'",
    })
    void refusesBadOps(String what, String by, String message) {
        refusesGraph(message, what, by == null ? "" : by);
    }

    @Test
    void refusesGraphsThatCannotBe() {
        ModelFormatException e = refusesGraph(": op \"sum\" reads \"projekt\", which no op produces; name an op or \"input\"",
                "[\"stem\",\"project\"]", "[\"stem\",\"projekt\"]");
        assertEquals(GraphException.class, e.getCause().getClass());
        refusesGraph(": the graph has a cycle through or before \"expand\", \"depthwise\", \"project\", \"sum\", \"pool\" and 1 more; "
                + "an op may only read what does not depend on it", "\"inputs\":[\"stem\"],\"in_channels\":4", "\"inputs\":[\"sum\"],\"in_channels\":4");
        refusesGraph(": op \"expand\" has block 5, which does not divide its plane of 4x4; use a block of 2, 4", "\"block\":2", "\"block\":5");
        refusesGraph(": op \"expand\" has in_channels 5, but \"stem\" has 4 channels; they must agree", "\"in_channels\":4,\"out_channels\":6",
                "\"in_channels\":5,\"out_channels\":6");
        refusesGraph(": two ops are named \"st\\u000aem\"; op names must be unique", SmallNetwork.GRAPH,
                "[{\"op\":\"global_average_pool\",\"name\":\"st\\nem\",\"inputs\":[\"input\"]},"
                        + "{\"op\":\"global_average_pool\",\"name\":\"st\\nem\",\"inputs\":[\"input\"]}]");
        refuses("lowpass.graph: the graph has no ops; a network needs at least one", file -> file.metadata.put("lowpass.graph", "[]"));
    }

    @Test
    void refusesBadPreprocessing() {
        refusesPreprocess(" lacks the field \"input\"; add it, [height, width, channels], whole numbers from 1 to 2147483647", "\"input\":[4,8,3],", "");
        refusesPreprocess(" has \"input\" = [4, 8]; it must be [height, width, channels], whole numbers from 1 to 2147483647", "[4,8,3]", "[4,8]");
        refusesPreprocess(" has \"resize\" = \"fit\"; it must be one of \"stretch\", \"shortest_side\"", "shortest_side", "fit");
        refusesPreprocess(" lacks the field \"resize_to\"; add it, a whole number from 1 to 2147483647", "\"resize_to\":9,", "");
        refusesPreprocess(": resize to a shortest side of 7 is smaller than the crop of 4x8; use at least 8", "\"resize_to\":9", "\"resize_to\":7");
        refusesPreprocess(" has an unknown field \"resize_to\" = 9; remove it, known are channel_order, crop, input, interpolation, mean, resize, std",
                "\"resize\":\"shortest_side\",\"resize_to\":9,\"interpolation\":\"bicubic\",\"crop\":\"center\"",
                "\"resize\":\"stretch\",\"resize_to\":9,\"interpolation\":\"bicubic\",\"crop\":\"none\"");
        refusesPreprocess(" has \"crop\" = \"none\" with \"resize\" = \"shortest_side\"; there it must be \"center\"", "center", "none");
        refusesPreprocess(" has \"interpolation\" = \"nearest\"; it must be one of \"bilinear\", \"bicubic\"", "bicubic", "nearest");
        refusesPreprocess(" has \"channel_order\" = \"BGR\"; it must be one of \"rgb\", \"bgr\"", "bgr", "BGR");
        refusesPreprocess(" has \"mean\" = 0.5; it must be a list of numbers", "[123.675,116.28,103.53]", "0.5");
        refusesPreprocess(" has \"std\" = [\"1\", 1, 1]; it must be a list of numbers", "[58.395,57.12,57.375]", "[\"1\",1,1]");
        refusesPreprocess(": mean has 2 and std 3 values for an input of 3 channels; give one a channel", "[123.675,116.28,103.53]", "[0,0]");
        refusesPreprocess(": std holds 0.0; each value must be finite and not 0", "57.12", "0");
        refusesPreprocess(": std holds Infinity; each value must be finite and not 0", "57.12", "1e999999999999");
        refusesPreprocess(" has an unknown field \"gamma\" = 2.2; remove it, known are channel_order, crop, input, interpolation, mean, resize, "
                + "resize_to, std", "\"mean\"", "\"gamma\":2.2,\"mean\"");
    }

    @Test
    void refusesTensorsThatAreMissingOrTooMany() {
        refuses("tensor \"stem.weight\" is missing; op \"stem\" needs it, of shape [4, 3, 3, 2]: add it", file -> file.tensors.remove("stem.weight"));
        refuses("tensor \"project.weight\" is missing; op \"project\" needs it, of shape [4, 6] or [4, 6, 1, 1]: add it",
                file -> file.tensors.remove("project.weight"));
        refuses("tensor \"depthwise.bias\" is missing; op \"depthwise\" needs it, of shape [6]: add it", file -> file.tensors.remove("depthwise.bias"));
        for (String extra : List.of("sum.weight", "stem.cutoff", "pool", "golden.labels", "stem.weights", "stem.bias@0.5")) {
            refuses("tensor \"" + extra + "\" belongs to no op; remove it or add its op to lowpass.graph (tensors are OP.weight and OP.bias of each "
                    + "convolution, OP.cutoff of a pointwise one, golden.input, golden.logits; those of a further cutoff set end in @ and its name)",
                    file -> file.floats(extra, List.of(1), 1));
        }
        refuses("op \"expand\" has block 2 but no tensor \"expand.cutoff\"; add the cutoffs or remove the block",
                file -> file.tensors.remove("expand.cutoff"));
        refuses("tensor \"project.cutoff\" belongs to op \"project\", which has no block; add \"block\" to a pointwise op or remove the cutoffs",
                file -> file.ints("project.cutoff", List.of(6), 1, 1, 1, 1, 1, 1));
    }

    @Test
    void refusesTensorsOfTheWrongTypeOrShape() {
        refuses("tensor \"stem.bias\" is I32; it must be F32 or F16: convert it", file -> file.ints("stem.bias", List.of(4), 1, 2, 3, 4));
        refuses("tensor \"expand.cutoff\" is F32; it must be I32: convert it", file -> file.floats("expand.cutoff", List.of(4), 1, 2, 3, 4));
        refuses("tensor \"stem.weight\" is F64; it must be F32 or F16: convert it",
                file -> file.tensors.put("stem.weight", new HandMadeFile.Tensor("F64", List.of(4, 3, 3, 2), new byte[576])));
        refuses("tensor \"stem.weight\" has shape [3, 4, 3, 2], but op \"stem\" in lowpass.graph needs [4, 3, 3, 2]; correct one of them",
                file -> file.floats("stem.weight", List.of(3, 4, 3, 2), new float[72]));
        refuses("tensor \"depthwise.weight\" has shape [1, 6, 3, 3], but op \"depthwise\" in lowpass.graph needs [6, 1, 3, 3]; correct one of them",
                file -> file.floats("depthwise.weight", List.of(1, 6, 3, 3), new float[54]));
        refuses("tensor \"project.weight\" has shape [6, 4], but op \"project\" in lowpass.graph needs [4, 6] or [4, 6, 1, 1]; correct one of them",
                file -> file.floats("project.weight", List.of(6, 4), new float[24]));
        refuses("tensor \"project.bias\" has shape [4, 1], but op \"project\" in lowpass.graph needs [4]; correct one of them",
                file -> file.floats("project.bias", List.of(4, 1), new float[4]));
        refuses("tensor \"expand.cutoff\" has shape [6], but op \"expand\" in lowpass.graph needs [4]; correct one of them",
                file -> file.ints("expand.cutoff", List.of(6), new int[6]));
    }

    @Test
    void refusesValuesThatCannotBe() {
        float[] weight = SmallNetwork.definition().parameters().get("project").weight();
        weight[17] = Float.NaN;
        refuses("tensor \"project.weight\" holds NaN at index 17; every value must be finite: export the weights again",
                file -> file.floats("project.weight", List.of(4, 6), weight));
        refuses("tensor \"stem.bias\" holds -Infinity at index 3; every value must be finite: export the weights again",
                file -> file.floats("stem.bias", List.of(4), 1, 2, 3, Float.NEGATIVE_INFINITY));
        refuses("tensor \"expand.bias\" holds Infinity at index 1; every value must be finite: export the weights again",
                file -> file.tensors.put("expand.bias", new HandMadeFile.Tensor("F16", List.of(6), new byte[] {0, 0, 0, 0x7c, 0, 0, 0, 0, 0, 0, 0, 0})));
        refuses("tensor \"expand.cutoff\" holds 5 at index 2; with block 2 a cutoff is from 0 to 4",
                file -> file.ints("expand.cutoff", List.of(4), 4, 0, 5, 1));
        refuses("tensor \"expand.cutoff\" holds -1 at index 0; with block 2 a cutoff is from 0 to 4",
                file -> file.ints("expand.cutoff", List.of(4), -1, 0, 4, 1));
    }

    @Test
    void refusesGoldenThatDoesNotFit() {
        refuses("has tensor \"golden.input\" but not \"golden.logits\"; add the other or remove it", file -> file.tensors.remove("golden.logits"));
        refuses("has tensor \"golden.logits\" but not \"golden.input\"; add the other or remove it", file -> file.tensors.remove("golden.input"));
        refuses("tensor \"golden.input\" is F32; it must be U8: convert it", file -> file.floats("golden.input", List.of(1, 4, 8, 3), new float[96]));
        refuses("tensor \"golden.logits\" is I32; it must be F32: convert it", file -> file.ints("golden.logits", List.of(2, 2), new int[4]));
        String rule = "; it must be [n, 4, 8, 3] with n of at least 1, the input of lowpass.preprocess";
        refuses("tensor \"golden.input\" has shape [2, 3, 4, 8]" + rule, file -> file.bytes("golden.input", List.of(2, 3, 4, 8), new byte[192]));
        refuses("tensor \"golden.input\" has shape [4, 8, 3]" + rule, file -> file.bytes("golden.input", List.of(4, 8, 3), new byte[96]));
        refuses("tensor \"golden.input\" has shape [0, 4, 8, 3]" + rule, file -> file.bytes("golden.input", List.of(0, 4, 8, 3)));
        refuses("tensor \"golden.logits\" has shape [1, 4]; it must be [2, 2], images of \"golden.input\" by classes of the graph's output",
                file -> file.floats("golden.logits", List.of(1, 4), new float[4]));
        refuses("tensor \"golden.logits\" holds NaN at index 2; every value must be finite: export the weights again",
                file -> file.floats("golden.logits", List.of(2, 2), 1, 2, Float.NaN, 4));
    }

    private void refusesToWrite(String message, ModelDefinition model, ModelFile.WeightType type) throws IOException {
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> ModelFile.write(model, path(), type));
        assertEquals("cannot write " + path() + ": " + message, e.getMessage());
        assertFalse(Files.exists(path()));
    }

    private static ModelDefinition with(String op, Parameters parameters) {
        ModelDefinition model = SmallNetwork.definition();
        Map<String, Parameters> changed = new HashMap<>(model.parameters());
        changed.compute(op, (name, old) -> parameters);
        return new ModelDefinition(model.graph(), changed, model.preprocess(), model.labels(), model.provenance(), model.golden());
    }

    @Test
    void writesNothingThatItWouldRefuseToRead() throws IOException {
        ModelDefinition model = SmallNetwork.definition();
        refusesToWrite("op \"stem\" has no weight or no bias; a convolution needs both: add them", with("stem", null), ModelFile.WeightType.F32);
        refusesToWrite("there are parameters for \"sum\", which is no convolution of the graph; remove them",
                with("sum", new Parameters(new float[1], new float[1])), ModelFile.WeightType.F32);
        refusesToWrite("tensor \"stem.weight\" has 3 values, but its shape is [4, 3, 3, 2]; they must agree",
                with("stem", new Parameters(new float[3], new float[4])), ModelFile.WeightType.F32);
        refusesToWrite("tensor \"stem.bias\" has 5 values, but its shape is [4]; they must agree",
                with("stem", new Parameters(new float[72], new float[5])), ModelFile.WeightType.F32);
        refusesToWrite("tensor \"stem.cutoff\" belongs to op \"stem\", which has no block; add \"block\" to a pointwise op or remove the cutoffs",
                with("stem", new Parameters(new float[72], new float[4], new int[3])), ModelFile.WeightType.F32);
        refusesToWrite("op \"expand\" has block 2 but no tensor \"expand.cutoff\"; add the cutoffs or remove the block",
                with("expand", new Parameters(new float[24], new float[6])), ModelFile.WeightType.F32);
        refusesToWrite("tensor \"expand.cutoff\" has 3 values, but its shape is [4]; they must agree",
                with("expand", new Parameters(new float[24], new float[6], new int[3])), ModelFile.WeightType.F32);
        float[] large = new float[8];
        large[5] = 65520;
        refusesToWrite("tensor \"classifier.weight\" holds 65520.0 at index 5; F16 ends at 65504.0: write F32",
                with("classifier", new Parameters(large, new float[2])), ModelFile.WeightType.F16);
        refusesToWrite("tensor \"golden.input\" has 191 values, but its shape is [2, 96]; they must agree",
                model.withGolden(new Golden(2, new byte[191], new float[4])), ModelFile.WeightType.F32);
        refusesToWrite("golden has 0 images; give at least 1 or no golden at all", model.withGolden(new Golden(0, new byte[0], new float[0])),
                ModelFile.WeightType.F32);
        refusesToWrite("lowpass.labels has 1 names for 2 classes; give one a class or none",
                new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), List.of("a"), Map.of(), Optional.empty()),
                ModelFile.WeightType.F32);
        refusesToWrite("lowpass.preprocess makes an input of 8x8x3, but the graph's is 4x8x3; they must agree",
                new ModelDefinition(model.graph(), model.parameters(), Preprocess.tensorflow(new Plane(8, 8, 3)), List.of(), Map.of(), Optional.empty()),
                ModelFile.WeightType.F32);
    }

    @Test
    void everyKindOfOpIsInTheSmallNetwork() {
        assertEquals(GraphOp.class.getPermittedSubclasses().length,
                SmallNetwork.definition().graph().ops().stream().map(Object::getClass).distinct().count());
    }
}
