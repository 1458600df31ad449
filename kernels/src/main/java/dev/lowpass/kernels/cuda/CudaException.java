package dev.lowpass.kernels.cuda;

/**
 * Something that CUDA refused or that this machine lacks. The message names the call, the code and the sizes, or what is missing,
 * and what to do about it.
 */
public final class CudaException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final String call;
    private final String code;

    /** What is missing before any call could be made, or what a call's failure means. */
    public CudaException(String message, Throwable cause) {
        super(message, cause);
        call = cause instanceof CudaException inner ? inner.call : "";
        code = cause instanceof CudaException inner ? inner.code : "";
    }

    CudaException(String call, String code, String message) {
        super(message);
        this.call = call;
        this.code = code;
    }

    /** The function that failed, {@code cuMemAlloc} for example; empty when none was called. */
    public String call() {
        return call;
    }

    /** The name of the code that it returned, {@code CUDA_ERROR_OUT_OF_MEMORY} for example; empty when none was called. */
    public String code() {
        return code;
    }
}
