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

    /** The most rows that {@link #gemm} computes together; callers with rows of several depths cut there. */
    int tileRows();

    /** The widths, in elements, of the panels into which the GEMM's {@code columns} columns are packed; their sum is at least that. */
    int[] panels(int columns);

    /**
     * Rows of one panel: {@code C[r][j] = clamp(bias[j] + init[r][j] + sum over i < k of A[r][i] B[i][j])}, the sum in rising order
     * of i.
     *
     * @param panel columns, as {@link #panels} gave them
     * @param rows any number
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
     * An output row of a depthwise convolution: for x in [0, outWidth) and c in [0, count)
     * {@code out[outAt + x outStride + c] = clamp(bias[biasAt + c] + sum over ky and kx of
     * weight[weightBase + weightAt[ky] + kx weightStride + c] in[inBase + rowAt[ky] + (x strideX - left + kx) inStride + c])}, where
     * columns outside [0, inWidth) count as zero.
     *
     * @param rowAt where each input row starts; a row in the padding names another row of the window, and zeros as its weights
     */
    void depthwise(float[] in, int inBase, int[] rowAt, int inWidth, int inStride, int kernelHeight, int kernelWidth, int strideX, int left,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, int count, float low, float high);

    /** {@code out[i] = clamp(a[i] + b[i])}; out may be a or b. */
    void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high);

    /** {@code out[i] += factor * in[i]}. */
    void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count);
}
