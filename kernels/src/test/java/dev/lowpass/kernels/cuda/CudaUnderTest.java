package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Half;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.contract.BackendUnderTest;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.util.List;

/** The CUDA back end on the emulated device, in one precision. */
record CudaUnderTest(Backend backend) implements BackendUnderTest {

    static CudaUnderTest start(Precision precision) {
        EmulatedDevice.startWithProjectKernels();
        Backend backend = Backends.cuda(0).withPrecision(precision);
        EmulatedDevice.keep(backend);
        return new CudaUnderTest(backend);
    }

    static void requireNothingHeldOrWrong() {
        assertEquals("", EmulatedDevice.report());
        assertEquals(List.of(), EmulatedDevice.live());
    }

    /** Tensor cores add in single precision, but cut where others round; and a product of split floats lacks that of the low parts. */
    @Override
    public double roundOff() {
        return backend.precision() == Precision.FP32 ? 0x1p-24 : 0x1p-21;
    }

    @Override
    public double storageRoundOff() {
        return backend.precision() == Precision.FP16 ? 0x1p-11 : 0;
    }

    @Override
    public float stored(double value) {
        return backend.precision() == Precision.FP16 ? Half.toFloat(Half.fromFloat((float) value)) : (float) value;
    }

    /** Two TF32 numbers hold 22 of a float's 24 bits. */
    @Override
    public float operand(float value) {
        return backend.precision() == Precision.TF32 ? Float.intBitsToFloat(Float.floatToRawIntBits(value) & ~3) : stored(value);
    }
}
