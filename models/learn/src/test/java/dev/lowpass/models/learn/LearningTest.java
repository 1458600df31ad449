package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains a small network on stripes, then learns its cutoffs. */
class LearningTest {

    private static final PhotoSet PHOTOS = TinyNetworks.stripes(320, 1);
    private static final PhotoSet HELD_OUT = TinyNetworks.stripes(100, 2);
    private static NDManager root;
    private static ModelDefinition trained;

    @TempDir
    static Path folder;

    @TempDir
    Path scratch;

    @BeforeAll
    static void train() throws Exception {
        root = LibtorchCondition.start();
        try (Trainer trainer = trainer(3, folder.resolve("trained"), line -> {})) {
            trained = trainer.train(HELD_OUT);
            assertTrue(trainer.accuracy(trained, HELD_OUT) > 0.95, "accuracy " + trainer.accuracy(trained, HELD_OUT));
        }
    }

    @AfterAll
    static void stop() {
        if (root != null) {
            root.close();
        }
    }

    private static Trainer trainer(int epochs, Path checkpoint, Consumer<String> log) throws Exception {
        return trainer(epochs, 0.05, PHOTOS, Optional.empty(), List.of(), checkpoint, log);
    }

    /** @param step the peak rate and angle */
    private static Trainer trainer(int epochs, double step, PhotoSet photos, Optional<ModelDefinition> from, List<ModelDefinition> teachers, Path checkpoint,
            Consumer<String> log) throws Exception {
        Graph graph = new MobileNetV2(8, List.of(new MobileNetV2.Stage(1, 8, 1, 2), new MobileNetV2.Stage(2, 8, 1, 1)), 16).graph(TinyNetworks.INPUT, 2);
        Trainer.Recipe recipe = new Trainer.Recipe(epochs, 1, 32, step, 0.1, step, new Augmentation.Strength(3, 1), 0.5, 5, 2);
        return new Trainer(graph, photos, Preprocess.tensorflow(TinyNetworks.INPUT), recipe, from, teachers, checkpoint, log);
    }

    @Test
    void trainingGoesOnFromWhereAModelStands() throws Exception {
        try (Trainer trainer = trainer(1, 1e-9, PHOTOS, Optional.of(trained), List.of(), scratch.resolve("on"), line -> {}); Workers workers = new Workers(1)) {
            float[][] before = logits(workers, trained);
            float[][] after = logits(workers, trainer.train(HELD_OUT));
            double largest = Arrays.stream(before).mapToDouble(row -> Math.max(Math.abs(row[0]), Math.abs(row[1]))).max().orElseThrow();
            for (int i = 0; i < before.length; i++) {
                assertArrayEquals(before[i], after[i], (float) (0.02 * largest), "photo " + i);
            }
        }
    }

    private static float[][] logits(Workers workers, ModelDefinition model) {
        try (FoldedNetwork network = new FoldedNetwork(root, model)) {
            return Evaluation.logits(workers, network, model.preprocess(), HELD_OUT);
        }
    }

    @Test
    void targetsAreSmoothedLabelsByTheirShareOfThePixels() {
        Augmentation.Mixed mixed = new Augmentation.Mixed(new int[] {1, 0}, new double[] {0, 0.25});
        assertArrayEquals(new float[] {0.05f, 0.05f, 0.85f, 0.05f, 0.65f, 0.05f, 0.25f, 0.05f}, Trainer.targets(new int[] {2, 0}, 4, 0.2, mixed), 1e-6f);
    }

    @Test
    void teachersAnswerOnAverageAtATemperatureOfTwo() {
        float[] one = {(float) (2 * Math.log(3)), 0, 0, 0};
        float[] other = {0, 0, 0, (float) (2 * Math.log(9))};
        assertArrayEquals(new float[] {0.75f, 0.25f, 0.5f, 0.5f}, Trainer.meanAnswers(List.of(one.clone()), 2), 1e-6f);
        assertArrayEquals(new float[] {0.625f, 0.375f, 0.3f, 0.7f}, Trainer.meanAnswers(List.of(one, other), 2), 1e-6f);
    }

