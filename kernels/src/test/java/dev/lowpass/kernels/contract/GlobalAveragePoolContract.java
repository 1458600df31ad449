package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code global_average_pool}. */
public abstract class GlobalAveragePoolContract extends Contract {

    private static Function<Backend, Operation> pool(Plane plane) {
        return backend -> backend.globalAveragePool(new OperationSpec.GlobalAveragePool(plane));
    }

    @Test
    void meansOfEveryShapeAndBatch() {
        SplittableRandom random = new SplittableRandom(91);
        int[][] sides = {{1, 1}, {7, 7}, {2, 4}, {1, 9}, {10, 3}};
        int turn = 0;
        for (int channels : CHANNELS) {
            for (int[] side : sides) {
                Plane plane = new Plane(side[0], side[1], channels);
                int batch = 1 + turn++ % 5;
                float[] in = reals(random, elements(plane, batch), 6);
                check(pool(plane), new Trial(in, batch).withSpare(turn % 3), Layout.spatial(new Plane(1, 1, channels), batch), tolerance(plane.area(), 6),
                        () -> {
                            double[] means = new double[batch * channels];
                            for (int i = 0; i < in.length; i++) {
                                means[i / plane.elements() * channels + i % channels] += (double) in[i] / plane.area();
                            }
                            return means;
                        });
            }
        }
    }

    @Test
    void aConstantPlaneHasThatMean() {
        Plane plane = new Plane(7, 7, 20);
        float[] in = new float[2 * plane.elements()];
        double[] expected = new double[40];
        for (int i = 0; i < in.length; i++) {
            in[i] = i % 20 + 100 * (i / plane.elements());
            expected[i / plane.elements() * 20 + i % 20] = in[i];
        }
        compare(expected, run(pool(plane), new Trial(in, 2)), Layout.spatial(new Plane(1, 1, 20), 2), tolerance(1, 120));
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(92);
        Plane plane = new Plane(7, 7, 203);
        checkThreads(pool(plane), new Trial(reals(random, elements(plane, 3), 1), 3), Layout.spatial(new Plane(1, 1, 203), 3));
    }
}
