package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code idct_depthwise_dct}. */
public abstract class IdctDepthwiseDctContract extends Contract {

    private static final Window SAME = Window.square(3, 1, Padding.all(1));

    private static Function<Backend, Operation> fused(
            Plane in, Activation before, Window window, Activation after, Staircase staircase, float[] weight, float[] bias) {
        return backend -> backend.idctDepthwiseDct(new OperationSpec.IdctDepthwiseDct(in, before, window, after, staircase), weight, bias);
    }

    /** With nothing but the middle tap, coefficients come out as they went in. */
    @Test
    void theMiddleTapAloneLeavesEveryCoefficient() {
        SplittableRandom random = new SplittableRandom(71);
        for (int block = 2; block <= 16; block++) {
            Plane plane = new Plane(2 * block, block, 9);
            float[] weight = new float[81];
            Arrays.fill(weight, 4 * 9, 5 * 9, 1);
            float[] in = reals(random, plane.elements(), 1);
            Layout layout = Layout.frequency(plane, 1, block);
            Staircase staircase = Staircases.mixed(block, 9, random, false);
            float[] out = run(fused(plane, Activation.NONE, SAME, Activation.NONE, staircase, weight, null), new Trial(in, 1));
            compare(Naive.toDouble(in), out, layout, tolerance(4 * block, 1) + storageTolerance(2 * block), below(staircase, layout));
        }
    }

    @Test
    void strideOneForEveryBlockChannelCountAndStaircase() {
        SplittableRandom random = new SplittableRandom(72);
        int turn = 0;
        for (int block : new int[] {2, 3, 4, 5, 6, 7, 8, 11}) {
            for (int channels : new int[] {1, 3, 7, 16, 17, 33, 72}) {
                for (Staircase staircase : Staircases.all(block, channels, random)) {
                    turn++;
                    if (picked()) {
                        Plane plane = new Plane(block * (1 + turn % 2), block * (1 + turn % 3), channels);
                        checkRandom(plane, Activation.values()[turn % 3], SAME, Activation.values()[turn / 3 % 3], staircase, 1 + turn % 2, turn % 5 != 0,
                                random);
                    }
                }
            }
        }
    }

    @Test
    void strideTwoForEveryBlockChannelCountAndStaircase() {
        SplittableRandom random = new SplittableRandom(73);
        List<Padding> paddings = List.of(new Padding(0, 0, 1, 1), Padding.all(1), new Padding(1, 0, 0, 1));
        int turn = 0;
        for (int block : new int[] {2, 3, 4, 5, 6, 7, 8}) {
            for (int channels : new int[] {1, 7, 16, 33, 72}) {
                for (Staircase staircase : Staircases.all(block, channels, random)) {
                    turn++;
                    if (picked()) {
                        Plane plane = new Plane(2 * block, 2 * block * (1 + turn % 2), channels);
                        Window window = Window.square(3, 2, paddings.get(turn % 3));
                        checkRandom(plane, Activation.values()[turn % 3], window, Activation.values()[turn / 3 % 3], staircase, 1 + turn % 2, turn % 5 != 0,
                                random);
                    }
                }
            }
        }
    }

    @Test
    void otherWindows() {
        SplittableRandom random = new SplittableRandom(74);
        Plane plane = new Plane(12, 12, 19);
        for (Window window : List.of(Window.square(5, 1, Padding.all(2)), Window.square(1, 1, Padding.NONE), Window.square(5, 2, new Padding(1, 1, 2, 2)),
                new Window(3, 1, 1, 3, new Padding(1, 0, 1, 0)), new Window(1, 5, 2, 1, new Padding(0, 2, 0, 2)), Window.square(5, 1, Padding.NONE))) {
            for (int block : new int[] {2, 3, 4}) {
                if (window.out(plane, 19).divisibleBy(block) && picked()) {
                    checkRandom(plane, Activation.RELU6, window, Activation.RELU6, Staircases.mixed(block, 19, random, true), 2, true, random);
                }
            }
        }
    }

    @Test
    void planesOfTheReferenceNetwork() {
        SplittableRandom random = new SplittableRandom(75);
        for (int side : new int[] {28, 14, 7}) {
            Staircase staircase = Staircases.mixed(7, 40, random, true);
            checkRandom(new Plane(side, side, 40), Activation.RELU6, SAME, Activation.RELU6, staircase, 1, true, random);
            if (side > 7) {
                Window halving = Window.square(3, 2, new Padding(0, 0, 1, 1));
                checkRandom(new Plane(side, side, 40), Activation.RELU6, halving, Activation.RELU6, staircase, 1, true, random);
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(76);
        for (int batch = 1; batch <= 5; batch++) {
            checkRandom(new Plane(7, 14, 21), Activation.RELU6, SAME, Activation.RELU6, Staircases.mixed(7, 21, random, true), batch, true, random);
        }
    }

    private void checkRandom(
            Plane plane, Activation before, Window window, Activation after, Staircase staircase, int batch, boolean biased, SplittableRandom random) {
        int taps = window.kernelHeight() * window.kernelWidth();
        int block = staircase.block();
        // Wide enough for values beyond 6 on both sides of the convolution.
        float[] in = reals(random, elements(plane, batch), 9);
        float[] weight = reals(random, taps * plane.channels(), 1);
        float[] bias = biased ? reals(random, plane.channels(), 2) : null;
        Layout layout = Layout.frequency(window.out(plane, plane.channels()), batch, block);
        check(fused(plane, before, window, after, staircase, weight, bias), new Trial(in, batch).withSpare(batch % 3), layout,
                tolerance(4 * block + taps, 9) + storageTolerance(2 * 9 * (taps + 4)), below(staircase, layout), () -> {
                    double[] spatial = Naive.activate(before, Naive.idct(plane, block, batch, Naive.toDouble(in)));
                    double[] filtered = Naive.activate(after, Naive.depthwise(plane, window, batch, spatial, weight, bias));
                    return Naive.dct(layout.plane(), block, batch, filtered);
                });
    }

    @Test
    void aChannelIsItsOwnAffair() {
        SplittableRandom random = new SplittableRandom(77);
        Plane plane = new Plane(14, 14, 21);
        Layout layout = Layout.frequency(plane, 1, 7);
        float[] in = reals(random, plane.elements(), 1);
        float[] weight = reals(random, 9 * 21, 1);
        Staircase full = Staircase.full(7, 21);
        float[] clean = run(fused(plane, Activation.RELU6, SAME, Activation.RELU6, full, weight, null), new Trial(in, 1));
        for (int i = 13; i < in.length; i += 21) {
            in[i] = Float.NaN;
        }
        float[] poisoned = run(fused(plane, Activation.RELU6, SAME, Activation.RELU6, full, weight, null), new Trial(in, 1));
        compare(Naive.toDouble(clean), poisoned, layout, 0, i -> layout.channel(i) != 13);
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(78);
        for (int block : new int[] {4, 7}) {
            Plane plane = new Plane(2 * block, 2 * block, 53);
            Staircase staircase = Staircases.mixed(block, 53, random, true);
            Layout layout = Layout.frequency(plane, 3, block);
            checkThreads(fused(plane, Activation.RELU6, SAME, Activation.RELU6, staircase, reals(random, 9 * 53, 1), reals(random, 53, 1)),
                    new Trial(reals(random, elements(plane, 3), 5), 3), layout, below(staircase, layout));
        }
    }
}
