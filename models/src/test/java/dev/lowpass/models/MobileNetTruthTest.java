package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.file.SafetensorsFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The ImageNet MobileNetV2 of the shared data, imported, against logits that PyTorch computed in float64 and against the accuracy
 * measured there.
 */
class MobileNetTruthTest {

    private static final String MODEL = "models/tf2_mobilenet_v2_1.0_224_ptq.tflite";
    private static final String DENSE = "golden/mobilenet_v2_imagenet_dense.safetensors";
    private static final String CUTOFFS = "golden/mobilenet_v2_imagenet_cutoffs.safetensors";
    private static final String VALIDATION = "data/imagenet-val";

    /** Largest difference of a logit, relative to the largest logit's magnitude, for single precision. */
    private static final double TOLERANCE = 1e-4;

    /** The goldens are stored as floats, so double precision is held to their rounding. */
    private static final double REFERENCE_TOLERANCE = 1e-6;

    private static ModelDefinition model(boolean cut) throws IOException {
        Path cutoffs = cut ? SharedData.require(CUTOFFS) : null;
        return ModelImport.read(SharedData.require(MODEL), new ModelImport.Options(null, cutoffs, null)).model();
    }

    @ParameterizedTest(name = "{0}, truncated: {1}")
    @CsvSource({"reference, false", "reference, true", "cpu, false", "cpu, true"})
    void logitsAreThoseOfDoublePrecision(String device, boolean cut) throws IOException {
        SafetensorsFile golden = SafetensorsFile.open(SharedData.require(DENSE));
        byte[] images = golden.bytes("input");
        float[] expected = SafetensorsFile.open(SharedData.require(cut ? CUTOFFS : DENSE)).floats("logits");
        ModelDefinition definition = model(cut);
        Preprocess preprocess = definition.preprocess();
        FloatBuffer input = FloatBuffer.allocate(images.length);
        for (int i = 0; i < images.length; i++) {
            input.put(i, preprocess.normalize(images[i] & 0xff, i % 3));
        }
        FloatBuffer logits = FloatBuffer.allocate(expected.length);
        try (Session session = Model.of(definition).newSession(SessionOptions.builder().device(Device.named(device)).maxBatch(4).build())) {
            session.run(input, 4, logits);
        }
        double largest = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(expected[i] - logits.get(i)));
        }
        double limit = device.equals("reference") ? REFERENCE_TOLERANCE : TOLERANCE;
        assertTrue(error <= limit * largest, "largest error " + error + " of logits up to " + largest + ": " + error / largest);
    }

    @ParameterizedTest(name = "truncated: {0}")
    @CsvSource({"false, 503", "true, 490"})
    void accuracyIsWhatPyTorchMeasured(boolean cut, int expected) throws IOException {
        Path folder = SharedData.require(VALIDATION);
        List<String> rows = Files.readAllLines(folder.resolve("labels.csv"));
        ModelDefinition definition = model(cut);
        int batch = 10;
        int correct = 0;
        try (Session session = Model.of(definition).newSession(SessionOptions.builder().device(Device.cpu()).maxBatch(batch).build())) {
            ImagePreprocessor preprocessor = new ImagePreprocessor(definition.preprocess());
            FloatBuffer input = FloatBuffer.allocate(batch * session.inputElements());
            FloatBuffer logits = FloatBuffer.allocate(batch * session.classes());
            for (int start = 1; start < rows.size(); start += batch) {
                int count = Math.min(batch, rows.size() - start);
                for (int i = 0; i < count; i++) {
                    String file = rows.get(start + i).split(",")[0];
                    preprocessor.toInput(ImageDecoder.decode(folder.resolve(file)), input, i * session.inputElements());
                }
                session.run(input, count, logits);
                for (int i = 0; i < count; i++) {
                    // Class 0 of the network is the background; the list counts from the first real class.
                    int label = Integer.parseInt(rows.get(start + i).split(",")[1]) + 1;
                    correct += best(logits, i * session.classes(), session.classes()) == label ? 1 : 0;
                }
            }
        }
        assertEquals(650, rows.size() - 1);
        assertEquals(expected, correct, 3, "correct of 650; decoders and resizers differ in the last bit");
    }

    private static int best(FloatBuffer logits, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = logits.get(from + i) > logits.get(from + best) ? i : best;
        }
        return best;
    }
}
