package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.ModelFile.WeightType;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on a network that tells colours, from the files to the lines they print. */
class ModelCommandsTest {

    @TempDir
    Path folder;

    private Path model;
    private Path red;
    private Path green;
    private Path blue;

    @BeforeEach
    void makeFiles() throws IOException {
        model = folder.resolve("tiny.safetensors");
        ModelFile.write(TinyNetwork.withGolden(TinyNetwork.definition(TinyNetwork.LABELS, false)), model, WeightType.F32);
        red = TinyNetwork.picture(folder.resolve("red.png"), 0xff0000);
        green = TinyNetwork.picture(folder.resolve("green.png"), 0x00ff00);
        blue = TinyNetwork.picture(folder.resolve("blue.png"), 0x0000ff);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** Every number, text and truth of a JSON file by its path, like {@code /images/0/top/1/class}. */
    private static Map<String, String> json(String text) throws IOException {
        Map<String, String> values = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isScalarValue()) {
                    values.put(parser.getParsingContext().pathAsPointer().toString(), parser.getText());
                }
            }
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "cpu", "reference"})
    void classifyNamesColours(String device) {
        Execution run = Execution.of("classify", "-m", model, "--device", device, "--top", 2, red, blue);
        assertEquals(0, run.status(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals(8, lines.size(), run.out());
        assertEquals(red.toString(), lines.get(0));
        assertTrue(lines.get(2).matches("1 +\\d+\\.\\d\\d % +red"), run.out());
        assertEquals(blue.toString(), lines.get(4));
        assertTrue(lines.get(6).matches("1 +\\d+\\.\\d\\d % +blue"), run.out());
        assertEquals("", run.err());
    }

    @Test
    void classifyWritesJson() throws IOException {
        Path file = folder.resolve("out.json");
        Execution run = Execution.of("classify", "-m", model, "--json", file, green);
        assertEquals(0, run.status(), run.err());
        Map<String, String> values = json(Files.readString(file));
        assertEquals("lowpass.classify/1", values.get("/schema"));
        assertEquals(64, values.get("/model/sha256").length());
        assertEquals(green.toString(), values.get("/images/0/file"));
        assertEquals("1", values.get("/images/0/top/0/class"));
        assertEquals("green", values.get("/images/0/top/0/label"));
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            sum += Double.parseDouble(values.get("/images/0/top/" + i + "/probability"));
        }
        assertEquals(1, sum, 1e-9);
        assertTrue(run.out().contains("green"), "the text is printed too");
        Execution dash = Execution.of("classify", "-m", model, "--json", "-", green);
        assertEquals("green", json(dash.out()).get("/images/0/top/0/label"));
    }

    @Test
    void oneBadPictureDoesNotHideTheOthers() throws IOException {
        Path text = Files.writeString(folder.resolve("text.jpg"), "I am not a picture");
        Execution run = Execution.of("classify", "-m", model, "--json", folder.resolve("out.json"), text, red);
        assertEquals(1, run.status());
        assertTrue(run.message().startsWith("lowpass: " + text + ": is not a picture (it begins with \"I am not a p\"); JPEG, PNG and BMP are read"), run.err());
        assertTrue(run.out().startsWith(red.toString()), run.out());
        Map<String, String> values = json(Files.readString(folder.resolve("out.json")));
        assertTrue(values.get("/images/0/error").startsWith(text + ": is not a picture"), values.toString());
        assertEquals("red", values.get("/images/1/top/0/label"));
    }

    @Test
    void picturesThatTheSystemRefusesDoNotHideTheOthers() {
        Execution run = Execution.of("classify", "-m", model, green.resolve("x.jpg"), "a\0.jpg", red);
        assertEquals(1, run.status());
        List<String> messages = run.err().lines().toList();
        assertEquals(2, messages.size(), run.err());
        assertTrue(messages.get(0).startsWith("lowpass: " + green.resolve("x.jpg") + ": "), run.err());
        assertEquals("lowpass: a?.jpg: no file can have this name here (Nul character not allowed); if it has letters beyond ASCII, run lowpass in a UTF-8 locale, "
                + "for example with LC_ALL=C.UTF-8", messages.get(1));
        assertTrue(run.out().startsWith(red.toString()), run.out());
    }

    /** In a JVM of its own, since a JVM takes the encoding of paths from the locale it is started in. */
    @Test
    void evalLeavesOutNamesThatTheLocaleCannotWrite() throws IOException, InterruptedException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "elsewhere the locale does not matter to paths");
        Path csv = list("red.png,0\n\u00fc.png,1\nred.png/x.png,1\nblue.png,2\n");
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules", "jdk.incubator.vector",
                "-cp", System.getProperty("java.class.path"), "dev.lowpass.bench.Main", "eval", "-m", model.toString(), "--device", "reference", "--images",
                folder.toString(), "--labels", csv.toString(), "--skip-unreadable").redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertEquals(0, process.waitFor(), text);
        assertTrue(text.contains(".png: no file can have this name here (") && text.contains("with LC_ALL=C.UTF-8"), text);
        assertTrue(text.contains("left out: " + red.resolve("x.png") + ": "), text);
        assertTrue(text.contains("images  2, 2 unreadable left out"), text);
    }

    private Path list(String text) throws IOException {
        return Files.writeString(folder.resolve("labels.csv"), "file,class\n" + text);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64})
    void evalCountsHits(int batch) throws IOException {
        Path csv = list("red.png,0\ngreen.png,green\nblue.png,2\nblue.png,red\n");
        Path file = folder.resolve("eval.json");
        Execution run = Execution.of("eval", "-m", model, "--images", folder, "--labels", csv, "--batch", batch, "--json", file, "--threads", 2);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("label offset 0: class numbers of the list are the model's own"), run.out());
        assertTrue(run.out().contains("top-1   3 of 4 (75.00 %)") && run.out().contains("top-5   4 of 4 (100.00 %)"), run.out());
        assertTrue(run.out().contains("images/s"), run.out());
        assertEquals("", run.err(), "no progress bar without a terminal");
        Map<String, String> values = json(Files.readString(file));
        assertEquals("lowpass.eval/1", values.get("/schema"));
        assertEquals("3", values.get("/top1"));
        assertEquals("4", values.get("/top5"));
        assertEquals("4", values.get("/images"));
        assertEquals("2", values.get("/samples/2/top/0"));
    }

    @Test
    void evalReadsClassesFromFolders() throws IOException {
        Path photos = folder.resolve("photos");
        for (String colour : List.of("red", "green", "blue")) {
            Path own = Files.createDirectories(photos.resolve("test").resolve(colour));
            Files.copy(folder.resolve(colour + ".png"), own.resolve("a.png"));
            Files.writeString(own.resolve("notes.txt"), "no picture");
        }
        Files.copy(folder.resolve("red.png"), photos.resolve("test/blue/b.PNG"));
        Execution run = Execution.of("eval", "-m", model, "--images", photos, "--labels", "folders");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("top-1   3 of 4 (75.00 %)"), run.out());
        Path linked = Files.createDirectories(folder.resolve("linked"));
        Files.createSymbolicLink(linked.resolve("red"), photos.resolve("test/red"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), linked);
        assertTrue(Execution.of("eval", "-m", model, "--images", link, "--labels", "folders").out().contains("top-1   1 of 1 (100.00 %)"));
        Path loop = Files.createSymbolicLink(linked.resolve("again"), linked);
        assertEquals("lowpass: " + loop + ": links to a folder that it is in; check the path",
                Execution.of("eval", "-m", model, "--images", linked, "--labels", "folders").message());
        Files.createDirectories(photos.resolve("yellow"));
        Path unknown = Files.copy(folder.resolve("red.png"), photos.resolve("yellow/a.png"));
        assertTrue(Execution.of("eval", "-m", model, "--images", photos, "--labels", "folders").message().startsWith("lowpass: the folder of " + unknown + ": "));
        Path alone = Files.copy(folder.resolve("red.png"), photos.resolve("alone.png"));
        assertEquals("lowpass: " + alone + ": is in no folder that names its class; put each image into a folder with the name of its class",
                Execution.of("eval", "-m", model, "--images", photos, "--labels", "folders").message());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertEquals("lowpass: " + empty + ": has no image in folders named by class; add .jpg, .png or .bmp files as CLASS/FILE",
                Execution.of("eval", "-m", model, "--images", empty, "--labels", "folders").message());
    }

    @Test
    void evalKnowsABackgroundClass() throws IOException {
        Path other = folder.resolve("background.safetensors");
        ModelFile.write(TinyNetwork.definition(List.of("background", "red", "green", "blue"), true), other, WeightType.F32);
        Path csv = list("red.png,0\ngreen.png,1\nblue.png,2\n");
        Execution run = Execution.of("eval", "-m", other, "--images", folder, "--labels", csv);
        assertTrue(run.out().contains("label offset 1: the model's class 0 is \"background\""), run.out());
        assertTrue(run.out().contains("top-1   3 of 3"), run.out());
        Execution given = Execution.of("eval", "-m", other, "--images", folder, "--labels", csv, "--label-offset", 0);
        assertTrue(given.out().contains("label offset 0, as given") && given.out().contains("top-1   0 of 3"), given.out());
    }

    @Test
    void evalStopsAtUnreadablePicturesUnlessToldOtherwise() throws IOException {
        Files.writeString(folder.resolve("text.jpg"), "text");
        Path csv = list("red.png,0\ntext.jpg,0\nnone.jpg,1\nblue.png,2\n");
        Execution run = Execution.of("eval", "-m", model, "--images", folder, "--labels", csv, "--batch", 3, "--json", folder.resolve("a.json"));
        assertEquals(1, run.status());
        assertTrue(run.message().startsWith("lowpass: " + folder.resolve("text.jpg") + ": is not a picture"), run.err());
        assertFalse(files().contains("a.json"));
        Execution skip = Execution.of("eval", "-m", model, "--images", folder, "--labels", csv, "--batch", 3, "--skip-unreadable");
        assertEquals(0, skip.status());
        assertEquals(2, skip.err().lines().count());
        assertTrue(skip.out().contains("images  2, 2 unreadable left out") && skip.out().contains("top-1   2 of 2"), skip.out());
        Execution none = Execution.of("eval", "-m", model, "--images", folder, "--labels", list("none.jpg,1\n"), "--skip-unreadable");
        assertEquals(1, none.status());
        assertTrue(none.err().contains("none of the 1 pictures could be read; check --images " + folder), none.err());
    }

    @Test
    void inspectShowsGraphAndMemory() throws IOException {
        Execution run = Execution.of("inspect", model, "--batch", 4, "--json", folder.resolve("a.json"));
        assertEquals(0, run.status(), run.err());
        // Stem 16 * 3 * 12, expand 16 * 18, depthwise 16 * 6 * 9, project 16 * 18, classifier 9.
        assertTrue(run.out().contains("block1.expand") && run.out().contains("2x2 stride 2 pad 0,0,0,0") && run.out().contains("made by a test"), run.out());
        assertTrue(run.out().contains("golden images  3") && run.out().contains("labels         3: red; green; blue"), run.out());
        Map<String, String> values = json(Files.readString(folder.resolve("a.json")));
        assertEquals(String.valueOf(16 * 36 + 16 * 18 + 16 * 54 + 16 * 18 + 9), values.get("/macs_dense"));
        // Weights 36, 18, 54, 18, 9 and biases 3, 6, 6, 3, 3.
        assertEquals(String.valueOf(135 + 21), values.get("/parameters"));
        // One block of 4x4: each kept coefficient is one product per output channel; 28 of 48 for 6, 49 of 96 for 3.
        assertEquals(String.valueOf(28 * 6 + 49 * 3), values.get("/pointwise_macs_kept"));
        assertTrue(Long.parseLong(values.get("/session_bytes")) >= 4L * 4 * (8 * 8 * 3 + 3), values.get("/session_bytes"));
        assertTrue(run.out().contains("(" + String.format(java.util.Locale.ROOT, "%,d", Long.parseLong(values.get("/session_bytes"))) + " bytes"), run.out());
    }

    /** A linear layer without cutoffs between two with: it stays in the frequency domain, with every coefficient. */
    @Test
    void explainShowsALayerWithoutCutoffsAmongCoefficients() throws IOException {
        Plane input = new Plane(8, 8, 3);
        List<GraphOp> ops = List.of(
                new GraphOp.PointwiseConv2d("a", Graph.INPUT, 3, 3, 4, Activation.NONE),
                new GraphOp.PointwiseConv2d("b", "a", 3, 3, 0, Activation.NONE),
                new GraphOp.PointwiseConv2d("c", "b", 3, 3, 4, Activation.NONE),
                new GraphOp.GlobalAveragePool("pool", "c"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 3, 2, 0, Activation.NONE));
        Map<String, Parameters> parameters = Map.of(
                "a", new Parameters(new float[9], new float[3], new int[] {16, 8, 4}),
                "b", new Parameters(new float[9], new float[3]),
                "c", new Parameters(new float[9], new float[3], new int[] {16, 8, 4}),
                "classifier", new Parameters(new float[6], new float[2]));
        Path file = folder.resolve("between.safetensors");
        ModelFile.write(new ModelDefinition(Graph.of(input, ops), parameters, Preprocess.tensorflow(input), List.of(), Map.of(), Optional.empty()), file, ModelFile.WeightType.F32);
        Execution run = Execution.of("explain", file, "--device", "cpu", "--bands");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().lines().anyMatch(line -> line.matches(" *b +8x8x3 +3 +frequency .*")), run.out());
    }

    @Test
    void explainShowsKeptCoefficientsAndBands() throws IOException {
        Execution run = Execution.of("explain", model, "--device", "reference", "--bands", "--steps", "--json", folder.resolve("a.json"));
        assertEquals(0, run.status(), run.err());
        // The reference device's bands are exactly the steps of the staircase 16, 8, 4.
        assertTrue(run.out().contains("0..4x3 4..8x2 8..16x1"), run.out());
        assertTrue(run.out().contains("pointwise MACs kept  315 of 576 (54.69 %), without the classifier"), run.out());
        assertTrue(run.out().contains("58.33 %"), run.out());
        Map<String, String> values = json(Files.readString(folder.resolve("a.json")));
        assertEquals("lowpass.explain/1", values.get("/schema"));
        assertEquals("block1.expand", values.get("/layers/0/name"));
        assertEquals("frequency", values.get("/layers/0/domain"));
        assertEquals("168", values.get("/layers/0/macs_kept"));
        assertEquals("168", values.get("/layers/0/macs_computed"));
        assertEquals("spatial", values.get("/layers/2/domain"));
    }

    @Test
    void verifyPassesOnEveryDevice() throws IOException {
        Execution run = Execution.of("verify", model, "--json", folder.resolve("a.json"));
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().startsWith("3 golden images, tolerance 1.0E-4 of the largest logit"), run.out());
        Map<String, String> values = json(Files.readString(folder.resolve("a.json")));
        assertEquals("true", values.get("/passed"));
        assertEquals("cpu", values.get("/devices/0/device"));
        assertTrue(Double.parseDouble(values.get("/devices/0/error")) < 1e-5, values.toString());
        assertEquals("reference", values.get("/devices/1/device"));
        assertTrue(Double.parseDouble(values.get("/devices/1/error")) < 1e-6, values.toString());
    }

    @Test
    void verifyFailsWhereLogitsDiffer() throws IOException {
        ModelDefinition definition = TinyNetwork.withGolden(TinyNetwork.definition(TinyNetwork.LABELS, false));
        Golden golden = definition.golden().orElseThrow();
        float[] logits = golden.logits().clone();
        logits[8] += 0.01f * Math.abs(logits[8]) + 0.01f; // of the last image
        ModelFile.write(definition.withGolden(new Golden(3, golden.images(), logits)), model, WeightType.F32);
        Execution run = Execution.of("verify", model, "--device", "reference");
        assertEquals(1, run.status());
        assertTrue(run.out().contains("FAILED"), run.out());
        assertTrue(run.message().startsWith("lowpass: " + model + ": the error on reference is above the tolerance of 1.0E-4; "), run.err());
        assertEquals(0, Execution.of("verify", model, "--device", "reference", "--tolerance", "0.5").status());
    }

    /** A weight may be finite and its products not: that is a failure of the model, never an answer. */
    @Test
    void networksThatOverflowFailEveryCommand() throws IOException {
        ModelDefinition definition = TinyNetwork.withGolden(TinyNetwork.definition(TinyNetwork.LABELS, false));
        Map<String, Parameters> parameters = new HashMap<>(definition.parameters());
        float[] weight = parameters.get("classifier").weight().clone();
        Arrays.fill(weight, 3e38f);
        weight[1] = -3e38f;
        parameters.put("classifier", new Parameters(weight, new float[3]));
        ModelFile.write(new ModelDefinition(definition.graph(), parameters, definition.preprocess(), definition.labels(), definition.provenance(), definition.golden()),
                model, WeightType.F32);
        Path white = TinyNetwork.picture(folder.resolve("white.png"), 0xffffff);
        Execution classify = Execution.of("classify", "-m", model, white);
        assertEquals(1, classify.status());
        assertEquals("lowpass: " + model + ": gives " + white + " logits that are not finite numbers; its weights overflow, import or learn the model again",
                classify.message());
        assertEquals("", classify.out());
        assertEquals(1, Execution.of("eval", "-m", model, "--images", folder, "--labels", list("white.png,0\n")).status());
        Execution verify = Execution.of("verify", model, "--device", "cpu");
        assertEquals(1, verify.status());
        assertTrue(verify.out().contains("FAILED"), verify.out());
    }

    @Test
    void reportsReplaceReportsOnly() throws IOException {
        byte[] before = Files.readAllBytes(model);
        Execution run = Execution.of("classify", "-m", model, "--json", model, red);
        assertEquals(1, run.status());
        assertEquals("lowpass: cannot write " + model + ": it exists and is not a JSON report; choose another name or delete it", run.message());
        assertArrayEquals(before, Files.readAllBytes(model));
        Path report = folder.resolve("a.json");
        for (int i = 0; i < 2; i++) {
            assertEquals(0, Execution.of("classify", "-m", model, "--json", report, red).status());
        }
        assertEquals(Files.getPosixFilePermissions(red), Files.getPosixFilePermissions(report), "a report is as readable as any new file");
    }

    @Test
    void verifyNeedsGoldenImages() throws IOException {
        ModelFile.write(TinyNetwork.definition(TinyNetwork.LABELS, false), model, WeightType.F32);
        Execution run = Execution.of("verify", model);
        assertEquals(1, run.status());
        assertEquals("lowpass: " + model + ": has no golden images to verify it by; import it again, with --golden IMAGE for images of your own", run.message());
    }

    @Test
    void doctorTellsWhatThereIs() {
        Execution run = Execution.of("doctor");
        assertEquals(0, run.status(), run.err());
        for (String fact : List.of("java ", "cpu ", "threads ", "memory ", "vectors ", "pictures  JPEG, PNG and BMP", "cuda ")) {
            assertTrue(run.out().contains("\n" + fact), fact + " in " + run.out());
        }
        // With JCuda and without: what is missing is the driver, unless there is a GPU.
        assertTrue(run.out().matches("(?s).*\ncuda +(none: [^\n]*libcuda\\.so\\.1[^\n]*; install the driver|cuda: ).*"), run.out());
    }

    /** Each bad model file gives one line that names it, for every command that reads one. */
    @ParameterizedTest
    @ValueSource(strings = {"inspect", "explain", "verify", "classify"})
    void badModelFilesGiveOneLine(String command) throws IOException {
        byte[] whole = Files.readAllBytes(model);
        Path missing = folder.resolve("missing.safetensors");
        Path empty = Files.createFile(folder.resolve("empty.safetensors"));
        Path truncated = Files.write(folder.resolve("truncated.safetensors"), Arrays.copyOf(whole, whole.length - 100));
        byte[] hugeHeader = whole.clone();
        Arrays.fill(hugeHeader, 0, 7, (byte) 0xff);
        Path huge = Files.write(folder.resolve("huge.safetensors"), hugeHeader);
        byte[] spoiled = whole.clone();
        Arrays.fill(spoiled, 8, 40, (byte) '#');
        Path corrupted = Files.write(folder.resolve("corrupted.safetensors"), spoiled);
        Path text = Files.writeString(folder.resolve("text.safetensors"), "just some text, long enough to have a header");
        List<String> before = files();
        for (Path bad : List.of(missing, empty, truncated, huge, corrupted, text, folder)) {
            Execution run = command.equals("classify") ? Execution.of(command, "-m", bad, "--json", folder.resolve("out.json"), red)
                    : Execution.of(command, bad, "--json", folder.resolve("out.json"));
            assertEquals(1, run.status(), bad + ": " + run.err());
            assertTrue(run.message().startsWith("lowpass: " + bad + ": ") && !run.message().contains("fault of lowpass"), run.err());
            assertEquals("", run.out());
        }
        assertEquals(before, files());
    }

    @Test
    void verboseAddsTheStackTrace() {
        Execution run = Execution.of("inspect", "--verbose", folder.resolve("missing.safetensors"));
        assertEquals(1, run.status());
        assertTrue(run.err().lines().count() > 5 && run.err().contains("\tat dev.lowpass."), run.err());
    }

    @Test
    void badValuesAreUsageErrors() {
        assertUsage("Invalid value for option '--device': no device is named \"gpu\"", "inspect", model, "--device", "gpu");
        assertUsage("Invalid value for option '--device': no device is named \"gpu\"", "verify", model, "--device", "gpu");
        assertUsage("Invalid value for option '--batch': 1000000 is out of range; give 1 to 1024", "inspect", model, "--batch", 1_000_000);
        assertUsage("Invalid value for option '--batch': 0 is out of range; give 1 to 1024", "explain", model, "--batch", 0);
        assertUsage("Invalid value for option '--threads': 0 is out of range; give 1 to 1024", "inspect", model, "--threads", 0);
        assertUsage("Invalid value for option '--top': 0; give at least 1", "classify", "-m", model, "--top", 0, red);
        assertUsage("Invalid value for option '--label-offset': 'x' is neither auto nor an integer", "eval", "-m", model, "--images", folder, "--labels", red,
                "--label-offset", "x");
    }

    private static void assertUsage(String message, Object... args) {
        Execution run = Execution.of(args);
        assertEquals(2, run.status(), run.err());
        assertTrue(run.message().startsWith("lowpass: " + message), run.err());
        assertEquals("", run.out());
    }

    @Test
    void unwritableOutputIsSaidBeforeTheWork() throws IOException {
        Path out = folder.resolve("none").resolve("out.json");
        Execution run = Execution.of("classify", "-m", model, "--json", out, red);
        assertEquals(1, run.status());
        assertEquals("lowpass: cannot write " + out + ": the folder " + out.getParent() + " does not exist; create it or choose another", run.message());
        assertEquals("", run.out());
        Execution directory = Execution.of("inspect", model, "--json", folder);
        assertEquals("lowpass: cannot write " + folder + ": it is a directory; name a file in it", directory.message());
    }

    @Test
    void evalNamesWhatIsMissing() throws IOException {
        Path csv = list("red.png,0\n");
        Execution run = Execution.of("eval", "-m", model, "--images", folder.resolve("none"), "--labels", csv);
        assertEquals(1, run.status());
        assertEquals("lowpass: " + folder.resolve("none") + ": no such folder; name the folder that holds the pictures", run.message());
        Execution noList = Execution.of("eval", "-m", model, "--images", folder, "--labels", folder.resolve("none.csv"));
        assertEquals(1, noList.status());
        assertEquals("lowpass: " + folder.resolve("none.csv") + ": no such file; name a CSV file with the header file,class", noList.message());
        Execution range = Execution.of("eval", "-m", model, "--images", folder, "--labels", list("red.png,3\n"));
        assertEquals("lowpass: " + csv + ": line 2: class 3 with label offset 0 is class 3 of the model, which has 0 to 2; correct the number, or give 'lowpass eval' a --label-offset",
                range.message());
    }
}
