package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Zigzag;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code idct}. */
public abstract class IdctContract extends Contract {

    private static Function<Backend, Operation> idct(Plane plane, int block, Activation activation) {
        return backend -> backend.idct(new OperationSpec.Idct(plane, block, activation));
    }

    /** Channel z of one block holds the impulse at coefficient z, so that one run covers all of them. */
    @Test
    void everyUnitImpulseGivesItsBasisFunction() {
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            int coefficients = block * block;
            Plane plane = new Plane(block, block, coefficients);
            float[] in = new float[plane.elements()];
            double[] expected = new double[plane.elements()];
            for (int z = 0; z < coefficients; z++) {
                in[z * coefficients + z] = 1;
                for (int p = 0; p < coefficients; p++) {
                    expected[p * coefficients + z] = Naive.basis(block, Zigzag.of(block).row(z), p / block)
                            * Naive.basis(block, Zigzag.of(block).column(z), p % block);
                }
            }
            float[] out = run(idct(plane, block, Activation.NONE), new Trial(in, 1));
            compare(expected, out, Layout.spatial(plane, 1), tolerance(4, 1));
        }
    }

    @Test
    void restoresWhatTheForwardTransformMade() {
        SplittableRandom random = new SplittableRandom(21);
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            Plane plane = new Plane(block, 2 * block, 11);
            float[] image = reals(random, elements(plane, 2), 1);
            Staircase full = Staircase.full(block, 11);
            float[] coefficients = run(backend -> backend.dct(new OperationSpec.Dct(plane, full)), new Trial(image, 2));
            float[] restored = run(idct(plane, block, Activation.NONE), new Trial(coefficients, 2));
            compare(Naive.toDouble(image), restored, Layout.spatial(plane, 2), tolerance(4 * block, 1) + storageTolerance(2 * block));
        }
    }

    @Test
    void randomCoefficientsAndActivations() {
        SplittableRandom random = new SplittableRandom(22);
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            for (int channels : block <= 8 ? CHANNELS : new int[] {1, 7, 17}) {
                for (Activation activation : Activation.values()) {
                    Plane plane = block <= 8 ? new Plane(3 * block, 2 * block, channels) : new Plane(2 * block, block, channels);
                    if (picked()) {
                        checkRandom(plane, block, activation, 1 + (block + channels) % 3, random);
                    }
                }
            }
        }
    }

    @Test
    void everyBatchWithRoomToSpare() {
        SplittableRandom random = new SplittableRandom(23);
        for (int batch = 1; batch <= 5; batch++) {
            checkRandom(new Plane(14, 7, 19), 7, Activation.RELU6, batch, random);
        }
    }

    private void checkRandom(Plane plane, int block, Activation activation, int batch, SplittableRandom random) {
        // Wide enough for values beyond 6.
        float[] in = reals(random, elements(plane, batch), 10);
        check(idct(plane, block, activation), new Trial(in, batch).withSpare(batch % 3), Layout.spatial(plane, batch), tolerance(2 * block, 10),
                () -> Naive.activate(activation, Naive.idct(plane, block, batch, Naive.toDouble(in))));
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(24);
        for (int block : new int[] {4, 7, 9}) {
            Plane plane = new Plane(2 * block, 4 * block, 37);
            checkThreads(idct(plane, block, Activation.RELU), new Trial(reals(random, elements(plane, 3), 1), 3), Layout.spatial(plane, 3));
        }
    }
}
