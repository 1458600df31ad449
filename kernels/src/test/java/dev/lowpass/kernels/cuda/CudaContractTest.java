package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.contract.ContractSuite;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The CUDA back end on the emulated device, held to every contract. */
@Tag("cuda")
class CudaContractTest extends ContractSuite {

    private static Backend backend;

    @BeforeAll
    static void start() {
        EmulatedDevice.startWithProjectKernels();
        backend = Backends.cuda(0);
    }

    @AfterEach
    void nothingIsHeldOrWrong() {
        assertEquals("", EmulatedDevice.report());
        assertEquals(List.of(), EmulatedDevice.live());
    }

    @Override
    public Backend backend() {
        return backend;
    }
}
