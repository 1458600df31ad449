package dev.lowpass.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code pointwise}, the classifier on a 1x1 plane included. */
public abstract class PointwiseContract extends Contract {

    private static Function<Backend, Operation> pointwise(
            Plane plane, int outChannels, Activation activation, boolean residual, float[] weight, float[] bias) {
        return backend -> backend.pointwise(new OperationSpec.Pointwise(plane, outChannels, activation, residual), weight, bias);
    }

    @Test
    void theIdentityMatrixCopies() {
        for (int channels : CHANNELS) {
            Plane plane = new Plane(3, 5, channels);
            float[] weight = new float[channels * channels];
            for (int c = 0; c < channels; c++) {
                weight[c * channels + c] = 1;
            }
            float[] in = reals(new SplittableRandom(41), elements(plane, 2), 9);
            float[] out = run(pointwise(plane, channels, Activation.NONE, false, weight, null), new Trial(in, 2));
            compare(Naive.toDouble(in), out, Layout.spatial(plane, 2), 0);
        }
    }

    @Test
    void integersAreExactForEveryShape() {
        SplittableRandom random = new SplittableRandom(42);
        Plane[] areas = {new Plane(1, 1, 1), new Plane(1, 7, 1), new Plane(5, 3, 1), new Plane(7, 7, 1), new Plane(4, 8, 1)};
        int turn = 0;
        for (int channels : CHANNELS) {
            for (int outChannels : new int[] {1, 2, 5, 16, 24, 31, 64, 65, 97}) {
                for (Activation activation : Activation.values()) {
                    turn++;
                    if (picked()) {
                        Plane plane = areas[turn % areas.length].withChannels(channels);
                        checkIntegers(plane, outChannels, activation, 1 + turn % 3, turn % 5 != 0, Trial.Alias.NONE, turn % 2 == 0, random);
                    }
                }
            }
        }
    }

    /** Weights of 128 Ki elements and more may be read ahead, up to the matrix's end, by however many tiles the rows make. */
    @Test
    void largeMatricesOfFewRows() {
        SplittableRandom random = new SplittableRandom(49);
        for (int outChannels : new int[] {330, 350, 368}) {
            for (int rows : new int[] {1, 8, 23, 41, 56, 64}) {
                if (picked()) {
                    checkIntegers(new Plane(1, rows, 420), outChannels, Activation.RELU6, 1, true, Trial.Alias.NONE, false, random);
                }
            }
        }
    }

    @Test
    void residualMayLieWhereTheOutputGoes() {
        SplittableRandom random = new SplittableRandom(43);
        for (int outChannels : new int[] {1, 7, 16, 33, 80}) {
            for (Activation activation : Activation.values()) {
                checkIntegers(new Plane(5, 7, 19), outChannels, activation, 2, true, Trial.Alias.RESIDUAL, true, random);
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(44);
        for (int batch = 1; batch <= 5; batch++) {
            checkIntegers(new Plane(3, 3, 20), 18, Activation.RELU6, batch, true, Trial.Alias.NONE, false, random);
        }
    }

    private void checkIntegers(
            Plane plane, int outChannels, Activation activation, int batch, boolean biased, Trial.Alias alias, boolean residual, SplittableRandom random) {
        float[] in = integers(random, elements(plane, batch), 4);
        float[] weight = integers(random, outChannels * plane.channels(), 4);
        float[] bias = biased ? integers(random, outChannels, 20) : null;
        Plane out = plane.withChannels(outChannels);
        float[] added = residual ? integers(random, elements(out, batch), 20) : null;
        check(pointwise(plane, outChannels, activation, residual, weight, bias), new Trial(in, batch).withResidual(added, alias).withSpare(batch % 3),
                Layout.spatial(out, batch), 0,
                () -> Naive.activate(activation, Naive.pointwise(plane, outChannels, batch, in, weight, bias, added)));
    }

    @Test
    void randomWithinTolerance() {
        SplittableRandom random = new SplittableRandom(45);
        int[][] shapes = {{1, 1, 640, 501}, {1, 1, 1280, 101}, {7, 7, 160, 90}, {4, 9, 33, 200}, {14, 14, 24, 70}};
        for (int[] shape : shapes) {
            Plane plane = new Plane(shape[0], shape[1], shape[2]);
            int outChannels = shape[3];
            float[] in = reals(random, plane.elements(), 1);
            float[] weight = reals(random, outChannels * shape[2], 1);
            float[] bias = reals(random, outChannels, 1);
            if (picked()) {
                check(pointwise(plane, outChannels, Activation.NONE, false, weight, bias), new Trial(in, 1),
                        Layout.spatial(plane.withChannels(outChannels), 1), tolerance(shape[2], 1),
                        () -> Naive.pointwise(plane, outChannels, 1, in, weight, bias, null));
            }
        }
    }

    @Test
    void aPixelIsItsOwnAffair() {
        SplittableRandom random = new SplittableRandom(46);
        Plane plane = new Plane(3, 7, 10);
        float[] in = reals(random, plane.elements(), 1);
        in[8 * 10 + 3] = Float.NaN;
        float[] weight = reals(random, 17 * 10, 1);
        Layout layout = Layout.spatial(plane.withChannels(17), 1);
        compare(Naive.pointwise(plane, 17, 1, in, weight, null, null), run(pointwise(plane, 17, Activation.NONE, false, weight, null), new Trial(in, 1)),
                layout, tolerance(10, 1), i -> i / 17 != 8);
    }

    /** Of NaN of either sign no activation makes a number, and its neighbours are clamped all the same. */
    @Test
    void activationsKeepNaN() {
        SplittableRandom random = new SplittableRandom(48);
        Plane plane = new Plane(3, 7, 10);
        float[] in = integers(random, plane.elements(), 4);
        in[8 * 10 + 3] = Float.NaN;
        in[16 * 10 + 5] = Float.intBitsToFloat(0xffc00000);
        float[] weight = integers(random, 70 * 10, 4);
        Layout layout = Layout.spatial(plane.withChannels(70), 1);
        for (Activation activation : Activation.values()) {
            float[] out = run(pointwise(plane, 70, activation, false, weight, null), new Trial(in, 1));
            compare(Naive.activate(activation, Naive.pointwise(plane, 70, 1, in, weight, null, null)), out, layout, 0, i -> i / 70 != 8 && i / 70 != 16);
            for (int channel = 0; channel < 70; channel++) {
                assertTrue(Float.isNaN(out[8 * 70 + channel]) && Float.isNaN(out[16 * 70 + channel]), activation + ", channel " + channel);
            }
        }
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(47);
        for (int[] shape : new int[][] {{9, 11, 30, 70}, {1, 1, 300, 203}}) {
            Plane plane = new Plane(shape[0], shape[1], shape[2]);
            float[] weight = reals(random, shape[3] * shape[2], 1);
            float[] bias = reals(random, shape[3], 1);
            checkThreads(pointwise(plane, shape[3], Activation.RELU6, false, weight, bias), new Trial(reals(random, elements(plane, 3), 1), 3),
                    Layout.spatial(plane.withChannels(shape[3]), 3));
        }
    }
}
