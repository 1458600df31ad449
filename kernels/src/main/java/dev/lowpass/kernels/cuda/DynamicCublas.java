package dev.lowpass.kernels.cuda;

import static org.lwjgl.system.MemoryUtil.memAddress;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.APIUtil;
import org.lwjgl.system.JNI;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.SharedLibrary;
import org.lwjgl.system.libffi.FFICIF;
import org.lwjgl.system.libffi.FFIType;
import org.lwjgl.system.libffi.LibFFI;

/** Any version of cuBLAS from 11 on, bound by name when it is loaded. */
final class DynamicCublas extends Cublas {

    private final String version;
    private final long create;
    private final long destroy;
    private final long setStream;
    private final long setWorkspace;
    private final long gemmEx;
    private final FFICIF gemmExType;

    /** @throws UnsatisfiedLinkError when there is no such library, or it lacks a function */
    DynamicCublas(String name) {
        SharedLibrary library = APIUtil.apiCreateLibrary(name);
        create = function(library, "cublasCreate_v2");
        destroy = function(library, "cublasDestroy_v2");
        setStream = function(library, "cublasSetStream_v2");
        setWorkspace = function(library, "cublasSetWorkspace_v2");
        gemmEx = function(library, "cublasGemmEx");
        long getProperty = function(library, "cublasGetProperty");
        StringBuilder text = new StringBuilder();
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer part = stack.callocInt(1);
            for (int i = 0; i < 3; i++) { // libraryPropertyType: major, minor, patch
                check(JNI.callPI(i, memAddress(part), getProperty), "cublasGetProperty", "");
                text.append(i == 0 ? "" : ".").append(part.get(0));
            }
        }
        version = text.toString();

        // cublasGemmEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc, computeType, algo)
        FFIType p = LibFFI.ffi_type_pointer;
        FFIType i = LibFFI.ffi_type_sint32;
        FFIType[] types = {p, i, i, i, i, i, p, p, i, i, p, i, i, p, p, i, i, i, i};
        // Kept for the process, as the library is.
        PointerBuffer arguments = MemoryUtil.memAllocPointer(types.length);
        for (int at = 0; at < types.length; at++) {
            arguments.put(at, types[at]);
        }
        gemmExType = FFICIF.calloc();
        int status = LibFFI.ffi_prep_cif(gemmExType, LibFFI.FFI_DEFAULT_ABI, i, arguments);
        if (status != LibFFI.FFI_OK) {
            throw new UnsatisfiedLinkError("libffi cannot call cublasGemmEx: ffi_prep_cif gave " + status);
        }
    }

    private static long function(SharedLibrary library, String name) {
        long address = library.getFunctionAddress(name);
        if (address == 0) {
            throw new UnsatisfiedLinkError(library.getName() + " has no function " + name);
        }
        return address;
    }

    @Override
    String version() {
        return version;
    }

    @Override
    CublasHandle newHandle() {
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
                long[] values = {handle, transposeA, transposeB, m, n, k, one, a, type, lda, b, type, ldb, scale, c, type, ldc, compute, ALGORITHM};
                // libffi takes the address of each argument; on the little-endian machines that CUDA runs on, an int is a long's start.
                PointerBuffer cells = stack.mallocPointer(values.length);
                PointerBuffer addresses = stack.mallocPointer(values.length);
                for (int i = 0; i < values.length; i++) {
                    cells.put(i, values[i]);
                    addresses.put(i, cells.address(i));
                }
                ByteBuffer status = stack.calloc(Long.BYTES, Long.BYTES);
                LibFFI.ffi_call(gemmExType, gemmEx, status, addresses);
                return status.getInt(0);
            }
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
