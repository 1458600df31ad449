package dev.lowpass.kernels.cuda;

import static org.lwjgl.system.MemoryUtil.memAddress;

import java.nio.IntBuffer;
import jcuda.driver.CUstream;
import org.lwjgl.system.APIUtil;
import org.lwjgl.system.JNI;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.SharedLibrary;

/** Any version of cuFFT from 10 on, bound by name when it is loaded. */
final class DynamicCufft extends Cufft {

    private final String name;
    private final ForeignFunction planMany;
    private final long setStream;
    private final long execute;
    private final long destroy;
    private final String version;

    /** @throws UnsatisfiedLinkError when there is no such library, or it lacks a function */
    DynamicCufft(String name) {
        this.name = name;
        SharedLibrary library = APIUtil.apiCreateLibrary(name);
        // cufftPlanMany(plan, rank, n, inembed, istride, idist, onembed, ostride, odist, type, batch)
        planMany = new ForeignFunction(library, "cufftPlanMany", "pippiipiiii");
        setStream = ForeignFunction.address(library, "cufftSetStream");
        execute = ForeignFunction.address(library, "cufftExecR2C");
        destroy = ForeignFunction.address(library, "cufftDestroy");
        long getProperty = ForeignFunction.address(library, "cufftGetProperty");
        int[] part = new int[1];
        version = LibraryVersion.of(property -> {
            check(JNI.callPI(property, part, getProperty), "cufftGetProperty", "");
            return part[0];
        });
    }

    @Override
    String description() {
        return "cuFFT " + version + ", " + name + ", by LWJGL";
    }

    @Override
    Plan plan(int block, int lanes, CUstream stream) {
        int half = block / 2 + 1;
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer plan = stack.callocInt(1);
            long sizes = memAddress(stack.ints(block, block));
            long spectrumSizes = memAddress(stack.ints(block, half));
            check(planMany.call(memAddress(plan), 2, sizes, sizes, lanes, 1, spectrumSizes, lanes, 1, R2C, lanes), "cufftPlanMany", sizes(block, lanes));
            int handle = plan.get(0);
            Plan made = new Plan() {
                @Override
                public void execute(long samples, long spectra) {
                    check(JNI.callPPI(handle, samples, spectra, execute), "cufftExecR2C", sizes(block, lanes));
                }

                @Override
                public void destroy() {
                    check(JNI.callI(handle, destroy), "cufftDestroy", "");
                }
            };
            return withStream(made, () -> check(JNI.callPI(handle, Addresses.of(stream), setStream), "cufftSetStream", ""));
        }
    }
}
