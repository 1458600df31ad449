package dev.lowpass.kernels.cuda;

import static org.lwjgl.system.MemoryUtil.memAddress;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.APIUtil;
import org.lwjgl.system.JNI;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.SharedLibrary;

/** Any version of cuBLAS from 11 on, bound by name when it is loaded. */
final class DynamicCublas extends Cublas {

    private final String version;
    private final long create;
    private final long destroy;
    private final long setStream;
    private final long setWorkspace;
    private final long setMathMode;
    private final ForeignFunction gemmEx;

    /** @throws UnsatisfiedLinkError when there is no such library, or it lacks a function */
    DynamicCublas(String name) {
        SharedLibrary library = APIUtil.apiCreateLibrary(name);
        create = ForeignFunction.address(library, "cublasCreate_v2");
        destroy = ForeignFunction.address(library, "cublasDestroy_v2");
        setStream = ForeignFunction.address(library, "cublasSetStream_v2");
        setWorkspace = ForeignFunction.address(library, "cublasSetWorkspace_v2");
        setMathMode = ForeignFunction.address(library, "cublasSetMathMode");
        long getProperty = ForeignFunction.address(library, "cublasGetProperty");
        int[] part = new int[1];
        version = LibraryVersion.of(property -> {
            check(JNI.callPI(property, part, getProperty), "cublasGetProperty", "");
            return part[0];
        });

        // cublasGemmEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc, computeType, algo)
        gemmEx = new ForeignFunction(library, "cublasGemmEx", "piiiiippiipiippiiii");
    }

    @Override
    String version() {
        return version;
    }

    @Override
    CublasHandle create() {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer handle = stack.callocPointer(1);
            check(JNI.callPI(handle.address(), create), "cublasCreate", "");
            return new Handle(handle.get(0));
        }
    }

    private final class Handle extends CublasHandle {
        private final long handle;

        Handle(long handle) {
            this.handle = handle;
        }

        @Override
        int gemm(int transposeA, int transposeB, int m, int n, int k, long a, int lda, long b, int ldb, float beta, long c, int ldc, int type, int compute) {
            try (MemoryStack stack = MemoryStack.stackPush()) {
                long one = memAddress(stack.floats(1));
                long scale = memAddress(stack.floats(beta));
                return gemmEx.call(handle, transposeA, transposeB, m, n, k, one, a, type, lda, b, type, ldb, scale, c, type, ldc, compute, ALGORITHM);
            }
        }

        @Override
        int setMathMode(int mode) {
            return JNI.callPI(handle, mode, setMathMode);
        }

        @Override
        void use(CUstream stream, CUdeviceptr memory, long bytes) {
            Cublas.check(JNI.callPPI(handle, Addresses.of(stream), setStream), "cublasSetStream", "");
            Cublas.check(JNI.callPPPI(handle, Addresses.of(memory), bytes, setWorkspace), "cublasSetWorkspace", "bytes " + bytes);
        }

        @Override
        void destroy() {
            Cublas.check(JNI.callPI(handle, destroy), "cublasDestroy", "");
        }
    }
}
