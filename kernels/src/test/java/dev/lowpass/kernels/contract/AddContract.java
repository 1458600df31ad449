package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Contract of {@code add}. */
public abstract class AddContract extends Contract {

    private static Function<Backend, Operation> add(Plane plane, Activation activation) {
        return backend -> backend.add(new OperationSpec.Add(plane, activation));
    }

    @Test
    void sumsInPlaceAndApart() {
        SplittableRandom random = new SplittableRandom(81);
        int turn = 0;
        for (int channels : CHANNELS) {
            for (Activation activation : Activation.values()) {
                for (Trial.Alias alias : Trial.Alias.values()) {
                    Plane plane = new Plane(1 + turn % 3, 5, channels);
                    int batch = 1 + turn++ % 5;
                    float[] left = integers(random, elements(plane, batch), 5);
                    float[] right = integers(random, elements(plane, batch), 5);
                    check(add(plane, activation), new Trial(left, batch).withResidual(right, alias).withSpare(turn % 3), Layout.spatial(plane, batch), 0,
                            () -> {
                                double[] sum = new double[left.length];
                                for (int i = 0; i < sum.length; i++) {
                                    sum[i] = (double) left[i] + right[i];
                                }
                                return Naive.activate(activation, sum);
                            });
                }
            }
        }
    }

    @Test
    void threadsDoNotChangeTheBits() {
        SplittableRandom random = new SplittableRandom(82);
        Plane plane = new Plane(9, 9, 23);
        checkThreads(add(plane, Activation.RELU6),
                new Trial(reals(random, elements(plane, 2), 9), 2).withResidual(reals(random, elements(plane, 2), 9), Trial.Alias.RESIDUAL),
                Layout.spatial(plane, 2));
    }
}
