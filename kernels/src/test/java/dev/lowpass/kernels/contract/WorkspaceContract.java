package dev.lowpass.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Contract of workspaces and of steps that are run more than once. */
public abstract class WorkspaceContract extends Contract {

    @Test
    void saysWhatItHolds() {
        try (Workspace workspace = backend().newWorkspace(3, 1000, 100, 2)) {
            assertEquals(3, workspace.maxBatch());
            assertEquals(1000, workspace.elements());
            assertTrue(workspace.bytes() >= backend().precision().elementBytes() * 1000, "bytes() is " + workspace.bytes());
        }
    }

    @Test
    void copiesBetweenAnyBufferAndTheArena() {
        float[] values = reals(new SplittableRandom(101), 50, 1e4);
        List<FloatBuffer> buffers = List.of(
                FloatBuffer.allocate(50),
                ByteBuffer.allocateDirect(200).order(ByteOrder.nativeOrder()).asFloatBuffer(),
                ByteBuffer.allocateDirect(200).order(ByteOrder.BIG_ENDIAN).asFloatBuffer(),
                ByteBuffer.allocateDirect(200).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer(),
                FloatBuffer.wrap(new float[60], 7, 50).slice());
        try (Workspace workspace = backend().newWorkspace(1, 100, 0, 1)) {
            for (FloatBuffer buffer : buffers) {
                for (int i = 0; i < 50; i++) {
                    buffer.put(i, values[i]);
                }
                buffer.position(5);
                workspace.write(13, buffer, 10, 40);
                assertEquals(5, buffer.position(), "position after write");
                for (int i = 0; i < 50; i++) {
                    buffer.put(i, -1);
                }
                workspace.read(14, buffer, 3, 39);
                assertEquals(5, buffer.position(), "position after read");
                for (int i = 0; i < 50; i++) {
                    assertEquals(i >= 3 && i < 42 ? values[i + 8] : -1, buffer.get(i), "index " + i + " of " + buffer);
                }
                workspace.write(0, buffer.asReadOnlyBuffer(), 0, 50);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        Plane plane = new Plane(4, 4, 8);
        String message = assertThrows(IllegalArgumentException.class,
                () -> backend().pointwise(new OperationSpec.Pointwise(plane, 2, Activation.NONE, false), new float[15], null)).getMessage();
        assertEquals("pointwise_" + backend().precision().productDtype() + " on 4x4x8: weight has 15 values; [out][in] of 2x8 needs 16", message);
        try (Workspace workspace = backend().newWorkspace(2, 600, 10_000, 1);
                Operation operation = backend().add(new OperationSpec.Add(plane, Activation.NONE))) {
            Operation.Step step = operation.bind(workspace, new Operands(0, 256, 256));
            assertEquals("add_" + backend().precision().dtype() + " on 4x4x8: batch is 3; it must be from 1 to 2",
                    assertThrows(IllegalArgumentException.class, () -> step.run(3)).getMessage());
        }
    }

    @Test
    void closesOnceAndRefusesLaterUse() {
        Workspace workspace = backend().newWorkspace(1, 64, 0, 3);
        workspace.close();
        workspace.close();
        assertEquals("the workspace is closed; make a new one",
                assertThrows(IllegalStateException.class, () -> workspace.read(0, FloatBuffer.allocate(1), 0, 1)).getMessage());
        Operation operation = backend().globalAveragePool(new OperationSpec.GlobalAveragePool(new Plane(2, 2, 4)));
        operation.close();
        operation.close();
    }

    /** Small batches after large ones, and steps that share scratch memory in turn, must not see what was left there. */
    @Test
    void stepsCanBeRunAgainInAnyOrderOfBatches() {
        SplittableRandom random = new SplittableRandom(102);
        Plane plane = new Plane(14, 14, 18);
        Staircase full = Staircase.full(7, 18);
        try (Operation dct = backend().dct(new OperationSpec.Dct(plane, full));
                Operation fused = backend().idctDepthwiseDct(
                        new OperationSpec.IdctDepthwiseDct(plane, Activation.RELU6, Window.square(3, 1, Padding.all(1)), Activation.RELU6, full),
                        reals(random, 9 * 18, 1), reals(random, 18, 1));
                Workspace workspace = backend().newWorkspace(
                        5, 15L * plane.elements() + 64, Math.max(dct.scratchElements(5), fused.scratchElements(5)), 2)) {
            long second = aligned(5L * plane.elements());
            long third = aligned(second + 5L * plane.elements());
            Operation.Step first = dct.bind(workspace, new Operands(0, second));
            Operation.Step next = fused.bind(workspace, new Operands(second, third));
            float[] images = reals(random, elements(plane, 5), 6);
            float[][] alone = new float[6][];
            for (int batch : new int[] {5, 1, 3, 2, 4, 1, 5, 3}) {
                float[] out = new float[elements(plane, batch)];
                workspace.write(0, FloatBuffer.wrap(images), 0, out.length);
                first.run(batch);
                next.run(batch);
                workspace.read(third, FloatBuffer.wrap(out), 0, out.length);
                if (alone[batch] == null) {
                    alone[batch] = out;
                } else {
                    assertArrayEquals(alone[batch], out, "batch " + batch + " run again");
                }
            }
            // Image 0 of every batch is the same image.
            for (int batch = 2; batch <= 5; batch++) {
                Layout layout = Layout.frequency(plane, batch, 7);
                int perImage = plane.blocks(7) * plane.channels();
                for (int i = 0; i < alone[batch].length; i++) {
                    if (layout.image(i) == 0) {
                        float single = alone[1][layout.z(i) * perImage + i % perImage];
                        assertEquals(single, alone[batch][i], tolerance(37, 6), "image 0 of batch " + batch + " at " + layout.describe(i));
                    }
                }
            }
        }
    }

    private long aligned(long offset) {
        int alignment = target().alignment();
        return (offset + alignment - 1) / alignment * alignment;
    }

    /** One operation, many workspaces, each with its own thread. */
    @Test
    void operationsAreSharedBetweenThreads() throws Exception {
        SplittableRandom random = new SplittableRandom(103);
        Plane plane = new Plane(7, 7, 30);
        float[] weight = integers(random, 20 * 30, 4);
        ExecutorService callers = Executors.newFixedThreadPool(3);
        try (Operation operation = backend().pointwise(new OperationSpec.Pointwise(plane, 20, Activation.NONE, false), weight, null)) {
            List<Future<Void>> results = new ArrayList<>();
            for (int caller = 0; caller < 3; caller++) {
                float[] in = integers(random, plane.elements(), 4);
                double[] expected = Naive.pointwise(plane, 20, 1, in, weight, null, null);
                results.add(callers.submit(() -> {
                    long out = aligned(plane.elements());
                    try (Workspace workspace = backend().newWorkspace(1, out + expected.length, operation.scratchElements(1), 2)) {
                        Operation.Step step = operation.bind(workspace, new Operands(0, out));
                        float[] actual = new float[expected.length];
                        for (int round = 0; round < 30; round++) {
                            workspace.write(0, FloatBuffer.wrap(in), 0, in.length);
                            Arrays.fill(actual, Float.NaN);
                            step.run(1);
                            workspace.read(out, FloatBuffer.wrap(actual), 0, actual.length);
                            compare(expected, actual, Layout.spatial(plane.withChannels(20), 1), 0);
                        }
                    }
                    return null;
                }));
            }
            for (Future<Void> result : results) {
                result.get();
            }
        } finally {
            callers.shutdown();
        }
    }
}
