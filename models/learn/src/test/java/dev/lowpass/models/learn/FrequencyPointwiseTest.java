package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrequencyPointwiseTest {

    private static final int N = 2;
    private static NDManager root;

    @BeforeAll
    static void start() {
        root = LibtorchCondition.start();
        Libtorch.enterWorker();
    }

    @AfterAll
    static void stop() {
        if (root != null) {
            root.close();
        }
    }

    private static double[] random(int count, long seed) {
        return new Random(seed).doubles(count, -1, 1).toArray();
    }

    /** libtorch's own copy: an array that DJL creates is a view of memory that Java's collector may free, as {@link Libtorch#array} says. */
    private static NDArray owned(NDManager manager, double[] values, long... shape) {
        try (NDArray view = manager.create(values, new Shape(shape))) {
            return view.duplicate();
        }
    }

    /** A loss that weighs each output differently, as doubles. */
    private static NDArray loss(NDManager manager, int block, int side, int in, int out, NDArray x, NDArray mask, NDArray weight, NDArray bias) {
        NDArray transform = FrequencyPointwise.transform(manager, block, DataType.FLOAT64);
        NDArray y = FrequencyPointwise.apply(x.reshape(N, side, side, in).transpose(0, 3, 1, 2), block, transform, mask.reshape(block * block, in),
                weight.reshape(out, in, 1, 1), bias);
        NDArray factors = owned(manager, random(N * out * side * side, 99), N, out, side, side);
        return y.mul(y).mul(factors).sum();
    }

    @ParameterizedTest
    @CsvSource({"2, 4, 3, 5", "4, 8, 5, 3", "7, 7, 2, 4", "3, 6, 4, 4"})
    void gradientsAgreeWithFiniteDifferences(int block, int side, int in, int out) {
        double[][] values = {random(N * side * side * in, 1), random(block * block * in, 2), random(out * in, 3), random(out, 4)};
        double[][] gradients = new double[4][];
        try (NDManager manager = root.newSubManager()) {
            NDArray[] leaves = leaves(manager, values);
            for (NDArray leaf : leaves) {
                leaf.setRequiresGradient(true);
            }
            Libtorch.backward(loss(manager, block, side, in, out, leaves[0], leaves[1], leaves[2], leaves[3]));
            for (int l = 0; l < 4; l++) {
                gradients[l] = leaves[l].getGradient().toDoubleArray();
            }
        }
        Random random = new Random(5);
        double step = 1e-6;
        for (int l = 0; l < 4; l++) {
            for (int probe = 0; probe < 6; probe++) {
                int i = random.nextInt(values[l].length);
                double original = values[l][i];
                values[l][i] = original + step;
                double above = loss(block, side, in, out, values);
                values[l][i] = original - step;
                double below = loss(block, side, in, out, values);
                values[l][i] = original;
                double expected = (above - below) / (2 * step);
                assertEquals(expected, gradients[l][i], 1e-6 * Math.max(1, Math.abs(expected)), "argument " + l + " element " + i);
            }
        }
    }

    private static NDArray[] leaves(NDManager manager, double[][] values) {
        NDArray[] leaves = new NDArray[values.length];
        for (int l = 0; l < values.length; l++) {
            leaves[l] = owned(manager, values[l], values[l].length);
        }
        return leaves;
    }

    private static double loss(int block, int side, int in, int out, double[][] values) {
        try (NDManager manager = root.newSubManager()) {
            NDArray[] leaves = leaves(manager, values);
            return loss(manager, block, side, in, out, leaves[0], leaves[1], leaves[2], leaves[3]).toDoubleArray()[0];
        }
    }

    @Test
    void aMaskOfOnesIsThePlainConvolution() {
        int side = 8;
        int in = 3;
        int out = 5;
        double[] x = random(N * side * side * in, 1);
        double[] weight = random(out * in, 2);
        double[] bias = random(out, 3);
        try (NDManager manager = root.newSubManager()) {
            double[] y = FrequencyPointwise.apply(manager.create(x, new Shape(N, side, side, in)).transpose(0, 3, 1, 2), 4,
                    FrequencyPointwise.transform(manager, 4, DataType.FLOAT64), manager.ones(new Shape(16, in), DataType.FLOAT64),
                    manager.create(weight, new Shape(out, in, 1, 1)), manager.create(bias)).transpose(0, 2, 3, 1).toDoubleArray();
            for (int p = 0; p < N * side * side; p++) {
                for (int o = 0; o < out; o++) {
                    double expected = bias[o];
                    for (int c = 0; c < in; c++) {
                        expected += weight[o * in + c] * x[p * in + c];
                    }
                    assertEquals(expected, y[p * out + o], 1e-12, "position " + p + " channel " + o);
                }
            }
        }
    }
}
