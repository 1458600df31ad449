package dev.lowpass.kernels.cuda;

import java.nio.ByteBuffer;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.SharedLibrary;
import org.lwjgl.system.libffi.FFICIF;
import org.lwjgl.system.libffi.FFIType;
import org.lwjgl.system.libffi.LibFFI;

/** A C function that returns an int, of more parameters than LWJGL has call functions for. Kept for the process, as its library is. */
final class ForeignFunction {

    private final long address;
    private final FFICIF type;

    /**
     * @param parameters a letter each: {@code p}, a pointer or 64-bit integer, or {@code i}, a 32-bit integer
     * @throws UnsatisfiedLinkError when the library lacks it
     */
    ForeignFunction(SharedLibrary library, String name, String parameters) {
        address = address(library, name);
        PointerBuffer types = MemoryUtil.memAllocPointer(parameters.length());
        for (int at = 0; at < parameters.length(); at++) {
            FFIType parameter = parameters.charAt(at) == 'p' ? LibFFI.ffi_type_pointer : LibFFI.ffi_type_sint32;
            types.put(at, parameter);
        }
        type = FFICIF.calloc();
        int status = LibFFI.ffi_prep_cif(type, LibFFI.FFI_DEFAULT_ABI, LibFFI.ffi_type_sint32, types);
        if (status != LibFFI.FFI_OK) {
            throw new UnsatisfiedLinkError("libffi cannot call " + name + ": ffi_prep_cif gave " + status);
        }
    }

    /** @throws UnsatisfiedLinkError when the library lacks it */
    static long address(SharedLibrary library, String name) {
        long address = library.getFunctionAddress(name);
        if (address == 0) {
            throw new UnsatisfiedLinkError(library.getName() + " has no function " + name);
        }
        return address;
    }

    int call(long... values) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            // libffi takes the address of each argument; on the little-endian machines that CUDA runs on, an int is a long's start.
            PointerBuffer cells = stack.mallocPointer(values.length);
            PointerBuffer addresses = stack.mallocPointer(values.length);
            for (int i = 0; i < values.length; i++) {
                cells.put(i, values[i]);
                addresses.put(i, cells.address(i));
            }
            ByteBuffer status = stack.calloc(Long.BYTES, Long.BYTES);
            LibFFI.ffi_call(type, address, status, addresses);
            return status.getInt(0);
        }
    }
}
