package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.contract.BackendUnderTest;
import dev.lowpass.kernels.contract.BandPointwiseContract;
import dev.lowpass.kernels.contract.PointwiseContract;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;

/** Products by cuBLAS on the emulated device, held to the contracts of pointwise operations: a subclass names library and precision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CublasContracts {

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
        System.clearProperty(Cublas.LIBRARY_PROPERTY);
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        CudaUnderTest.requireNothingHeldOrWrong();
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
