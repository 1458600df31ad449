package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Zigzag;

/**
 * Plain loops that C2 vectorises on its own, for a JVM without the Vector API; they also finish the channels that fill no
 * vector. Products are not fused: without the hardware for it {@link Math#fma} would be hundreds of times slower.
 */
final class ScalarLanes implements Lanes {

    /** Columns of a panel: the sums of one row stay in the first cache level. */
    private static final int PANEL = 64;
    /** Channels of a plane: enough for unrolled loops over them. */
    private static final int PLANE_CHANNELS = 32;

    private final int planeChannels;
    /** Of each side: the transforms' buffer by lines. */
    private final int[][] bufferRows;
    private final int[][] bufferColumns = new int[Zigzag.MAX_BLOCK + 1][];

    ScalarLanes() {
        this(PLANE_CHANNELS);
    }

    /** @param planeChannels as {@link Lanes#planeChannels} */
    ScalarLanes(int planeChannels) {
        this.planeChannels = planeChannels;
        bufferRows = BlockTables.ofEachSide(planeChannels);
        for (int block = Zigzag.MIN_BLOCK; block <= Zigzag.MAX_BLOCK; block++) {
            bufferColumns[block] = BlockTables.columns(block, block * planeChannels, planeChannels);
        }
    }

    @Override
    public int width() {
        return 1;
    }

    @Override
    public String description() {
        return "scalar loops";
    }

    @Override
    public int tileRows() {
        return 1;
    }

    @Override
    public int[] panels(int columns) {
        int[] panels = new int[(columns + PANEL - 1) / PANEL];
        for (int panel = 0; panel < panels.length; panel++) {
            panels[panel] = Math.min(PANEL, columns - panel * PANEL);
        }
        return panels;
    }

    @Override
    public void gemm(int panel, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        boolean clamp = low > Float.NEGATIVE_INFINITY || high < Float.POSITIVE_INFINITY;
        for (int row = 0; row < rows; row++) {
            row(panel, k, a, aAt + row * aStride, b, bAt, c, cAt + row * cStride, bias, biasAt);
            if (clamp) {
                clamp(c, cAt + row * cStride, panel, low, high);
            }
        }
    }

    private static void row(int panel, int k, float[] a, int aAt, float[] b, int bAt, float[] c, int cAt, float[] bias, int biasAt) {
        System.arraycopy(bias, biasAt, c, cAt, panel);
        int i = 0;
        for (; i + 4 <= k; i += 4) {
            axpy4(a[aAt + i], a[aAt + i + 1], a[aAt + i + 2], a[aAt + i + 3], b, bAt + i * panel, panel, c, cAt);
        }
        for (; i < k; i++) {
            accumulateRow(a[aAt + i], b, bAt + i * panel, c, cAt, panel);
        }
    }

    /** Four rows of the panel at once, so that each sum is loaded and stored once for four products. */
    private static void axpy4(float a0, float a1, float a2, float a3, float[] b, int bAt, int panel, float[] c, int cAt) {
        int b1 = bAt + panel;
        int b2 = b1 + panel;
        int b3 = b2 + panel;
        for (int j = 0; j < panel; j++) {
            c[cAt + j] = c[cAt + j] + a0 * b[bAt + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
        }
    }

    @Override
    public int planeChannels() {
        return planeChannels;
    }

    @Override
    public void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            float[] buffer, int bufferAt, int count) {
        int columns = 0;
        while (columns < block && kept[keptAt + columns] > 0) {
            columns++;
        }
        ScalarTransforms.dct(block, in, inBase, inAt, buffer, bufferAt, bufferRows[block], block, count);
        ScalarTransforms.dct(block, buffer, bufferAt, bufferColumns[block], out, outBase, outAt, columns, count);
    }

