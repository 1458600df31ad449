package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;

/** Forward or inverse block DCT between the arena's two layouts, a block and a few channels at a time, by way of a small plane. */
final class TransformOperation extends VectorOperation {

    private final Plane plane;
    private final int block;
    private final int group;
    private final int[] starts;
    private final int[] kept;
    private final Activation activation;

    TransformOperation(Lanes lanes, OperationSpec.Dct spec) {
        this(lanes, spec, spec.block(), spec.staircase(), Activation.NONE);
    }

    TransformOperation(Lanes lanes, OperationSpec.Idct spec) {
        this(lanes, spec, spec.block(), null, spec.activation());
    }

    /** @param staircase null for the inverse */
    private TransformOperation(Lanes lanes, OperationSpec spec, int block, Staircase staircase, Activation activation) {
        super(lanes, spec);
        plane = spec.in();
        this.block = block;
        this.activation = activation;
        group = lanes.planeChannels();
        starts = BlockTables.starts(plane.channels(), group);
        kept = staircase == null ? null : BlockTables.kept(staircase, starts, group);
    }

    @Override
    public long scratchElements(int maxBatch) {
        return 2L * block * block * group;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = plane.channels();
        int blockColumns = plane.width() / block;
        int blocks = plane.blocks(block);
        int rowStride = plane.width() * channels;
        int buffer = block * block * group; // behind the plane of one block
        int[] planeRows = BlockTables.rows(block, block * group, group);
        float low = low(activation);
        float high = high(activation);
        return new VectorStep(workspace) {
            private final int[] zigzag = new int[block * block];
            private int total;
            private int parts;

            @Override
            int prepare(int batch) {
                total = batch * blocks;
                BlockTables.zigzag(block, total * channels, zigzag);
                parts = parts(total, 1);
                return parts;
            }

            @Override
            public void run(int unit, int worker) {
                float[] near = scratch[worker];
                for (int at = start(unit, parts, total); at < start(unit + 1, parts, total); at++) {
                    int row = at % blocks / blockColumns * block;
                    int column = at % blockColumns * block;
                    int spatial = ((at / blocks * plane.height() + row) * plane.width() + column) * channels;
                    int count = Math.min(group, channels);
                    for (int p = 0; p < starts.length; p++) {
                        int c = starts[p];
                        if (kept == null) {
                            lanes.idct(block, arena, in + at * channels + c, zigzag, near, 0, planeRows, low, high, near, buffer, count);
                            for (int y = 0; y < block; y++) {
                                lanes.copy(near, planeRows[y * block], group, arena, out + spatial + c + y * rowStride, channels, block, count);
                            }
                        } else {
                            for (int y = 0; y < block; y++) {
                                lanes.copy(arena, in + spatial + c + y * rowStride, channels, near, planeRows[y * block], group, block, count);
                            }
                            lanes.dct(block, near, 0, planeRows, arena, out + at * channels + c, zigzag, kept, p * block, near, buffer,
                                    count);
                        }
                    }
                }
            }
        };
    }
}
