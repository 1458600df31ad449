package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.file.SafetensorsFile;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The real MobileNetV2 1.0/224, of int8 weights per channel. */
class RealModelTest {

    private static final String DENSE = "golden/mobilenet_v2_imagenet_dense.safetensors";
    private static final String CUTOFFS = "golden/mobilenet_v2_imagenet_cutoffs.safetensors";

    private static ModelDefinition read(boolean cut) throws IOException {
        Path file = SharedData.require("models/tf2_mobilenet_v2_1.0_224_ptq.tflite");
        Path labels = SharedData.require("data/imagenet-val/classes.txt");
        return ModelImport.read(file, new ModelImport.Options(labels, cut ? SharedData.require(CUTOFFS) : null, "Apache-2.0")).model();
    }

    @Test
    void structure() throws IOException {
        ModelDefinition model = read(false);
        Graph graph = model.graph();
        assertEquals(1001, model.classes());
        assertEquals("background", model.labels().get(0));
        assertEquals("tench, Tinca tinca", model.labels().get(1));
        assertEquals(Preprocess.tensorflow(new Plane(224, 224, 3)), model.preprocess());
        assertEquals(new GraphOp.Conv2d("stem", "input", 3, 32, new Window(3, 3, 2, 2, new Padding(0, 0, 1, 1)), Activation.RELU6),
                graph.op("stem"));
        assertEquals(new GraphOp.PointwiseConv2d("block2.expand", "block1.project", 16, 96, 0, Activation.RELU6), graph.op("block2.expand"));
        assertEquals(new GraphOp.Add("block3.add", "block2.project", "block3.project", Activation.NONE), graph.op("block3.add"));
        assertEquals(new Plane(7, 7, 1280), graph.plane("head"));
        assertEquals("classifier", graph.output().name());
        assertEquals(1 + 17 + 34 + 1, model.parameters().size()); // stem, depthwise, expand and project and head, classifier
        assertEquals(10, graph.ops().stream().filter(GraphOp.Add.class::isInstance).count());
        assertEquals(1, graph.ops().stream().filter(GraphOp.GlobalAveragePool.class::isInstance).count());
        for (GraphOp op : graph.ops()) {
            boolean linear = op.name().endsWith(".project") || op.name().endsWith(".add") || op.name().equals("pool")
                    || op.name().equals("classifier");
            assertEquals(linear ? Activation.NONE : Activation.RELU6, op.activation(), op.name());
        }
    }

    private static long macs(Graph graph, GraphOp op) {
        int area = graph.plane(op.name()).area();
        if (op instanceof GraphOp.Conv2d conv) {
            return (long) area * conv.inChannels() * conv.outChannels() * conv.window().kernelHeight() * conv.window().kernelWidth();
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return (long) area * depthwise.channels() * depthwise.window().kernelHeight() * depthwise.window().kernelWidth();
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            return (long) area * pointwise.inChannels() * pointwise.outChannels();
        }
        return 0;
    }

    @Test
    void multiplications() throws IOException {
        Graph graph = read(false).graph();
        Map<String, Long> byKind = new TreeMap<>();
        graph.ops().forEach(op -> byKind.merge(op.name().replaceFirst("block\\d+\\.", ""), macs(graph, op), Long::sum));
        assertEquals(10.8, byKind.get("stem") / 1e6, 0.05);
        assertEquals(129.8, byKind.get("expand") / 1e6, 0.05);
        assertEquals(118.1, byKind.get("project") / 1e6, 0.05);
        assertEquals(20.7, byKind.get("depthwise") / 1e6, 0.05);
        assertEquals(20.1, byKind.get("head") / 1e6, 0.05);
        assertEquals(1.3, byKind.get("classifier") / 1e6, 0.05);
        assertEquals(300.8, byKind.values().stream().mapToLong(Long::longValue).sum() / 1e6, 0.05);
    }

    /** Of the layers that have cutoffs, which are all pointwise ones but the classifier: it is not counted. */
    @Test
    void keptMultiplications() throws IOException {
        ModelDefinition model = read(true);
        long all = 0;
        double kept = 0;
        for (GraphOp op : model.graph().ops()) {
            if (op instanceof GraphOp.PointwiseConv2d pointwise && !op.name().equals("classifier")) {
                assertEquals(7, pointwise.block(), op.name());
                all += macs(model.graph(), op);
                kept += macs(model.graph(), op) * Staircase.of(7, model.parameters(op).cutoffs()).keptShare();
            }
        }
        assertEquals(0.8006, kept / all, 0.00005);
    }

    /** The importer's and pre-processing's own proof: the float64 logits, to the reference device's rounding of its result to float. */
    @Test
    void goldenLogits() throws IOException {
        for (boolean cut : new boolean[] {false, true}) {
            SafetensorsFile dense = SafetensorsFile.open(SharedData.require(DENSE));
            float[] expected = (cut ? SafetensorsFile.open(SharedData.require(CUTOFFS)) : dense).floats("logits");
            ModelDefinition definition = read(cut);
            ImagePreprocessor preprocessor = new ImagePreprocessor(definition.preprocess());
            FloatBuffer input = FloatBuffer.allocate(preprocessor.elements());
            preprocessor.toInput(dense.bytes("input"), 0, input, 0);
            FloatBuffer logits = FloatBuffer.allocate(1001);
            try (Model model = Model.of(definition);
                    Session session = model.newSession(SessionOptions.builder().device(Device.reference()).threads(1).build())) {
                session.run(input, 1, logits);
            }
            double largest = 0;
            double error = 0;
            for (int i = 0; i < 1001; i++) {
                largest = Math.max(largest, Math.abs(expected[i]));
                error = Math.max(error, Math.abs(expected[i] - logits.get(i)));
            }
            System.out.printf("%s: logits differ by %.2g of the largest%n", cut ? "with cutoffs" : "dense", error / largest);
            assertTrue(error < 1e-5 * largest, "off by " + error + " of " + largest);
        }
    }
}
