package dev.lowpass.kernels.cuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.runtime.cudaStream_t;

/** The cuBLAS that JCublas was built for. */
final class JCublasLibrary extends Cublas {

    private static final Pointer ONE = Pointer.to(new float[] {1});

    private final String version;

    /** @throws LinkageError when JCublas or its cuBLAS is missing */
    JCublasLibrary() {
        int[] part = new int[1];
        version = LibraryVersion.of(property -> {
            check(JCublas2.cublasGetProperty(property, part), "cublasGetProperty", "");
            return part[0];
        });
    }

    @Override
    String version() {
        return version;
    }

    @Override
    CublasHandle create() {
        cublasHandle handle = new cublasHandle();
        check(JCublas2.cublasCreate(handle), "cublasCreate", "");
        return new Handle(handle);
    }

    private static final class Handle extends CublasHandle {
        private final cublasHandle handle;

        Handle(cublasHandle handle) {
            this.handle = handle;
        }

        @Override
        int gemm(int transposeA, int transposeB, int m, int n, int k, long a, int lda, long b, int ldb, float beta, long c, int ldc, int type, int compute) {
            return JCublas2.cublasGemmEx_new(handle, transposeA, transposeB, m, n, k, ONE, Addresses.pointer(a), type, lda, Addresses.pointer(b), type, ldb,
                    Pointer.to(new float[] {beta}), Addresses.pointer(c), type, ldc, compute, ALGORITHM);
        }

        @Override
        int setMathMode(int mode) {
            return JCublas2.cublasSetMathMode(handle, mode);
        }

        @Override
        void use(CUstream stream, CUdeviceptr memory, long bytes) {
            Cublas.check(JCublas2.cublasSetStream(handle, new cudaStream_t(stream)), "cublasSetStream", "");
            Cublas.check(JCublas2.cublasSetWorkspace(handle, memory, bytes), "cublasSetWorkspace", "bytes " + bytes);
        }

        @Override
        void destroy() {
            Cublas.check(JCublas2.cublasDestroy(handle), "cublasDestroy", "");
        }
    }
}