    @Override
    public boolean idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, float low, float high,
            float[] buffer, int bufferAt, int count) {
        ScalarTransforms.idct(block, in, inBase, inAt, buffer, bufferAt, bufferColumns[block], block, count, false, low, high);
        boolean clamp = low > Float.NEGATIVE_INFINITY || high < Float.POSITIVE_INFINITY;
        ScalarTransforms.idct(block, buffer, bufferAt, bufferRows[block], out, outBase, outAt, block, count, clamp, low, high);
        return false; // not looked at: these loops clamp NaN correctly at no cost
    }

    @Override
    public void depthwiseDct(int block, float[] in, int inAt, int[] rowAt, int kernelHeight, int kernelWidth, int strideY, int strideX,
            float[] weight, int weightAt, int weightStride, float[] bias, int biasAt, boolean finite, float low, float high,
            float[] out, int outBase, int[] outAt, int[] kept, int keptAt, float[] buffer, int bufferAt, int count) {
        for (int y = 0; y < block; y++) {
            for (int x = 0; x < block; x++) {
                int to = bufferAt + (y * block + x) * planeChannels;
                System.arraycopy(bias, biasAt, buffer, to, count);
                for (int ky = 0; ky < kernelHeight; ky++) {
                    int from = inAt + rowAt[y * strideY + ky] + x * strideX * planeChannels;
                    for (int kx = 0; kx < kernelWidth; kx++) {
                        tap(in, from + kx * planeChannels, weight, weightAt + (ky * kernelWidth + kx) * weightStride, buffer, to, count);
                    }
                }
                clamp(buffer, to, count, low, high);
            }
        }
        dct(block, buffer, bufferAt, bufferRows[block], out, outBase, outAt, kept, keptAt, buffer, bufferAt + block * block * planeChannels, count);
    }

    @Override
    public void copy(float[] in, int inAt, int inStride, float[] out, int outAt, int outStride, int points, int count) {
        for (int point = 0; point < points; point++) {
            System.arraycopy(in, inAt + point * inStride, out, outAt + point * outStride, count);
        }
    }

    @Override
    public void move(float[] in, int inAt, int inRow, int inPoint, float[] out, int outAt, int outRow, int outPoint, int rows, int points, int count) {
        for (int row = 0; row < rows; row++) {
            for (int point = 0; point < points; point++) {
                System.arraycopy(in, inAt + row * inRow + point * inPoint, out, outAt + row * outRow + point * outPoint, count);
            }
        }
    }

    @Override
    public void depthwise(float[] in, int inBase, int[] rowAt, int inWidth, int inStride, int kernelHeight, int kernelWidth, int strideX, int left,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, int count, float low, float high) {
        depthwiseRow(in, inBase, rowAt, inWidth, inStride, kernelHeight, kernelWidth, strideX, left, weight, weightBase, weightAt,
                weightStride, bias, biasAt, out, outAt, outStride, outWidth, count, low, high);
    }

    static void depthwiseRow(float[] in, int inBase, int[] rowAt, int inWidth, int inStride, int kernelHeight, int kernelWidth, int strideX, int left,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, int count, float low, float high) {
        for (int x = 0; x < outWidth; x++) {
            int to = outAt + x * outStride;
            int x0 = x * strideX - left;
            System.arraycopy(bias, biasAt, out, to, count);
            for (int ky = 0; ky < kernelHeight; ky++) {
                int from = inBase + rowAt[ky] + x0 * inStride;
                for (int kx = Math.max(0, -x0); kx < Math.min(kernelWidth, inWidth - x0); kx++) {
                    tap(in, from + kx * inStride, weight, weightBase + weightAt[ky] + kx * weightStride, out, to, count);
                }
            }
            clamp(out, to, count, low, high);
        }
    }

    private static void tap(float[] in, int inAt, float[] weight, int weightAt, float[] out, int outAt, int count) {
        for (int c = 0; c < count; c++) {
            out[outAt + c] += in[inAt + c] * weight[weightAt + c];
        }
    }

    @Override
    public void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high) {
        addRow(a, aAt, b, bAt, out, outAt, count, low, high);
    }

    static void addRow(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high) {
        for (int i = 0; i < count; i++) {
            out[outAt + i] = a[aAt + i] + b[bAt + i];
        }
        clamp(out, outAt, count, low, high);
    }

    @Override
    public void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count) {
        accumulateRow(factor, in, inAt, out, outAt, count);
    }

    static void accumulateRow(float factor, float[] in, int inAt, float[] out, int outAt, int count) {
        for (int i = 0; i < count; i++) {
            out[outAt + i] += factor * in[inAt + i];
        }
    }

    static void clamp(float[] x, int at, int count, float low, float high) {
        for (int i = at; i < at + count; i++) {
            x[i] = Math.min(Math.max(x[i], low), high);
        }
    }
}
