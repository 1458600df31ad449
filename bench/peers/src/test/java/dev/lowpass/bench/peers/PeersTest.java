package dev.lowpass.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.kernels.Precision;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.RandomNetwork;
import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every peer computes what the reference does, or says why it cannot run. */
class PeersTest {

    private static final int IMAGES = 3;

    /** Of the largest logit. */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    @Test
    void peersAreFoundByName() {
        assertEquals(List.of("onnxruntime", "libtorch", "pytorch", "pytorch-channels-last", "pytorch-cuda-graph", "pytorch-compile"),
                ServiceLoader.load(Engine.class).stream().map(provider -> provider.get().name()).toList());
    }

    private static Golden golden(ModelDefinition model) {
        return Golden.of(model, GoldenImages.of(model.preprocess(), IMAGES));
    }

    private static void assertClose(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], TOLERANCE * largest, what + ", logit " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"onnxruntime", "libtorch"})
    void givesTheReferencesLogits(String name) throws Engine.UnavailableException {
        boolean bundled = PeersTest.class.getClassLoader().getResource("native/lib/pytorch.properties") != null;
        assumeTrue(bundled || !name.equals("libtorch"), "no libtorch natives for " + System.getProperty("os.name") + " " + System.getProperty("os.arch") + " on the class path");
        Engine engine = name.equals("libtorch") ? new Libtorch() : new OnnxRuntime();
        assertTrue(engine.version().matches("\\d+\\.\\d+.*"), engine.version());
        for (long seed = 0; seed < 20; seed++) {
            ModelDefinition model = RandomNetwork.of(seed).dense();
            Golden golden = golden(model);
            try (Engine.Session session = engine.open(model, new Engine.Options("cpu", Precision.FP32, 2, IMAGES, 2));
                    Engine.Call call = session.newCall(golden.input(model.preprocess())); Engine.Call other = session.newCall(golden.input(model.preprocess()))) {
                call.run();
                assertTrue(other.runTimed() > 0);
                assertClose(golden.logits(), call.logits(), name + ", seed " + seed);
                assertClose(golden.logits(), other.logits(), name + ", seed " + seed);
            }
        }
    }

    @Test
    void whatAPeerCannotDoIsSaid() {
        ModelDefinition model = RandomNetwork.of(1).dense();
        assertRefused(new OnnxRuntime(), model, new Engine.Options("cuda:0", Precision.FP32, 1, 1, 1), "no CUDA provider");
        assertRefused(new OnnxRuntime(), model, new Engine.Options("cpu", Precision.FP16, 1, 1, 1), "single precision only");
        assertRefused(new OnnxRuntime(), model, new Engine.Options("reference", Precision.FP32, 1, 1, 1), "no device reference");
        assertRefused(new Libtorch(), model, new Engine.Options("cuda:0", Precision.FP32, 1, 1, 1), "on the CPU only");
        assertRefused(new PyTorch.Eager(), model, new Engine.Options("cpu", Precision.FP32, 1, 1, 2), "one call at a time");
    }

    private static void assertRefused(Engine engine, ModelDefinition model, Engine.Options options, String reason) {
        String message = assertThrows(Engine.UnavailableException.class, () -> engine.open(model, options).close()).getMessage();
        assertTrue(message.contains(reason), message);
    }

    /** With torch the script gives the right logits; without it says so in one line; without Python the peer does. */
    @ParameterizedTest
    @ValueSource(strings = {"eager", "channels-last"})
    void pytorchRunsOrSaysWhyNot(String mode) {
        ModelDefinition model = RandomNetwork.of(5).dense();
        Golden golden = golden(model);
        Engine engine = mode.equals("eager") ? new PyTorch.Eager() : new PyTorch.ChannelsLast();
        try (Engine.Session session = engine.open(model, new Engine.Options("cpu", Precision.FP32, 1, IMAGES, 1));
                Engine.Call call = session.newCall(golden.input(model.preprocess()))) {
            assertTrue(call.runTimed() > 0);
            assertClose(golden.logits(), call.logits(), mode);
        } catch (Engine.UnavailableException e) {
            assertTrue(e.getMessage().contains("has no torch (") && e.getMessage().contains("LOWPASS_PYTHON") || e.getMessage().contains("install Python 3 with torch"), e.getMessage());
            assertEquals(1, e.getMessage().lines().count());
        }
    }

    private Path script() throws IOException {
        Path script = folder.resolve("pytorch_peer.py");
        try (InputStream in = PyTorch.class.getResourceAsStream("pytorch_peer.py")) {
            Files.copy(in, script);
        }
        return script;
    }

    private static boolean hasPython() {
        try {
            return new ProcessBuilder(PyTorch.python(), "--version").start().waitFor() == 0;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    /** The script's reading of the file and its walk through the graph, without torch. */
    @Test
    void scriptReadsFilesAndWalksGraphs() throws Exception {
        assumeTrue(hasPython(), "there is no " + PyTorch.python() + " to run the script");
        Path script = script();
        for (long seed = 0; seed < 12; seed++) {
            ModelDefinition model = RandomNetwork.of(seed).dense();
            // Rounded to halves for every other network, so that both types of weights are read.
            ModelFile.WeightType type = seed % 2 == 0 ? ModelFile.WeightType.F32 : ModelFile.WeightType.F16;
            model = ModelFile.asStored(model, type);
            Golden golden = golden(model);
            Path file = folder.resolve("model.safetensors");
            Path input = folder.resolve("input.f32");
            Path logits = folder.resolve("logits.f32");
            ModelFile.write(model, file, type);
            FloatBuffer values = golden.input(model.preprocess());
            ByteBuffer bytes = ByteBuffer.allocate(4 * values.capacity()).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            Files.write(input, bytes.array());
            Process process = new ProcessBuilder(PyTorch.python(), script.toString(), "plain", file.toString(), input.toString(), logits.toString()).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes());
            assertEquals(0, process.waitFor(), said);
            float[] actual = new float[golden.logits().length];
            ByteBuffer.wrap(Files.readAllBytes(logits)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(actual);
            assertClose(golden.logits(), actual, "seed " + seed);
        }
    }
}
