package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;

/**
 * The middle of an inverted-residual block for one image and one group of channels at a time. Restored rows go to a ring of
 * rows, the depthwise convolution makes one row of blocks of outputs from it, and these are transformed back; so the group's plane
 * never leaves the nearest caches. A ring as high as the plane holds it all.
 */
final class IdctDepthwiseDctOperation extends VectorOperation {

    /** Elements of ring and row that a group may take: most of a first-level cache of 32 KiB. */
    private static final int NEAR_ELEMENTS = 7 * 1024;

    private final OperationSpec.IdctDepthwiseDct spec;
    private final DepthwiseRows rows;
    private final int ringRows;
    private final int group;
    private final int[] columnsKept;

    IdctDepthwiseDctOperation(Lanes lanes, OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        rows = new DepthwiseRows(spec.window(), spec.in().height(), spec.in().channels(), weight, bias);
        int block = spec.block();
        Window window = spec.window();
        // A row of blocks of outputs needs (block - 1) * stride + kernel rows; restoring whole blocks adds up to block - 1.
        int needed = (block - 1) * window.strideY() + window.kernelHeight() + block - 1;
        ringRows = Math.min(spec.in().height(), ceilDiv(needed, block) * block);
        int perChannel = ringRows * spec.in().width() + block * spec.out().width() + block * block;
        int width = Math.max(lanes.width(), 8);
        group = Math.max(1, Math.min(32 / width, NEAR_ELEMENTS / (perChannel * width))) * width;
        columnsKept = BlockTables.columnsKept(spec.staircase(), group);
    }

    @Override
    public long scratchElements(int maxBatch) {
        int block = spec.block();
        return ((long) ringRows * spec.in().width() + (long) block * spec.out().width() + block * block) * group;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int block = spec.block();
        Plane from = spec.in();
        Plane to = spec.out();
        Window window = spec.window();
        int channels = from.channels();
        int groups = columnsKept.length;
        int inBlocks = from.blocks(block);
        int outBlocks = to.blocks(block);
        int rowElements = from.width() * group;
        int middle = ringRows * rowElements; // block rows of outputs
        int buffer = middle + block * to.width() * group;
        int[] ringTable = BlockTables.rows(block, rowElements, group);
        int[] middleTable = BlockTables.rows(block, to.width() * group, group);
        int[] bufferRows = BlockTables.rows(block, block * group, group);
        int[] bufferColumns = BlockTables.columns(block, block * group, group);
        boolean clampBefore = spec.before() != Activation.NONE;
        float lowBefore = low(spec.before());
        float highBefore = high(spec.before());
        float lowAfter = low(spec.after());
        float highAfter = high(spec.after());
        return new VectorStep(workspace) {
            private final int[] inZigzag = new int[block * block];
            private final int[] outZigzag = new int[block * block];
            private final int[][] rowAt = new int[threads][window.kernelHeight()];
            private final int[][] weightAt = new int[threads][window.kernelHeight()];
            private int units;

            @Override
            int prepare(int batch) {
                BlockTables.zigzag(block, batch * inBlocks * channels, inZigzag);
                BlockTables.zigzag(block, batch * outBlocks * channels, outZigzag);
                units = batch * groups;
                return units;
            }

            @Override
            public void run(int unit, int worker) {
                int n = unit / groups;
                int c = unit % groups * group;
                int columns = columnsKept[unit % groups];
                if (columns == 0) {
                    return; // none of these channels is read
                }
                int count = Math.min(group, channels - c);
                float[] near = scratch[worker];
                int restored = 0; // rows of blocks
                for (int blockRow = 0; blockRow < to.height() / block; blockRow++) {
                    int last = (blockRow * block + block - 1) * window.strideY() - window.padding().top() + window.kernelHeight() - 1;
                    for (; restored <= Math.min(last, from.height() - 1) / block; restored++) {
                        restore(n, restored, c, count, near);
                    }
                    for (int y = 0; y < block; y++) {
                        row(blockRow * block + y, y, c, count, near, worker);
                    }
                    transform(n, blockRow, c, count, columns, near);
                }
            }

            private void restore(int n, int blockRow, int c, int count, float[] near) {
                int blockColumns = from.width() / block;
                for (int column = 0; column < blockColumns; column++) {
                    int source = in + (n * inBlocks + blockRow * blockColumns + column) * channels + c;
                    int target = blockRow * block % ringRows * rowElements + column * block * group;
                    lanes.idct(block, arena, source, inZigzag, near, buffer, bufferColumns, block, count, false, 0, 0);
                    lanes.idct(block, near, buffer, bufferRows, near, target, ringTable, block, count, clampBefore, lowBefore, highBefore);
                }
            }

            /** Output row {@code y}, to row {@code slot} of the row of blocks. */
            private void row(int y, int slot, int c, int count, float[] near, int worker) {
                rows.locate(y, ringRows, rowElements, rowAt[worker], weightAt[worker]);
                lanes.depthwise(near, 0, rowAt[worker], from.width(), group, window.kernelHeight(), window.kernelWidth(), window.strideX(),
                        window.padding().left(), rows.weight, c, weightAt[worker], channels, rows.bias, c,
                        near, middle + slot * to.width() * group, group, to.width(), count, lowAfter, highAfter);
            }

            private void transform(int n, int blockRow, int c, int count, int columns, float[] near) {
                int blockColumns = to.width() / block;
                for (int column = 0; column < blockColumns; column++) {
                    int target = out + (n * outBlocks + blockRow * blockColumns + column) * channels + c;
                    lanes.dct(block, near, middle + column * block * group, middleTable, near, buffer, bufferRows, block, count);
                    lanes.dct(block, near, buffer, bufferColumns, arena, target, outZigzag, columns, count);
                }
            }
        };
    }
}
