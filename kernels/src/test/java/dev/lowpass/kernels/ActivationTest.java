package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ActivationTest {

    @Test
    void clamp() {
        double[] xs = {-1e30, -1, 0, 3, 6, 7};
        double[] relu = {0, 0, 0, 3, 6, 7};
        double[] relu6 = {0, 0, 0, 3, 6, 6};
        for (int i = 0; i < xs.length; i++) {
            assertEquals(xs[i], Activation.NONE.apply(xs[i]));
            assertEquals(relu[i], Activation.RELU.apply(xs[i]));
            assertEquals(relu6[i], Activation.RELU6.apply(xs[i]));
        }
    }

    @Test
    void notANumberStaysSo() {
        for (Activation activation : Activation.values()) {
            assertEquals(Double.NaN, activation.apply(Double.NaN));
        }
    }
}
