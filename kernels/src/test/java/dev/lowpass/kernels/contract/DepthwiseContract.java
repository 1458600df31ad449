package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code depthwise}. */
public abstract class DepthwiseContract extends Contract {

    private static Function<Backend, Operation> depthwise(Plane in, Window window, Activation activation, float[] weight, float[] bias) {
        return backend -> backend.depthwise(new OperationSpec.Depthwise(in, window, activation), weight, bias);
    }

    /** Channel t is shifted by tap t. */
    @Test
    void everyUnitTapShiftsTheInput() {
        Plane plane = new Plane(6, 4, 9);
        float[] weight = new float[81];
        for (int tap = 0; tap < 9; tap++) {
            weight[tap * 9 + tap] = 1;
        }
        float[] in = reals(new SplittableRandom(61), plane.elements(), 3);
        double[] expected = new double[plane.elements()];
        for (int i = 0; i < expected.length; i++) {
            int y = i / 9 / 4 + i % 9 / 3 - 1;
            int x = i / 9 % 4 + i % 3 - 1;
            expected[i] = y < 0 || y > 5 || x < 0 || x > 3 ? 0 : in[(y * 4 + x) * 9 + i % 9];
        }
        Window window = Window.square(3, 1, Padding.all(1));
        compare(expected, run(depthwise(plane, window, Activation.NONE, weight, null), new Trial(in, 1)), Layout.spatial(plane, 1), 0);
    }

    @Test
    void integersAreExactForEveryShape() {
        SplittableRandom random = new SplittableRandom(62);
        int[][] sides = {{5, 5}, {7, 7}, {7, 6}, {8, 4}, {9, 13}};
        int turn = 0;
        for (Window window : Windows.ALL) {
            for (int[] side : sides) {
                for (int channels : CHANNELS) {
                    turn++;
                    if (picked()) {
                        checkIntegers(new Plane(side[0], side[1], channels), window, Activation.values()[turn % 3], 1 + turn % 2, turn % 5 != 0, random);
                    }
                }
            }
        }
    }

    @Test
    void planesSmallerThanTheKernel() {
        SplittableRandom random = new SplittableRandom(63);
        for (int height = 1; height <= 3; height++) {
            for (int width = 1; width <= 3; width++) {
                checkIntegers(new Plane(height, width, 18), Window.square(3, 1, Padding.all(1)), Activation.NONE, 2, true, random);
                checkIntegers(new Plane(height, width, 18), Window.square(3, 2, Padding.all(1)), Activation.NONE, 2, true, random);
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(64);
        for (int batch = 1; batch <= 5; batch++) {
            checkIntegers(new Plane(7, 9, 21), Window.square(3, 2, new Padding(0, 0, 1, 1)), Activation.RELU6, batch, true, random);
        }
    }

    private void checkIntegers(Plane in, Window window, Activation activation, int batch, boolean biased, SplittableRandom random) {
        float[] x = integers(random, elements(in, batch), 3);
        float[] weight = integers(random, window.kernelHeight() * window.kernelWidth() * in.channels(), 3);
        float[] bias = biased ? integers(random, in.channels(), 10) : null;
        check(depthwise(in, window, activation, weight, bias), new Trial(x, batch).withSpare(batch % 3),
                Layout.spatial(window.out(in, in.channels()), batch), 0,
                () -> Naive.activate(activation, Naive.depthwise(in, window, batch, Naive.toDouble(x), weight, bias)));
    }

    @Test
    void randomWithinTolerance() {
        SplittableRandom random = new SplittableRandom(65);
        for (int stride : new int[] {1, 2}) {
            Plane in = new Plane(28, 27, 48);
            Window window = Window.square(3, stride, Padding.same(28, 27, 3, 3, stride));
            float[] x = reals(random, in.elements(), 3);
            float[] weight = reals(random, 9 * 48, 1);
            float[] bias = reals(random, 48, 1);
            check(depthwise(in, window, Activation.RELU6, weight, bias), new Trial(x, 1), Layout.spatial(window.out(in, 48), 1), tolerance(9, 3),
                    () -> Naive.activate(Activation.RELU6, Naive.depthwise(in, window, 1, Naive.toDouble(x), weight, bias)));
        }
    }

    @Test
    void aChannelIsItsOwnAffair() {
        SplittableRandom random = new SplittableRandom(66);
        Plane in = new Plane(7, 7, 21);
        float[] x = reals(random, in.elements(), 1);
        for (int i = 20; i < x.length; i += 21) {
            x[i] = Float.NaN;
        }
        float[] weight = reals(random, 9 * 21, 1);
        Window window = Window.square(3, 1, Padding.all(1));
        compare(Naive.depthwise(in, window, 1, Naive.toDouble(x), weight, null), run(depthwise(in, window, Activation.NONE, weight, null), new Trial(x, 1)),
                Layout.spatial(in, 1), tolerance(9, 1), i -> i % 21 != 20);
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(67);
        Plane in = new Plane(15, 14, 37);
        for (int stride : new int[] {1, 2}) {
            Window window = Window.square(3, stride, Padding.all(1));
            checkThreads(depthwise(in, window, Activation.RELU, reals(random, 9 * 37, 1), reals(random, 37, 1)),
                    new Trial(reals(random, elements(in, 3), 1), 3), Layout.spatial(window.out(in, 37), 3));
        }
    }
}
