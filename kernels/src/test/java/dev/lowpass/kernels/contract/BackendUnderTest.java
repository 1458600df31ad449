package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Backend;

/** A back end and what the contracts must know about it. */
public interface BackendUnderTest {

    Backend backend();

    /** Tensors are placed at multiples of this many elements; 1 places them anywhere. */
    default int alignment() {
        return 1;
    }

    /** The unit round-off of its arithmetic; tolerances are multiples of it. */
    default double roundOff() {
        return 0x1p-24;
    }
}
