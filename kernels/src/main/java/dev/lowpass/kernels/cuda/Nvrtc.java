package dev.lowpass.kernels.cuda;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.APIUtil;
import org.lwjgl.system.JNI;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.SharedLibrary;

/** NVIDIA's run-time compiler in one of the versions that are installed: bound by name through LWJGL, so that no version is built in. */
final class Nvrtc implements AutoCloseable {

    /** Names a library file to be used in place of the installed ones, or several with the system's path separator between, tried in that order. */
    static final String LIBRARY_PROPERTY = "dev.lowpass.nvrtc";

    /** Newest first: it makes the best code, and knows the newest devices. */
    private static final List<String> LIBRARIES = List.of("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so", "nvrtc64_130_0.dll",
            "nvrtc64_120_0.dll", "nvrtc64_112_0.dll");

    private static final int SUCCESS = 0;

    private final String name;
    private final SharedLibrary library;
    private final int major;
    private final int minor;
    private final int[] architectures;

    private Nvrtc(String name, SharedLibrary library) {
        this.name = name;
        this.library = library;
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer version = stack.callocInt(2);
            long address = MemoryUtil.memAddress(version);
            check(JNI.callPPI(address, address + Integer.BYTES, function("nvrtcVersion")), "nvrtcVersion", "");
            major = version.get(0);
            minor = version.get(1);
            IntBuffer count = stack.callocInt(1);
            check(JNI.callPI(MemoryUtil.memAddress(count), function("nvrtcGetNumSupportedArchs")), "nvrtcGetNumSupportedArchs", "");
            IntBuffer known = stack.callocInt(Math.max(1, count.get(0)));
            check(JNI.callPI(MemoryUtil.memAddress(known), function("nvrtcGetSupportedArchs")), "nvrtcGetSupportedArchs", "");
            architectures = IntStream.range(0, count.get(0)).map(known::get).sorted().toArray();
        }
    }

    /** The libraries to try, in this order. */
    static List<String> libraries() {
        String chosen = System.getProperty(LIBRARY_PROPERTY);
        return chosen == null ? LIBRARIES : List.of(chosen.split(File.pathSeparator));
    }

    /**
     * The compiler in a library, or null when there is no such library.
     *
     * @throws CudaException when the library is there but does not load, or is too old
     * @throws NoClassDefFoundError without LWJGL
     */
    static Nvrtc open(String name) {
        SharedLibrary library;
        try {
            library = APIUtil.apiCreateLibrary(name);
        } catch (UnsatisfiedLinkError e) {
            String failure = CudaDevices.loadFailure(name);
            if (failure.isEmpty()) {
                return null;
            }
            throw new CudaException(failure.strip(), e);
        }
        try {
            return new Nvrtc(name, library);
        } catch (RuntimeException | Error e) {
            library.free();
            throw e;
        }
    }

    /** The major version of CUDA that it belongs to. */
    int major() {
        return major;
    }

    /** Its version, 12.6 for example. */
    String version() {
        return major + "." + minor;
    }

    @Override
    public String toString() {
        return name + " of CUDA " + version();
    }

    /** What it compiles for, like 90 for sm_90; ascending. */
    int[] architectures() {
        return architectures.clone();
    }

    /**
     * Machine code of the source, for devices of one architecture; else, for the driver to compile, PTX, which newer ones take too.
     *
     * @throws CudaException with the compiler's log when it refuses the source
     */
    byte[] compile(String source, String sourceName, List<String> options, boolean machineCode) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer program = stack.callocPointer(1);
            ByteBuffer text = MemoryUtil.memUTF8(source);
            try {
                check(JNI.callPPPPPI(program.address(), MemoryUtil.memAddress(text), MemoryUtil.memAddress(stack.UTF8(sourceName)), 0, 0L, 0L,
                        function("nvrtcCreateProgram")), "nvrtcCreateProgram", sourceName);
                try {
                    PointerBuffer arguments = stack.mallocPointer(options.size());
                    options.forEach(option -> arguments.put(stack.UTF8(option)));
                    arguments.flip();
                    int status = JNI.callPPI(program.get(0), options.size(), arguments.address(), function("nvrtcCompileProgram"));
                    if (status != SUCCESS) {
                        throw failure(status, "nvrtcCompileProgram", sourceName + " with " + options + ": " + log(program.get(0)));
                    }
                    return bytes(program.get(0), machineCode ? "nvrtcGetCUBIN" : "nvrtcGetPTX");
                } finally {
                    JNI.callPI(program.address(), function("nvrtcDestroyProgram"));
                }
            } finally {
                MemoryUtil.memFree(text);
            }
        }
    }

    private String log(long program) {
        return new String(bytes(program, "nvrtcGetProgramLog"), StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    /** What the pair of functions NAME and NAMESize gives. */
    private byte[] bytes(long program, String call) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer size = stack.callocPointer(1);
            check(JNI.callPPI(program, size.address(), function(call + "Size")), call + "Size", "");
            ByteBuffer target = MemoryUtil.memAlloc(Math.toIntExact(Math.max(1, size.get(0))));
            try {
                check(JNI.callPPI(program, MemoryUtil.memAddress(target), function(call)), call, "bytes " + size.get(0));
                byte[] result = new byte[(int) size.get(0)];
                target.get(result);
                return result;
            } finally {
                MemoryUtil.memFree(target);
            }
        }
    }

    private long function(String call) {
        long address = library.getFunctionAddress(call);
        if (address == 0) {
            throw new CudaException(name + " has no function " + call + "; install a newer NVRTC (CUDA 11.2 or later)", null);
        }
        return address;
    }

    private void check(int status, String call, String detail) {
        if (status != SUCCESS) {
            throw failure(status, call, detail);
        }
    }

    private CudaException failure(int status, String call, String detail) {
        String code = MemoryUtil.memUTF8Safe(JNI.callP(status, function("nvrtcGetErrorString")));
        return new CudaException(call, code, call + " failed with " + code + " (" + status + ")" + (detail.isEmpty() ? "" : ", " + detail));
    }

    @Override
    public void close() {
        library.free();
    }
}
