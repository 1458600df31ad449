package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.Arrays;

/**
 * The middle of an inverted-residual block for one image and a few channels at a time. Restored rows go to a ring of rows, padded as
 * the depthwise convolution wants them; blocks of outputs are made from it and transformed at once; so the channels' planes never
 * leave the nearest caches. A ring as high as the plane holds it all.
 *
 * <p>Where a block's coefficients lie a multiple of 4 KiB apart they fall into one set of the first cache level, and writing them one
 * after another takes several times as long (on Zen 5, 33 against 7 cycles a vector). There they go by way of a stage: the same
 * coefficient of several blocks, then the next.
 */
final class IdctDepthwiseDctOperation extends VectorOperation {

    /** Elements of planes that a unit may take: most of a first-level cache of 32 KiB. */
    private static final int NEAR_ELEMENTS = 7 * 1024;
    /** Channels of a unit, where they fit: the arena is read and written by whole cache lines. */
    private static final int LINE_CHANNELS = 16;

    /** Elements apart at which coefficients share a set of the first cache level: 4 KiB. */
    private static final int WRITE_SET_ELEMENTS = 1024;
    /** Elements apart at which coefficients crowd few sets of the second level too: 32 KiB. Reading pays the detour only here. */
    private static final int READ_SET_ELEMENTS = 8 * 1024;
    /** Blocks on the stage: 25 KiB of blocks of 7 and 16 channels. */
    private static final int STAGE_BLOCKS = 8;

    private final OperationSpec.IdctDepthwiseDct spec;
    private final float[] weight;
    private final float[] bias;
    private final int ringRows;
    private final int wide; // channels of a plane
    private final int ringColumns;
    private final int[] starts; // first channels of the planes
    private final int[] kept;
    private final int[] depths;
    private final int planes; // of a unit; the last unit may have one more, which reaches back into the one before
    private final int units; // of an image

    IdctDepthwiseDctOperation(Lanes lanes, OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        int channels = spec.in().channels();
        this.weight = weight.clone();
        this.bias = padded(bias, channels);
        int block = spec.block();
        Window window = spec.window();
        // A row of blocks of outputs needs (block - 1) * stride + kernel rows; restoring whole blocks adds up to block - 1.
        int needed = (block - 1) * window.strideY() + window.kernelHeight() + block - 1;
        ringRows = Math.min(spec.in().height(), ceilDiv(needed, block) * block);
        ringColumns = window.padding().left() + spec.in().width() + window.padding().right();
        wide = lanes.planeChannels();
        starts = BlockTables.starts(channels, wide);
        kept = BlockTables.kept(spec.staircase(), starts, wide);
        depths = BlockTables.depths(spec.staircase(), starts, wide);
        planes = Math.max(1, Math.min(LINE_CHANNELS / wide, NEAR_ELEMENTS / planeElements()));
        units = Math.max(1, ceilDiv(channels / wide, planes));
    }