    @Test
    void twoEpochsInARowShowEachPhotoBothWays() {
        int mirrored = 0;
        for (int photo = 0; photo < 1000; photo++) {
            boolean first = Trainer.isMirrored(5, photo, 0);
            mirrored += first ? 1 : 0;
            assertEquals(!first, Trainer.isMirrored(5, photo, 1), "photo " + photo);
            assertEquals(first, Trainer.isMirrored(5, photo, 2), "photo " + photo);
        }
        assertEquals(500, mirrored, 60);
    }

    @Test
    void aStudentLearnsWhatItsTeacherSaysWhereLabelsSayNothing() throws Exception {
        SplittableRandom coin = new SplittableRandom(3);
        PhotoSet mislabelled = PHOTOS.withLabels(Arrays.stream(PHOTOS.labels()).map(label -> coin.nextInt(2)).toArray(), PHOTOS.classes());
        List<String> log = new ArrayList<>();
        try (Trainer trainer = trainer(3, 0.05, mislabelled, Optional.empty(), List.of(trained), scratch.resolve("student"), log::add)) {
            double accuracy = trainer.accuracy(trainer.train(HELD_OUT), HELD_OUT);
            assertTrue(accuracy > 0.9, "accuracy " + accuracy);
            assertEquals(String.format(Locale.ROOT, "teacher 1 of 1: held-out accuracy %.2f %% of %d", 100 * trainer.accuracy(trained, HELD_OUT), HELD_OUT.size()), log.get(0));
        }
    }

    @Test
    void aTeacherOfOtherClassesIsRefused() {
        PhotoSet others = PHOTOS.withLabels(PHOTOS.labels(), List.of("cat", "dog"));
        LearnException e = assertThrows(LearnException.class,
                () -> trainer(1, 0.05, others, Optional.empty(), List.of(trained), scratch.resolve("others"), line -> {}).close());
        assertEquals("the teacher's classes are " + PHOTOS.classes() + ", the photos' [cat, dog]; give a teacher that train made of these photos", e.getMessage());
        ModelDefinition darker = new ModelDefinition(trained.graph(), trained.parameters(),
                new Preprocess(TinyNetworks.INPUT, Preprocess.Resize.SHORTEST_SIDE, 16, Preprocess.Interpolation.BILINEAR, List.of(1f, 1f, 1f), List.of(2f, 2f, 2f),
                        Preprocess.ChannelOrder.RGB), trained.labels(), Map.of(), Optional.empty());
        e = assertThrows(LearnException.class, () -> trainer(1, 0.05, PHOTOS, Optional.empty(), List.of(darker), scratch.resolve("darker"), line -> {}).close());
        assertEquals("the teacher's pre-processing is " + darker.preprocess() + ", the network's " + trained.preprocess() + "; give a teacher that train made", e.getMessage());
    }

    @Test
    void aCheckpointGoesOnWithTheSameTeacherOnly() throws Exception {
        Path checkpoint = scratch.resolve("taught");
        try (Trainer trainer = trainer(1, 0.05, PHOTOS, Optional.empty(), List.of(trained), checkpoint, line -> {})) {
            trainer.train(HELD_OUT);
        }
        for (List<ModelDefinition> other : List.of(List.<ModelDefinition>of(), List.of(otherParameters(trained)), List.of(trained, trained))) {
            LearnException e = assertThrows(LearnException.class, () -> trainer(1, 0.05, PHOTOS, Optional.empty(), other, checkpoint, line -> {}).close());
            assertTrue(e.getMessage().contains("was made by another command: train network "), e.getMessage());
        }
        List<String> log = new ArrayList<>();
        try (Trainer trainer = trainer(1, 0.05, PHOTOS, Optional.empty(), List.of(trained), checkpoint, log::add)) {
            trainer.train(HELD_OUT);
        }
        assertEquals(List.of("going on from step 10 of " + checkpoint), log); // it is done, so the teacher is not asked again
    }

    private static ModelDefinition otherParameters(ModelDefinition model) {
        Map<String, Parameters> parameters = new HashMap<>(model.parameters());
        parameters.computeIfPresent("stem", (name, own) -> {
            float[] weight = own.weight().clone();
            weight[0]++;
            return new Parameters(weight, own.bias());
        });
        return new ModelDefinition(model.graph(), parameters, model.preprocess(), model.labels(), Map.of(), Optional.empty());
    }

