package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the learner computes is what the file and the runtime compute. */
class CutoffNetworkTest {

    private static final int PHOTOS = 4;
    private static NDManager root;

    @BeforeAll
    static void start() {
        root = LibtorchCondition.start();
        Libtorch.enterWorker();
    }

    @AfterAll
    static void stop() {
        if (root != null) {
            root.close();
        }
    }

    private static void assertClose(float[] expected, float[] actual) {
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-4 * largest, "logit " + i + " of largest magnitude " + largest);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void theFoldedNetworkGivesTheReferenceLogits(int block) {
        ModelDefinition model = TinyNetworks.cut(TinyNetworks.everyOp(block), block, 3);
        float[] input = TinyNetworks.normalized(model, TinyNetworks.stripes(PHOTOS, 1));
        try (FoldedNetwork folded = new FoldedNetwork(root, model)) {
            assertClose(TinyNetworks.reference(model, input, PHOTOS), folded.logits(input, PHOTOS));
        }
    }

    /** What is computed with a constant belongs to the constant's manager, which lives long. */
    @Test
    void nothingComputedStaysInMemory() {
        ModelDefinition model = TinyNetworks.cut(TinyNetworks.everyOp(1), 4, 3);
        float[] input = TinyNetworks.normalized(model, TinyNetworks.stripes(PHOTOS, 1));
        try (NDManager manager = root.newSubManager(); FoldedNetwork folded = new FoldedNetwork(manager, model)) {
            int constants = folded.arrays();
            folded.logits(input, PHOTOS);
            assertEquals(constants, folded.arrays());
        }
    }

    @ParameterizedTest
    @EnumSource(CutoffNetwork.Tune.class)
    void aTunedNetworkGivesTheReferenceLogitsOfItsExport(CutoffNetwork.Tune tune) {
        ModelDefinition open = CutoffLayers.open(TinyNetworks.everyOp(7), 4);
        float[] input = TinyNetworks.normalized(open, TinyNetworks.stripes(PHOTOS, 1));
        try (CutoffNetwork network = new CutoffNetwork(root, open, tune); NDManager manager = root.newSubManager()) {
            float[] vector = network.initialize(CutoffLayers.cutoffs(open));
            Random random = new Random(8);
            for (int i = 0; i < vector.length; i++) {
                vector[i] = network.kinds()[i] == CutoffNetwork.Kind.THRESHOLD ? -1 + 18 * random.nextFloat() : vector[i] + 0.2f * (float) random.nextGaussian();
            }
            NDArray logits = network.forward(Libtorch.array(manager, vector, vector.length),
                    Libtorch.images(manager, input, PHOTOS, 16, 16, 3), null);
            assertClose(TinyNetworks.reference(network.export(vector), input, PHOTOS), logits.toFloatArray());
        }
    }

    @Test
    void theVectorOfAModelExportsThatModel() {
        ModelDefinition cut = TinyNetworks.cut(TinyNetworks.everyOp(9), 4, 4);
        for (CutoffNetwork.Tune tune : CutoffNetwork.Tune.values()) {
            try (CutoffNetwork network = new CutoffNetwork(root, cut, tune)) {
                ModelDefinition same = network.export(network.initialize(CutoffLayers.cutoffs(cut)));
                cut.parameters().forEach((name, parameters) -> {
                    assertArrayEquals(parameters.weight(), same.parameters().get(name).weight(), 1e-6f, name);
                    assertArrayEquals(parameters.bias(), same.parameters().get(name).bias(), 0, name);
                    assertArrayEquals(parameters.cutoffs(), same.parameters().get(name).cutoffs(), name);
                });
            }
        }
    }

    @Test
    void aThresholdsGradientIsThatOfTheSoftMask() {
        ModelDefinition open = CutoffLayers.open(TinyNetworks.everyOp(2), 4);
        float[] input = TinyNetworks.normalized(open, TinyNetworks.stripes(PHOTOS, 1));
        try (CutoffNetwork network = new CutoffNetwork(root, open, CutoffNetwork.Tune.NONE); NDManager manager = root.newSubManager()) {
            float[] vector = network.initialize(CutoffLayers.cutoffs(open));
            for (int i = 0; i < vector.length; i++) {
                if (network.kinds()[i] == CutoffNetwork.Kind.THRESHOLD) {
                    vector[i] = 3.2f;
                }
            }
            NDArray leaf = Libtorch.array(manager, vector, vector.length);
            leaf.setRequiresGradient(true);
            Libtorch.backward(network.forward(leaf, Libtorch.images(manager, input, PHOTOS, 16, 16, 3), null).sum());
            float[] gradient = Libtorch.gradient(leaf);
            // The gradient by each element of the hard masks, taken on its own.
            Map<String, NDArray> probes = new HashMap<>();
            network.cutoffs(vector).forEach((name, cutoffs) -> {
                NDArray probe = FoldedNetwork.hardMask(manager, 4, cutoffs);
                probe.setRequiresGradient(true);
                probes.put(name, probe);
            });
            Libtorch.backward(network.forward(Libtorch.array(manager, vector, vector.length), Libtorch.images(manager, input, PHOTOS, 16, 16, 3), probes).sum());
            int at = 0;
            for (GraphOp.PointwiseConv2d op : CutoffLayers.cut(open.graph())) {
                float[] byMask = Libtorch.gradient(probes.get(op.name()));
                for (int c = 0; c < op.inChannels(); c++) {
                    while (network.kinds()[at] != CutoffNetwork.Kind.THRESHOLD) {
                        at++;
                    }
                    double expected = 0;
                    double size = 1e-3;
                    for (int z = 0; z < 16; z++) {
                        double soft = 1 / (1 + Math.exp(-(3.2 - z - 0.5)));
                        expected += soft * (1 - soft) * byMask[z * op.inChannels() + c];
                        size += Math.abs(soft * (1 - soft) * byMask[z * op.inChannels() + c]);
                    }
                    assertEquals(expected, gradient[at++], 1e-4 * size, op.name() + " channel " + c);
                }
            }
        }
    }

