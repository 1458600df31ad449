package dev.lowpass.kernels.cuda;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import jcuda.Pointer;
import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;

/**
 * The cuFFT that JCufft was built for. JCufft's newest release is older than that of JCuda which is built against otherwise, and one build
 * must not have both: so it is bound by name.
 */
final class JCufftLibrary extends Cufft {

    private final Class<?> handleType;
    private final MethodHandle newHandle;
    private final MethodHandle planMany;
    private final MethodHandle setStream;
    private final MethodHandle execute;
    private final MethodHandle destroy;
    private final String version;

    /**
     * @throws ClassNotFoundException without JCufft
     * @throws LinkageError when its cuFFT is missing
     */
    JCufftLibrary() throws ClassNotFoundException {
        Class<?> library = Class.forName("jcuda.jcufft.JCufft");
        handleType = Class.forName("jcuda.jcufft.cufftHandle");
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        try {
            newHandle = lookup.findConstructor(handleType, MethodType.methodType(void.class));
            planMany = lookup.findStatic(library, "cufftPlanMany", MethodType.methodType(int.class, handleType, int.class, int[].class, int[].class, int.class,
                    int.class, int[].class, int.class, int.class, int.class, int.class));
            setStream = lookup.findStatic(library, "cufftSetStream", MethodType.methodType(int.class, handleType, cudaStream_t.class));
            execute = lookup.findStatic(library, "cufftExecR2C", MethodType.methodType(int.class, handleType, Pointer.class, Pointer.class));
            destroy = lookup.findStatic(library, "cufftDestroy", MethodType.methodType(int.class, handleType));
            MethodHandle getProperty = lookup.findStatic(library, "cufftGetProperty", MethodType.methodType(int.class, int.class, int[].class));
            int[] part = new int[1];
            version = LibraryVersion.of(property -> {
                check(call(getProperty, property, part), "cufftGetProperty", "");
                return part[0];
            });
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("JCufft is of an unknown release: " + e.getMessage(), e);
        }
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // none of them declares an exception
        }
    }

    @Override
    String description() {
        return "cuFFT " + version + " by JCufft";
    }

    @Override
    Plan plan(int block, int lanes, CUstream stream) {
        Object handle;
        try {
            handle = newHandle.invoke();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        int[] sizes = {block, block};
        check(call(planMany, handle, 2, sizes, sizes, lanes, 1, new int[] {block, block / 2 + 1}, lanes, 1, R2C, lanes), "cufftPlanMany", sizes(block, lanes));
        Plan made = new Plan() {
            @Override
            public void execute(long samples, long spectra) {
                check(call(execute, handle, Addresses.pointer(samples), Addresses.pointer(spectra)), "cufftExecR2C", sizes(block, lanes));
            }

            @Override
            public void destroy() {
                check(call(destroy, handle), "cufftDestroy", "");
            }
        };
        return withStream(made, () -> check(call(setStream, handle, new cudaStream_t(stream)), "cufftSetStream", ""));
    }
}
