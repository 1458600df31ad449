package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.contract.ContractSuite;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The CUDA back end in half precision on the emulated device, held to every contract. */
@Tag("cuda")
class CudaHalfContractTest extends ContractSuite {

    private static CudaUnderTest cuda;

    @BeforeAll
    static void start() {
        cuda = CudaUnderTest.start(Precision.FP16);
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        CudaUnderTest.requireNothingHeldOrWrong();
    }

    @Override
    public Backend backend() {
        return cuda.backend();
    }

    @Override
    public double roundOff() {
        return cuda.roundOff();
    }

    @Override
    public double storageRoundOff() {
        return cuda.storageRoundOff();
    }

    @Override
    public float stored(double value) {
        return cuda.stored(value);
    }

    @Override
    public float operand(float value) {
        return cuda.operand(value);
    }
}
