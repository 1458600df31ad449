package dev.lowpass.kernels.cuda;

import java.lang.reflect.Field;
import jcuda.NativePointerObject;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/** Device addresses and handles as numbers, which JCuda keeps to itself. */
final class Addresses {

    private Addresses() {}

    static CUdeviceptr pointer(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    static long of(CUdeviceptr pointer) {
        return new OpenPointer(pointer).address();
    }

    /** Of a stream or a context. */
    static long of(NativePointerObject handle) {
        return new OpenHandle(handle).handle();
    }

    /** A stream of the caller's; 0 is the legacy default stream. */
    static CUstream stream(long handle) {
        CUstream stream = new CUstream();
        if (handle == 0) {
            return stream;
        }
        try {
            // JCuda offers no constructor that takes a handle.
            Field pointer = NativePointerObject.class.getDeclaredField("nativePointer");
            pointer.setAccessible(true);
            pointer.setLong(stream, handle);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new CudaException("a stream's handle cannot be given to JCuda: " + e + "; use the default stream, 0", e);
        }
        return stream;
    }

    private static final class OpenPointer extends CUdeviceptr {
        OpenPointer(CUdeviceptr pointer) {
            super(pointer);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    private static final class OpenHandle extends NativePointerObject {
        OpenHandle(NativePointerObject handle) {
            super(handle);
        }

        long handle() {
            return getNativePointer();
        }
    }
}
