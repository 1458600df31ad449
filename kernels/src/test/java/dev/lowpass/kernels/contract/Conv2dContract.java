package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code conv2d}. */
public abstract class Conv2dContract extends Contract {

    private static Function<Backend, Operation> conv2d(Plane in, int outChannels, Window window, Activation activation, float[] weight, float[] bias) {
        return backend -> backend.conv2d(new OperationSpec.Conv2d(in, outChannels, window, activation), weight, bias);
    }

    /** Output channel t is the input under tap t and nothing else. */
    @Test
    void everyUnitTapShiftsTheInput() {
        Plane plane = new Plane(4, 5, 2);
        Window window = Window.square(3, 1, Padding.all(1));
        float[] weight = new float[18 * 18];
        for (int tap = 0; tap < 18; tap++) {
            weight[tap * 18 + tap] = 1;
        }
        float[] in = reals(new SplittableRandom(51), plane.elements(), 3);
        double[] expected = new double[4 * 5 * 18];
        for (int i = 0; i < expected.length; i++) {
            int y = i / 18 / 5 + i % 18 / 6 - 1;
            int x = i / 18 % 5 + i % 6 / 2 - 1;
            expected[i] = y < 0 || y > 3 || x < 0 || x > 4 ? 0 : in[(y * 5 + x) * 2 + i % 2];
        }
        compare(expected, run(conv2d(plane, 18, window, Activation.NONE, weight, null), new Trial(in, 1)), Layout.spatial(plane.withChannels(18), 1), 0);
    }

    @Test
    void integersAreExactForEveryShape() {
        SplittableRandom random = new SplittableRandom(52);
        int[][] sides = {{5, 5}, {7, 6}, {8, 8}, {9, 13}};
        int turn = 0;
        for (Window window : Windows.ALL) {
            for (int[] side : sides) {
                for (int channels : new int[] {1, 3, 4, 17}) {
                    for (int outChannels : new int[] {1, 7, 16, 32, 37}) {
                        turn++;
                        if (picked()) {
                            checkIntegers(new Plane(side[0], side[1], channels), outChannels, window, Activation.values()[turn % 3], 1 + turn % 2,
                                    turn % 5 != 0, random);
                        }
                    }
                }
            }
        }
    }

    /** Windows as wide as the plane with its padding, and wider than the plane: at some columns no tap is inside, at none all. */
    @Test
    void planesNarrowerThanTheWindow() {
        SplittableRandom random = new SplittableRandom(56);
        List<Window> windows = new ArrayList<>(Windows.ALL);
        windows.add(Window.square(2, 2, new Padding(0, 0, 1, 1)));
        windows.add(Window.square(3, 3, new Padding(0, 0, 2, 2)));
        windows.add(new Window(2, 3, Integer.MAX_VALUE, Integer.MAX_VALUE, new Padding(1, 2, 1, 2)));
        for (Window window : windows) {
            for (int[] side : new int[][] {{1, 1}, {2, 2}, {2, 3}, {3, 1}, {1, 4}}) {
                Padding padding = window.padding();
                if (side[0] + padding.top() + padding.bottom() >= window.kernelHeight() && side[1] + padding.left() + padding.right() >= window.kernelWidth()) {
                    checkIntegers(new Plane(side[0], side[1], 3), 7, window, Activation.NONE, 2, true, random);
                }
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(53);
        for (int batch = 1; batch <= 5; batch++) {
            checkIntegers(new Plane(9, 7, 3), 16, Window.square(3, 2, new Padding(0, 0, 1, 1)), Activation.RELU6, batch, true, random);
        }
    }

    private void checkIntegers(Plane in, int outChannels, Window window, Activation activation, int batch, boolean biased, SplittableRandom random) {
        float[] x = integers(random, elements(in, batch), 3);
        float[] weight = integers(random, outChannels * window.kernelHeight() * window.kernelWidth() * in.channels(), 3);
        float[] bias = biased ? integers(random, outChannels, 10) : null;
        check(conv2d(in, outChannels, window, activation, weight, bias), new Trial(x, batch).withSpare(batch % 3),
                Layout.spatial(window.out(in, outChannels), batch), 0,
                () -> Naive.activate(activation, Naive.conv2d(in, outChannels, window, batch, Naive.toDouble(x), weight, bias)));
    }

    @Test
    void randomWithinTolerance() {
        SplittableRandom random = new SplittableRandom(54);
        Plane in = new Plane(33, 32, 3);
        Window window = Window.square(3, 2, Padding.same(33, 32, 3, 3, 2));
        float[] x = reals(random, in.elements(), 1);
        float[] weight = reals(random, 32 * 27, 1);
        float[] bias = reals(random, 32, 1);
        check(conv2d(in, 32, window, Activation.RELU6, weight, bias), new Trial(x, 1), Layout.spatial(window.out(in, 32), 1), tolerance(27, 1),
                () -> Naive.activate(Activation.RELU6, Naive.conv2d(in, 32, window, 1, Naive.toDouble(x), weight, bias)));
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(55);
        Plane in = new Plane(19, 17, 3);
        Window window = Window.square(3, 2, Padding.all(1));
        checkThreads(conv2d(in, 21, window, Activation.RELU, reals(random, 21 * 27, 1), reals(random, 21, 1)),
                new Trial(reals(random, elements(in, 3), 1), 3), Layout.spatial(window.out(in, 21), 3));
    }
}
