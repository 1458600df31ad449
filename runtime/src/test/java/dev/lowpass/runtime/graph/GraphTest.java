package dev.lowpass.runtime.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GraphTest {

    private static final Plane INPUT = new Plane(28, 42, 3);

    private static GraphOp.PointwiseConv2d pointwise(String name, String input, int in, int out) {
        return new GraphOp.PointwiseConv2d(name, input, in, out, 0, Activation.NONE);
    }

    private static void refuses(String message, Plane input, GraphOp... ops) {
        assertEquals(message, assertThrows(GraphException.class, () -> Graph.of(input, List.of(ops))).getMessage());
    }

    /** Stem, an inverted-residual block of stride 2, one of stride 1 with its sum, head, pooling, classifier: MobileNetV2's kinds. */
    private static List<GraphOp> mobileNet() {
        return List.of(
                new GraphOp.Conv2d("stem", "input", 3, 8, Window.square(3, 2, Padding.same(224, 224, 3, 3, 2)), Activation.RELU6),
                pointwise("expand0", "stem", 8, 48),
                new GraphOp.DepthwiseConv2d("depthwise0", "expand0", 48, Window.square(3, 2, Padding.same(112, 112, 3, 3, 2)), Activation.RELU6),
                pointwise("project0", "depthwise0", 48, 16).withBlock(7),
                pointwise("expand1", "project0", 16, 96).withBlock(8),
                new GraphOp.DepthwiseConv2d("depthwise1", "expand1", 96, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                pointwise("project1", "depthwise1", 96, 16).withBlock(14),
                new GraphOp.Add("sum1", "project0", "project1", Activation.NONE),
                pointwise("head", "sum1", 16, 320),
                new GraphOp.GlobalAveragePool("pool", "head"),
                pointwise("classifier", "pool", 320, 10));
    }

    @Test
    void infersThePlanesOfAMobileNet() {
        Graph graph = Graph.of(new Plane(224, 224, 3), mobileNet());
        assertEquals(mobileNet(), graph.ops());
        assertEquals(new Plane(224, 224, 3), graph.input());
        assertEquals(graph.input(), graph.plane("input"));
        String[][] planes = {{"stem", "112x112x8"}, {"expand0", "112x112x48"}, {"depthwise0", "56x56x48"}, {"project0", "56x56x16"},
            {"expand1", "56x56x96"}, {"depthwise1", "56x56x96"}, {"project1", "56x56x16"}, {"sum1", "56x56x16"}, {"head", "56x56x320"},
            {"pool", "1x1x320"}, {"classifier", "1x1x10"}};
        for (String[] plane : planes) {
            assertEquals(plane[1], graph.plane(plane[0]).toString(), plane[0]);
        }
        assertEquals("classifier", graph.output().name());
        assertEquals(new Plane(112, 112, 48), graph.inputPlane(graph.op("depthwise0")));
        assertEquals(List.of(graph.op("expand1"), graph.op("sum1")), graph.consumers("project0"));
        assertEquals(List.of(), graph.consumers("classifier"));
    }

    @Test
    void infersWindowsThatAreNotSquare() {
        Graph graph = Graph.of(INPUT, List.of(new GraphOp.Conv2d("a", "input", 3, 5, new Window(3, 5, 2, 3, new Padding(0, 1, 2, 3)), Activation.NONE)));
        // (28 + 0 + 2 - 3) / 2 + 1 = 14, (42 + 1 + 3 - 5) / 3 + 1 = 14
        assertEquals(new Plane(14, 14, 5), graph.plane("a"));
    }

    @Test
    void sortsShuffledOps() {
        Random random = new Random(7);
        Graph expected = Graph.of(new Plane(224, 224, 3), mobileNet());
        for (int round = 0; round < 200; round++) {
            List<GraphOp> shuffled = new ArrayList<>(mobileNet());
            Collections.shuffle(shuffled, random);
            Graph graph = Graph.of(new Plane(224, 224, 3), shuffled);
            List<String> seen = new ArrayList<>(List.of("input"));
            for (GraphOp op : graph.ops()) {
                assertTrue(seen.containsAll(op.inputs()), () -> op + " stands before what it reads in " + graph.ops());
                seen.add(op.name());
                assertEquals(expected.plane(op.name()), graph.plane(op.name()));
            }
            assertEquals(12, seen.size());
            assertEquals("classifier", graph.output().name());
        }
    }

    @Test
    void sortsManyOpsInReverse() {
        int count = 20_000;
        List<GraphOp> reversed = new ArrayList<>();
        for (int i = count; i > 0; i--) {
            String below = i == 1 ? "input" : "op" + (i - 1);
            reversed.add(new GraphOp.Add("op" + i, below, i % 2 == 0 ? below : "input", Activation.NONE));
        }
        Graph graph = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> Graph.of(INPUT, reversed)); // takes milliseconds, or minutes
        for (int i = 0; i < count; i++) {
            assertEquals("op" + (i + 1), graph.ops().get(i).name());
        }
    }

    @Test
    void aSumOfATensorWithItselfConsumesItTwice() {
        Graph graph = Graph.of(INPUT, List.of(new GraphOp.Add("twice", "input", "input", Activation.RELU)));
        assertEquals(INPUT, graph.plane("twice"));
        assertEquals(2, graph.consumers("input").size());
    }

    @Test
    void refusesNames() {
        refuses("the graph has no ops; a network needs at least one", INPUT);
        refuses("an op is named \" \"; choose a name that is not blank and not the reserved \"input\"", INPUT, pointwise(" ", "input", 3, 3));
        refuses("an op is named \"input\"; choose a name that is not blank and not the reserved \"input\"", INPUT, pointwise("input", "input", 3, 3));
        refuses("two ops are named \"a\"; op names must be unique", INPUT, pointwise("a", "input", 3, 3), pointwise("a", "input", 3, 3));
        assertEquals("no op is named \"x\"",
                assertThrows(GraphException.class, () -> Graph.of(INPUT, List.of(pointwise("a", "input", 3, 3))).op("x")).getMessage());
    }

    @Test
    void refusesDanglingInputsCyclesAndSeveralOutputs() {
        refuses("op \"a\" reads \"x\", which no op produces; name an op or \"input\"", INPUT, pointwise("a", "x", 3, 3));
        refuses("the graph has a cycle through or before \"a\", \"b\", \"c\"; an op may only read what does not depend on it", INPUT,
                pointwise("a", "b", 3, 3), pointwise("b", "a", 3, 3), pointwise("c", "b", 3, 3), pointwise("d", "input", 3, 3));
        refuses("the graph has a cycle through or before \"a\"; an op may only read what does not depend on it", INPUT,
                new GraphOp.Add("a", "input", "a", Activation.NONE));
        refuses("the graph has 2 outputs (\"a\", \"b\"); exactly one op may have no consumer", INPUT,
                pointwise("a", "input", 3, 3), pointwise("b", "input", 3, 3));
    }

    @Test
    void refusesChannelsThatDoNotAgree() {
        Window window = Window.square(3, 1, Padding.all(1));
        refuses("op \"a\" has in_channels 4, but \"input\" has 3 channels; they must agree", INPUT, pointwise("a", "input", 4, 3));
        refuses("op \"a\" has in_channels 4, but \"input\" has 3 channels; they must agree", INPUT,
                new GraphOp.Conv2d("a", "input", 4, 3, window, Activation.NONE));
        refuses("op \"b\" has channels 3, but \"a\" has 5 channels; they must agree", INPUT, pointwise("a", "input", 3, 5),
                new GraphOp.DepthwiseConv2d("b", "a", 3, window, Activation.NONE));
        refuses("op \"b\" adds \"input\" of 28x42x3 and \"a\" of 28x42x5; both must have the same shape", INPUT, pointwise("a", "input", 3, 5),
                new GraphOp.Add("b", "input", "a", Activation.NONE));
    }

    @Test
    void refusesPlanesThatCannotBe() {
        refuses("op \"a\" on a plane of 2x2x3: kernel side 5 is larger than the padded plane side 2", new Plane(2, 2, 3),
                new GraphOp.Conv2d("a", "input", 3, 4, Window.square(5, 1, Padding.NONE), Activation.NONE));
        refuses("op \"a\" on a plane of 28x42x3: plane 28x42x0 has an empty side; height, width and channels must be at least 1", INPUT,
                pointwise("a", "input", 3, 0));
        refuses("\"input\" is of 65536x65536x1, more than 2147483647 elements; use a smaller plane or fewer channels", new Plane(65536, 65536, 1),
                pointwise("a", "input", 1, 1));
        refuses("\"a\" is of 28x42x2000000, more than 2147483647 elements; use a smaller plane or fewer channels", INPUT,
                pointwise("a", "input", 3, 2_000_000));
    }

    @Test
    void refusesBlocksThatDoNotFit() {
        refuses("op \"a\" has block 8, which does not divide its plane of 28x42; use a block of 2, 7, 14", INPUT,
                pointwise("a", "input", 3, 3).withBlock(8));
        refuses("op \"a\" has block 7, which does not divide its plane of 17x34; no block from 2 to 16 does: leave this layer without cutoffs",
                new Plane(17, 34, 3), pointwise("a", "input", 3, 3).withBlock(7));
        for (int block : new int[] {-7, 1, 17, 28}) {
            refuses("op \"a\" on a plane of 28x28x3: block " + block + " is out of range; a DCT block side is from 2 to 16", new Plane(28, 28, 3),
                    pointwise("a", "input", 3, 3).withBlock(block));
        }
    }

    @Test
    void countsMultiplyAccumulates() {
        Window halving = Window.square(3, 2, Padding.all(1));
        Graph graph = Graph.of(INPUT, List.of(new GraphOp.Conv2d("stem", "input", 3, 8, halving, Activation.RELU), pointwise("wide", "stem", 8, 16).withBlock(7),
                new GraphOp.DepthwiseConv2d("deep", "wide", 16, halving, Activation.RELU), new GraphOp.GlobalAveragePool("pool", "deep"), pointwise("out", "pool", 16, 10)));
        assertEquals(14 * 21 * 8 * 27, graph.macs(graph.op("stem")));
        assertEquals(14 * 21 * 16 * 8, graph.macs(graph.op("wide")));
        assertEquals(7 * 11 * 16 * 9, graph.macs(graph.op("deep")));
        assertEquals(0, graph.macs(graph.op("pool")));
        assertEquals(160, graph.macs(graph.op("out")));
        assertEquals(List.of(graph.op("wide")), graph.truncatable()); // not the classifier
    }
}
