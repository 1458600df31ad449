package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Peak;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The loops on {@code jdk.incubator.vector}; loaded only where that module is present. */
final class SimdLanes implements Lanes {

    /** Static and final, so that C2 compiles every loop for one width. */
    static final VectorSpecies<Float> SPECIES = species(LaneChoice.requestedBits());

    private static final int L = SPECIES.length();
    private static final int ONES = -L;
    /** Finishes the channels that fill no vector. */
    private static final ScalarLanes TAIL = new ScalarLanes(L);
    /** Of each side: a plane of one block. */
    private static final int[][] BLOCK_ROWS = BlockTables.ofEachSide(L);

    private static VectorSpecies<Float> species(int bits) {
        return bits == 0 ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    @Override
    public int width() {
        return L;
    }

    @Override
    public String description() {
        return "jdk.incubator.vector, " + L + " lanes of 32 bits (" + SPECIES.vectorBitSize() + " bits)";
    }

    @Override
    public int tileRows() {
        return SimdGemm.tileRows();
    }

    @Override
    public int[] panels(int columns) {
        return SimdGemm.panels(columns);
    }

    @Override
    public void gemm(int panel, int rows, int k, float[] a, int aAt, int aStride, float[] b, int bAt, int ahead, float[] c, int cAt, int cStride, int last,
            float[] bias, int biasAt, float low, float high) {
        SimdGemm.rows(panel / L, rows, k, a, aAt, aStride, b, bAt, ahead, c, cAt, cStride, last, bias, biasAt, low, high);
    }

    @Override
    public int planeChannels() {
        return L;
    }

    @Override
    public void dct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, int[] kept, int keptAt,
            float[] buffer, int bufferAt, int count) {
        if (count == L) {
            SimdDct.block(block, in, inBase, inAt, buffer, bufferAt, out, outBase, outAt, kept, keptAt, Clamp.NO_LOW, Clamp.NO_HIGH);
        } else {
            TAIL.dct(block, in, inBase, inAt, out, outBase, outAt, kept, keptAt, buffer, bufferAt, count);
        }
    }

    @Override
    public boolean idct(int block, float[] in, int inBase, int[] inAt, float[] out, int outBase, int[] outAt, float low, float high,
            float[] buffer, int bufferAt, int count) {
        if (count == L) {
            return SimdIdct.block(block, in, inBase, inAt, buffer, bufferAt, out, outBase, outAt, low, high);
        }
        return TAIL.idct(block, in, inBase, inAt, out, outBase, outAt, low, high, buffer, bufferAt, count);
    }

    @Override
    public void depthwiseDct(int block, float[] in, int inAt, int[] rowAt, int kernelHeight, int kernelWidth, int strideY, int strideX,
            float[] weight, int weightAt, int weightStride, float[] bias, int biasAt, boolean finite, float low, float high,
            float[] out, int outBase, int[] outAt, int[] kept, int keptAt, float[] buffer, int bufferAt, int count) {
        if (count == L) {
            SimdDepthwise.block(block, in, inAt, rowAt, kernelHeight, kernelWidth, strideY, strideX, weight, weightAt, weightStride, bias, biasAt,
                    buffer, bufferAt);
            boolean inline = finite && Clamp.isInline(block, low);
            if (!inline) {
                Clamp.rows(buffer, bufferAt, BLOCK_ROWS[block], block, finite, low, high);
            }
            SimdDct.block(block, buffer, bufferAt, BLOCK_ROWS[block], buffer, bufferAt + block * block * L, out, outBase, outAt, kept, keptAt,
                    inline ? 0 : Clamp.NO_LOW, inline ? Float.floatToRawIntBits(high) : Clamp.NO_HIGH);
        } else {
            TAIL.depthwiseDct(block, in, inAt, rowAt, kernelHeight, kernelWidth, strideY, strideX, weight, weightAt, weightStride, bias, biasAt,
                    finite, low, high, out, outBase, outAt, kept, keptAt, buffer, bufferAt, count);
        }
    }

    @Override
    public void copy(float[] in, int inAt, int inStride, float[] out, int outAt, int outStride, int points, int count) {
        int whole = count & ONES;
        SimdElementwise.copy(in, inAt, inStride, out, outAt, outStride, points, whole);
        if (whole < count) {
            TAIL.copy(in, inAt + whole, inStride, out, outAt + whole, outStride, points, count - whole);
        }
    }

    @Override
    public void move(float[] in, int inAt, int inRow, int inPoint, float[] out, int outAt, int outRow, int outPoint, int rows, int points, int count) {
        if (count == L) {
            SimdElementwise.move(in, inAt, inRow, inPoint, out, outAt, outRow, outPoint, rows, points);
        } else {
            TAIL.move(in, inAt, inRow, inPoint, out, outAt, outRow, outPoint, rows, points, count);
        }
    }

    @Override
    public void depthwise(float[] in, int inBase, int[] rowAt, int inWidth, int inStride, int kernelHeight, int kernelWidth, int strideX, int left,
            float[] weight, int weightBase, int[] weightAt, int weightStride, float[] bias, int biasAt,
            float[] out, int outAt, int outStride, int outWidth, int count, float low, float high) {
        int whole = count & ONES;
        SimdDepthwise.row(in, inBase, rowAt, inWidth, inStride, kernelHeight, kernelWidth, strideX, left, weight, weightBase, weightAt,
                weightStride, bias, biasAt, out, outAt, outStride, outWidth, whole, low, high);
        if (whole < count) {
            ScalarLanes.depthwiseRow(in, inBase + whole, rowAt, inWidth, inStride, kernelHeight, kernelWidth, strideX, left, weight,
                    weightBase + whole, weightAt, weightStride, bias, biasAt + whole, out, outAt + whole, outStride, outWidth, count - whole,
                    low, high);
        }
    }

    @Override
    public void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int count, float low, float high) {
        int whole = count & ONES;
        SimdElementwise.add(a, aAt, b, bAt, out, outAt, whole, low, high);
        ScalarLanes.addRow(a, aAt + whole, b, bAt + whole, out, outAt + whole, count - whole, low, high);
    }

    @Override
    public Optional<Peak> peak(int threads) {
        return Optional.of(PeakProbe.measure(threads));
    }

    @Override
    public void accumulate(float factor, float[] in, int inAt, float[] out, int outAt, int count) {
        int whole = count & ONES;
        SimdElementwise.accumulate(factor, in, inAt, out, outAt, whole);
        ScalarLanes.accumulateRow(factor, in, inAt + whole, out, outAt + whole, count - whole);
    }
}
