package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;

/**
 * The middle of an inverted-residual block for one image and a few channels at a time. Restored rows go to a ring of rows, the
 * depthwise convolution makes one row of blocks of outputs from it, and these are transformed back; so the channels' planes never
 * leave the nearest caches. A ring as high as the plane holds it all.
 */
final class IdctDepthwiseDctOperation extends VectorOperation {

    /** Elements of rings and rows that a unit may take: most of a first-level cache of 32 KiB. */
    private static final int NEAR_ELEMENTS = 7 * 1024;
    /** Channels of a unit, where they fit: the arena is read and written by whole cache lines. */
    private static final int LINE_CHANNELS = 16;

    private final OperationSpec.IdctDepthwiseDct spec;
    private final DepthwiseRows rows;
    private final int ringRows;
    private final int wide; // channels of a plane
    private final int planes; // of a unit
    private final int[] kept;

    IdctDepthwiseDctOperation(Lanes lanes, OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        rows = new DepthwiseRows(spec.window(), spec.in().height(), spec.in().channels(), weight, bias);
        int block = spec.block();
        Window window = spec.window();
        // A row of blocks of outputs needs (block - 1) * stride + kernel rows; restoring whole blocks adds up to block - 1.
        int needed = (block - 1) * window.strideY() + window.kernelHeight() + block - 1;
        ringRows = Math.min(spec.in().height(), ceilDiv(needed, block) * block);
        wide = lanes.planeChannels();
        planes = Math.max(1, Math.min(LINE_CHANNELS / wide, NEAR_ELEMENTS / (planePoints() * wide)));
        kept = BlockTables.kept(spec.staircase(), wide);
    }

    /** Points of a ring and of a row of blocks of outputs. */
    private int planePoints() {
        return ringRows * spec.in().width() + spec.block() * spec.out().width();
    }

    @Override
    public long scratchElements(int maxBatch) {
        return ((long) planes * planePoints() + spec.block() * spec.block()) * wide;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int block = spec.block();
        Plane from = spec.in();
        Plane to = spec.out();
        Window window = spec.window();
        int channels = from.channels();
        int unitChannels = planes * wide;
        int groups = ceilDiv(channels, unitChannels);
        int inBlocks = from.blocks(block);
        int outBlocks = to.blocks(block);
        int rowElements = from.width() * wide;
        int middle = ringRows * rowElements; // block rows of outputs, behind the ring
        int planeElements = planePoints() * wide;
        int buffer = planes * planeElements;
        int[] ringTable = BlockTables.rows(block, rowElements, wide);
        int[] middleTable = BlockTables.rows(block, to.width() * wide, wide);
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
                int start = unit % groups * unitChannels;
                int end = Math.min(channels, start + unitChannels);
                while (end > start && kept[(end - 1) / wide * block] == 0) {
                    end = (end - 1) / wide * wide; // none of the last plane's channels is read
                }
                float[] near = scratch[worker];
                int restored = 0; // rows of blocks
                for (int blockRow = 0; blockRow < to.height() / block; blockRow++) {
                    int last = (blockRow * block + block - 1) * window.strideY() - window.padding().top() + window.kernelHeight() - 1;
                    for (; restored <= Math.min(last, from.height() - 1) / block; restored++) {
                        restore(n, restored, start, end, near);
                    }
                    for (int y = 0; y < block; y++) {
                        row(blockRow * block + y, y, start, end, near, worker);
                    }
                    transform(n, blockRow, start, end, near);
                }
            }

            private void restore(int n, int blockRow, int start, int end, float[] near) {
                int blockColumns = from.width() / block;
                for (int column = 0; column < blockColumns; column++) {
                    int source = in + (n * inBlocks + blockRow * blockColumns + column) * channels;
                    int target = blockRow * block % ringRows * rowElements + column * block * wide;
                    for (int c = start; c < end; c += wide, target += planeElements) {
                        lanes.idct(block, arena, source + c, inZigzag, near, target, ringTable, lowBefore, highBefore, near, buffer,
                                Math.min(wide, end - c));
                    }
                }
            }

            /** Output row {@code y}, to row {@code slot} of the row of blocks. */
            private void row(int y, int slot, int start, int end, float[] near, int worker) {
                rows.locate(y, ringRows, rowElements, rowAt[worker], weightAt[worker]);
                int plane = 0;
                for (int c = start; c < end; c += wide, plane += planeElements) {
                    lanes.depthwise(near, plane, rowAt[worker], from.width(), wide, window.kernelHeight(), window.kernelWidth(),
                            window.strideX(), window.padding().left(), rows.weight, c, weightAt[worker], channels, rows.bias, c,
                            near, plane + middle + slot * to.width() * wide, wide, to.width(), Math.min(wide, end - c), lowAfter, highAfter);
                }
            }

            private void transform(int n, int blockRow, int start, int end, float[] near) {
                int blockColumns = to.width() / block;
                for (int column = 0; column < blockColumns; column++) {
                    int source = middle + column * block * wide;
                    int target = out + (n * outBlocks + blockRow * blockColumns + column) * channels;
                    for (int c = start; c < end; c += wide, source += planeElements) {
                        lanes.dct(block, near, source, middleTable, arena, target + c, outZigzag, kept, c / wide * block, near, buffer,
                                Math.min(wide, end - c));
                    }
                }
            }
        };
    }
}
