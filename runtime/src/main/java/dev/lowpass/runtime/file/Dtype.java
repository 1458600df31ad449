package dev.lowpass.runtime.file;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The element types of safetensors, by their names in the header. */
public enum Dtype {
    BOOL(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    U8(8),
    I8(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    I16(16),
    U16(16),
    F16(16),
    BF16(16),
    I32(32),
    U32(32),
    F32(32),
    C64(64),
    F64(64),
    I64(64),
    U64(64);

    private final int bits;

    Dtype(int bits) {
        this.bits = bits;
    }

    /** Bits of one element. */
    public int bits() {
        return bits;
    }

    /**
     * Bytes of a tensor of that shape.
     *
     * @param shape sizes of at least 0; of no dimensions, the tensor has one element
     * @throws ArithmeticException when the count of bits leaves a long or is not a whole number of bytes
     */
    public long bytes(List<Integer> shape) {
        // A size of 0 makes the product 0, whatever the sizes beside it would overflow to.
        long elements = shape.contains(0) ? 0 : 1;
        for (int size : elements == 0 ? List.<Integer>of() : shape) {
            elements = Math.multiplyExact(elements, (long) size);
        }
        long total = Math.multiplyExact(elements, (long) bits);
        if (total % 8 != 0) {
            throw new ArithmeticException(total + " bits are no whole number of bytes");
        }
        return total / 8;
    }

    static Dtype named(String name) {
        return Arrays.stream(values()).filter(dtype -> dtype.name().equals(name)).findFirst().orElse(null);
    }

    static String names() {
        return Arrays.stream(values()).map(Dtype::name).collect(Collectors.joining(", "));
    }
}
