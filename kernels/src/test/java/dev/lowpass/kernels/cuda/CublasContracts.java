package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.contract.BackendUnderTest;
import dev.lowpass.kernels.contract.BandPointwiseContract;
import dev.lowpass.kernels.contract.PointwiseContract;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Products by cuBLAS on the emulated device, held to the contracts of pointwise operations: a subclass names library and precision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CublasContracts {

    private final String libraryBefore = System.getProperty(Cublas.LIBRARY_PROPERTY);
    private BackendUnderTest cuda;

    /** The value of {@code dev.lowpass.cublas}, or null. */
    abstract String library();

    abstract Precision precision();

    @BeforeAll
    void start() {
        EmulatedDevice.startWithProjectKernels();
        if (!Boolean.getBoolean("lowpass.cuda.real")) {
            // An older device, for which each of the many workspaces gives cuBLAS a few megabytes only.
            // And a driver that runs every cuBLAS.
            EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withArchitecture(80).withDriverVersion(13000));
        }
        if (library() != null) {
            System.setProperty(Cublas.LIBRARY_PROPERTY, library());
        }
        Cublas.Choice choice = Cublas.choice(CudaDevices.open(0).driverVersion());
        Assumptions.assumeTrue(choice.library() != null || !Boolean.getBoolean("lowpass.cuda.real"), choice.description());
        Backend backend = Backends.cuda(0).withPrecision(precision()).withTactics(TacticChoice.CUBLAS);
        EmulatedDevice.keep(backend);
        CudaUnderTest kernels = new CudaUnderTest(backend);
        cuda = new BackendUnderTest() {
            @Override
            public Backend backend() {
                return backend;
            }

            /** cuBLAS rounds a product to halves before the bias comes to it, so that what cancels leaves that much. */
            @Override
            public double roundOff() {
                return precision() == Precision.FP16 ? 0x1p-14 : kernels.roundOff();
            }

            @Override
            public double storageRoundOff() {
                return kernels.storageRoundOff();
            }

            @Override
            public float stored(double value) {
                return kernels.stored(value);
            }

            @Override
            public float operand(float value) {
                return kernels.operand(value);
            }
        };
    }

    @AfterAll
    void asItWas() {
        if (libraryBefore == null) {
            System.clearProperty(Cublas.LIBRARY_PROPERTY);
        } else {
            System.setProperty(Cublas.LIBRARY_PROPERTY, libraryBefore);
        }
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        CudaUnderTest.requireNothingHeldOrWrong();
    }

    /** A long sum stays one in single precision: in halves, 2048 and 1 are 2048. */
    @Test
    void sumsAreWhole() {
        int depth = 33;
        OperationSpec.Pointwise spec = new OperationSpec.Pointwise(new Plane(1, 1, depth), 8, Activation.NONE, false);
        float[] values = new float[depth];
        Arrays.fill(values, 1);
        values[0] = 2048;
        float[] weight = new float[8 * depth];
        Arrays.fill(weight, 1);
        try (Operation operation = cuda.backend().pointwise(spec, weight, null);
                Workspace workspace = cuda.backend().newWorkspace(1, 128, operation.scratchElements(1), 1)) {
            workspace.write(0, FloatBuffer.wrap(values), 0, depth);
            operation.bind(workspace, new Operands(0, 64)).run(1);
            float[] sums = new float[8];
            workspace.read(64, FloatBuffer.wrap(sums), 0, 8);
            float[] expected = new float[8];
            Arrays.fill(expected, 2080);
            assertArrayEquals(expected, sums);
        }
    }

    @Nested
    class Pointwise extends PointwiseContract {
        @Override
        protected BackendUnderTest target() {
            return cuda;
        }
    }

    @Nested
    class BandPointwise extends BandPointwiseContract {
        @Override
        protected BackendUnderTest target() {
            return cuda;
        }
    }
}
