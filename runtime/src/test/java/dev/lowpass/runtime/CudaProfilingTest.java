package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Peak;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Times of sessions on the emulated CUDA device: the same results, and events that are freed. */
@Tag("cuda")
class CudaProfilingTest {

    @TempDir
    Path folder;

    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
    }

    @AfterEach
    void nothingIsHeld() {
        assertEquals(List.of(), EmulatedDevice.live());
        assertEquals(0, EmulatedDevice.deviceBytes());
    }

    @Test
    void timesAreTakenByTheDeviceAndChangeNoResult() throws IOException {
        ModelDefinition model = RandomNetwork.of(3);
        try (Session session = Model.of(model).newSession(SessionOptions.builder().device(Device.named("cuda:0")).maxBatch(2).build())) {
            FloatBuffer input = FloatBuffer.allocate(2 * session.inputElements());
            for (int i = 0; i < input.capacity(); i++) {
                input.put(i, i % 17 / 17f);
            }
            FloatBuffer expected = FloatBuffer.allocate(2 * session.classes());
            session.run(input, 2, expected);
            for (RunTiming timing : List.of(RunTiming.ofPhases(), RunTiming.ofSteps(session))) {
                FloatBuffer logits = FloatBuffer.allocate(2 * session.classes());
                session.run(input, 2, logits, timing);
                assertEquals(expected, logits);
                assertTrue(timing.computeNanos() > 0);
                assertTrue(timing.writeNanos() >= 0 && timing.readNanos() >= 0);
            }
            FloatBuffer logits = FloatBuffer.allocate(2 * session.classes());
            Path file = folder.resolve("recording.jfr");
            try (Recording recording = new Recording()) {
                recording.enable("lowpass.Op");
                recording.start();
                session.run(input, 2, logits);
                recording.stop();
                recording.dump(file);
            }
            assertEquals(expected, logits);
            List<RecordedEvent> ops = RecordingFile.readAllEvents(file).stream()
                    .filter(event -> event.getEventType().getName().equals("lowpass.Op")).toList();
            assertEquals(session.plan().steps().size(), ops.size());
            for (RecordedEvent op : ops) {
                assertEquals("cuda", op.getString("device"));
                assertFalse(op.getString("tactic").isEmpty());
            }
            assertEquals(session.plan().steps().size(), session.tactics(2).size());
        }
    }

    @Test
    void thePeakIsComputedFromWhatTheDriverTells() {
        Peak peak = Device.named("cuda:0").peak(1).orElseThrow();
        assertTrue(peak.flops() > 1e9 && peak.memoryBytesPerSecond() > 1e9, peak.toString());
        assertTrue(peak.method().contains("multiprocessors"), peak.method());
    }
}
