package dev.lowpass.bench.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.plan.Plan;
import dev.lowpass.runtime.plan.Planner;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Work by hand, and the whole of networks whatever their steps fuse. */
class StepWorkTest {

    private static final Plane PLANE = new Plane(8, 8, 3);

    private static void assertWork(long macs, long moved, long weights, OperationSpec spec) {
        assertEquals(new StepWork(macs, moved, weights), StepWork.of(spec), spec.kernelName());
    }

    private static OperationSpec.BandPointwise band(int outChannels, boolean residual, int... cutoffs) {
        return new OperationSpec.BandPointwise(new Plane(8, 8, cutoffs.length), outChannels, Staircase.of(4, cutoffs), residual);
    }

    @Test
    void ofOneOp() {
        OperationSpec.Conv2d conv = new OperationSpec.Conv2d(PLANE, 5, Window.square(3, 2, Padding.all(1)), Activation.NONE);
        assertWork(4 * 4 * 5 * 9 * 3, 8 * 8 * 3 + 4 * 4 * 5, 5 * 9 * 3, conv);
        assertWork(8 * 8 * 3 * 9, 2 * 8 * 8 * 3, 3 * 9, new OperationSpec.Depthwise(PLANE, Window.square(3, 1, Padding.all(1)), Activation.NONE));
        assertWork(8 * 8 * 3 * 5, 8 * 8 * (3 + 5), 15, new OperationSpec.Pointwise(PLANE, 5, Activation.NONE, false));
        assertWork(8 * 8 * 3 * 5, 8 * 8 * (3 + 5 + 5), 15, new OperationSpec.Pointwise(PLANE, 5, Activation.NONE, true));
        assertWork(0, 3 * 8 * 8 * 3, 0, new OperationSpec.Add(PLANE, Activation.NONE));
        assertWork(0, 8 * 8 * 3 + 3, 0, new OperationSpec.GlobalAveragePool(PLANE));
        // Four blocks; the channel that keeps nothing needs no weights.
        assertWork(4 * (16 + 3) * 5, 4 * (16 + 3) + 8 * 8 * 5, 2 * 5, band(5, false, 16, 0, 3));
        assertWork(4 * (16 + 3) * 5, 4 * (16 + 3) + 2 * 8 * 8 * 5, 2 * 5, band(5, true, 16, 0, 3));
        assertWork(0, 8 * 8 * 3 + 4 * (16 + 3), 0, new OperationSpec.Dct(PLANE, Staircase.of(4, new int[] {16, 0, 3})));
        assertWork(0, 2 * 8 * 8 * 3, 0, new OperationSpec.Idct(PLANE, 4, Activation.NONE));
    }

    @Test
    void ofSeveralOps() {
        OperationSpec.Conv2d conv = new OperationSpec.Conv2d(PLANE, 5, Window.square(3, 2, Padding.all(1)), Activation.RELU6);
        OperationSpec.Depthwise depthwise = new OperationSpec.Depthwise(conv.out(), Window.square(3, 1, Padding.all(1)), Activation.RELU6);
        OperationSpec.Pointwise project = new OperationSpec.Pointwise(depthwise.out(), 2, Activation.NONE, false);
        OperationSpec.Pointwise adding = new OperationSpec.Pointwise(depthwise.out(), 2, Activation.NONE, true);
        long macs = 4 * 4 * 5 * 27 + 4 * 4 * 5 * 9 + 4 * 4 * 5 * 2;
        long weights = 5 * 27 + 5 * 9 + 5 * 2;
        // What lies between the stages is not stored: input and output, and the residual once more.
        assertWork(macs, 8 * 8 * 3 + 4 * 4 * 2, weights, new OperationSpec.Chain(List.of(conv, depthwise, project)));
        assertWork(macs, 8 * 8 * 3 + 2 * 4 * 4 * 2, weights, new OperationSpec.Chain(List.of(conv, depthwise, adding)));

        // Stride 2: four blocks are read, one is written, of whose channels 16, 7, 1 and 0 coefficients are kept.
        OperationSpec.IdctDepthwiseDct middle = new OperationSpec.IdctDepthwiseDct(new Plane(8, 8, 4), Activation.RELU6, Window.square(3, 2, Padding.all(1)), Activation.RELU6,
                Staircase.of(4, new int[] {16, 7, 1, 0}));
        assertWork(4 * 4 * 4 * 9, 8 * 8 * 4 + 24, 4 * 9, middle);
        assertWork(4 * (16 + 3) * 4 + 4 * 4 * 4 * 9, 4 * (16 + 3) + 24, 2 * 4 + 4 * 9, new OperationSpec.ExpandIdctDepthwiseDct(band(4, false, 16, 0, 3), middle));
    }

