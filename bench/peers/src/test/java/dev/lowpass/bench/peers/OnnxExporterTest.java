package dev.lowpass.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.models.ModelImport;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.RandomNetwork;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the exporter writes, in ONNX Runtime, against the reference back end. */
class OnnxExporterTest {

    /** Of the largest logit. */
    private static final double TOLERANCE = 1e-4;

    private static final int IMAGES = 2;

    private static double error(ModelDefinition model, boolean truncation) throws Exception {
        Golden golden = Golden.of(truncation ? model : model.dense(), GoldenImages.of(model.preprocess(), IMAGES));
        try (Engine.Session session = new OnnxRuntime().open(model, truncation, new Engine.Options("cpu", Precision.FP32, 1, IMAGES, 1));
                Engine.Call call = session.newCall(golden.input(model.preprocess()))) {
            call.run();
            float[] logits = call.logits();
            assertEquals(golden.logits().length, logits.length);
            double largest = 0;
            double error = 0;
            for (int i = 0; i < logits.length; i++) {
                largest = Math.max(largest, Math.abs(golden.logits()[i]));
                error = Math.max(error, Math.abs(golden.logits()[i] - logits[i]));
            }
            return error / largest;
        }
    }

    private static boolean isTruncated(ModelDefinition model) {
        return model.graph().ops().stream().anyMatch(op -> op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated());
    }

    /** Networks with every op, asymmetric padding, several block sides and ends, dense and truncated. */
    @Test
    void smallNetworks() throws Exception {
        int truncated = 0;
        for (long seed = 0; seed < 100; seed++) {
            ModelDefinition model = RandomNetwork.of(seed);
            for (boolean truncation : new boolean[] {false, true}) {
                double error = error(model, truncation);
                assertTrue(error <= TOLERANCE, "seed " + seed + (truncation ? ", truncated" : ", dense") + ": off by " + error + " of the largest logit");
            }
            truncated += isTruncated(model) ? 1 : 0;
        }
        assertTrue(truncated > 50, truncated + " of 100 networks were truncated");
    }

    /** An op may be named as a tensor that another op is written with. */
    @Test
    void opsNamedLikePartsOfOthers() throws Exception {
        Plane plane = new Plane(4, 4, 1);
        List<GraphOp> ops = new ArrayList<>();
        Map<String, Parameters> parameters = new HashMap<>();
        String below = Graph.INPUT;
        for (String name : List.of("a", "a/linear", "a/weight", "linear/a", "weight/a", "dct/a", "dct/2/4", "part/a", "part/a/linear", "zero", "op/a")) {
            ops.add(new GraphOp.PointwiseConv2d(name, below, 1, 1, 2, Activation.RELU));
            parameters.put(name, new Parameters(new float[] {1 + ops.size() / 16f}, new float[] {ops.size() / 8f}, new int[] {3}));
            below = name;
        }
        ModelDefinition model = new ModelDefinition(Graph.of(plane, ops), parameters, Preprocess.tensorflow(plane), List.of(), Map.of(), Optional.empty());
        assertTrue(error(model, false) <= TOLERANCE);
        assertTrue(error(model, true) <= TOLERANCE);
    }

    /** The comparison sees what it should: a truncated network is another one than the dense. */
    @Test
    void denseIsNotTruncated() throws Exception {
        ModelDefinition model = RandomNetwork.of(3);
        assertTrue(isTruncated(model));
        Golden truncated = Golden.of(model, GoldenImages.of(model.preprocess(), 1));
        Golden dense = Golden.of(model.dense(), GoldenImages.of(model.preprocess(), 1));
        double difference = 0;
        for (int i = 0; i < dense.logits().length; i++) {
            difference = Math.max(difference, Math.abs(dense.logits()[i] - truncated.logits()[i]));
        }
        assertTrue(difference > 100 * TOLERANCE, "they differ by " + difference);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mobileNet(boolean truncation) throws Exception {
        Path shared = Path.of(System.getProperty("lowpass.shared", "../shared"));
        Path network = shared.resolve("models/tf2_mobilenet_v2_1.0_224_ptq.tflite").normalize();
        Path cutoffs = shared.resolve("golden/mobilenet_v2_imagenet_cutoffs.safetensors").normalize();
        assumeTrue(Files.exists(network) && Files.exists(cutoffs), network + " or " + cutoffs + " is absent: put the shared data beside the checkout to run this test");
        double error = error(ModelImport.read(network, new ModelImport.Options(null, cutoffs, null)).model(), truncation);
        System.out.printf("MobileNetV2 in ONNX Runtime, %s: logits differ by %.1e of the largest%n", truncation ? "truncated" : "dense", error);
        assertTrue(error <= TOLERANCE, "off by " + error);
    }
}
