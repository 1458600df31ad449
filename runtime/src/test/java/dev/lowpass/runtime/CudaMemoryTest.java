package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pixels, and the caller's own device memory, in sessions on the emulated CUDA device. */
@Tag("cuda")
class CudaMemoryTest {

    private static final int BATCH = 2;

    private final ModelDefinition model = RandomNetwork.of(3);
    private final CUcontext primary = new CUcontext();

    /** As an application that uses CUDA itself: the primary context is its, and current. */
    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
        JCudaDriver.cuInit(0);
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        JCudaDriver.cuDevicePrimaryCtxRetain(primary, device);
        JCudaDriver.cuCtxSetCurrent(primary);
    }

    @AfterEach
    void nothingIsHeld() {
        CUcontext current = new CUcontext();
        JCudaDriver.cuCtxGetCurrent(current);
        assertEquals(primary, current, "the caller's context is still current");
        JCudaDriver.cuCtxSetCurrent(new CUcontext());
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
        assertEquals(List.of(), EmulatedDevice.live());
    }

    private Session session(String device, Precision precision) {
        return Model.of(model).newSession(SessionOptions.builder().device(Device.named(device)).maxBatch(BATCH).precision(precision).build());
    }

    private ByteBuffer pixels() {
        byte[] pixels = new byte[BATCH * model.graph().input().elements()];
        new Random(4).nextBytes(pixels);
        return ByteBuffer.wrap(pixels);
    }

    private FloatBuffer normalized(ByteBuffer pixels) {
        int channels = model.preprocess().input().channels();
        FloatBuffer input = FloatBuffer.allocate(pixels.capacity());
        for (int i = 0; i < input.capacity(); i++) {
            input.put(i, model.preprocess().normalize(pixels.get(i) & 0xff, i % channels));
        }
        return input;
    }

    /** An address as other libraries know it; JCuda keeps it to itself. */
    private static final class Open extends CUdeviceptr {
        Open(CUdeviceptr pointer) {
            super(pointer);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    private static long address(CUdeviceptr pointer) {
        return new Open(pointer).address();
    }

    private static CUdeviceptr allocate(long bytes) {
        CUdeviceptr memory = new CUdeviceptr();
        assertEquals(0, JCudaDriver.cuMemAlloc(memory, bytes));
        return memory;
    }

    @Test
    void pixelsOnTheCpu() {
        ByteBuffer pixels = pixels();
        try (Session session = session("cpu", Precision.FP32)) {
            FloatBuffer expected = FloatBuffer.allocate(BATCH * session.classes());
            FloatBuffer actual = FloatBuffer.allocate(BATCH * session.classes());
            session.run(normalized(pixels), BATCH, expected);
            session.run(pixels, BATCH, actual);
            assertArrayEquals(expected.array(), actual.array());
            assertEquals("batch 2 needs " + pixels.capacity() + " bytes of pixels (" + pixels.capacity() / 2 + " an image), but the buffer has 1 remaining",
                    assertThrows(IllegalArgumentException.class, () -> session.run(ByteBuffer.allocate(1), BATCH, actual)).getMessage());
            assertEquals("device addresses need a session on a CUDA device, and this one runs on cpu; use run with buffers",
                    assertThrows(UnsupportedOperationException.class, () -> session.runOnDevice(256, 1, 512, 0)).getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"FP32", "FP16"})
    void pixelsAndDeviceMemoryGiveWhatFloatsGive(Precision precision) {
        ByteBuffer pixels = pixels();
        FloatBuffer input = normalized(pixels);
        try (Session session = session("cuda", precision)) {
            FloatBuffer expected = FloatBuffer.allocate(BATCH * session.classes());
            session.run(input, BATCH, expected);
            FloatBuffer actual = FloatBuffer.allocate(BATCH * session.classes());
            session.run(pixels, BATCH, actual);
            assertArrayEquals(expected.array(), actual.array());

            CUdeviceptr floats = allocate(4L * input.capacity());
            CUdeviceptr bytes = allocate(pixels.capacity());
            CUdeviceptr logits = allocate(4L * expected.capacity());
            JCudaDriver.cuMemcpyHtoD(floats, Pointer.to(input.array()), 4L * input.capacity());
            JCudaDriver.cuMemcpyHtoD(bytes, Pointer.to(pixels.array()), pixels.capacity());
            for (boolean eightBit : new boolean[] {false, true}) {
                JCudaDriver.cuMemsetD8(logits, (byte) -1, 4L * expected.capacity());
                if (eightBit) {
                    session.runPixelsOnDevice(address(bytes), BATCH, address(logits), 0);
                } else {
                    session.runOnDevice(address(floats), BATCH, address(logits), 0);
                }
                float[] result = new float[expected.capacity()];
                // In the default stream, which the run's end holds up.
                JCudaDriver.cuMemcpyDtoH(Pointer.to(result), logits, 4L * result.length);
                assertArrayEquals(expected.array(), result);
            }
            assertEquals("input at 0x10 is no device memory of the GPU's primary context; give an address that cuMemAlloc or cudaMalloc returned there",
                    assertThrows(IllegalArgumentException.class, () -> session.runOnDevice(16, BATCH, address(logits), 0)).getMessage());
            String small = assertThrows(IllegalArgumentException.class, () -> session.runOnDevice(address(bytes), BATCH, address(logits), 0)).getMessage();
            // A driver may allocate more than it was asked for.
            assertTrue(small.matches(".* needs " + 4 * pixels.capacity() + " bytes, and its allocation of \\d+ bytes ends after \\d+; allocate more"), small);
            assertTrue(EmulatedDevice.isReal() || small.contains("allocation of " + pixels.capacity() + " bytes ends after " + pixels.capacity() + ";"), small);
            for (CUdeviceptr memory : new CUdeviceptr[] {floats, bytes, logits}) {
                JCudaDriver.cuMemFree(memory);
            }
        }
    }

    /** Memory of another GPU, or of another context of this one, which the session's kernels cannot reach; pinned memory, which all reach. */
    @Test
    void memoryOfAnotherGpuIsRefused() {
        EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withDevices(2));
        CUdevice second = new CUdevice();
        JCudaDriver.cuDeviceGet(second, 1);
        CUcontext there = new CUcontext();
        JCudaDriver.cuDevicePrimaryCtxRetain(there, second);
        long bytes = 4L * BATCH * model.graph().input().elements();
        CUdeviceptr logits = allocate(4L * BATCH * model.classes());
        CUdeviceptr here = allocate(bytes);
        JCudaDriver.cuMemsetD8(here, (byte) 0, bytes);
        JCudaDriver.cuCtxPushCurrent(there);
        CUdeviceptr elsewhere = allocate(bytes);
        Pointer pinned = new Pointer();
        JCudaDriver.cuMemAllocHost(pinned, bytes);
        JCudaDriver.cuMemsetD8(elsewhere, (byte) 0, bytes);
        JCudaDriver.cuCtxPopCurrent(new CUcontext());
        CUcontext sibling = new CUcontext();
        JCudaDriver.cuCtxCreate(sibling, 0, device());
        CUdeviceptr beside = allocate(bytes);
        JCudaDriver.cuCtxPopCurrent(new CUcontext());
        try (Session session = session("cuda", Precision.FP32)) {
            assertEquals("input at 0x" + Long.toHexString(address(elsewhere)) + " is memory of GPU 1, and this session runs on GPU 0; copy it there, or use a session"
                    + " on the device cuda:1", refusal(() -> session.runOnDevice(address(elsewhere), BATCH, address(logits), 0)));
            assertTrue(refusal(() -> session.runPixelsOnDevice(address(here), BATCH, address(elsewhere), 0)).contains(" is memory of GPU 1, and"));
            assertEquals("input at 0x" + Long.toHexString(address(beside)) + " is no device memory of the GPU's primary context; give an address that cuMemAlloc or"
                    + " cudaMalloc returned there", refusal(() -> session.runOnDevice(address(beside), BATCH, address(logits), 0)));
            CUdeviceptr mapped = new CUdeviceptr();
            JCudaDriver.cuMemHostGetDevicePointer(mapped, pinned, 0);
            session.runOnDevice(address(mapped), BATCH, address(logits), 0);
        }
        try (Session session = session("cuda:1", Precision.FP32)) {
            assertTrue(refusal(() -> session.runOnDevice(address(elsewhere), BATCH, address(logits), 0)).startsWith("logits at 0x"));
            session.runOnDevice(address(elsewhere), BATCH, address(elsewhere), 0);
        }
        JCudaDriver.cuCtxPushCurrent(there);
        JCudaDriver.cuMemFreeHost(pinned);
        for (CUdeviceptr memory : new CUdeviceptr[] {logits, here, elsewhere, beside}) {
            JCudaDriver.cuMemFree(memory);
        }
        JCudaDriver.cuCtxPopCurrent(new CUcontext());
        JCudaDriver.cuCtxDestroy(sibling);
        JCudaDriver.cuDevicePrimaryCtxRelease(second);
    }

    private static String refusal(Runnable run) {
        return assertThrows(IllegalArgumentException.class, run::run).getMessage();
    }

    private static CUdevice device() {
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        return device;
    }

    /** Which never reach the host, and are calls like others. */
    @Test
    void runsOnDeviceMemoryAreRecorded(@TempDir Path folder) throws IOException {
        CUdeviceptr input = allocate(4L * BATCH * model.graph().input().elements());
        CUdeviceptr logits = allocate(4L * BATCH * model.classes());
        JCudaDriver.cuMemsetD8(input, (byte) 0, 4L * BATCH * model.graph().input().elements());
        try (Session session = session("cuda", Precision.FP32)) {
            List<Runnable> runs = List.of(() -> session.runOnDevice(address(input), 1, address(logits), 0),
                    () -> session.runPixelsOnDevice(address(input), BATCH, address(logits), 0));
            runs.forEach(Runnable::run); // not in the recording
            for (boolean steps : new boolean[] {false, true}) {
                Path file = folder.resolve(steps + ".jfr");
                try (Recording recording = new Recording()) {
                    if (steps) {
                        recording.enable("lowpass.Op");
                    }
                    recording.start();
                    runs.forEach(Runnable::run);
                    assertThrows(IllegalArgumentException.class, () -> session.runOnDevice(16, BATCH, address(logits), 0));
                    recording.stop();
                    recording.dump(file);
                }
                List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream().sorted(Comparator.comparing(RecordedEvent::getStartTime)).toList();
                List<RecordedEvent> recorded = events.stream().filter(event -> event.getEventType().getName().equals("lowpass.Run")).toList();
                assertEquals(List.of(1, BATCH), recorded.stream().map(event -> event.getInt("batch")).toList(), "one a call that ran, and none of that which was refused");
                for (RecordedEvent run : recorded) {
                    assertEquals("cuda", run.getString("device"));
                    assertTrue(run.getDuration().toNanos() > 0);
                    assertTrue(run.getDuration("waitingTime").compareTo(run.getDuration()) < 0);
                }
                List<Integer> batches = events.stream().filter(event -> event.getEventType().getName().equals("lowpass.Op")).map(event -> event.getInt("batch")).toList();
                List<Integer> expected = new ArrayList<>();
                if (steps) {
                    expected.addAll(Collections.nCopies(session.plan().steps().size(), 1));
                    expected.addAll(Collections.nCopies(session.plan().steps().size(), BATCH));
                }
                assertEquals(expected, batches);
            }
        }
        JCudaDriver.cuMemFree(input);
        JCudaDriver.cuMemFree(logits);
    }

    /** Each call of runs with pixels and device memory fails in turn. */
    @Test
    void anyCallMayFail() {
        ByteBuffer pixels = pixels();
        CUdeviceptr input = allocate(4L * pixels.capacity());
        CUdeviceptr output = allocate(4L * BATCH * model.classes());
        JCudaDriver.cuMemsetD8(input, (byte) 0, 4L * pixels.capacity());
        FloatBuffer logits = FloatBuffer.allocate(BATCH * model.classes());
        Set<String> failed = new TreeSet<>();
        try (Session session = session("cuda", Precision.FP32)) {
            List<Runnable> runs = List.of(() -> session.run(pixels, BATCH, logits), () -> session.runOnDevice(address(input), BATCH, address(output), 0),
                    () -> session.runPixelsOnDevice(address(input), BATCH, address(output), 0));
            for (Runnable run : runs) {
                run.run();
                for (int n = 1; ; n++) {
                    EmulatedDevice.failNth(n, 999, 0);
                    CudaException failure = null;
                    try {
                        run.run();
                    } catch (CudaException e) {
                        failure = e;
                    }
                    String call = EmulatedDevice.failedCall();
                    EmulatedDevice.failNth(0, 0, 0);
                    assertEquals(call.isEmpty(), failure == null, call);
                    if (failure == null) {
                        break;
                    }
                    failed.add(call);
                    assertTrue(call.startsWith(failure.call()), call);
                    run.run();
                }
            }
        }
        JCudaDriver.cuMemFree(input);
        JCudaDriver.cuMemFree(output);
        assertTrue(failed.containsAll(Set.of("cuMemcpyHtoDAsync_v2", "cuMemcpyDtoDAsync_v2", "cuMemGetAddressRange_v2", "cuPointerGetAttribute", "cuStreamWaitEvent", "cuEventRecord",
                "cuLaunchKernel", "cuGraphLaunch")), () -> "only " + failed);
    }
}