    @Test
    void aCheckpointFromScratchIsNotTakenForOneThatWentOn() throws Exception {
        Path checkpoint = scratch.resolve("scratch");
        try (Trainer trainer = trainer(1, checkpoint, line -> {})) {
            trainer.train(HELD_OUT);
        }
        LearnException e = assertThrows(LearnException.class, () -> trainer(1, 0.05, PHOTOS, Optional.of(trained), List.of(), checkpoint, line -> {}).close());
        assertTrue(e.getMessage().startsWith("checkpoint " + checkpoint + " was made by another command: train network "), e.getMessage());
        assertTrue(e.getMessage().matches(".* from a model [0-9a-f]{8}; give the same options, delete it, or name another file with --checkpoint"), e.getMessage());
    }

    @Test
    void trainingDoesNotGoOnFromAnotherNetwork() {
        ModelDefinition other = TinyNetworks.everyOp(3);
        LearnException e = assertThrows(LearnException.class, () -> trainer(1, 0.05, PHOTOS, Optional.of(other), List.of(), scratch.resolve("other"), line -> {}).close());
        assertEquals("the model to go on from has other ops than the network that is trained; give one that this version's train made with the same --network", e.getMessage());
    }

    @Test
    void trainingThatWasKilledEndsAsIfItHadNotBeen() throws Exception {
        Path checkpoint = scratch.resolve("killed");
        try (Trainer trainer = trainer(3, checkpoint, LearningTest::stopAtEpochTwo)) {
            trainer.checkpointNanos = 0; // after every step: the last of the epoch is lost and done again
            assertThrows(IllegalStateException.class, () -> trainer.train(HELD_OUT));
        }
        List<String> log = new ArrayList<>();
        try (Trainer trainer = trainer(3, checkpoint, log::add)) {
            ModelDefinition resumed = trainer.train(HELD_OUT);
            assertEquals("going on from step 20 of " + checkpoint, log.get(0));
            trained.parameters().forEach((name, parameters) -> assertArrayEquals(parameters.weight(), resumed.parameters().get(name).weight(), name));
        }
    }

    private static void stopAtEpochTwo(String line) {
        if (line.startsWith("epoch 2/")) {
            throw new IllegalStateException("killed");
        }
    }

    @Test
    void learningThatWasKilledEndsAsIfItHadNotBeen() throws Exception {
        Path checkpoint = scratch.resolve("killed");
        CutoffLearner.Recipe recipe = new CutoffLearner.Recipe(List.of(0.7, 0.4), 3, CutoffNetwork.Tune.AFFINE, 1e-3, 0.5, 32, false, new Augmentation.Strength(1, 0.6), 3);
        List<ModelDefinition> whole;
        try (CutoffLearner learner = learner(new ArrayList<>())) {
            whole = learner.learn(recipe, scratch.resolve("whole"));
        }
        try (CutoffLearner learner = new CutoffLearner(trained, CutoffLayers.open(trained, 0), Costs.macs(CutoffLayers.open(trained, 0).graph()), PHOTOS, HELD_OUT, 2, LearningTest::stopAtEpochTwo)) {
            learner.checkpointNanos = 0;
            assertThrows(IllegalStateException.class, () -> learner.learn(recipe, checkpoint));
        }
        try (CutoffLearner learner = learner(new ArrayList<>())) {
            List<ModelDefinition> resumed = learner.learn(recipe, checkpoint);
            for (int target = 0; target < 2; target++) {
                Map<String, Parameters> expected = whole.get(target).parameters();
                Map<String, Parameters> actual = resumed.get(target).parameters();
                expected.forEach((name, parameters) -> {
                    assertArrayEquals(parameters.weight(), actual.get(name).weight(), name);
                    assertArrayEquals(parameters.bias(), actual.get(name).bias(), name);
                    assertArrayEquals(parameters.cutoffs(), actual.get(name).cutoffs(), name);
                });
            }
            assertTrue(kept(whole.get(0)) <= 0.7 && kept(whole.get(0)) > 0.66, "kept " + kept(whole.get(0)));
            assertTrue(kept(whole.get(1)) <= 0.4 && kept(whole.get(1)) > 0.36, "kept " + kept(whole.get(1)));
        }
    }