    /** Every op's work is in one step, however they are joined; with everything joined less is moved. */
    @Test
    void ofWholeNetworks() {
        ModelDefinition cut = MixedNetwork.definition();
        Set<String> fused = Set.of("ExpandIdctDepthwiseDct", "Chain");
        for (ModelDefinition model : List.of(cut, cut.dense())) {
            List<OperationSpec> apart = specs(Planner.plan(model, 1, new BandCost(1, 1, 0), spec -> false));
            List<OperationSpec> joined = specs(Planner.plan(model, 1, new BandCost(1, 1, 0), spec -> true));
            assertTrue(apart.stream().noneMatch(spec -> fused.contains(spec.getClass().getSimpleName())));
            Set<String> found = joined.stream().map(spec -> spec.getClass().getSimpleName()).filter(fused::contains).collect(Collectors.toSet());
            assertEquals(model == cut ? fused : Set.of("Chain"), found);
            for (List<OperationSpec> specs : List.of(apart, joined)) {
                List<StepWork> work = specs.stream().map(StepWork::of).toList();
                assertEquals(MixedNetwork.macs(model), work.stream().mapToLong(StepWork::macs).sum());
                assertEquals(MixedNetwork.weights(model), work.stream().mapToLong(StepWork::weights).sum());
            }
            long movedApart = apart.stream().mapToLong(spec -> StepWork.of(spec).moved()).sum();
            long movedJoined = joined.stream().mapToLong(spec -> StepWork.of(spec).moved()).sum();
            assertTrue(movedJoined < movedApart, movedJoined + " against " + movedApart);
        }
    }

    private static List<OperationSpec> specs(Planner.Planned planned) {
        return planned.plan().steps().stream().map(Plan.Step::spec).toList();
    }

    @Test
    void whoIsServedByJoinedSteps() {
        ModelDefinition model = MixedNetwork.definition();
        Plan plan = Planner.plan(model, 1, new BandCost(1, 1, 0), spec -> true).plan();
        Attribution attribution = new Attribution(model, plan);
        List<String> covers = IntStream.range(0, plan.steps().size()).mapToObj(attribution::covers).toList();
        assertEquals(List.of(
                "stem, block0.depthwise, block0.project",
                "DCT for block1.expand",
                "block1.expand, inverse DCT, block1.depthwise, DCT for block1.project",
                "block1.project",
                "inverse DCT of block1.project",
                "block1.add",
                "pool",
                "classifier"), covers);
        assertEquals(List.of("stem", "block1", "block1", "block1", "block1", "block1", "pool", "classifier"),
                IntStream.range(0, covers.size()).mapToObj(attribution::block).toList());
        assertEquals(List.of("block0.depthwise", "block0.project"), Attribution.others(model, plan.steps().get(0), "stem"));
        assertEquals(List.of(), Attribution.others(model, plan.steps().get(3), "block1.project"));
        assertEquals(2, Attribution.stepOf(plan.steps(), "block1.expand"));
    }

    @Test
    void stepsOfTwoPlansCompareByTheLeastCommonSets() {
        ModelDefinition model = MixedNetwork.definition();
        List<Plan.Step> cut = Planner.plan(model, 1, new BandCost(1, 1, 0), spec -> false).plan().steps();
        List<Plan.Step> dense = Planner.plan(model.dense(), 1, new BandCost(1, 1, 0), spec -> true).plan().steps();
        List<Correspondence.Group> groups = Correspondence.of(cut, dense);
        assertEquals(List.of(
                Set.of("stem", "block0.depthwise", "block0.project"),
                Set.of("block1.expand", "block1.depthwise", "block1.project", "block1.add"),
                Set.of("pool"),
                Set.of("classifier")), groups.stream().map(Correspondence.Group::ops).toList());
        assertEquals(List.of(3, 4, 1, 1), groups.stream().map(group -> group.steps().size()).toList());
        assertEquals(List.of(1, 1, 1, 1), groups.stream().map(group -> group.others().size()).toList());
        groups.forEach(group -> group.steps().forEach(step -> assertTrue(group.ops().containsAll(cut.get(step).ops()))));
        assertEquals(Map.of("stem", "stem", "block0", "stem", "pool", "pool"),
                Correspondence.joined(List.of(List.of("stem"), List.of("block0"), List.of("pool"), List.of("block0", "stem"))));
    }
}
