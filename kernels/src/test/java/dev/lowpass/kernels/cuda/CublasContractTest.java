package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** Products by cuBLAS on the emulated device: by JCublas in each precision, and by LWJGL with a library of another major version. */
@Tag("cuda")
class CublasContractTest {

    @Nested
    class JCublas extends CublasContracts {
        @Override
        String library() {
            return null;
        }

        @Override
        Precision precision() {
            return Precision.FP32;
        }
    }

    @Nested
    class Lwjgl extends CublasContracts {
        @Override
        String library() {
            return EmulatedDevice.library("libcublas.so.13").toString();
        }

        @Override
        Precision precision() {
            return Precision.FP32;
        }
    }

    @Nested
    class Tf32 extends CublasContracts {
        @Override
        String library() {
            return null;
        }

        @Override
        Precision precision() {
            return Precision.TF32;
        }
    }

    @Nested
    class Half extends CublasContracts {
        @Override
        String library() {
            return EmulatedDevice.library("libcublas.so.13").toString();
        }

        @Override
        Precision precision() {
            return Precision.FP16;
        }
    }

    @Nested
    class HalfByJCublas extends CublasContracts {
        @Override
        String library() {
            return null;
        }

        @Override
        Precision precision() {
            return Precision.FP16;
        }
    }
}
