package dev.lowpass.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import org.junit.jupiter.api.Test;

class Conv2dOperationTest {

    /** A row of 4,096 positions of 64 x 64 x 128 taps takes 8 GiB. */
    @Test
    void scratchMemoryThatNoArrayHoldsIsRefused() {
        Backend backend = Backends.vector();
        OperationSpec.Conv2d spec = new OperationSpec.Conv2d(new Plane(64, 4159, 128), 1, Window.square(64, 1, Padding.NONE), Activation.NONE);
        try (Operation operation = backend.conv2d(spec, new float[64 * 64 * 128], null)) {
            long elements = operation.scratchElements(1);
            assertEquals(8L << 30, elements * Float.BYTES, 1 << 20);
            assertThrows(IllegalArgumentException.class, () -> backend.newWorkspace(1, 1, elements, 1));
        }
    }
}
