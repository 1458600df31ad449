package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class OperationSpecTest {

    private static final Plane PLANE = new Plane(14, 14, 3);
    private static final Window HALVING = Window.square(3, 2, new Padding(0, 0, 1, 1));

    @Test
    void namesFollowTheGrammar() {
        Staircase full = Staircase.full(7, 3);
        assertEquals("conv2d_f32_k3_s2", new OperationSpec.Conv2d(PLANE, 8, HALVING, Activation.RELU6).kernelName());
        assertEquals("depthwise_f32_k3x1_s1x2",
                new OperationSpec.Depthwise(PLANE, new Window(3, 1, 1, 2, Padding.NONE), Activation.NONE).kernelName());
        assertEquals("pointwise_f32", new OperationSpec.Pointwise(PLANE, 8, Activation.NONE, true).kernelName());
        assertEquals("band_pointwise_f32_b7", new OperationSpec.BandPointwise(PLANE, 8, full, false).kernelName());
        assertEquals("dct_f32_b7", new OperationSpec.Dct(PLANE, full).kernelName());
        assertEquals("idct_f32_b2", new OperationSpec.Idct(PLANE, 2, Activation.NONE).kernelName());
        assertEquals("idct_depthwise_dct_f32_b7_k3_s2",
                new OperationSpec.IdctDepthwiseDct(PLANE, Activation.RELU6, HALVING, Activation.RELU6, full).kernelName());
    }

    @Test
    void namesSayTheTypeOfElementsOrOfFactors() {
        OperationSpec pointwise = new OperationSpec.Pointwise(PLANE, 8, Activation.NONE, true);
        OperationSpec dct = new OperationSpec.Dct(PLANE, Staircase.full(7, 3));
        assertEquals("pointwise_f32", pointwise.kernelName(Precision.FP32));
        assertEquals("pointwise_tf32", pointwise.kernelName(Precision.TF32));
        assertEquals("pointwise_f16", pointwise.kernelName(Precision.FP16));
        assertEquals("dct_f32_b7", dct.kernelName(Precision.TF32));
        assertEquals("dct_f16_b7", dct.kernelName(Precision.FP16));
    }

    @Test
    void chainsAreTheirStages() {
        OperationSpec depthwise = new OperationSpec.Depthwise(PLANE, HALVING, Activation.NONE);
        OperationSpec project = new OperationSpec.Pointwise(depthwise.out(), 5, Activation.NONE, true);
        OperationSpec.Chain chain = new OperationSpec.Chain(List.of(depthwise, project));
        assertEquals("depthwise_f32_k3_s2+pointwise_f32", chain.kernelName());
        assertEquals(depthwise.macs() + project.macs(), chain.macs());
        assertEquals(PLANE, chain.in());
        assertEquals(new Plane(7, 7, 5), chain.out());
        assertTrue(chain.residual());
        assertEquals("stage 1 of a chain reads 14x14x3, but the stage before writes 7x7x3",
                assertThrows(IllegalArgumentException.class, () -> new OperationSpec.Chain(List.of(depthwise, depthwise))).getMessage());
        assertEquals("a chain without stages; give at least one",
                assertThrows(IllegalArgumentException.class, () -> new OperationSpec.Chain(List.of())).getMessage());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new OperationSpec.Chain(List.of(project, project))).getMessage()
                .endsWith("it must be a convolution in the spatial domain, without a residual unless it is the last"));
    }

    @Test
    void countsMultiplications() {
        assertEquals(7 * 7 * 8 * 9 * 3, new OperationSpec.Conv2d(PLANE, 8, HALVING, Activation.NONE).macs());
        assertEquals(7 * 7 * 3 * 9, new OperationSpec.Depthwise(PLANE, HALVING, Activation.NONE).macs());
        assertEquals(14 * 14 * 3 * 8, new OperationSpec.Pointwise(PLANE, 8, Activation.NONE, false).macs());
        // 49 + 10 + 0 kept coefficients in each of 4 blocks.
        assertEquals((49 + 10) * 4 * 8, new OperationSpec.BandPointwise(PLANE, 8, Staircase.of(7, new int[] {49, 10, 0}), false).macs());
    }

    @Test
    void shapesOfOutputs() {
        assertEquals(new Plane(7, 7, 8), new OperationSpec.Conv2d(PLANE, 8, HALVING, Activation.NONE).out());
        assertEquals(new Plane(7, 7, 3), new OperationSpec.Depthwise(PLANE, HALVING, Activation.NONE).out());
        assertEquals(new Plane(14, 14, 8), new OperationSpec.BandPointwise(PLANE, 8, Staircase.full(7, 3), false).out());
        assertEquals(new Plane(1, 1, 3), new OperationSpec.GlobalAveragePool(PLANE).out());
    }

    @Test
    void refusesBlocksThatDoNotDivide() {
        assertEquals("block 4 does not divide the plane 14x14x3",
                assertThrows(IllegalArgumentException.class, () -> new OperationSpec.Idct(PLANE, 4, Activation.NONE)).getMessage());
        assertEquals("block 14 does not divide the plane 7x7x3", assertThrows(IllegalArgumentException.class,
                () -> new OperationSpec.IdctDepthwiseDct(PLANE, Activation.NONE, HALVING, Activation.NONE, Staircase.full(14, 3))).getMessage());
    }

    @Test
    void refusesStaircasesOfOtherChannelCounts() {
        assertEquals("staircase of 4 channels on a plane of 14x14x3",
                assertThrows(IllegalArgumentException.class, () -> new OperationSpec.Dct(PLANE, Staircase.full(7, 4))).getMessage());
        assertEquals("staircase of 4 channels on a plane of 14x14x3", assertThrows(IllegalArgumentException.class,
                () -> new OperationSpec.BandPointwise(PLANE, 8, Staircase.full(7, 4), false)).getMessage());
    }
}
