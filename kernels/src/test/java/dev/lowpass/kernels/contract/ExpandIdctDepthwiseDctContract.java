package dev.lowpass.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Contract of {@code expand_idct_depthwise_dct}. In every test the input holds NaN at and beyond the cutoffs. */
public abstract class ExpandIdctDepthwiseDctContract extends Contract {

    private static final Window SAME = Window.square(3, 1, Padding.all(1));

    private static OperationSpec.ExpandIdctDepthwiseDct spec(Plane in, int expanded, Window window, Staircase before, Staircase after) {
        return new OperationSpec.ExpandIdctDepthwiseDct(new OperationSpec.BandPointwise(in, expanded, before, false),
                new OperationSpec.IdctDepthwiseDct(in.withChannels(expanded), Activation.RELU6, window, Activation.RELU6, after));
    }

    private int ran;

    /** A back end may offer this for some shapes; one that offers it for none of a test's skips it. */
    @AfterEach
    void someShapesAreRunInOnePass() {
        Assumptions.assumeTrue(ran > 0, () -> backend().description() + " in " + backend().precision() + " runs none of these in one pass");
    }

    @Test
    void everyShapeStaircaseAndStride() {
        SplittableRandom random = new SplittableRandom(111);
        List<Window> windows = List.of(SAME, Window.square(3, 2, new Padding(0, 0, 1, 1)), Window.square(3, 2, Padding.all(1)));
        int[] expandeds = {1, 32, 33, 40, 72};
        int turn = 0;
        for (int block : new int[] {7, 8}) {
            for (int channels : new int[] {1, 8, 16, 24, 72}) {
                for (Staircase staircase : Staircases.all(block, channels, random)) {
                    Window window = windows.get(turn % 3);
                    Plane plane = new Plane(block * window.strideY(), block * window.strideY() * (1 + turn % 2), channels);
                    int expanded = expandeds[turn % expandeds.length];
                    if (picked()) {
                        checkRandom(spec(plane, expanded, window, staircase, Staircases.mixed(block, expanded, random, turn % 2 == 0)), 1 + turn % 3,
                                turn % 4 != 0, random);
                    }
                    turn++;
                }
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(112);
        for (int batch : new int[] {1, 2, 5, 8, 9}) {
            checkRandom(spec(new Plane(7, 7, 16), 34, SAME, Staircases.mixed(7, 16, random, true), Staircases.mixed(7, 34, random, true)), batch, true,
                    random);
        }
    }

    @Test
    void planesOfTheReferenceNetwork() {
        SplittableRandom random = new SplittableRandom(113);
        checkRandom(spec(new Plane(14, 14, 64), 64, SAME, Staircases.mixed(7, 64, random, true), Staircases.mixed(7, 64, random, true)), 1, true, random);
        checkRandom(spec(new Plane(28, 28, 32), 33, Window.square(3, 2, new Padding(0, 0, 1, 1)), Staircases.mixed(7, 32, random, false),
                Staircases.mixed(7, 33, random, true)), 1, true, random);
    }

    /** Of which a back end may hold a few rows of blocks at a time. */
    @Test
    void largePlanes() {
        SplittableRandom random = new SplittableRandom(114);
        checkRandom(spec(new Plane(56, 56, 9), 34, SAME, Staircases.mixed(7, 9, random, true), Staircases.mixed(7, 34, random, true)), 2, true, random);
        checkRandom(spec(new Plane(48, 64, 8), 40, Window.square(3, 2, new Padding(0, 0, 1, 1)), Staircases.mixed(8, 8, random, false),
                Staircases.mixed(8, 40, random, false)), 1, true, random);
    }

    @Test
    void otherBlocks() {
        SplittableRandom random = new SplittableRandom(115);
        for (int block : new int[] {2, 4, 5, 6, 9, 16}) {
            checkRandom(spec(new Plane(3 * block, 5 * block, 12), 27, SAME, Staircases.mixed(block, 12, random, true), Staircases.mixed(block, 27, random, false)),
                    2, block % 2 == 0, random);
        }
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(116);
        for (int batch : new int[] {1, 3, 9}) {
            OperationSpec.ExpandIdctDepthwiseDct spec = spec(new Plane(14, 14, 13), 53, SAME, Staircases.mixed(7, 13, random, batch == 3),
                    Staircases.mixed(7, 53, random, true));
            if (isOffered(spec)) {
                ran++;
                Layout layout = Layout.frequency(spec.out(), batch, 7);
                checkThreads(operation(spec, random), new Trial(input(spec, batch, random), batch), layout, below(spec.middle().staircase(), layout));
            }
        }
    }

    /** Each finds in scratch memory what the other left there. */
    @Test
    void twoOfOneWorkspaceDoNotDisturbEachOther() {
        SplittableRandom random = new SplittableRandom(117);
        int batch = 2;
        List<OperationSpec.ExpandIdctDepthwiseDct> specs = List.of(
                spec(new Plane(14, 14, 16), 34, SAME, Staircases.mixed(7, 16, random, true), Staircases.mixed(7, 34, random, true)),
                spec(new Plane(48, 32, 5), 72, Window.square(3, 2, Padding.all(1)), Staircases.mixed(8, 5, random, false),
                        Staircases.mixed(8, 72, random, false)));
        if (!specs.stream().allMatch(this::isOffered)) {
            return;
        }
        ran++;
        List<Function<Backend, Operation>> makes = specs.stream().map(spec -> operation(spec, random)).toList();
        List<float[]> inputs = specs.stream().map(spec -> input(spec, batch, random)).toList();
        List<Operation> operations = makes.stream().map(make -> make.apply(backend())).toList();
        // The tensors of each begin where those of the other do.
        int out = 1 << 16;
        long scratch = operations.stream().mapToLong(operation -> operation.scratchElements(batch)).max().orElseThrow();
        try (Workspace workspace = backend().newWorkspace(batch, 2L * out, scratch, 2)) {
            List<Operation.Step> steps = operations.stream().map(operation -> operation.bind(workspace, new Operands(0, out))).toList();
            for (int turn = 0; turn < 6; turn++) {
                OperationSpec.ExpandIdctDepthwiseDct spec = specs.get(turn % 2);
                Layout layout = Layout.frequency(spec.out(), batch, spec.block());
                float[] in = inputs.get(turn % 2);
                float[] alone = run(makes.get(turn % 2), new Trial(in, batch));
                float[] after = new float[alone.length];
                workspace.write(0, FloatBuffer.wrap(in), 0, in.length);
                steps.get(turn % 2).run(batch);
                workspace.read(out, FloatBuffer.wrap(after), 0, after.length);
                for (int i = 0; i < alone.length; i++) {
                    if (below(spec.middle().staircase(), layout).test(i)) {
                        assertEquals(alone[i], after[i], "turn " + turn + ", index " + i + " " + layout.describe(i) + ", shape " + layout);
                    }
                }
            }
        } finally {
            operations.forEach(Operation::close);
        }
    }

    /** The reference offers all, though it says of none that one pass promises more. */
    private boolean isOffered(OperationSpec.ExpandIdctDepthwiseDct spec) {
        return backend() == Backends.reference() || backend().fuses(spec);
    }

    private Function<Backend, Operation> operation(OperationSpec.ExpandIdctDepthwiseDct spec, SplittableRandom random) {
        int expanded = spec.expand().outChannels();
        float[] expandWeight = reals(random, expanded * spec.in().channels(), 1);
        float[] expandBias = reals(random, expanded, 1);
        float[] weight = reals(random, 9 * expanded, 1);
        float[] bias = reals(random, expanded, 2);
        return backend -> backend.expandIdctDepthwiseDct(spec, expandWeight, expandBias, weight, bias);
    }

    private float[] input(OperationSpec.ExpandIdctDepthwiseDct spec, int batch, SplittableRandom random) {
        return poisonBeyond(reals(random, elements(spec.in(), batch), 9), spec.expand().staircase(), Layout.frequency(spec.in(), batch, spec.block()));
    }

    private void checkRandom(OperationSpec.ExpandIdctDepthwiseDct spec, int batch, boolean biased, SplittableRandom random) {
        if (!isOffered(spec)) {
            assertThrows(UnsupportedOperationException.class, () -> operation(spec, random).apply(backend()), spec.toString());
            return;
        }
        ran++;
        int channels = spec.in().channels();
        int expanded = spec.expand().outChannels();
        int block = spec.block();
        Staircase staircase = spec.expand().staircase();
        float[] in = input(spec, batch, random);
        // So that expanded coefficients are about as large as the input's.
        float[] expandWeight = reals(random, expanded * channels, 2 / Math.sqrt(channels));
        float[] expandBias = biased ? reals(random, expanded, 1) : null;
        float[] weight = reals(random, 9 * expanded, 1);
        float[] bias = biased ? reals(random, expanded, 2) : null;
        Function<Backend, Operation> make = backend -> backend.expandIdctDepthwiseDct(spec, expandWeight, expandBias, weight, bias);
        Layout layout = Layout.frequency(spec.out(), batch, block);
        double scale = 18 * Math.sqrt(channels);
        check(make, new Trial(in, batch).withSpare(batch % 3), layout, tolerance(channels + 4 * block + 9, scale) + storageTolerance(2 * 18 * 13),
                below(spec.middle().staircase(), layout), () -> {
                    double[] coefficients = Naive.bandPointwise(spec.in(), expanded, staircase, batch, in, expandWeight, expandBias, null);
                    double[] spatial = Naive.activate(Activation.RELU6, Naive.idct(spec.middle().in(), block, batch, coefficients));
                    double[] filtered = Naive.activate(Activation.RELU6,
                            Naive.depthwise(spec.middle().in(), spec.middle().window(), batch, spatial, weight, bias));
                    return Naive.dct(layout.plane(), block, batch, filtered);
                });
    }
}
