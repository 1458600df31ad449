package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.graph.GraphOp;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands, from files to files, and what they say to bad input. */
class CommandTest {

    private static NDManager root;

    @TempDir
    Path folder;

    private Path model;
    private String errors;
    private String output;

    @BeforeAll
    static void start() {
        root = LibtorchCondition.start();
    }

    @AfterAll
    static void stop() {
        if (root != null) {
            root.close();
        }
    }

    @BeforeEach
    void writeModel() throws Exception {
        model = folder.resolve("model.safetensors");
        ModelFile.write(TinyNetworks.everyOp(3), model, ModelFile.WeightType.F32);
    }

    private void writePhotos(Path to, int count) throws Exception {
        PhotoSet photos = TinyNetworks.stripes(count, 4);
        for (int n = 0; n < count; n++) {
            BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
            for (int i = 0; i < 256; i++) {
                int at = n * 768 + 3 * i;
                image.setRGB(i % 16, i / 16, (photos.pixels()[at] & 0xff) << 16 | (photos.pixels()[at + 1] & 0xff) << 8 | photos.pixels()[at + 2] & 0xff);
            }
            Path file = to.resolve(String.valueOf(photos.labels()[n])).resolve(n + ".png");
            Files.createDirectories(file.getParent());
            ImageIO.write(image, "png", file.toFile());
        }
    }

