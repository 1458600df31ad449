package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Peak;
import java.util.Optional;

/**
 * The innermost loops, which alone know how wide the machine is; everything above is written once over {@code float[]}. Channels
 * are innermost in every layout, so that a lane is a channel and nothing is shuffled. Arguments are trusted. {@code low} and
 * {@code high} clamp a result; NaN stays NaN. {@code low} is 0 or more, or minus infinity; {@code high} is 0 or more.
 */
interface Lanes {

    /** L: the width in elements of a vector; the widths of {@link #panels} are multiples of it. */
    int width();

    /** One line: which loops these are. */
    String description();

    /** The most rows that {@link #gemm} computes together; callers with rows of several depths cut there. */
    int tileRows();

    /** The widths, in elements, of the panels into which the GEMM's {@code columns} columns are packed; their sum is at least that. */
    int[] panels(int columns);

    /**
     * Rows of one panel: {@code C[r][j] = clamp(bias[j] + sum over i < k of A[r][i] B[i][j])}, the sum in rising order
     * of i.
     *
     * @param panel columns, as {@link #panels} gave them
     * @param rows any number
     * @param b at bAt, k rows of {@code panel}
     * @param ahead where in b as many elements begin that are wanted next, if they are likely to be far from the caches; or -1. Only for speed
     * @param last where the columns of the panel's last vector begin in C: at {@code panel} - L, or before that, overlapping those of
     *     the vector before it, so that columns which fill no vector need no case of their own
     */
    void gemm(int panel, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high);

    /** P: how many channels a plane of the transforms holds; a plane's points lie P elements apart. */
    int planeChannels();

    /**
     * Forward transform of one block of a plane: the coefficients {@code D X D'} of {@code count} contiguous channels.
     *
     * @param inAt offsets of the block's points, [row][column], P apart in a row
     * @param outAt offsets of the coefficients (u, v), [v][u]
     * @param kept at keptAt, for each v how many u count; what lies beyond is left as it was or overwritten
     * @param buffer block * block * P elements at bufferAt
     * @param count at most P
     */
    void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            float[] buffer, int bufferAt, int count);

    /**
     * Inverse transform of one block, {@code clamp(D' X D)}: from coefficients as dct writes them to points as it reads them.
     *
     * @return false where a coefficient, and so perhaps a point, may be NaN or infinite
     */
    boolean idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, float low, float high,
            float[] buffer, int bufferAt, int count);

    /** Copies {@code points} points of {@code count} contiguous channels. */
    void copy(float[] in, int inAt, int inStride, float[] out, int outAt, int outStride, int points, int count);

    /**
     * Copies {@code rows} rows of {@code points} points of {@code count} contiguous channels: in {@code in} rows lie inRow and points
     * inPoint elements apart, in {@code out} outRow and outPoint.
     */
    void move(float[] in, int inAt, int inRow, int inPoint, float[] out, int outAt, int outRow, int outPoint, int rows, int points, int count);

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

    /**
     * A block of outputs of a depthwise convolution over a plane, and its forward transform: output (y, x) of the block is
     * {@code clamp(bias[biasAt + c] + sum over ky and kx of weight[weightAt + (ky kernelWidth + kx) weightStride + c]
     * in[inAt + rowAt[y strideY + ky] + (x strideX + kx) P + c])}, and no border is looked at: the plane holds its padding.
     *
     * @param rowAt where the rows of inputs start, (block - 1) strideY + kernelHeight of them
     * @param finite whether all inputs are known to be finite
     * @param outBase as are outAt, kept, keptAt and count, of {@link #dct}
     * @param buffer 2 * block * block * P elements at bufferAt
     */
    void depthwiseDct(int block, float[] in, int inAt, int[] rowAt, int kernelHeight, int kernelWidth, int strideY, int strideX,
            float[] weight, int weightAt, int weightStride, float[] bias, int biasAt, boolean finite, float low, float high,
            float[] out, int outBase, int[] outAt, int[] kept, int keptAt, float[] buffer, int bufferAt, int count);

    /** {@code out[i] = clamp(a[i] + b[i])}; out may be a or b. */
    void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high);

    /** {@code out[i] += factor * in[i]}. */
    void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count);

    /** The processor's peak with so many threads, measured; empty for loops whose speed is up to the compiler. */
    default Optional<Peak> peak(int threads) {
        return Optional.empty();
    }
}
