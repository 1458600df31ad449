package dev.lowpass.runtime.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class PlannerTest {

    private static final BandCost COST = new BandCost(1, 1, 0);

    /** Two inverted residuals between a stem and a head; {@code truncated} names the pointwise layers with cutoffs. */
    private static ModelDefinition network(int block, String... truncated) {
        List<String> cut = List.of(truncated);
        List<GraphOp> ops = new ArrayList<>();
        Map<String, Parameters> parameters = new HashMap<>();
        ops.add(new GraphOp.Conv2d("stem", Graph.INPUT, 3, 4, Window.square(3, 2, new Padding(0, 0, 1, 1)), Activation.RELU6));
        parameters.put("stem", parameters(4, 27));
        String stream = "stem";
        for (int number = 1; number <= 2; number++) {
            String prefix = "block" + number + ".";
            pointwise(ops, parameters, prefix + "expand", stream, 4, 8, cut, block, Activation.RELU6);
            ops.add(new GraphOp.DepthwiseConv2d(prefix + "depthwise", prefix + "expand", 8, Window.square(3, 1, Padding.all(1)), Activation.RELU6));
            parameters.put(prefix + "depthwise", parameters(8, 9));
            pointwise(ops, parameters, prefix + "project", prefix + "depthwise", 8, 4, cut, block, Activation.NONE);
            stream = prefix + "project";
            if (number == 2) {
                ops.add(new GraphOp.Add("block2.add", "block1.project", "block2.project", Activation.NONE));
                stream = "block2.add";
            }
        }
        pointwise(ops, parameters, "head", stream, 4, 6, cut, block, Activation.RELU6);
        ops.add(new GraphOp.GlobalAveragePool("pool", "head"));
        pointwise(ops, parameters, "classifier", "pool", 6, 5, cut, block, Activation.NONE);
        Plane input = new Plane(28, 28, 3);
        return new ModelDefinition(Graph.of(input, ops), parameters, Preprocess.tensorflow(input), List.of(), Map.of(), Optional.empty());
    }

    private static void pointwise(List<GraphOp> ops, Map<String, Parameters> parameters, String name, String in, int inChannels, int outChannels,
            List<String> cut, int block, Activation activation) {
        boolean truncated = cut.contains(name);
        ops.add(new GraphOp.PointwiseConv2d(name, in, inChannels, outChannels, truncated ? block : 0, activation));
        int[] cutoffs = new int[inChannels];
        for (int c = 0; c < inChannels; c++) {
            cutoffs[c] = (c * 5 + 3) % (block * block + 1);
        }
        parameters.put(name, truncated ? parameters(outChannels, inChannels).withCutoffs(cutoffs) : parameters(outChannels, inChannels));
    }

    private static Parameters parameters(int channels, int fanIn) {
        return new Parameters(new float[channels * fanIn], new float[channels]);
    }

    private static List<String> kernels(ModelDefinition model) {
        return kernels(model, spec -> false);
    }

    private static List<String> kernels(ModelDefinition model, Predicate<OperationSpec> fuses) {
        return Planner.plan(model, 2, COST, fuses).plan().steps().stream()
                .map(step -> step.spec().kernelName() + (step.ops().isEmpty() ? "" : " " + String.join("+", step.ops())))
                .toList();
    }

    @Test
    void runsExpandLayersWithWhatFollowsWhereTheBackEndDoes() {
        ModelDefinition model = network(7, "block1.expand", "block1.project", "block2.expand", "block2.project", "head");
        assertEquals(List.of(
                "conv2d_f32_k3_s2 stem",
                "dct_f32_b7",
                "expand_idct_depthwise_dct_f32_b7_k3_s1 block1.expand+block1.depthwise",
                "band_pointwise_f32_b7 block1.project",
                "expand_idct_depthwise_dct_f32_b7_k3_s1 block2.expand+block2.depthwise",
                "band_pointwise_f32_b7 block2.project+block2.add",
                "band_pointwise_f32_b7 head",
                "idct_f32_b7 head",
                "global_average_pool_f32 pool",
                "pointwise_f32 classifier"), kernels(model, spec -> true));
        Planner.Planned planned = Planner.plan(model, 2, COST, spec -> true);
        for (int step = 0; step < planned.plan().steps().size(); step++) {
            boolean whole = planned.plan().steps().get(step).spec() instanceof OperationSpec.ExpandIdctDepthwiseDct;
            assertEquals(whole ? 2 : 1, planned.parameters().get(step).size(), "step " + step);
        }
        // The stream that block 2 adds to must outlive the pass that reads it.
        long unfused = Planner.plan(model, 2, COST).plan().arenaElements();
        assertTrue(planned.plan().arenaElements() < unfused, planned.plan().arenaElements() + " is not below " + unfused);
    }

    @Test
    void keepsTheResidualStreamInTheFrequencyDomain() {
        ModelDefinition model = network(7, "block1.expand", "block1.project", "block2.expand", "block2.project", "head");
        assertEquals(List.of(
                "conv2d_f32_k3_s2 stem",
                "dct_f32_b7",
                "band_pointwise_f32_b7 block1.expand",
                "idct_depthwise_dct_f32_b7_k3_s1 block1.depthwise",
                "band_pointwise_f32_b7 block1.project",
                "band_pointwise_f32_b7 block2.expand",
                "idct_depthwise_dct_f32_b7_k3_s1 block2.depthwise",
                "band_pointwise_f32_b7 block2.project+block2.add",
                "band_pointwise_f32_b7 head",
                "idct_f32_b7 head",
                "global_average_pool_f32 pool",
                "pointwise_f32 classifier"), kernels(model));
    }

    @Test
    void runsSpatiallyWhereNothingIsTruncated() {
        List<String> kernels = kernels(network(7));
        assertTrue(kernels.stream().noneMatch(kernel -> kernel.contains("dct") || kernel.contains("band")), kernels.toString());
        assertTrue(kernels.contains("pointwise_f32 block2.project+block2.add"), kernels.toString());
    }

    @Test
    void chainsSpatialBlocksWhereTheBackEndLikesIt() {
        Plan plan = Planner.plan(network(7), 2, COST, chain -> true).plan();
        assertEquals(List.of(
                "[stem, block1.expand, block1.depthwise, block1.project]",
                "[block2.expand, block2.depthwise, block2.project, block2.add]",
                "[head]",
                "[pool]",
                "[classifier]"), plan.steps().stream().map(step -> step.ops().toString()).toList());
        assertEquals("conv2d_f32_k3_s2+pointwise_f32+depthwise_f32_k3_s1+pointwise_f32", plan.steps().get(0).spec().kernelName());
        assertTrue(((OperationSpec.Chain) plan.steps().get(1).spec()).residual());
        assertTrue(plan.arenaElements() < Planner.plan(network(7), 2, COST, chain -> false).plan().arenaElements());
        assertEquals(List.of(4, 3, 1, 1, 1), Planner.plan(network(7), 2, COST, chain -> true).parameters().stream().map(List::size).toList());
    }

    /** In the frequency domain nothing is chained, and what is read twice is not either. */
    @Test
    void chainsNothingElse() {
        List<String> steps = Planner.plan(network(7, "block1.project"), 2, COST, chain -> true).plan().steps().stream()
                .map(step -> step.spec().kernelName()).toList();
        assertEquals(List.of("conv2d_f32_k3_s2+pointwise_f32+depthwise_f32_k3_s1", "dct_f32_b7", "band_pointwise_f32_b7", "idct_f32_b7",
                "pointwise_f32+depthwise_f32_k3_s1+pointwise_f32", "pointwise_f32", "global_average_pool_f32", "pointwise_f32"), steps);
    }

    @Test
    void changesDomainOnlyAroundTheOneTruncatedLayer() {
        assertEquals(List.of(
                "conv2d_f32_k3_s2 stem",
                "pointwise_f32 block1.expand",
                "depthwise_f32_k3_s1 block1.depthwise",
                "dct_f32_b7",
                "band_pointwise_f32_b7 block1.project",
                "idct_f32_b7",
                "pointwise_f32 block2.expand",
                "depthwise_f32_k3_s1 block2.depthwise",
                "pointwise_f32 block2.project+block2.add",
                "pointwise_f32 head",
                "global_average_pool_f32 pool",
                "pointwise_f32 classifier"), kernels(network(7, "block1.project")));
    }

    @Test
    void linearLayersWithoutCutoffsFollowTheirNeighbours() {
        // block2.project has no cutoffs and a spatial input; its sum is read by a truncated head. One change of domain either way:
        // of the 8-channel depthwise output before it, or of the 4-channel sum and its residual around it.
        List<String> kernels = kernels(network(7, "block1.expand", "block1.project", "block2.expand", "head"));
        assertEquals(1, kernels.stream().filter(kernel -> kernel.equals("band_pointwise_f32_b7 block1.project")).count());
        assertTrue(kernels.indexOf("idct_f32_b7 block2.expand") >= 0, kernels.toString());
    }

    @Test
    void ordersHiddenChannelsByTheirProjectLayersCutoffs() {
        ModelDefinition model = network(7, "block1.project");
        Planner.Planned planned = Planner.plan(model, 1, COST, chain -> false);
        for (int i = 0; i < planned.plan().steps().size(); i++) {
            if (planned.plan().steps().get(i).spec() instanceof OperationSpec.BandPointwise band) {
                assertTrue(band.staircase().isSorted());
                assertEquals(38, band.staircase().cutoff(0)); // 3, 8, 13, ..., 38: channel 7 has the largest cutoff and comes first
            }
        }
    }

    @Test
    void reportsBandsForEveryBatch() {
        Plan plan = Planner.plan(network(7, "block1.project"), 3, COST, chain -> false).plan();
        Plan.Step project = plan.steps().stream().filter(step -> step.ops().contains("block1.project")).findFirst().orElseThrow();
        assertEquals(3, project.bandsByBatch().size());
        assertEquals(9, project.bandsByBatch().get(0).count(), "eight distinct cutoffs and what is beyond them");
        assertEquals(Plan.Domain.FREQUENCY, project.domain());
    }

    @Test
    void writesTheSumOverAResidualThatDies() {
        Plan plan = Planner.plan(network(7, "block1.expand", "block1.project", "block2.expand", "block2.project", "head"), 2, COST, chain -> false).plan();
        Plan.Step project = plan.steps().stream().filter(step -> step.ops().contains("block2.add")).findFirst().orElseThrow();
        assertEquals(project.operands().residual(), project.operands().out());
        for (Plan.Step step : plan.steps()) {
            long in = step.operands().in();
            long out = step.operands().out();
            boolean apart = in + 2L * step.spec().in().elements() <= out || out + 2L * step.spec().out().elements() <= in;
            assertTrue(apart, step + " reads what it writes");
        }
        assertTrue(Arrays.stream(new long[] {plan.input(), plan.output()}).allMatch(offset -> offset >= 0 && offset < plan.arenaElements()));
    }

    @Test
    void doesNotOverwriteAResidualThatIsReadAgain() {
        Plane input = new Plane(4, 4, 3);
        List<GraphOp> ops = List.of(
                new GraphOp.PointwiseConv2d("a", Graph.INPUT, 3, 3, 0, Activation.NONE),
                new GraphOp.PointwiseConv2d("b", "a", 3, 3, 0, Activation.NONE),
                new GraphOp.Add("sum", "a", "b", Activation.NONE),
                new GraphOp.Add("again", "a", "sum", Activation.NONE));
        Map<String, Parameters> parameters = Map.of("a", parameters(3, 3), "b", parameters(3, 3));
        ModelDefinition model = new ModelDefinition(Graph.of(input, ops), parameters, Preprocess.tensorflow(input), List.of(), Map.of(), Optional.empty());
        Plan plan = Planner.plan(model, 1, COST, chain -> false).plan();
        Plan.Step sum = plan.steps().stream().filter(step -> step.ops().contains("sum")).findFirst().orElseThrow();
        assertFalse(sum.operands().residual() == sum.operands().out());
    }

    /** Names that a planner might give to what it stores for other ops. */
    @Test
    void noNameOfAnOpIsTakenForAnothersCoefficients() {
        Plane input = new Plane(4, 4, 1);
        for (String other : List.of("other", "pw\0coefficients")) {
            List<GraphOp> ops = List.of(
                    new GraphOp.PointwiseConv2d(other, Graph.INPUT, 1, 1, 2, Activation.NONE),
                    new GraphOp.PointwiseConv2d("pw", Graph.INPUT, 1, 1, 2, Activation.RELU6),
                    new GraphOp.DepthwiseConv2d("dw", "pw", 1, Window.square(1, 1, Padding.NONE), Activation.NONE),
                    new GraphOp.PointwiseConv2d("pr", "dw", 1, 1, 2, Activation.NONE),
                    new GraphOp.Add("end", "pr", other, Activation.NONE));
            Parameters cut = parameters(1, 1).withCutoffs(new int[] {4});
            Map<String, Parameters> parameters = Map.of(other, cut, "pw", cut, "dw", parameters(1, 1), "pr", cut);
            ModelDefinition model = new ModelDefinition(Graph.of(input, ops), parameters, Preprocess.tensorflow(input), List.of(), Map.of(), Optional.empty());
            List<Plan.Step> steps = Planner.plan(model, 1, COST, chain -> false).plan().steps();
            long sum = steps.stream().filter(step -> step.ops().contains(other)).findFirst().orElseThrow().operands().out();
            long pw = steps.stream().filter(step -> step.ops().contains("pw")).findFirst().orElseThrow().operands().out();
            Plan.Step middle = steps.stream().filter(step -> step.ops().contains("dw")).findFirst().orElseThrow();
            assertEquals(pw, middle.operands().in(), other);
            Plan.Step end = steps.stream().filter(step -> step.ops().contains("end")).findFirst().orElseThrow();
            assertEquals(sum, end.operands().residual(), other);
            assertFalse(pw == sum, other);
        }
    }

    @Test
    void refusesABatchOfNothing() {
        assertEquals("maxBatch is 0; it must be at least 1",
                assertThrows(IllegalArgumentException.class, () -> Planner.plan(network(7), 0, COST, chain -> false)).getMessage());
    }
}
