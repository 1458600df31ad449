package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.file.SafetensorsFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real MobileNetV2 1.0/224 on the emulated CUDA device. */
@Tag("cuda")
class CudaModelTest {

    private static final String DENSE = "golden/mobilenet_v2_imagenet_dense.safetensors";
    private static final String CUTOFFS = "golden/mobilenet_v2_imagenet_cutoffs.safetensors";

    @BeforeEach
    void device() {
        EmulatedDevice.startWithProjectKernels();
    }

    @ParameterizedTest
    @CsvSource({"false, FP32", "true, FP32", "true, TF32", "false, FP16", "true, FP16"})
    void goldenLogits(boolean cut, Precision precision) throws IOException {
        ModelDefinition definition = ModelImport.read(SharedData.require("models/tf2_mobilenet_v2_1.0_224_ptq.tflite"), new ModelImport.Options(
                SharedData.require("data/imagenet-val/classes.txt"), cut ? SharedData.require(CUTOFFS) : null, "Apache-2.0")).model();
        SafetensorsFile dense = SafetensorsFile.open(SharedData.require(DENSE));
        float[] expected = (cut ? SafetensorsFile.open(SharedData.require(CUTOFFS)) : dense).floats("logits");
        ImagePreprocessor preprocessor = new ImagePreprocessor(definition.preprocess());
        FloatBuffer input = FloatBuffer.allocate(preprocessor.elements());
        preprocessor.toInput(dense.bytes("input"), 0, input, 0);
        FloatBuffer logits = FloatBuffer.allocate(definition.classes());
        try (Model model = Model.of(definition);
                Session session = model.newSession(SessionOptions.builder().device(Device.named("cuda")).precision(precision).build())) {
            session.run(input, 1, logits);
            EmulatedDevice.clearCalls();
            // The second pass replays what the first has recorded.
            session.run(input, 1, logits);
            if (!EmulatedDevice.isReal()) {
                assertEquals(1, EmulatedDevice.calls().stream().filter("cuGraphLaunch"::equals).count());
                // Halves are made of floats before the pass and floats of halves after it.
                int conversions = precision == Precision.FP16 ? 2 : 0;
                assertEquals(conversions, EmulatedDevice.calls().stream().filter("cuLaunchKernel"::equals).count());
            }
        }
        assertEquals(List.of(), EmulatedDevice.live());
        double largest = 0;
        double error = 0;
        for (int i = 0; i < definition.classes(); i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(expected[i] - logits.get(i)));
        }
        System.out.printf("cuda, %s, %s: logits differ by %.2g of the largest%n", precision, cut ? "with cutoffs" : "dense", error / largest);
        assertTrue(error < precision.tolerance() * largest, "off by " + error + " of " + largest);
    }
}
