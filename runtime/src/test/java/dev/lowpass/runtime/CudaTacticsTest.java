package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How sessions on the emulated CUDA device choose among kernels and cuBLAS. */
@Tag("cuda")
class CudaTacticsTest {

    private static final String LIBRARY = "dev.lowpass.cublas";
    private static final String LIBRARY_BEFORE = System.getProperty(LIBRARY, "");

    @TempDir
    Path cache;

    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
        System.setProperty("dev.lowpass.cache", cache.toString());
    }

    @AfterEach
    void nothingIsHeld() {
        System.setProperty(LIBRARY, LIBRARY_BEFORE);
        assertEquals(List.of(), EmulatedDevice.live());
        assertEquals(0, EmulatedDevice.deviceBytes());
    }

    private static Session session(ModelDefinition model, int maxBatch, TacticChoice tactics) {
        return Model.of(model).newSession(SessionOptions.builder().device(Device.named("cuda")).maxBatch(maxBatch).tactics(tactics).build());
    }

    private static FloatBuffer input(ModelDefinition model, int batch) {
        Random random = new Random(batch);
        FloatBuffer input = FloatBuffer.allocate(batch * model.graph().input().elements());
        for (int i = 0; i < input.capacity(); i++) {
            input.put(i, random.nextFloat() * 2 - 1);
        }
        return input;
    }

    private static float[] run(Session session, FloatBuffer input, int batch) {
        FloatBuffer logits = FloatBuffer.allocate(batch * session.classes());
        session.run(input, batch, logits);
        return logits.array();
    }

    /** cuBLAS in the pass's graph, by both bindings, gives what the kernels give. */
    @Test
    void cublasIsCapturedAndAgrees() {
        for (long seed : new long[] {3, 8, 11}) {
            ModelDefinition model = RandomNetwork.of(seed);
            FloatBuffer input = input(model, 2);
            float[] expected;
            try (Session session = session(model, 2, TacticChoice.KERNELS)) {
                expected = run(session, input, 2);
                assertTrue(session.tactics(2).stream().noneMatch(tactic -> tactic.startsWith("cublas")));
            }
            double largest = 1e-3;
            for (float logit : expected) {
                largest = Math.max(largest, Math.abs(logit));
            }
            List<String> libraries = List.of(LIBRARY_BEFORE); // on a GPU what the check has found
            if (!EmulatedDevice.isReal()) {
                EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withDriverVersion(13000));
                libraries = List.of("", EmulatedDevice.library("libcublas.so.13").toString());
            }
            for (String library : libraries) {
                System.setProperty(LIBRARY, library);
                Assumptions.assumeFalse(EmulatedDevice.isReal() && Device.named("cuda").description().contains("there is no cuBLAS"), "no cuBLAS");
                try (Session session = session(model, 2, TacticChoice.CUBLAS)) {
                    run(session, input, 2);
                    EmulatedDevice.clearCalls();
                    float[] actual = run(session, input, 2);
                    if (!EmulatedDevice.isReal()) {
                        assertEquals(1, Collections.frequency(EmulatedDevice.calls(), "cuGraphLaunch"));
                        assertEquals(0, Collections.frequency(EmulatedDevice.calls(), "cublasGemmEx"));
                    }
                    assertTrue(session.tactics(2).stream().anyMatch(tactic -> tactic.startsWith("cublas")), () -> "" + session.tactics(2));
                    for (int i = 0; i < expected.length; i++) {
                        assertEquals(expected[i], actual[i], 2e-5 * largest, "seed " + seed + ", library " + library + ", logit " + i);
                    }
                }
                assertEquals("", EmulatedDevice.report());
            }
        }
    }

    /** Measured once, then read from the cache, unless the device is another. */
    @Test
    void measuresAndRemembers() throws IOException {
        ModelDefinition model = RandomNetwork.of(3);
        FloatBuffer input = input(model, 3);
        float[] expected;
        try (Session session = session(model, 3, TacticChoice.KERNELS)) {
            expected = run(session, input, 3);
        }
        List<String> first;
        EmulatedDevice.clearCalls();
        try (Session session = session(model, 3, TacticChoice.MEASURED)) {
            assertTrue(EmulatedDevice.calls().contains("cuEventRecord"));
            assertTrue(EmulatedDevice.calls().contains("cublasGemmEx"));
            first = session.tactics(3);
            float[] actual = run(session, input, 3);
            for (int i = 0; i < actual.length; i++) {
                assertEquals(expected[i], actual[i], 1e-4);
            }
        }
        assertEquals(1, files().size());
        String kept = Files.readString(files().get(0));
        assertTrue(kept.lines().allMatch(line -> line.split(" ").length == 3), kept); // batches 1, 2 and 3
        EmulatedDevice.clearCalls();
        try (Session session = session(model, 3, TacticChoice.MEASURED)) {
            assertFalse(EmulatedDevice.calls().contains("cuEventRecord"));
            assertEquals(first, session.tactics(3));
        }
        // A damaged file is measured again, and so is another device.
        Files.writeString(files().get(0), "nonsense\n");
        session(model, 3, TacticChoice.MEASURED).close();
        assertFalse(Files.readString(files().get(0)).contains("nonsense"));
        EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withArchitecture(80));
        session(model, 3, TacticChoice.MEASURED).close();
        assertEquals(2, files().size());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(cache.resolve("cuda"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("tactics-")).toList();
        }
    }

    @Test
    void missingCublas() {
        System.setProperty(LIBRARY, "/nowhere/libcublas.so.13");
        ModelDefinition model = RandomNetwork.of(3);
        assertEquals("the tactics cublas were asked for, but there is no cuBLAS, so the hand-written kernels multiply (looked for:"
                + " /nowhere/libcublas.so.13); to let sessions choose, install the package libcublas of CUDA 12 or set dev.lowpass.cublas to its"
                + " library, or use the tactics kernels",
                assertThrows(CudaException.class, () -> session(model, 1, TacticChoice.CUBLAS)).getMessage().replaceFirst(" of CUDA 1\\d ", " of CUDA 12 "),
                "whichever the driver's CUDA is");
        try (Session session = session(model, 1, TacticChoice.MEASURED)) {
            assertTrue(session.tactics(1).stream().noneMatch(tactic -> tactic.startsWith("cublas")));
        }
        System.setProperty(LIBRARY, "none");
        assertTrue(Device.named("cuda").description().endsWith("; cuBLAS is switched off by dev.lowpass.cublas; the hand-written kernels multiply"));
    }

    /** A cuBLAS that is newer than the driver is as good as none. */
    @Test
    void cublasNewerThanTheDriver() {
        System.setProperty(LIBRARY, EmulatedDevice.library("libcublas.so.13").toString());
        ModelDefinition model = RandomNetwork.of(3);
        EmulatedDevice.clearCalls();
        try (Session session = session(model, 1, TacticChoice.MEASURED)) {
            run(session, input(model, 1), 1);
            assertTrue(session.tactics(1).stream().noneMatch(tactic -> tactic.startsWith("cublas")));
        }
        assertTrue(EmulatedDevice.calls().stream().noneMatch(call -> call.startsWith("cublas")), () -> "" + EmulatedDevice.calls());
        String refusal = assertThrows(CudaException.class, () -> session(model, 1, TacticChoice.CUBLAS)).getMessage();
        assertTrue(refusal.contains("libcublas.so.13 is 13.0.0, newer than the driver (of CUDA 12.6)"), refusal);
    }

    /** Each call of a session with cuBLAS fails in turn, and each few of one that measures. */
    @Test
    void anyCallMayFail() {
        ModelDefinition model = RandomNetwork.of(3);
        Set<String> failed = new TreeSet<>();
        for (TacticChoice tactics : new TacticChoice[] {TacticChoice.CUBLAS, TacticChoice.MEASURED}) {
            for (int n = 1; ; n += tactics == TacticChoice.CUBLAS ? 1 : 29) {
                start();
                System.setProperty("dev.lowpass.cache", cache.resolve(tactics + "-" + n).toString());
                EmulatedDevice.failNth(n, 999, 14);
                CudaException failure = life(model, tactics);
                String call = EmulatedDevice.failedCall();
                EmulatedDevice.failNth(0, 0, 0);
                String where = tactics + ", call " + n + ", " + call;
                assertEquals(List.of(), EmulatedDevice.live(), where);
                assertEquals(0, EmulatedDevice.deviceBytes(), where);
                assertEquals(call.isEmpty(), failure == null, where);
                if (call.isEmpty()) {
                    break;
                }
                failed.add(call);
                assertTrue(call.startsWith(failure.call()) && !failure.call().isEmpty(), where + ": " + failure.getMessage());
                String code = call.startsWith("cublas") ? "CUBLAS_STATUS_INTERNAL_ERROR (14)" : "CUDA_ERROR_UNKNOWN (999)";
                assertTrue(failure.getMessage().contains(failure.call() + " failed with " + code), where + ": " + failure.getMessage());
            }
        }
        System.out.println("cuda: faults in " + failed.size() + " functions: " + failed);
        assertTrue(failed.containsAll(Set.of("cublasCreate_v2", "cublasSetMathMode", "cublasSetStream_v2", "cublasSetWorkspace_v2", "cublasGemmEx", "cublasDestroy_v2")),
                () -> "only " + failed);
    }

    private static CudaException life(ModelDefinition model, TacticChoice tactics) {
        Session session;
        try {
            session = session(model, 1, tactics);
        } catch (CudaException e) {
            return e;
        }
        CudaException failure = null;
        FloatBuffer input = input(model, 1);
        try {
            run(session, input, 1);
        } catch (CudaException e) {
            failure = e;
            run(session, input, 1);
        }
        try {
            session.close();
        } catch (CudaException e) {
            assertEquals(null, failure, "one fault, one exception");
            failure = e;
        }
        return failure;
    }
}
