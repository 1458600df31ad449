package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The middle of an inverted-residual block for one image and a few channels at a time. Restored rows go to a ring of rows, padded as
 * the depthwise convolution wants them; blocks of outputs are made from it and transformed at once; so the channels' planes never
 * leave the nearest caches. A ring as high as the plane holds it all.
 *
 * <p>Where a block's coefficients lie a multiple of 4 KiB apart they fall into one set of the first cache level, and writing them one
 * after another takes several times as long (on Zen 5, 33 against 7 cycles a vector). There they go by way of a stage: the same
 * coefficient of several blocks, then the next.
 *
 * <p>With the expand layer before it, a unit makes the coefficients of a panel of that layer's GEMM as it restores them, so that the
 * expanded tensor is never stored. That panel's channels are a group; a unit takes one after another.
 */
final class IdctDepthwiseDctOperation extends VectorOperation {

    /** Elements of planes that a group may take: most of a first-level cache of 32 KiB. */
    private static final int NEAR_ELEMENTS = 7 * 1024;
    /** Channels of a group, where they fit: the arena is read and written by whole cache lines. */
    private static final int LINE_CHANNELS = 16;

    /** Elements apart at which coefficients share a set of the first cache level: 4 KiB. */
    private static final int WRITE_SET_ELEMENTS = 1024;
    /** Elements apart at which coefficients crowd few sets of the second level too: 32 KiB. Reading pays the detour only here. */
    private static final int READ_SET_ELEMENTS = 8 * 1024;
    /** Elements of a plane up to which its ring holds all of it where coefficients are made here, so that a GEMM has more rows. */
    private static final int WHOLE_ELEMENTS = 1024;
    /** Blocks of which coefficients are made together, where a row of blocks has fewer. */
    private static final int RUN_BLOCKS = 16;

    /** Blocks on the stage: 25 KiB of blocks of 7 and 16 channels. */
    private static final int STAGE_BLOCKS = 8;

    private final OperationSpec.IdctDepthwiseDct spec;
    private final BandGemm expansion; // null where coefficients are read
    private final int runRows; // rows of blocks that are restored together
    private final int coefficientStride; // elements from a block's coefficients made here to the next block's
    private final float[] weight;
    private final float[] bias;
    private final int ringRows;
    private final int wide; // channels of a plane
    private final int ringColumns;
    private final int[] starts; // first channels of the planes
    private final int[] kept;
    private final int[] depths;
    private final int planes; // of a group; the last group may have one more, which reaches back into the one before
    private final int groups; // of an image
    private final int[] firstPlane; // of each group; at last the number of planes

    IdctDepthwiseDctOperation(Lanes lanes, OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        this(lanes, spec, spec, null, weight, bias);
    }

    IdctDepthwiseDctOperation(Lanes lanes, OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        this(lanes, spec, spec.middle(), new BandGemm(lanes, spec.expand(), expandWeight, expandBias), weight, bias);
    }

    private IdctDepthwiseDctOperation(Lanes lanes, OperationSpec whole, OperationSpec.IdctDepthwiseDct spec, BandGemm expansion, float[] weight, float[] bias) {
        super(lanes, whole);
        this.spec = spec;
        this.expansion = expansion;
        int channels = spec.in().channels();
        this.weight = weight.clone();
        this.bias = padded(bias, channels);
        int block = spec.block();
        Window window = spec.window();
        // A row of blocks of outputs needs (block - 1) * stride + kernel rows; restoring whole blocks adds up to block - 1.
        int needed = (block - 1) * window.strideY() + window.kernelHeight() + block - 1;
        boolean holdsAll = expansion != null && spec.in().area() <= WHOLE_ELEMENTS;
        ringRows = holdsAll ? spec.in().height() : Math.min(spec.in().height(), ceilDiv(needed, block) * block);
        ringColumns = window.padding().left() + spec.in().width() + window.padding().right();
        wide = lanes.planeChannels();
        starts = BlockTables.starts(channels, wide);
        kept = BlockTables.kept(spec.staircase(), starts, wide);
        depths = BlockTables.depths(spec.staircase(), starts, wide);
        if (expansion == null) {
            planes = Math.max(1, Math.min(LINE_CHANNELS / wide, NEAR_ELEMENTS / planeElements()));
            groups = Math.max(1, ceilDiv(channels / wide, planes));
            runRows = 1;
            coefficientStride = 0;
        } else {
            groups = expansion.gemm.panels;
            coefficientStride = IntStream.range(0, groups).map(expansion.gemm::width).max().orElseThrow();
            planes = coefficientStride / wide;
            runRows = ringRows < spec.in().height() ? 1 : runRows(spec.in().height() / block, spec.in().width() / block);
        }
        firstPlane = new int[groups + 1];
        for (int group = 1; group < groups; group++) {
            firstPlane[group] = expansion == null ? group * planes : expansion.gemm.column(group) / wide;
        }
        firstPlane[groups] = starts.length;
    }

    /** The most rows of blocks that divide all evenly and have no more blocks than go together. */
    private static int runRows(int rows, int columns) {
        int run = Math.max(1, Math.min(rows, RUN_BLOCKS / columns));
        while (rows % run != 0) {
            run--;
        }
        return run;
    }

    /** A plane: the ring, and a row of zeros for rows in the padding. */
    private int planeElements() {
        return (ringRows + 1) * ringColumns * wide;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return coefficientsAt() + (expansion == null ? 0L : (long) madeElements() + expansion.packedElements());
    }