    /**
     * Whatever libtorch's graph refers to must outlive a collection of Java's garbage between the forward and the backward pass. A
     * freed buffer is soon another's, so its place is overwritten many times with what would be noticed.
     */
    @ParameterizedTest
    @EnumSource(CutoffNetwork.Tune.class)
    void gradientsSurviveTheGarbageCollector(CutoffNetwork.Tune tune) throws Exception {
        ModelDefinition open = CutoffLayers.open(TinyNetworks.everyOp(2), 4);
        float[] input = TinyNetworks.normalized(open, TinyNetworks.stripes(PHOTOS, 1));
        try (CutoffNetwork network = new CutoffNetwork(root, open, tune)) {
            float[] vector = network.initialize(CutoffLayers.cutoffs(open));
            for (int i = 0; i < vector.length; i++) {
                if (network.kinds()[i] == CutoffNetwork.Kind.THRESHOLD) {
                    vector[i] = 5.2f;
                }
            }
            float[] expected = gradient(network, vector, input, false);
            for (int repetition = 0; repetition < 5; repetition++) {
                assertArrayEquals(expected, gradient(network, vector, input, true), "repetition " + repetition);
            }
        }
    }

    private static float[] gradient(CutoffNetwork network, float[] vector, float[] input, boolean collect) throws InterruptedException {
        float[] targets = new float[PHOTOS * 2];
        java.util.Arrays.fill(targets, 0.5f);
        try (NDManager manager = root.newSubManager()) {
            NDArray leaf = Libtorch.array(manager, vector, vector.length);
            leaf.setRequiresGradient(true);
            NDArray loss = Libtorch.crossEntropy(manager, network.forward(leaf, Libtorch.images(manager, input, PHOTOS, 16, 16, 3), null), targets, 0.25);
            List<ByteBuffer> overwriting = new ArrayList<>();
            for (int round = 0; collect && round < 3; round++) {
                System.gc();
                Thread.sleep(20); // buffers are freed by a thread of the JVM's own
                for (int i = 0; i < 2000; i++) {
                    overwriting.add(ByteBuffer.allocateDirect(4).putInt(0, -1)); // a NaN
                }
            }
            Libtorch.backward(loss);
            float[] gradient = Libtorch.gradient(leaf);
            assertEquals(collect ? 6000 : 0, overwriting.size());
            return gradient;
        }
    }

    @Test
    void batchNormalisationFoldsIntoWeights() {
        Graph graph = MobileNetV2.forSmallPhotos().graph(new Plane(16, 16, 3), 3);
        BatchNormNetwork network = new BatchNormNetwork(graph);
        PhotoSet photos = TinyNetworks.stripes(64, 3);
        ModelDefinition blank = TinyNetworks.of(graph, 1);
        float[] input = TinyNetworks.normalized(blank, photos);
        float[] vector = network.initialize(1);
        try (NDManager manager = root.newSubManager()) {
            BatchNormNetwork.Statistics statistics = network.newStatistics(manager);
            float[] trained = network.forward(Libtorch.array(manager, vector, vector.length), Libtorch.images(manager, input, 64, 16, 16, 3), statistics).toFloatArray();
            Map<String, dev.lowpass.runtime.graph.Parameters> folded = network.fold(vector, statistics);
            ModelDefinition model = new ModelDefinition(graph, folded, blank.preprocess(), blank.labels(), Map.of(), java.util.Optional.empty());
            try (FoldedNetwork plain = new FoldedNetwork(root, model)) {
                float[] actual = plain.logits(input, 64);
                float largest = 0;
                for (float value : trained) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (int i = 0; i < actual.length; i++) {
                    // The running variance divides by n - 1, the batch's own by n = 64 * 4 at the smallest plane.
                    assertEquals(trained[i], actual[i], 0.02 * largest, "logit " + i);
                }
            }
        }
    }
}