    private static CutoffLearner learner(List<String> log) {
        return new CutoffLearner(trained, CutoffLayers.open(trained, 0), Costs.macs(CutoffLayers.open(trained, 0).graph()), PHOTOS, HELD_OUT, 2, log::add);
    }

    private static CutoffLearner.Recipe recipe(double keep, int epochs, CutoffNetwork.Tune tune) {
        return new CutoffLearner.Recipe(List.of(keep), epochs, tune, 1e-3, 0.5, 32, false, new Augmentation.Strength(1, 0.6), 3);
    }

    private static double kept(ModelDefinition model) {
        return model.keptShare();
    }

    @Test
    void saliencyAloneReachesTheTargetAndKeepsTheAnswers() throws Exception {
        try (CutoffLearner learner = learner(new ArrayList<>())) {
            ModelDefinition cut = learner.learn(recipe(0.5, 0, CutoffNetwork.Tune.NONE), scratch.resolve("none")).get(0);
            assertTrue(kept(cut) <= 0.5 && kept(cut) > 0.47, "kept " + kept(cut));
            assertTrue(learner.agreement(cut) > 0.9, "agreement " + learner.agreement(cut));
            ModelDefinition less = learner.learn(recipe(0.3, 0, CutoffNetwork.Tune.NONE), scratch.resolve("none")).get(0);
            CutoffLayers.cutoffs(less).forEach((name, cutoffs) -> {
                for (int c = 0; c < cutoffs.length; c++) {
                    assertTrue(cutoffs[c] <= CutoffLayers.cutoffs(cut).get(name)[c], name + " channel " + c);
                }
            });
        }
    }

    @Test
    void learningKeepsJustTheTargetAndItsExportIsWhatTheRuntimeRuns() throws Exception {
        for (CutoffNetwork.Tune tune : CutoffNetwork.Tune.values()) {
            List<String> log = new ArrayList<>();
            try (CutoffLearner learner = learner(log)) {
                ModelDefinition cut = learner.learn(recipe(0.4, 2, tune), scratch.resolve(tune.name())).get(0);
                assertTrue(kept(cut) <= 0.4 && kept(cut) > 0.36, tune + " kept " + kept(cut));
                assertTrue(learner.agreement(cut) > 0.9, tune + " agreement " + learner.agreement(cut));
                float[][] logits = learner.logits(cut, HELD_OUT);
                float[] reference = TinyNetworks.reference(cut, TinyNetworks.normalized(cut, HELD_OUT), HELD_OUT.size());
                float largest = 0;
                for (float value : reference) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (int i = 0; i < reference.length; i++) {
                    assertEquals(reference[i], logits[i / 2][i % 2], 1e-4 * largest, "logit " + i);
                }
            }
            List<Double> told = log.stream().filter(line -> line.contains("loss ") && line.contains(" left"))
                    .map(line -> Double.parseDouble(line.replaceAll(".*kept (0\\.\\d+),.*", "$1"))).toList();
            assertTrue(!told.isEmpty() && told.stream().allMatch(kept -> kept <= 0.4 && kept > 0.36), log.toString());
        }
    }

    @Test
    void aCheckpointOfAnotherNetworkIsRefused() throws Exception {
        Path checkpoint = scratch.resolve("other");
        CutoffLearner.Recipe recipe = recipe(0.4, 1, CutoffNetwork.Tune.NONE);
        new Checkpoint("another", 3, new float[5], new float[5]).write(checkpoint);
        try (CutoffLearner learner = learner(new ArrayList<>())) {
            LearnException e = assertThrows(LearnException.class, () -> learner.learn(recipe, checkpoint));
            assertTrue(e.getMessage().startsWith("checkpoint " + checkpoint + " was made by another command: another, not learn Recipe[keep=[0.4], "), e.getMessage());
            String made = e.getMessage().replaceAll(".*, not (learn .*); give the same options.*", "$1");
            new Checkpoint(made, 3, new float[5], new float[5]).write(checkpoint);
            assertThrows(LearnException.class, () -> learner.learn(recipe(0.3, 1, CutoffNetwork.Tune.NONE), checkpoint));
            ModelDefinition other = TinyNetworks.of(trained.graph(), 2);
            try (CutoffLearner another = new CutoffLearner(other, CutoffLayers.open(other, 0), Costs.macs(CutoffLayers.open(other, 0).graph()), PHOTOS, HELD_OUT, 1, line -> {})) {
                e = assertThrows(LearnException.class, () -> another.learn(recipe, checkpoint));
                assertTrue(e.getMessage().contains(" was made by another command: " + made), e.getMessage());
            }
            e = assertThrows(LearnException.class, () -> learner.learn(recipe, checkpoint));
            assertTrue(e.getMessage().contains("holds 5 parameters, but this network has "), e.getMessage());
            int size = Integer.parseInt(e.getMessage().replaceAll(".*this network has (\\d+);.*", "$1"));
            new Checkpoint(made, 3, new float[size], new float[5]).write(checkpoint);
            e = assertThrows(LearnException.class, () -> learner.learn(recipe, checkpoint));
            assertEquals("checkpoint " + checkpoint + " was made by another version; delete it or name another file with --checkpoint", e.getMessage());
            Files.write(checkpoint, new byte[] {1, 2, 3, 4, 5});
            e = assertThrows(LearnException.class, () -> learner.learn(recipe, checkpoint));
            assertTrue(e.getMessage().contains("is no checkpoint of this command; delete it"), e.getMessage());
        }
    }

