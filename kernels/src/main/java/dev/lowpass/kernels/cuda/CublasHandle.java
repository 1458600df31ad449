package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Precision;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/** A cuBLAS handle: multiplies in one stream, with memory for its own use that we give it, so that it can be captured into a graph. */
abstract class CublasHandle {

    /** cudaDataType of library_types.h. */
    private static final int R_32F = 0;
    private static final int R_16F = 2;

    /** cublasComputeType_t of cublas_api.h: sums of halves in single precision; single precision without shortcuts of any kind. */
    private static final int COMPUTE_32F = 68;
    private static final int COMPUTE_32F_PEDANTIC = 69;

    /**
     * CUBLAS_DEFAULT_MATH with CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: otherwise cuBLAS may add the parts of a long sum of halves, which it
     * splits, as halves.
     */
    static final int WHOLE_SUMS = 16;

    static final int OP_N = 0;
    static final int OP_T = 1;

    /** CUBLAS_GEMM_DEFAULT: cuBLAS picks the algorithm. */
    static final int ALGORITHM = -1;

    /**
     * A row-major matrix on the device.
     *
     * @param stride elements from one row to the next
     * @param transposed whether memory holds it column by column instead
     */
    record Matrix(long address, int stride, boolean transposed) {}

    /**
     * {@code out = in * weight + beta * out}, all row-major: in is rows x depth, weight depth x columns, out rows x columns.
     *
     * <p>The one place where row-major becomes column-major: what lies row by row is, read column by column, the transpose; and the
     * transpose of a product is the product of the transposes in the other order.
     */
    final void multiply(Precision precision, int rows, int columns, int depth, Matrix in, Matrix weight, float beta, Matrix out) {
        assert !in.transposed() && !out.transposed();
        int type = precision == Precision.FP16 ? R_16F : R_32F;
        int compute = switch (precision) {
            // cuBLAS's own TF32 rounds each factor to one TF32 number, which misses what TF32 is stated to keep.
            case FP32, TF32 -> COMPUTE_32F_PEDANTIC;
            case FP16 -> COMPUTE_32F;
        };
        int status = gemm(weight.transposed() ? OP_T : OP_N, OP_N, columns, rows, depth, weight.address(), weight.stride(), in.address(), in.stride(), beta,
                out.address(), out.stride(), type, compute);
        if (status != 0) {
            Cublas.check(status, "cublasGemmEx", "m " + columns + ", n " + rows + ", k " + depth + ", lda " + weight.stride() + ", ldb " + in.stride()
                    + ", ldc " + out.stride());
        }
    }

    /** cublasGemmEx with alpha 1: column-major, every name as in BLAS; returns the status. */
    abstract int gemm(int transposeA, int transposeB, int m, int n, int k, long a, int lda, long b, int ldb, float beta, long c, int ldc, int type,
            int compute);

    /** Sets cublasMath_t flags; returns the status. */
    abstract int setMathMode(int mode);

    /** Sets the stream, and then the memory, which cuBLAS forgets when the stream changes. */
    abstract void use(CUstream stream, CUdeviceptr memory, long bytes);

    abstract void destroy();

    /** Memory that cuBLAS wants for its own use on a device, by its manual ("cublasSetWorkspace"). */
    static long memoryBytes(int computeCapability) {
        return switch (computeCapability / 10) {
            case 9, 10, 11 -> 32L << 20;
            case 12 -> 12L << 20;
            default -> 4L << 20;
        };
    }
}
