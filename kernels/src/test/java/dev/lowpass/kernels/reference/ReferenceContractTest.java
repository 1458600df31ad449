package dev.lowpass.kernels.reference;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.contract.ContractSuite;

/** The reference, held to formulas written in the tests. */
class ReferenceContractTest extends ContractSuite {

    @Override
    public Backend backend() {
        return Backends.reference();
    }
}
