package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.contract.BackendUnderTest;
import dev.lowpass.kernels.contract.BandPointwiseContract;
import dev.lowpass.kernels.contract.ExpandIdctDepthwiseDctContract;
import dev.lowpass.kernels.contract.PointwiseContract;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The CUDA back end in TF32 on the emulated device, held to the contracts of the operations that differ from single precision. */
@Tag("cuda")
class CudaTf32ContractTest {

    private static CudaUnderTest cuda;

    @BeforeAll
    static void start() {
        cuda = CudaUnderTest.start(Precision.TF32);
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
    class ExpandIdctDepthwiseDct extends ExpandIdctDepthwiseDctContract {
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