    private int run(String... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            return Main.run(args);
        } finally {
            System.setOut(out);
            System.setErr(err);
            output = outBytes.toString(StandardCharsets.UTF_8);
            errors = errBytes.toString(StandardCharsets.UTF_8);
        }
    }

    private void assertFails(int status, String message, String... args) {
        int actual = run(args);
        assertTrue(errors.contains(message), errors);
        assertTrue(!errors.contains("\tat "), errors);
        assertEquals(status, actual, errors);
    }

    @Test
    void learnWritesAModelItsRecordAndItsDrawings() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 40);
        Path target = folder.resolve("cut.safetensors");
        assertEquals(0, run("learn", "-m", model.toString(), "--images", photos.toString(), "--measure", photos.toString(), "--measure-labels", "folders", "-o",
                target.toString(), "--keep", "0.6", "--epochs", "1", "--block", "4", "--f16"), () -> errors);
        assertTrue(output.contains(" % of pointwise MACs kept, agreement "), output);
        ModelDefinition cut = ModelFile.read(target);
        double kept = cut.keptShare();
        assertTrue(kept <= 0.6 && kept > 0.5, "kept " + kept);
        assertTrue(cut.provenance().get("cutoffs_recipe").startsWith("lowpass learn --images photos --keep 0.6 --epochs 1 --tune affine --block 4 "),
                cut.provenance().toString());
        assertTrue(cut.provenance().get("accuracy").contains(" of 40 photos of photos; uncut "), cut.provenance().toString());
        int count = cut.golden().orElseThrow().count();
        float[] input = new float[cut.golden().orElseThrow().images().length];
        for (int i = 0; i < input.length; i++) {
            input[i] = cut.preprocess().normalize(cut.golden().orElseThrow().images()[i] & 0xff, i % 3);
        }
        assertEquals(TinyNetworks.reference(cut, input, count)[1], cut.golden().orElseThrow().logits()[1], 1e-6);
        assertTrue(Files.readString(folder.resolve("cut.cutoffs.svg")).contains("expand: "));
        assertTrue(Files.readString(folder.resolve("cut.curve.svg")).contains("kept pointwise MACs"));
        try (Stream<Path> left = Files.list(folder)) {
            assertTrue(left.noneMatch(file -> file.toString().endsWith(".checkpoint") || file.toString().endsWith(".part")));
        }
    }

    @Test
    void severalTargetsMakeOneFileWithAChoice() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 40);
        Path target = folder.resolve("sets.safetensors");
        for (String tune : new String[] {"affine", "all", "none"}) {
            assertEquals(0, run("learn", "-m", model.toString(), "--images", photos.toString(), "--labels", "folders", "--measure", photos.toString(), "--measure-labels",
                    "folders", "-o", target.toString(), "--keep", "0.6,0.8", "--epochs", "2", "--block", "4", "--tune", tune, "--f16"), () -> errors);
            ModelDefinition sets = ModelFile.read(target);
            assertEquals(List.of("0.6", "0.8"), sets.cutoffSets().stream().map(CutoffSet::name).toList());
            for (CutoffSet set : sets.cutoffSets()) {
                double share = Double.parseDouble(set.name());
                assertTrue(set.kept() <= share && set.kept() > share - 0.05, tune + " " + set.kept());
                assertTrue(set.measure().startsWith("right of 40 photos of photos; uncut "), set.measure());
                ModelDefinition chosen = sets.withCutoffs(set.name());
                float[] logits = TinyNetworks.reference(chosen, TinyNetworks.golden(chosen), chosen.golden().orElseThrow().count());
                org.junit.jupiter.api.Assertions.assertArrayEquals(logits, chosen.golden().orElseThrow().logits(), 1e-5f, tune + " " + set.name());
                assertTrue(sets.provenance().containsKey("accuracy_" + set.name()), sets.provenance().toString());
                assertTrue(Files.exists(folder.resolve("sets-" + set.name() + ".cutoffs.svg")));
            }
            CutoffSet.Change change = sets.cutoffSets().get(1).changes().get("project");
            assertEquals(tune.equals("affine"), change.scale() != null, tune);
            assertEquals(tune.equals("all"), change.weight() != null, tune);
        }
    }

    /** A share that Java would print as 9.0E-4. */
    @Test
    void aSmallShareIsASetToo() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path target = folder.resolve("sets.safetensors");
        assertEquals(0, run("learn", "-m", model.toString(), "--images", photos.toString(), "-o", target.toString(), "--keep", "0.0009,1", "--epochs", "0", "--block", "4"), () -> errors);
        assertEquals(List.of("0.0009", "1"), ModelFile.read(target).cutoffSets().stream().map(CutoffSet::name).toList());
    }

    @Test
    void aSelectionLeavesTheCheckpointOfALearner() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path target = folder.resolve("cut.safetensors");
        Path checkpoint = Files.writeString(folder.resolve("cut.safetensors.checkpoint"), "hours of work");
        assertEquals(0, run("learn", "-m", model.toString(), "--images", photos.toString(), "-o", target.toString(), "--keep", "0.6", "--epochs", "0", "--block", "4"), () -> errors);
        assertEquals("hours of work", Files.readString(checkpoint));
    }

    /** What was measured for a checkpoint is read again with it; a table that --costs names is the user's. */
    @Test
    void aBudgetGoesOnWithTheTableOfItsCheckpoint() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path target = folder.resolve("cut.safetensors");
        String[] common = {"learn", "-m", model.toString(), "--images", photos.toString(), "-o", target.toString(), "--block", "4", "--epochs", "1", "--budget", "6", "--threads", "1"};
        Path own = folder.resolve("cut.safetensors.checkpoint.costs.json");
        costTable("cpu, 1 thread").write(own);
        Path checkpoint = folder.resolve("cut.safetensors.checkpoint");
        new Checkpoint("another", 1, new float[1], new float[1]).write(checkpoint);
        assertFails(1, "was made by another command: another, not learn Recipe[keep=[0.75], ", common); // 6 of the table's 8 ms
        Files.delete(checkpoint);
        assertEquals(0, run(with(common, "--costs", own.toString(), "--checkpoint", folder.resolve("other").toString())), () -> errors);
        assertTrue(Files.exists(own));
    }

    /** The record of what was learned before goes with its cutoffs. */
    @Test
    void learningAgainForgetsWhatWasSaidOfOldCutoffs() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path first = folder.resolve("first.safetensors");
        Path second = folder.resolve("second.safetensors");
        assertEquals(0, run("learn", "-m", model.toString(), "--images", photos.toString(), "-o", first.toString(), "--keep", "0.6,0.5", "--epochs", "0", "--block", "4"), () -> errors);
        assertTrue(ModelFile.read(first).provenance().containsKey("uncut_agreement_0.6"));
        assertEquals(0, run("learn", "-m", first.toString(), "--images", photos.toString(), "-o", second.toString(), "--keep", "0.7", "--epochs", "0", "--block", "4"), () -> errors);
        Map<String, String> record = ModelFile.read(second).provenance();
        assertFalse(record.containsKey("uncut_agreement_0.6"), record.toString());
        assertTrue(record.containsKey("uncut_agreement"), record.toString());
    }

    @Test
    void labelsNamePhotosByAsManyFoldersAsTheyNeed() throws Exception {
        List<Path> photos = List.of(Path.of("/data/a/1.png"), Path.of("/data/b/1.png"), Path.of("/data/b/2.png"));
        Path csv = Files.writeString(folder.resolve("labels.csv"), "\uFEFFfile,class\na/1.png,1\nb/1.png,0\n2.png,1\n");
        ModelDefinition two = ModelFile.read(model);
        assertArrayEquals(new int[] {1, 0, 1}, Labels.of(csv.toString(), photos, two));
        Files.writeString(csv, "file,class\n1.png,1\n2.png,1\n");
        assertEquals("1.png of " + csv + " is the name of two photos, /data/a/1.png and /data/b/1.png; write their folders before their names",
                assertThrows(LearnException.class, () -> Labels.of(csv.toString(), photos, two)).getMessage());
        Files.writeString(csv, "class,file\n1,2.png\n0,2.png\n");
        assertEquals(csv + ": line 3 says that 2.png is 0, and line 2 says 1; leave one of them",
                assertThrows(LearnException.class, () -> Labels.of(csv.toString(), photos, two)).getMessage());
        assertEquals("photo /1.png is in no folder that could be its class; put each into a folder with the name of its class",
                assertThrows(LearnException.class, () -> Labels.of("folders", List.of(Path.of("/1.png")), two)).getMessage());
    }

    @Test
    void aBudgetCutsOnlyWhatPays() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path target = folder.resolve("cut.safetensors");
        Path costs = folder.resolve("costs.json");
        costTable("a device").write(costs);
        String[] common = {"learn", "-m", model.toString(), "--images", photos.toString(), "-o", target.toString(), "--block", "4", "--epochs", "0", "--costs", costs.toString()};
        assertEquals(0, run(with(common, "--budget", "6")), () -> errors);
        ModelDefinition cut = ModelFile.read(target);
        double milliseconds = 8 - 3 + cut.graph().ops().stream().filter(op -> op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated())
                .mapToDouble(op -> Arrays.stream(cut.parameters(op).cutoffs()).average().orElseThrow() / 16).sum();
        assertTrue(milliseconds <= 6 && milliseconds > 5.7, milliseconds + " ms");
        assertTrue(cut.provenance().get("cutoffs_recipe").contains(" --budget 6.0 --costs costs.json "), cut.provenance().toString());
        assertFails(1, "--budget 8.5 is no less than the 8.000 ms that everything takes on a device; give less", with(common, "--budget", "8.5"));
        assertFails(1, "--budget 4.0 cannot be reached on a device: with every cutoff at 0 it takes 5.000 ms; give more", with(common, "--budget", "4"));
        assertFails(2, "--device gpu: no device is named \"gpu\"; this build has auto, cpu, cuda, cuda:0, ... and reference", with(common, "--budget", "6", "--device", "gpu"));
        assertFails(2, "--budget and --keep exclude one another", with(common, "--budget", "6", "--keep", "0.5"));
        assertFails(2, "--costs is for --budget; give both or neither", common);
    }

    @Test
    void aDropBeyondTheLimitFailsButKeepsTheFile() throws Exception {
        Path photos = folder.resolve("photos");
        writePhotos(photos, 40);
        Path target = folder.resolve("cut.safetensors");
        assertFails(1, "points lost, more than --max-drop -101.0; the file is written: learn for more --epochs", "learn", "-m", model.toString(), "--images",
                photos.toString(), "-o", target.toString(), "--keep", "0.3", "--epochs", "0", "--max-drop", "-101");
        assertTrue(Files.exists(target));
    }

    @Test
    void badInputIsRefusedInOneLine() throws Exception {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        String[] common = {"learn", "-m", model.toString(), "-o", folder.resolve("out").toString(), "--images"};
        assertFails(1, "empty holds no photo; give a folder with .jpg, .png or .bmp files", with(common, empty.toString()));
        assertFails(1, "there is no " + folder.resolve("nowhere"), with(common, folder.resolve("nowhere").toString()));
        assertFails(1, "is neither a folder nor a zip archive; give one of photos", with(common, model.toString()));
        Path loop = Files.createSymbolicLink(empty.resolve("loop"), empty);
        assertFails(1, "lowpass: " + loop + ": links to a folder that it is in; check the path", with(common, empty.toString()));
        Files.delete(loop);
        Files.writeString(empty.resolve("a.jpg"), "not a picture");
        assertFails(1, "1 of the 1 photos in " + empty + " cannot be read: " + empty.resolve("a.jpg"), with(common, empty.toString()));
        Path photos = folder.resolve("photos");
        writePhotos(photos, 20);
        Path csv = Files.writeString(folder.resolve("labels.csv"), "file,class\n0.png,0\n1.png,7\n");
        assertFails(1, csv + ": line 3: class 7 with label offset 0 is class 7 of the model, which has 0 to 1; correct the number", with(common, photos.toString(), "--labels", csv.toString()));
        Files.writeString(csv, "file,class\n0.png,0\n");
        assertFails(1, csv + " has no label for 19 of the 20 photos, the first is 10.png", with(common, photos.toString(), "--labels", csv.toString()));
        Files.writeString(csv, "0.png;0\n");
        assertFails(1, csv + ": line 1 is \"0.png;0\"; the header must name the columns file and class", with(common, photos.toString(), "--labels", csv.toString()));
        assertFails(1, "there is no file folder; give a CSV file with the header file,class, or \"folders\"", with(common, photos.toString(), "--labels", "folder"));
        assertFails(2, "--keep 1.5 is no share; give values above 0 and at most 1", with(common, photos.toString(), "--keep", "1.5"));
        assertFails(2, "--block 17 is no block side; give auto or a number from 2 to 16", with(common, photos.toString(), "--block", "17"));
        assertFails(2, "--crop 0.0 is no share of a side; give a value above 0 and at most 1", with(common, photos.toString(), "--crop", "0"));
        assertFails(2, "--shift -1 is negative; give pixels from 0", with(common, photos.toString(), "--shift", "-1"));
        assertFails(2, "--rate is NaN; it must be a number above 0", with(common, photos.toString(), "--rate", "NaN"));
        assertFails(2, "--epochs -1 is negative", with(common, photos.toString(), "--epochs", "-1"));
        assertFails(2, "--measure and --measure-labels go together", with(common, photos.toString(), "--measure", photos.toString()));
        assertFails(1, "block 3 divides the plane of no pointwise layer (8x8); use --block auto or one of 2, 4, 8", with(common, photos.toString(), "--block", "3"));
        assertFails(1, "holds no photo under train/CLASS", "train", "--data", Files.createDirectories(folder.resolve("d/train")).getParent().toString(), "-o", "x");
        assertFails(1, "there is no folder " + folder.resolve("no"), "learn", "-m", model.toString(), "--images", photos.toString(), "-o", folder.resolve("no/out").toString());
        Path blocked = Files.writeString(folder.resolve("file"), "").resolve("state");
        assertFails(1, "cannot write the checkpoint " + blocked + ": ", with(common, photos.toString(), "--block", "4", "--epochs", "1", "--checkpoint", blocked.toString()));
        assertTrue(!Files.exists(folder.resolve("out")));
    }

    private Path smallPhotos() throws Exception {
        Path data = folder.resolve("small");
        writePhotos(data.resolve("train"), 40);
        writePhotos(data.resolve("test"), 10);
        return data;
    }

    @Test
    void trainTeachesAStudent() throws Exception {
        Path data = smallPhotos();
        Path teacher = folder.resolve("teacher");
        Path student = folder.resolve("student");
        assertEquals(0, run("train", "--data", data.toString(), "--network", "resnet", "--epochs", "1", "--batch", "32", "-o", teacher.toString()), errors);
        assertEquals(0, run("train", "--data", data.toString(), "--teacher", teacher.toString(), "--epochs", "1", "--batch", "32", "-o", student.toString()), errors);
        assertTrue(ModelFile.read(teacher).graph().ops().stream().noneMatch(op -> op instanceof GraphOp.DepthwiseConv2d));
        assertTrue(ModelFile.read(student).graph().ops().stream().anyMatch(op -> op instanceof GraphOp.DepthwiseConv2d));
        Map<String, String> record = ModelFile.read(student).provenance();
        assertEquals("lowpass train --data small --teacher teacher --epochs 1 --small-epochs 0 --batch 32 --rate 0.12 --smoothing 0.1 --angle 0.015 --shift 3 --cutout 0.0 --crop 1.0 --mix 0.0 --seed 1", record.get("recipe"));
        assertEquals("lowpass train --data small --network RESNET --epochs 1 --small-epochs 0 --batch 32 --rate 0.12 --smoothing 0.1 --angle 0.015 --shift 3 --cutout 0.0 --crop 1.0 --mix 0.0 --seed 1", record.get("teacher_recipe"));
        assertTrue(record.get("teacher_test_accuracy").endsWith(" % of 10 test photos"), record.toString());
        Path pupil = folder.resolve("pupil");
        assertEquals(0, run("train", "--data", data.toString(), "--teacher", teacher + "," + student, "--crop", "0.8", "--mix", "0.5", "--epochs", "1", "--batch", "32", "-o", pupil.toString()), errors);
        record = ModelFile.read(pupil).provenance();
        assertTrue(record.get("recipe").endsWith(" --crop 0.8 --mix 0.5 --seed 1"), record.toString());
        assertTrue(record.get("recipe").startsWith("lowpass train --data small --teacher teacher,student --epochs 1 "), record.toString());
        assertEquals(ModelFile.read(student).provenance().get("recipe"), record.get("teacher_2_recipe"));
        assertFails(1, "give one that this version's train made with the same --network", "train", "--data", data.toString(), "--from", teacher.toString(), "-o", student.toString());
    }

    @Test
    void trainRefusesWhatCannotBeMeant() throws Exception {
        String[] common = {"train", "--data", folder.toString(), "-o", folder.resolve("out").toString()};
        assertFails(2, "--rate is 0.0; it must be a number above 0", with(common, "--rate", "0"));
        assertFails(2, "--angle is -0.1; it must be a number above 0", with(common, "--angle", "-0.1"));
        assertFails(2, "--smoothing is 1.0; it must be at least 0 and less than 1", with(common, "--smoothing", "1"));
        assertFails(2, "--shift is 32; it must be from 0 to 31", with(common, "--shift", "32"));
        assertFails(2, "--cutout is 1.0; it must be at least 0 and less than 1", with(common, "--cutout", "1"));
        assertFails(2, "--teacher names no file beside a comma; give FILE or FILE,FILE", with(common, "--teacher", ","));
        assertFails(2, "--teacher names no file beside a comma; give FILE or FILE,FILE", with(common, "--teacher", "a,,b"));
        assertFails(2, "--crop is 0.0; it must be more than 0 and at most 1", with(common, "--crop", "0"));
        assertFails(2, "--mix is 1.5; it must be from 0 to 1", with(common, "--mix", "1.5"));
        assertFails(2, "--small-epochs is 3; it must be from 0 to --epochs, 2", with(common, "--epochs", "2", "--small-epochs", "3"));
    }

    /** A millisecond for each op, half of that with cutoffs. */
    private static CostTable costTable(String device) {
        Map<String, CostTable.Op> ops = new LinkedHashMap<>();
        TinyNetworks.everyOp(3).graph().ops().forEach(op -> ops.put(op.name(), new CostTable.Op(1, 1, 0.5)));
        return new CostTable(device, ops);
    }

    private static String[] with(String[] common, String... more) {
        return Stream.concat(Stream.of(common), Stream.of(more)).toArray(String[]::new);
    }
}
