package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Backend;

/** A back end and what the contracts must know about it. */
public interface BackendUnderTest {

    Backend backend();

    /** Tensors are placed at multiples of this many elements; 1 places them anywhere. */
    default int alignment() {
        return 1;
    }

    /** The unit round-off of its sums; tolerances are multiples of it. */
    default double roundOff() {
        return 0x1p-24;
    }

    /** The unit round-off of elements in memory, where that is coarser than a float's; otherwise 0. */
    default double storageRoundOff() {
        return 0;
    }

    /** The nearest number that an element in memory can be. */
    default float stored(double value) {
        return (float) value;
    }

    /** The nearest number that an element, and a factor of a product, can be: random values are of these, so that operands are exact. */
    default float operand(float value) {
        return value;
    }
}
