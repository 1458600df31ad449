package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.contract.ContractSuite;
import org.junit.jupiter.api.Tag;

/** The vector back end against the reference, on the lanes that this JVM was started with. */
@Tag("lanes")
class VectorContractTest extends ContractSuite {

    @Override
    public Backend backend() {
        return Backends.vector();
    }
}