    /** A plane: the ring, and a row of zeros for rows in the padding. */
    private int planeElements() {
        return (ringRows + 1) * ringColumns * wide;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return (planes + 1L) * planeElements() + (2L + STAGE_BLOCKS) * spec.block() * spec.block() * wide;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int block = spec.block();
        Plane from = spec.in();
        Plane to = spec.out();
        Window window = spec.window();
        int channels = from.channels();
        int inBlocks = from.blocks(block);
        int outBlocks = to.blocks(block);
        int left = window.padding().left() * wide;
        int right = window.padding().right() * wide;
        int rowElements = ringColumns * wide;
        int zeroRow = ringRows * rowElements;
        int planeElements = planeElements();
        int buffer = (planes + 1) * planeElements;
        int blockElements = block * block * wide;
        int stage = buffer + 2 * blockElements;
        int[] stageZigzag = new int[block * block];
        BlockTables.zigzag(block, wide, stageZigzag);
        int[] ringTable = BlockTables.rows(block, rowElements, wide);
        float lowBefore = low(spec.before());
        float highBefore = high(spec.before());
        float lowAfter = low(spec.after());
        float highAfter = high(spec.after());
        return new VectorStep(workspace) {
            private final int[] inZigzag = new int[block * block];
            private final int[] outZigzag = new int[block * block];
            private int inStride; // from a coefficient to the next
            private int outStride;
            private final int[][] rowAt = new int[threads][(block - 1) * window.strideY() + window.kernelHeight()];

            @Override
            int prepare(int batch) {
                inStride = batch * inBlocks * channels;
                outStride = batch * outBlocks * channels;
                BlockTables.zigzag(block, inStride, inZigzag);
                BlockTables.zigzag(block, outStride, outZigzag);
                return batch * units;
            }

            @Override
            public void run(int unit, int worker) {
                int n = unit / units;
                int start = unit % units * planes;
                int end = unit % units == units - 1 ? starts.length : start + planes;
                while (end > start && kept[(end - 1) * block] == 0) {
                    end--; // none of the last plane's channels is read
                }
                float[] near = scratch[worker];
                pad(end - start, near);
                boolean finite = true;
                int restored = 0; // rows of blocks
                for (int blockRow = 0; blockRow < to.height() / block; blockRow++) {
                    int first = blockRow * block * window.strideY() - window.padding().top();
                    int last = Math.min(first + rowAt[worker].length, from.height()) - 1;
                    for (; restored <= last / block; restored++) {
                        finite &= restore(n, restored, start, end, near);
                    }
                    for (int row = 0; row < rowAt[worker].length; row++) {
                        int y = first + row;
                        rowAt[worker][row] = y < 0 || y >= from.height() ? zeroRow : y % ringRows * rowElements;
                    }
                    transform(n, blockRow, start, end, rowAt[worker], finite, near);
                }
            }

            private void pad(int count, float[] near) {
                for (int plane = 0; plane < count * planeElements; plane += planeElements) {
                    for (int row = plane; row < plane + zeroRow; row += rowElements) {
                        Arrays.fill(near, row, row + left, 0);
                        Arrays.fill(near, row + rowElements - right, row + rowElements, 0);
                    }
                    Arrays.fill(near, plane + zeroRow, plane + zeroRow + rowElements, 0);
                }
            }

            private boolean restore(int n, int blockRow, int start, int end, float[] near) {
                int blockColumns = from.width() / block;
                int count = Math.min(wide, channels);
                boolean staged = inStride % READ_SET_ELEMENTS == 0 && blockColumns > 1;
                boolean finite = true;
                for (int first = 0; first < blockColumns; first += STAGE_BLOCKS) {
                    int columns = Math.min(STAGE_BLOCKS, blockColumns - first);
                    int source = in + (n * inBlocks + blockRow * blockColumns + first) * channels;
                    int target = blockRow * block % ringRows * rowElements + left + first * block * wide;
                    for (int plane = start; plane < end; plane++, target += planeElements) {
                        int c = starts[plane];
                        if (staged) {
                            lanes.move(arena, source + c, inStride, channels, near, stage, wide, blockElements, block * block, columns, count);
                        }
                        for (int column = 0; column < columns; column++) {
                            int to = target + column * block * wide;
                            finite &= staged
                                    ? lanes.idct(block, near, stage + column * blockElements, stageZigzag, near, to, ringTable, lowBefore,
                                            highBefore, near, buffer, count)
                                    : lanes.idct(block, arena, source + column * channels + c, inZigzag, near, to, ringTable, lowBefore,
                                            highBefore, near, buffer, count);
                        }
                    }
                }
                return finite;
            }

            private void transform(int n, int blockRow, int start, int end, int[] rowAt, boolean finite, float[] near) {
                int blockColumns = to.width() / block;
                int count = Math.min(wide, channels);
                boolean staged = outStride % WRITE_SET_ELEMENTS == 0 && blockColumns > 1;
                for (int first = 0; first < blockColumns; first += STAGE_BLOCKS) {
                    int columns = Math.min(STAGE_BLOCKS, blockColumns - first);
                    int target = out + (n * outBlocks + blockRow * blockColumns + first) * channels;
                    int source = first * block * window.strideX() * wide;
                    for (int plane = start; plane < end; plane++, source += planeElements) {
                        int c = starts[plane];
                        for (int column = 0; column < columns; column++) {
                            lanes.depthwiseDct(block, near, source + column * block * window.strideX() * wide, rowAt, window.kernelHeight(),
                                    window.kernelWidth(), window.strideY(), window.strideX(), weight, c, channels, bias, c, finite, lowAfter,
                                    highAfter, staged ? near : arena, staged ? stage + column * blockElements : target + column * channels + c,
                                    staged ? stageZigzag : outZigzag, kept, plane * block, near, buffer, count);
                        }
                        if (staged) {
                            lanes.move(near, stage, wide, blockElements, arena, target + c, outStride, channels, depths[plane], columns, count);
                        }
                    }
                }
            }
        };
    }
}