    /** Where in scratch memory the coefficients begin that are made here: behind the planes, two blocks and the stage, on a cache line. */
    private int coefficientsAt() {
        int elements = (planes + 1) * planeElements() + (2 + STAGE_BLOCKS) * spec.block() * spec.block() * wide;
        return VectorWorkspace.LINE_START + ceilDiv(elements, LINE_CHANNELS) * LINE_CHANNELS;
    }

    private int madeElements() {
        return runRows * spec.in().width() / spec.block() * spec.block() * spec.block() * coefficientStride;
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
        int inColumns = from.width() / block; // of blocks
        int outColumns = to.width() / block;
        int run = runRows * inColumns;
        int count = Math.min(wide, channels); // of a plane
        int made = coefficientsAt();
        int packed = made + madeElements();
        int[] madeZigzag = new int[block * block];
        BlockTables.zigzag(block, run * coefficientStride, madeZigzag);
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
            private int rowsPerZ;
            private int parts; // of an image
            private final int[][] rowAt = new int[threads][(block - 1) * window.strideY() + window.kernelHeight()];

            @Override
            int prepare(int batch) {
                inStride = batch * inBlocks * channels;
                outStride = batch * outBlocks * channels;
                BlockTables.zigzag(block, inStride, inZigzag);
                BlockTables.zigzag(block, outStride, outZigzag);
                rowsPerZ = batch * inBlocks;
                parts = threads == 1 || batch >= 4 * threads ? 1 : Math.min(groups, ceilDiv(4 * threads, batch));
                return batch * parts;
            }

            @Override
            public void run(int unit, int worker) {
                int n = unit / parts;
                float[] near = scratch[worker];
                // What is restored leaves the padding alone, so that it is as good for the next planes.
                pad(near);
                if (expansion != null) {
                    expansion.pack(arena, in, rowsPerZ, n, run, near, packed);
                }
                for (int group = start(unit % parts, parts, groups); group < start(unit % parts + 1, parts, groups); group++) {
                    int start = firstPlane[group];
                    int end = firstPlane[group + 1];
                    while (end > start && kept[(end - 1) * block] == 0) {
                        end--; // none of the last plane's channels is read
                    }
                    if (end > start) {
                        planes(n, group, start, end, rowAt[worker], near);
                    }
                }
            }

            private void planes(int n, int group, int start, int end, int[] rowAt, float[] near) {
                boolean finite = true;
                int restored = 0; // rows of blocks
                for (int blockRow = 0; blockRow < to.height() / block; blockRow++) {
                    int first = blockRow * block * window.strideY() - window.padding().top();
                    int last = Math.min(first + rowAt.length, from.height()) - 1;
                    for (; restored <= last / block; restored += runRows) {
                        finite &= expansion == null ? restore(n, restored, start, end, near) : make(restored, group, start, end, near);
                    }
                    for (int row = 0; row < rowAt.length; row++) {
                        int y = first + row;
                        rowAt[row] = y < 0 || y >= from.height() ? zeroRow : y % ringRows * rowElements;
                    }
                    transform(n, blockRow, start, end, rowAt, finite, near);
                }
            }

            private void pad(float[] near) {
                for (int plane = 0; plane < buffer; plane += planeElements) {
                    for (int row = plane; row < plane + zeroRow; row += rowElements) {
                        Arrays.fill(near, row, row + left, 0);
                        Arrays.fill(near, row + rowElements - right, row + rowElements, 0);
                    }
                    Arrays.fill(near, plane + zeroRow, plane + zeroRow + rowElements, 0);
                }
            }

            private boolean restore(int n, int blockRow, int start, int end, float[] near) {
                boolean staged = inStride % READ_SET_ELEMENTS == 0 && inColumns > 1;
                boolean finite = true;
                for (int first = 0; first < inColumns; first += STAGE_BLOCKS) {
                    int columns = Math.min(STAGE_BLOCKS, inColumns - first);
                    int source = in + (n * inBlocks + blockRow * inColumns + first) * channels;
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

            /** Makes the coefficients of the run of blocks that begins with a row of blocks, and restores them. */
            private boolean make(int blockRow, int panel, int start, int end, float[] near) {
                expansion.make(panel, blockRow * inColumns, run, near, packed, near, made, coefficientStride, starts, start, end);
                boolean finite = true;
                for (int plane = start; plane < end; plane++) {
                    int target = (plane - start) * planeElements + left;
                    for (int i = 0; i < run; i++) {
                        int to = target + (blockRow + i / inColumns) * block % ringRows * rowElements + i % inColumns * block * wide;
                        finite &= lanes.idct(block, near, made + i * coefficientStride + (plane - start) * wide, madeZigzag, near, to, ringTable, lowBefore,
                                highBefore, near, buffer, count);
                    }
                }
                return finite;
            }

            private void transform(int n, int blockRow, int start, int end, int[] rowAt, boolean finite, float[] near) {
                boolean staged = outStride % WRITE_SET_ELEMENTS == 0 && outColumns > 1;
                for (int first = 0; first < outColumns; first += STAGE_BLOCKS) {
                    int columns = Math.min(STAGE_BLOCKS, outColumns - first);
                    int target = out + (n * outBlocks + blockRow * outColumns + first) * channels;
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
