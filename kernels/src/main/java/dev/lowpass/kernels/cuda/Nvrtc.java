package dev.lowpass.kernels.cuda;

import java.nio.ByteBuffer;
import java.util.List;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.APIUtil;
import org.lwjgl.system.JNI;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.SharedLibrary;

/** NVIDIA's run-time compiler, whichever of its versions is installed: bound by name through LWJGL, so that no version is built in. */
final class Nvrtc {

    /** Names a library file to be used in place of an installed one. */
    static final String LIBRARY_PROPERTY = "dev.lowpass.nvrtc";

    private static final String[] LIBRARIES = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so", "nvrtc64_130_0.dll",
            "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"};

    private static final int SUCCESS = 0;

    private Nvrtc() {}

    /**
     * A cubin of the source.
     *
     * @throws CudaException without NVRTC, or with the compiler's log when it refuses the source
     */
    static byte[] compile(String source, String name, List<String> options) {
        SharedLibrary library;
        try {
            library = load();
        } catch (NoClassDefFoundError e) {
            throw new CudaException("this build of Lowpass has no kernels compiled for this GPU, and to compile them LWJGL is needed, which is not on"
                    + " the class path; add org.lwjgl:lwjgl with its natives, or use the device cpu", e);
        }
        try {
            return compile(library, source, name, options);
        } finally {
            library.free();
        }
    }

    private static SharedLibrary load() {
        String chosen = System.getProperty(LIBRARY_PROPERTY);
        UnsatisfiedLinkError last = null;
        for (String name : chosen != null ? new String[] {chosen} : LIBRARIES) {
            try {
                return APIUtil.apiCreateLibrary(name);
            } catch (UnsatisfiedLinkError e) {
                last = e;
            }
        }
        throw new CudaException("this build of Lowpass has no kernels compiled for this GPU, and NVRTC, which would compile them, is not installed"
                + (chosen != null ? " as " + chosen : "") + "; install the package cuda-nvrtc of the CUDA toolkit, set " + LIBRARY_PROPERTY
                + " to its libnvrtc, or use the device cpu", last);
    }

    private static byte[] compile(SharedLibrary library, String source, String name, List<String> options) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer program = stack.callocPointer(1);
            ByteBuffer text = MemoryUtil.memUTF8(source);
            try {
                check(library, JNI.callPPPPPI(program.address(), MemoryUtil.memAddress(text), MemoryUtil.memAddress(stack.UTF8(name)), 0, 0L, 0L,
                        function(library, "nvrtcCreateProgram")), "nvrtcCreateProgram", name);
                try {
                    PointerBuffer arguments = stack.mallocPointer(options.size());
                    options.forEach(option -> arguments.put(stack.UTF8(option)));
                    arguments.flip();
                    int status = JNI.callPPI(program.get(0), options.size(), arguments.address(), function(library, "nvrtcCompileProgram"));
                    if (status != SUCCESS) {
                        throw failure(library, status, "nvrtcCompileProgram", name + " with " + options + ": " + log(library, program.get(0)));
                    }
                    return bytes(library, program.get(0), "nvrtcGetCUBIN");
                } finally {
                    JNI.callPI(program.address(), function(library, "nvrtcDestroyProgram"));
                }
            } finally {
                MemoryUtil.memFree(text);
            }
        }
    }

    private static String log(SharedLibrary library, long program) {
        return new String(bytes(library, program, "nvrtcGetProgramLog"), java.nio.charset.StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    /** What the pair of functions NAME and NAMESize gives. */
    private static byte[] bytes(SharedLibrary library, long program, String name) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer size = stack.callocPointer(1);
            check(library, JNI.callPPI(program, size.address(), function(library, name + "Size")), name + "Size", "");
            ByteBuffer target = MemoryUtil.memAlloc(Math.toIntExact(Math.max(1, size.get(0))));
            try {
                check(library, JNI.callPPI(program, MemoryUtil.memAddress(target), function(library, name)), name, "bytes " + size.get(0));
                byte[] result = new byte[(int) size.get(0)];
                target.get(result);
                return result;
            } finally {
                MemoryUtil.memFree(target);
            }
        }
    }

    private static long function(SharedLibrary library, String name) {
        long address = library.getFunctionAddress(name);
        if (address == 0) {
            throw new CudaException(library.getName() + " has no function " + name + "; install a newer NVRTC (CUDA 11.2 or later)", null);
        }
        return address;
    }

    private static void check(SharedLibrary library, int status, String call, String detail) {
        if (status != SUCCESS) {
            throw failure(library, status, call, detail);
        }
    }

    private static CudaException failure(SharedLibrary library, int status, String call, String detail) {
        String code = MemoryUtil.memUTF8Safe(JNI.callP(status, function(library, "nvrtcGetErrorString")));
        return new CudaException(call, code, call + " failed with " + code + " (" + status + ")" + (detail.isEmpty() ? "" : ", " + detail));
    }
}
