package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lowpass.models.tflite.TfliteBuilder;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a network of 8x8 input with three classes, whose pointwise planes are 4x4. */
class ModelImportTest {

    private static final String POINTWISE = "block1.project, block2.expand, block2.project, head, classifier";

    @TempDir
    Path folder;
    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = Files.write(folder.resolve("tiny.tflite"), TfliteBuilder.tinyInvertedResidual());
    }

    private Path text(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    /** @param tensors name and values, I32, one dimension */
    private Path cutoffs(String metadata, Object... tensors) throws IOException {
        StringBuilder header = new StringBuilder("{\"__metadata__\": {" + metadata + "}");
        ByteBuffer data = ByteBuffer.allocate(10_000).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < tensors.length; i += 2) {
            int[] values = (int[]) tensors[i + 1];
            int begin = data.position();
            for (int value : values) {
                data.putInt(value);
            }
            header.append(", \"").append(tensors[i]).append("\": {\"dtype\": \"I32\", \"shape\": [").append(values.length)
                    .append("], \"data_offsets\": [").append(begin).append(", ").append(data.position()).append("]}");
        }
        byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + data.position()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json).put(data.flip());
        return Files.write(folder.resolve("k.safetensors"), file.array());
    }

    /** The network's input is FLOAT32. */
    private String assumed() {
        return model + " has a FLOAT32 input and does not say how pixels become its numbers: (pixel - 127.5) / 127.5, from -1 to 1, is assumed. For "
                + "others change \"mean\" and \"std\" of lowpass.preprocess in the model file's metadata and leave out golden.input and golden.logits, "
                + "which hold for the old ones.";
    }

    private static String refusal(Path file, ModelImport.Options options) {
        IOException e = assertThrows(IOException.class, () -> ModelImport.read(file, options));
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        return e.getMessage();
    }

    private void assertCutoffsRefused(String message, Path cutoffs) {
        assertEquals(cutoffs + ": " + message, refusal(model, new ModelImport.Options(null, cutoffs, null)));
    }

    @Test
    void provenanceNamesTheSource() throws Exception {
        ModelImport.Result result = ModelImport.read(model, new ModelImport.Options(null, null, "Apache-2.0"));
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(model)));
        assertEquals(Map.of("source", "tiny.tflite", "source_sha256", hash, "licence", "Apache-2.0"), result.model().provenance());
        assertEquals(List.of(assumed()), result.notes());
        assertEquals(List.of(), result.model().labels());
    }

    @Test
    void labels() throws IOException {
        Path three = text("three.txt", "\uFEFFcat\ndog \r\nbird\n\n");
        ModelImport.Result result = ModelImport.read(model, new ModelImport.Options(three, null, null));
        assertEquals(List.of("cat", "dog", "bird"), result.model().labels());
        assertEquals(List.of(assumed()), result.notes());

        Path two = text("two.txt", "cat\ndog");
        result = ModelImport.read(model, new ModelImport.Options(two, null, null));
        assertEquals(List.of("background", "cat", "dog"), result.model().labels());
        assertEquals(List.of(assumed(), two
                + " has one name less than the network's 3 classes: class 0 is called \"background\", and the names follow from 1 on."),
                result.notes());

        Path four = text("four.txt", "a\nb\nc\nd\n");
        assertEquals(four + ": has 4 names, but the network has 3 classes; give 3 lines, or 2 for a network whose class 0 is the background",
                refusal(model, new ModelImport.Options(four, null, null)));
        Path blank = text("blank.txt", "a\n\nc\n");
        assertEquals(blank + ": line 2 is blank; give the name of a class on each line", refusal(model, new ModelImport.Options(blank,
                null, null)));
        Path binary = Files.write(folder.resolve("binary.txt"), new byte[] {(byte) 0xff, 1, 2});
        assertEquals(binary + ": is not text in UTF-8; give a text file with the name of a class on each line",
                refusal(model, new ModelImport.Options(binary, null, null)));
    }

    @Test
    void filesThatCannotBeImported() throws IOException {
        Path missing = folder.resolve("missing.tflite");
        assertEquals(missing + ": no such file; check the path", refusal(missing, ModelImport.Options.NONE));
        Path onnx = text("model.onnx", "x");
        assertEquals(onnx + ": is not of a format that can be imported; give a .tflite file", refusal(onnx, ModelImport.Options.NONE));
        Path directory = Files.createDirectory(folder.resolve("folder.tflite"));
        assertEquals(directory + ": is a directory; give a file", refusal(directory, ModelImport.Options.NONE));
        Path html = text("download.tflite", "<html>404</html>");
        assertEquals(html + ": is not a TFLite model (the identifier TFL3 is missing at byte 4); give a .tflite file",
                refusal(html, ModelImport.Options.NONE));
    }

    /** By block, by MobileNetV2's names and by the op's own. */
    @Test
    void cutoffsOfEveryNaming() throws IOException {
        Path file = cutoffs("\"block\": \"4x4 orthonormal DCT-II, zigzag\"",
                "cutoffs.expanded_conv_1.project", new int[] {16, 0, 3, 4}, "cutoffs.expanded_conv_2.expand", new int[] {1, 2},
                "cutoffs.Conv2d_18_1", new int[] {7, 8}, "block2.project.cutoff", new int[] {1, 2, 3, 4, 5, 6}, "logits", new int[] {1});
        ModelDefinition cut = ModelImport.read(model, new ModelImport.Options(null, file, null)).model();
        assertArrayEquals(new int[] {16, 0, 3, 4}, cut.parameters().get("block1.project").cutoffs());
        assertArrayEquals(new int[] {1, 2}, cut.parameters().get("block2.expand").cutoffs());
        assertArrayEquals(new int[] {1, 2, 3, 4, 5, 6}, cut.parameters().get("block2.project").cutoffs());
        assertArrayEquals(new int[] {7, 8}, cut.parameters().get("head").cutoffs());
        assertEquals(4, ((GraphOp.PointwiseConv2d) cut.graph().op("head")).block());
        assertEquals(0, ((GraphOp.PointwiseConv2d) cut.graph().op("classifier")).block());
        assertEquals("k.safetensors", cut.provenance().get("cutoffs"));
        ModelDefinition uncut = ModelImport.read(model, ModelImport.Options.NONE).model();
        assertArrayEquals(uncut.parameters().get("head").weight(), cut.parameters().get("head").weight());
    }

    /** What was measured on the model as it came does not hold for the one with cutoffs. */
    @Test
    void cutoffsDropGoldenImagesAndSets() throws IOException {
        ModelDefinition plain = ModelImport.read(model, ModelImport.Options.NONE).model();
        ModelDefinition golden = plain.withGolden(Golden.of(plain, GoldenImages.of(plain.preprocess(), 1)));
        ModelDefinition before = new ModelDefinition(golden.graph(), golden.parameters(), golden.preprocess(), golden.labels(), golden.provenance(),
                golden.golden(), List.of(new CutoffSet("0.7", 1, 1, "none", Map.of(), null)));
        ModelDefinition cut = Cutoffs.apply(before, cutoffs("\"block\": \"4\"", "head.cutoff", new int[] {1, 0}));
        assertArrayEquals(new int[] {1, 0}, cut.parameters().get("head").cutoffs());
        assertEquals(Optional.empty(), cut.golden());
        assertEquals(List.of(), cut.cutoffSets());
    }

    @ParameterizedTest
    @CsvSource({"4, 4", "'2 x 2 DCT', 2", "' 4x4', 4"})
    void blockOfTheMetadata(String text, int block) throws IOException {
        Path file = cutoffs("\"block\": \"" + text + "\"", "head.cutoff", new int[] {1, 1});
        ModelDefinition cut = ModelImport.read(model, new ModelImport.Options(null, file, null)).model();
        assertEquals(block, ((GraphOp.PointwiseConv2d) cut.graph().op("head")).block());
    }

    @Test
    void cutoffsThatDoNotFitAreRefused() throws IOException {
        assertCutoffsRefused("its metadata has no \"block\"; add the side of the DCT block that the cutoffs are for, like \"7\"",
                cutoffs("\"about\": \"x\"", "head.cutoff", new int[] {1, 1}));
        assertCutoffsRefused("its metadata's block is \"4x2\"; it must begin with one side of a square, like \"7\" or \"7x7\"",
                cutoffs("\"block\": \"4x2\"", "head.cutoff", new int[] {1, 1}));
        assertCutoffsRefused("its metadata's block is \"large\"; it must begin with one side of a square, like \"7\" or \"7x7\"",
                cutoffs("\"block\": \"large\"", "head.cutoff", new int[] {1, 1}));
        assertCutoffsRefused("block 17 is out of range; a DCT block side is from 2 to 16", cutoffs("\"block\": \"17\"", "head.cutoff",
                new int[] {1, 1}));
        assertCutoffsRefused("op \"head\" has block 3, which does not divide its plane of 4x4; use a block of 2, 4",
                cutoffs("\"block\": \"3\"", "head.cutoff", new int[] {1, 1}));
        assertCutoffsRefused("tensor \"head.cutoff\" has shape [3]; op \"head\" needs [2], one cutoff per input channel",
                cutoffs("\"block\": \"4\"", "head.cutoff", new int[] {1, 1, 1}));
        assertCutoffsRefused("tensor \"head.cutoff\" has 17 for channel 1; with block 4 a cutoff is from 0 to 16",
                cutoffs("\"block\": \"4\"", "head.cutoff", new int[] {1, 17}));
        assertCutoffsRefused("tensor \"head.cutoff\" has -1 for channel 0; with block 4 a cutoff is from 0 to 16",
                cutoffs("\"block\": \"4\"", "head.cutoff", new int[] {-1, 0}));
        assertCutoffsRefused("no pointwise op belongs to \"cutoffs.expanded_conv_1.expand\", \"stem.cutoff\", \"cutoffs.other\"; the network's are "
                + POINTWISE, cutoffs("\"block\": \"4\"", "cutoffs.expanded_conv_1.expand", new int[] {1}, "head.cutoff", new int[] {1, 1},
                "stem.cutoff",
                new int[] {1}, "cutoffs.other", new int[] {1}));
        assertCutoffsRefused("two tensors, \"cutoffs.Conv2d_18_1\" among them, hold cutoffs of op \"head\"; keep one",
                cutoffs("\"block\": \"4\"", "head.cutoff", new int[] {1, 1}, "cutoffs.Conv2d_18_1", new int[] {1, 1}));
        assertCutoffsRefused("holds no cutoffs; name its tensors OP.cutoff, where OP is one of " + POINTWISE,
                cutoffs("\"block\": \"4\"", "logits", new int[] {1, 1}));
    }
}