    @Test
    void aTargetThatOtherLayersExceedIsRefused() {
        ModelDefinition uncut = TinyNetworks.of(new MobileNetV2(8, List.of(new MobileNetV2.Stage(2, 8, 1, 1), new MobileNetV2.Stage(2, 8, 2, 2)), 16)
                .graph(TinyNetworks.INPUT, 2), 1);
        // A block of 16 divides the first plane only.
        try (CutoffLearner learner = new CutoffLearner(uncut, CutoffLayers.open(uncut, 16), Costs.macs(CutoffLayers.open(uncut, 16).graph()), PHOTOS, HELD_OUT, 1, line -> {})) {
            LearnException e = assertThrows(LearnException.class, () -> learner.learn(recipe(0.1, 0, CutoffNetwork.Tune.NONE), scratch.resolve("x")));
            String message = "a share of 0.100 of the pointwise MACs cannot be reached: what cutoffs do not change keeps 0.";
            assertTrue(e.getMessage().startsWith(message), e.getMessage());
            CutoffLearner.Recipe late = new CutoffLearner.Recipe(List.of(0.9, 0.1), 2, CutoffNetwork.Tune.NONE, 1e-3, 0, 32, false, new Augmentation.Strength(1, 1), 3);
            e = assertThrows(LearnException.class, () -> learner.learn(late, scratch.resolve("late")));
            assertTrue(e.getMessage().startsWith(message), e.getMessage());
            assertFalse(Files.exists(scratch.resolve("late")), "nothing was learned before");
        }
        LearnException e = assertThrows(LearnException.class, () -> CutoffLayers.open(uncut, 5));
        assertEquals("block 5 divides the plane of no pointwise layer (16x16, 8x8); use --block auto or one of 2, 4, 8, 16", e.getMessage());
    }

    @Test
    void chartsAreWellFormed() throws Exception {
        ModelDefinition cut = TinyNetworks.cut(TinyNetworks.everyOp(1), 4, 1);
        for (String svg : List.of(Charts.histogram(cut), Charts.curve(List.of(new Charts.Point(1, 0.78), new Charts.Point(0.6, 0.71)), "accuracy"))) {
            javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder()
                    .parse(new java.io.ByteArrayInputStream(svg.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
        assertTrue(Charts.histogram(cut).contains("expand: "), "no layer is named");
    }

    @Test
    void aTailsSaliencyIsTheSquareOfItsSum() {
        // Two images of two coefficients of two channels.
        float[] products = {1, 2, 3, 4, -1, 0, 2, -5};
        assertArrayEquals(new double[] {4 * 4 + 1, 6 * 6 + 5 * 5, 3 * 3 + 2 * 2, 4 * 4 + 5 * 5}, Saliency.tails(products, 2, 2));
    }

    @Test
    void theRateRisesStaysAndFalls() {
        assertEquals(0.5, Trainer.schedule(0.025), 1e-12);
        assertEquals(1, Trainer.schedule(0.3), 1e-12);
        assertEquals(0.5, Trainer.schedule(0.7), 1e-12);
        assertEquals(0, Trainer.schedule(1), 1e-12);
    }
}
