package dev.lowpass.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code band_pointwise}. In every test the input holds NaN at and beyond the cutoffs. */
public abstract class BandPointwiseContract extends Contract {

    /** An operation with its weights, and an input for it. */
    private record Case(Plane plane, Staircase staircase, int outChannels, int batch, float[] in, float[] weight, float[] bias, float[] residual) {

        static Case integers(Plane plane, Staircase staircase, int outChannels, int batch, boolean biased, boolean residual, SplittableRandom random) {
            // Sums stay below 2^24, so that single precision is exact in any order.
            return new Case(plane, staircase, outChannels, batch,
                    poisonBeyond(Contract.integers(random, Contract.elements(plane, batch), 8), staircase, Layout.frequency(plane, batch, staircase.block())),
                    Contract.integers(random, outChannels * plane.channels(), 8),
                    biased ? Contract.integers(random, outChannels, 50) : null,
                    residual ? Contract.integers(random, Contract.elements(plane.withChannels(outChannels), batch), 100) : null);
        }

        Function<Backend, Operation> operation(Bands[] bandsByBatch) {
            OperationSpec.BandPointwise spec = new OperationSpec.BandPointwise(plane, outChannels, staircase, residual != null);
            return backend -> backend.bandPointwise(spec, bandsByBatch, weight, bias);
        }

        Function<Backend, Operation> operation(Bands bands) {
            return operation(Staircases.forEveryBatch(bands, batch));
        }

        Trial trial() {
            return new Trial(in, batch).withResidual(residual, Trial.Alias.NONE);
        }

        Layout layout() {
            return Layout.frequency(plane.withChannels(outChannels), batch, staircase.block());
        }

        double[] formula() {
            return Naive.bandPointwise(plane, outChannels, staircase, batch, in, weight, bias, residual);
        }
    }

    private Case realCase(Plane plane, Staircase staircase, int outChannels, int batch, SplittableRandom random) {
        return new Case(plane, staircase, outChannels, batch,
                poisonBeyond(reals(random, elements(plane, batch), 1), staircase, Layout.frequency(plane, batch, staircase.block())),
                reals(random, outChannels * plane.channels(), 1), reals(random, outChannels, 1),
                reals(random, elements(plane.withChannels(outChannels), batch), 1));
    }

    @Test
    void integersAreExactForEveryShapeStaircaseAndBanding() {
        SplittableRandom random = new SplittableRandom(31);
        int[] outs = {1, 5, 16, 24, 33, 65};
        int turn = 0;
        for (int block : new int[] {2, 3, 5, 7, 8}) {
            for (int channels : CHANNELS) {
                for (Staircase staircase : Staircases.all(block, channels, random)) {
                    for (Bands bands : Staircases.bandings(staircase, random)) {
                        turn++;
                        if (picked()) {
                            Plane plane = new Plane(block, block * (1 + turn % 3), channels);
                            Case c = Case.integers(plane, staircase, outs[turn % outs.length], 1 + turn % 2, turn % 5 != 0, turn % 3 == 0, random);
                            check(c.operation(bands), c.trial(), c.layout(), 0, c::formula);
                        }
                    }
                }
            }
        }
    }

    @Test
    void everyBlockSide() {
        SplittableRandom random = new SplittableRandom(32);
        for (int block = 2; block <= 16; block++) {
            Staircase staircase = Staircases.mixed(block, 13, random, block % 2 == 0);
            Case c = Case.integers(new Plane(block, 2 * block, 13), staircase, 9, 1, true, true, random);
            for (Bands bands : Staircases.bandings(staircase, random)) {
                check(c.operation(bands), c.trial(), c.layout(), 0, c::formula);
            }
        }
    }

    @Test
    void residualMayLieWhereTheOutputGoes() {
        SplittableRandom random = new SplittableRandom(33);
        for (Staircase staircase : Staircases.all(7, 40, random)) {
            for (Bands bands : Staircases.bandings(staircase, random)) {
                Case c = Case.integers(new Plane(14, 14, 40), staircase, 23, 2, true, true, random);
                check(c.operation(bands), c.trial().withResidual(c.residual(), Trial.Alias.RESIDUAL), c.layout(), 0, c::formula);
            }
        }
    }

    @Test
    void droppedChannelsLeaveBiasAndResidual() {
        SplittableRandom random = new SplittableRandom(34);
        Staircase none = Staircase.of(4, new int[6]);
        Case c = Case.integers(new Plane(4, 8, 6), none, 5, 1, true, true, random);
        double[] expected = Naive.toDouble(c.residual());
        for (int block = 0; block < 2; block++) {
            for (int o = 0; o < 5; o++) {
                expected[block * 5 + o] += 4 * c.bias()[o];
            }
        }
        compare(expected, run(c.operation(new Bands(none, 16)), c.trial()), c.layout(), 0);
        Case bare = Case.integers(new Plane(4, 8, 6), none, 5, 1, false, false, random);
        compare(new double[2 * 16 * 5], run(bare.operation(new Bands(none, 1, 16)), bare.trial()), bare.layout(), 0);
    }

    @Test
    void eachBatchRunsItsOwnBands() {
        SplittableRandom random = new SplittableRandom(35);
        Staircase staircase = Staircases.mixed(7, 30, random, true);
        List<Bands> bandings = Staircases.bandings(staircase, random);
        Bands[] bandsByBatch = {bandings.get(0), bandings.get(1), bandings.get(2), bandings.get(1), bandings.get(0)};
        for (int batch = 1; batch <= 5; batch++) {
            Case c = Case.integers(new Plane(7, 14, 30), staircase, 20, batch, true, false, random);
            check(c.operation(bandsByBatch), c.trial().withSpare(5 - batch), c.layout(), 0, c::formula);
        }
    }

    @Test
    void randomWithinTolerance() {
        SplittableRandom random = new SplittableRandom(36);
        for (int channels : new int[] {5, 96, 200, 384}) {
            for (boolean sorted : new boolean[] {true, false}) {
                Staircase staircase = Staircases.mixed(7, channels, random, sorted);
                Case c = realCase(new Plane(14, 7, channels), staircase, 50, 1, random);
                for (Bands bands : Staircases.bandings(staircase, random)) {
                    if (picked()) {
                        check(c.operation(bands), c.trial(), c.layout(), tolerance(channels, 1), c::formula);
                    }
                }
            }
        }
    }

    @Test
    void weightsAndBiasAreCopied() {
        SplittableRandom random = new SplittableRandom(37);
        Staircase staircase = Staircases.mixed(3, 10, random, true);
        Bands bands = new Bands(staircase, 9);
        Case c = Case.integers(new Plane(3, 3, 10), staircase, 4, 1, true, false, random);
        float[] first = run(c.operation(bands), c.trial());
        float[] weight = c.weight().clone();
        float[] bias = c.bias().clone();
        float[] second = run(backend -> {
            Operation operation = backend.bandPointwise(new OperationSpec.BandPointwise(c.plane(), 4, staircase, false), new Bands[] {bands}, weight, bias);
            Arrays.fill(weight, Float.NaN);
            Arrays.fill(bias, Float.NaN);
            return operation;
        }, c.trial());
        assertArrayEquals(first, second);
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(38);
        for (boolean sorted : new boolean[] {true, false}) {
            Staircase staircase = Staircases.mixed(7, 60, random, sorted);
            Case c = realCase(new Plane(14, 14, 60), staircase, 35, 3, random);
            for (Bands bands : Staircases.bandings(staircase, random)) {
                checkThreads(c.operation(bands), c.trial(), c.layout());
            }
        }
    }
}
