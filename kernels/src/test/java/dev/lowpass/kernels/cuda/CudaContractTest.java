package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.contract.ContractSuite;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The CUDA back end in single precision on the emulated device, held to every contract. */
@Tag("cuda")
class CudaContractTest extends ContractSuite {

    private static CudaUnderTest cuda;

    @BeforeAll
    static void start() {
        cuda = CudaUnderTest.start(Precision.FP32);
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        CudaUnderTest.requireNothingHeldOrWrong();
    }

    @Override
    public Backend backend() {
        return cuda.backend();
    }
}
