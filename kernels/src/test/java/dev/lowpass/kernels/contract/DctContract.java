package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Zigzag;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** Contract of {@code dct}. */
public abstract class DctContract extends Contract {

    private static Function<Backend, Operation> dct(Plane plane, Staircase staircase) {
        return backend -> backend.dct(new OperationSpec.Dct(plane, staircase));
    }

    /** Channel p of one block holds the impulse at pixel p, so that one run covers all of them. */
    @Test
    void everyUnitImpulseGivesItsBasisFunction() {
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            int pixels = block * block;
            Plane plane = new Plane(block, block, pixels);
            float[] in = new float[plane.elements()];
            double[] expected = new double[plane.elements()];
            for (int p = 0; p < pixels; p++) {
                in[p * pixels + p] = 1;
                for (int z = 0; z < pixels; z++) {
                    expected[z * pixels + p] = Naive.basis(block, Zigzag.of(block).row(z), p / block)
                            * Naive.basis(block, Zigzag.of(block).column(z), p % block);
                }
            }
            float[] out = run(dct(plane, Staircase.full(block, pixels)), new Trial(in, 1));
            compare(expected, out, Layout.frequency(plane, 1, block), tolerance(4, 1));
        }
    }

    @Test
    void aConstantBlockHasOnlyItsMean() {
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            Plane plane = new Plane(2 * block, block, 3);
            float[] in = new float[plane.elements()];
            double[] expected = new double[plane.elements()];
            for (int i = 0; i < in.length; i++) {
                in[i] = 1 + i % 3;
                expected[i] = i / (2 * 3) == 0 ? block * (1 + i % 3) : 0;
            }
            float[] out = run(dct(plane, Staircase.full(block, 3)), new Trial(in, 1));
            compare(expected, out, Layout.frequency(plane, 1, block), tolerance(2 * block, block));
        }
    }

    @Test
    void randomPlanesAtEveryCutoff() {
        SplittableRandom random = new SplittableRandom(11);
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            for (int channels : block <= 8 ? CHANNELS : new int[] {1, 7, 17}) {
                Plane plane = block <= 8 ? new Plane(2 * block, 3 * block, channels) : new Plane(block, 2 * block, channels);
                int batch = 1 + (block + channels) % 3;
                for (Staircase staircase : Staircases.all(block, channels, random)) {
                    if (picked()) {
                        checkRandom(plane, staircase, batch, random);
                    }
                }
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(12);
        Plane plane = new Plane(7, 14, 19);
        for (int batch = 1; batch <= 5; batch++) {
            checkRandom(plane, Staircases.mixed(7, 19, random, true), batch, random);
        }
    }

    private void checkRandom(Plane plane, Staircase staircase, int batch, SplittableRandom random) {
        float[] in = reals(random, elements(plane, batch), 1);
        Layout layout = Layout.frequency(plane, batch, staircase.block());
        check(dct(plane, staircase), new Trial(in, batch).withSpare(batch % 3), layout, tolerance(2 * staircase.block(), 1), below(staircase, layout),
                () -> Naive.dct(plane, staircase.block(), batch, Naive.toDouble(in)));
    }

    @Test
    void aChannelIsItsOwnAffair() {
        SplittableRandom random = new SplittableRandom(13);
        Plane plane = new Plane(14, 7, 21);
        float[] in = reals(random, plane.elements(), 1);
        for (int i = 4; i < in.length; i += 21) {
            in[i] = Float.NaN;
        }
        Layout layout = Layout.frequency(plane, 1, 7);
        IntPredicate others = i -> layout.channel(i) != 4;
        compare(Naive.dct(plane, 7, 1, Naive.toDouble(in)), run(dct(plane, Staircase.full(7, 21)), new Trial(in, 1)), layout, tolerance(14, 1), others);
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(14);
        for (int block : new int[] {4, 7, 9}) {
            Plane plane = new Plane(2 * block, 4 * block, 37);
            Staircase staircase = Staircases.mixed(block, 37, random, true);
            Layout layout = Layout.frequency(plane, 3, block);
            checkThreads(dct(plane, staircase), new Trial(reals(random, elements(plane, 3), 1), 3), layout, below(staircase, layout));
        }
    }
}
