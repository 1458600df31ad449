package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lowpass.kernels.reference.ReferenceBackend;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What every back end refuses, and in which words. */
class CheckedBackendTest {

    private static final Plane PLANE = new Plane(4, 4, 8);
    private static final Window WINDOW = Window.square(3, 1, Padding.all(1));

    private final Backend backend = new CheckedBackend(new ReferenceBackend());

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    private static void closed(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalStateException.class, call).getMessage());
    }

    @Test
    void weightsOfAnotherLength() {
        refused("conv2d_f32_k3_s1 on 4x4x8: weight has 5 values; [out][kernelY][kernelX][in] of 2x3x3x8 needs 144",
                () -> backend.conv2d(new OperationSpec.Conv2d(PLANE, 2, WINDOW, Activation.NONE), new float[5], null));
        refused("depthwise_f32_k3_s1 on 4x4x8: weight has 71 values; [kernelY][kernelX][c] of 3x3x8 needs 72",
                () -> backend.depthwise(new OperationSpec.Depthwise(PLANE, WINDOW, Activation.NONE), new float[71], null));
        refused("pointwise_f32 on 4x4x8: weight has 17 values; [out][in] of 2x8 needs 16",
                () -> backend.pointwise(new OperationSpec.Pointwise(PLANE, 2, Activation.NONE, false), new float[17], null));
        Staircase full = Staircase.full(2, 8);
        refused("band_pointwise_f32_b2 on 4x4x8: weight has 0 values; [out][rank] of 2x8 needs 16",
                () -> backend.bandPointwise(new OperationSpec.BandPointwise(PLANE, 2, full, false), new Bands[] {new Bands(full, 4)}, new float[0], null));
        refused("idct_depthwise_dct_f32_b2_k3_s1 on 4x4x8: weight has 9 values; [kernelY][kernelX][c] of 3x3x8 needs 72",
                () -> backend.idctDepthwiseDct(
                        new OperationSpec.IdctDepthwiseDct(PLANE, Activation.NONE, WINDOW, Activation.NONE, full), new float[9], null));
    }

    @Test
    void biasesOfAnotherLength() {
        refused("pointwise_f32 on 4x4x8: bias has 8 values; give null or one for each of 2 output channels",
                () -> backend.pointwise(new OperationSpec.Pointwise(PLANE, 2, Activation.NONE, false), new float[16], new float[8]));
        refused("depthwise_f32_k3_s1 on 4x4x8: bias has 0 values; give null or one for each of 8 output channels",
                () -> backend.depthwise(new OperationSpec.Depthwise(PLANE, WINDOW, Activation.NONE), new float[72], new float[0]));
    }

    @Test
    void precisionsThatABackEndLacks() {
        assertEquals(backend, backend.withPrecision(Precision.FP32));
        refused("the back end reference computes in [FP32] here, not in FP16; choose one of these", () -> backend.withPrecision(Precision.FP16));
    }

    @Test
    void chainsOfOtherStages() {
        OperationSpec.Pointwise pointwise = new OperationSpec.Pointwise(PLANE, 8, Activation.NONE, false);
        Operation stage = backend.pointwise(pointwise, new float[64], null);
        OperationSpec.Chain chain = new OperationSpec.Chain(List.of(pointwise, pointwise));
        refused("pointwise_f32+pointwise_f32 on 4x4x8: the stages given are " + List.of(pointwise) + "; give one for each of " + chain.stages(),
                () -> backend.chain(chain, List.of(stage)));
        Operation foreign = new CheckedBackend(new ReferenceBackend()).pointwise(pointwise, new float[64], null);
        refused("pointwise_f32+pointwise_f32 on 4x4x8 of back end reference: stage 1 is another back end's; make it with this one",
                () -> backend.chain(chain, List.of(stage, foreign)));
        assertEquals("the back end reference knows no chains",
                assertThrows(UnsupportedOperationException.class, () -> backend.chain(chain, List.of(stage, stage))).getMessage());
    }

    @Test
    void noOutputChannels() {
        refused("plane 4x4x0 has an empty side; height, width and channels must be at least 1",
                () -> backend.pointwise(new OperationSpec.Pointwise(PLANE, 0, Activation.NONE, false), new float[0], null));
    }

    @Test
    void bandsOfAnotherStaircase() {
        Staircase full = Staircase.full(2, 8);
        OperationSpec.BandPointwise spec = new OperationSpec.BandPointwise(PLANE, 2, full, false);
        refused("band_pointwise_f32_b2 on 4x4x8: no bands; give one Bands for every batch, from 1 image on",
                () -> backend.bandPointwise(spec, new Bands[0], new float[16], null));
        Bands good = new Bands(full, 1, 4);
        refused("band_pointwise_f32_b2 on 4x4x8: the bands for batch 2, 0..4x3, do not cover its staircase; make them from the"
                        + " specification's own staircase",
                () -> backend.bandPointwise(spec, new Bands[] {good, new Bands(Staircase.full(2, 3), 4)}, new float[16], null));
        refused("band_pointwise_f32_b2 on 4x4x8: the bands for batch 1, 0..9x8, do not cover its staircase; make them from the"
                        + " specification's own staircase",
                () -> backend.bandPointwise(spec, new Bands[] {new Bands(Staircase.full(3, 8), 9)}, new float[16], null));
        refused("band_pointwise_f32_b2 on 4x4x8: the bands for batch 1, 0..4x9, do not cover its staircase; make them from the"
                        + " specification's own staircase",
                () -> backend.bandPointwise(spec, new Bands[] {new Bands(Staircase.full(2, 9), 4)}, new float[16], null));
    }

    @Test
    void batchesWithoutBands() {
        Staircase full = Staircase.full(2, 8);
        Bands bands = new Bands(full, 4);
        OperationSpec.BandPointwise spec = new OperationSpec.BandPointwise(PLANE, 2, full, false);
        try (Operation operation = backend.bandPointwise(spec, new Bands[] {bands, bands}, new float[16], null);
                Workspace workspace = backend.newWorkspace(4, 1000, 0, 1)) {
            Operation.Step step = operation.bind(workspace, new Operands(0, 512));
            step.run(2);
            refused("band_pointwise_f32_b2 on 4x4x8: batch is 3; it must be from 1 to 2", () -> step.run(3));
        }
    }

    @Test
    void workspacesOfNoUse() {
        refused("a workspace with maxBatch of 0; it must be at least 1", () -> backend.newWorkspace(0, 1, 0, 1));
        refused("a workspace with arena elements of 0; it must be at least 1", () -> backend.newWorkspace(1, 0, 0, 1));
        refused("a workspace with scratch elements of -1; it must be at least 0", () -> backend.newWorkspace(1, 1, -1, 1));
        refused("a workspace with threads of 0; it must be at least 1", () -> backend.newWorkspace(1, 1, 0, 0));
        refused("reference arena of 2147483640 elements; one array holds at most 2147483639: lower maxBatch",
                () -> backend.newWorkspace(1, 2147483640L, 0, 1));
    }

    @Test
    void workspacesOfAnotherBackend() {
        try (Operation operation = backend.add(new OperationSpec.Add(PLANE, Activation.NONE));
                Workspace foreign = new CheckedBackend(new ReferenceBackend()).newWorkspace(1, 1000, 0, 1)) {
            refused("add_f32 on 4x4x8 of back end reference: the workspace is another back end's; make it with this one's newWorkspace",
                    () -> operation.bind(foreign, new Operands(0, 128, 256)));
        }
    }

    @Test
    void scratchThatIsTooSmall() {
        try (Operation operation = backend.idct(new OperationSpec.Idct(PLANE, 2, Activation.NONE));
                Workspace workspace = backend.newWorkspace(3, 1000, 31, 1)) {
            assertEquals(32, operation.scratchElements(3));
            refused("idct_f32_b2 on 4x4x8: the workspace has 31 scratch elements; this needs 32 for batches of 3",
                    () -> operation.bind(workspace, new Operands(0, 500)));
            refused("idct_f32_b2 on 4x4x8: maxBatch is 0; it must be at least 1", () -> operation.scratchElements(0));
        }
    }

    @Test
    void operandsThatLeaveTheArenaOrOverlap() {
        // For batches of 2 each tensor takes 256 elements.
        try (Operation pointwise = backend.pointwise(new OperationSpec.Pointwise(PLANE, 8, Activation.NONE, true), new float[64], null);
                Operation add = backend.add(new OperationSpec.Add(PLANE, Activation.NONE));
                Workspace workspace = backend.newWorkspace(2, 768, 0, 1)) {
            refused("pointwise_f32 on 4x4x8: operand in of 256 elements at -1 leaves the arena of 768 elements; move it inside",
                    () -> pointwise.bind(workspace, new Operands(-1, 256, 512)));
            refused("pointwise_f32 on 4x4x8: operand out of 256 elements at 513 leaves the arena of 768 elements; move it inside",
                    () -> pointwise.bind(workspace, new Operands(0, 513, 256)));
            refused("pointwise_f32 on 4x4x8: operand residual of 256 elements at -1 leaves the arena of 768 elements; move it inside",
                    () -> pointwise.bind(workspace, new Operands(0, 256)));
            refused("pointwise_f32 on 4x4x8: operand in of 256 elements at 0 overlaps out of 256 at 255; keep them apart",
                    () -> pointwise.bind(workspace, new Operands(0, 255, 512)));
            refused("pointwise_f32 on 4x4x8: operand residual of 256 elements at 511 overlaps out of 256 at 256; keep them apart",
                    () -> pointwise.bind(workspace, new Operands(0, 256, 511)));
            refused("add_f32 on 4x4x8: operand in of 256 elements at 1 overlaps out of 256 at 0; keep them apart",
                    () -> add.bind(workspace, new Operands(1, 0, 512)));
            pointwise.bind(workspace, new Operands(0, 256, 256)).run(2);
            add.bind(workspace, new Operands(0, 0, 0)).run(2);
        }
    }

    @Test
    void batchesOutOfRange() {
        try (Operation operation = backend.add(new OperationSpec.Add(PLANE, Activation.NONE));
                Workspace workspace = backend.newWorkspace(2, 768, 0, 1)) {
            Operation.Step step = operation.bind(workspace, new Operands(0, 256, 512));
            refused("add_f32 on 4x4x8: batch is 0; it must be from 1 to 2", () -> step.run(0));
            refused("add_f32 on 4x4x8: batch is 3; it must be from 1 to 2", () -> step.run(3));
        }
    }

    @Test
    void copiesThatLeaveArenaOrBuffer() {
        try (Workspace workspace = backend.newWorkspace(1, 10, 0, 1)) {
            FloatBuffer buffer = FloatBuffer.allocate(20).limit(12);
            refused("write of 5 elements at 6 leaves the arena of 10 elements; stay inside", () -> workspace.write(6, buffer, 0, 5));
            refused("read of 1 elements at -1 leaves the arena of 10 elements; stay inside", () -> workspace.read(-1, buffer, 0, 1));
            refused("read of -1 elements at 0 leaves the arena of 10 elements; stay inside", () -> workspace.read(0, buffer, 0, -1));
            refused("write of 5 elements at index 8 leaves the buffer, whose limit is 12; stay below it", () -> workspace.write(0, buffer, 8, 5));
            refused("read of 5 elements at index -1 leaves the buffer, whose limit is 12; stay below it", () -> workspace.read(0, buffer, -1, 5));
        }
    }

    @Test
    void useAfterClose() {
        Operation operation = backend.add(new OperationSpec.Add(PLANE, Activation.NONE));
        Workspace workspace = backend.newWorkspace(1, 384, 0, 1);
        Operation.Step step = operation.bind(workspace, new Operands(0, 128, 256));
        operation.close();
        closed("add_f32 on 4x4x8: the operation is closed; create it again", () -> step.run(1));
        closed("add_f32 on 4x4x8: the operation is closed; create it again", () -> operation.bind(workspace, new Operands(0, 128, 256)));
        Operation open = backend.add(new OperationSpec.Add(PLANE, Activation.NONE));
        Operation.Step last = open.bind(workspace, new Operands(0, 128, 256));
        workspace.close();
        String message = "the workspace is closed; make a new one";
        closed(message, () -> last.run(1));
        closed(message, () -> open.bind(workspace, new Operands(0, 128, 256)));
        closed(message, () -> workspace.write(0, FloatBuffer.allocate(1), 0, 1));
        closed(message, () -> workspace.read(0, FloatBuffer.allocate(1), 0, 1));
        open.close();
    }
}
