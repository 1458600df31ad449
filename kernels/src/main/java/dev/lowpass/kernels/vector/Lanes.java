package dev.lowpass.kernels.vector;

/**
 * The innermost loops, which alone know how wide the machine is; everything above is written once over {@code float[]}. Channels
 * are innermost in every layout, so that a lane is a channel and nothing is shuffled. Arguments are trusted. {@code low} and
 * {@code high} clamp a result; NaN stays NaN.
 */
interface Lanes {

    /** The width in elements to which {@link #panels} are padded. */
    int width();

    /** One line: which loops these are. */
    String description();

    /** Rows that {@link #gemm} likes to compute together. */
    int tileRows();

    /** The widths, in elements, of the panels into which the GEMM's {@code columns} columns are packed; their sum is at least that. */
    int[] panels(int columns);

    /** How many rows the next {@link #gemm} should compute where {@code rows} are left, at least 1, of a panel {@code panel} wide. */
    int tileRows(int panel, int rows);

    /**
     * One register tile: {@code C[r][j] = clamp(bias[j] + init[r][j] + sum over i < k of A[r][i] B[i][j])}, the sum in rising order
     * of i.
     *
     * @param panel columns, as {@link #panels} gave them
     * @param rows as {@link #tileRows} gave them
     * @param b at bAt, k rows of {@code panel}
     * @param init at initAt, {@code rows} rows of {@code panel}, {@code initStride} apart (0 to take one row for all); may be c
     */
    void gemm(int panel, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, float[] c, int cAt, int cStride,
            float[] bias, int biasAt, float[] init, int initAt, int initStride, boolean clamp, float low, float high);

    /**
     * Forward transforms of {@code lines} lines of {@code block} points, each point {@code count} contiguous channels:
     * {@code out[u] = sum over i of D[u][i] in[i]}. Point i of a line is at {@code inBase + inAt[line * block + i]}.
     */
    void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count);

    /** Inverse transforms: {@code out[i] = clamp(sum over u of D[u][i] in[u])}; otherwise as {@link #dct}. */
    void idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int lines, int count,
            boolean clamp, float low, float high);

    /**
     * Part of an output row of a depthwise convolution: for x in [0, xCount) and c in [0, count)
     * {@code out[outAt + x outStride + c] = clamp(bias[biasAt + c] + sum over ky in [ky0, ky1) and kx in [kx0, kx1) of
     * weight[weightAt + (ky kernelWidth + kx) weightStride + c] in[inBase + rowAt[ky] + (x strideX + kx) inStride + c])}.
     */
    void depthwise(float[] in, int inBase, int[] rowAt, int inStride, int strideX, int ky0, int ky1, int kx0, int kx1,
            float[] weight, int weightAt, int weightStride, int kernelWidth, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int xCount, int count, float low, float high);

    /** {@code out[i] = clamp(a[i] + b[i])}; out may be a or b. */
    void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high);

    /** {@code out[i] += factor * in[i]}. */
    void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count);
}
