package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;

/** Forward or inverse block DCT between the arena's two layouts, a block and a group of channels at a time. */
final class TransformOperation extends VectorOperation {

    private final Plane plane;
    private final int block;
    private final int group;
    private final int[] columnsKept;
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
        group = Math.max(lanes.width(), 16);
        columnsKept = staircase == null ? null : BlockTables.columnsKept(staircase, group);
    }

    @Override
    public long scratchElements(int maxBatch) {
        return (long) block * block * group;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = plane.channels();
        int blockColumns = plane.width() / block;
        int blocks = plane.blocks(block);
        int[] plainRows = BlockTables.rows(block, plane.width() * channels, channels);
        int[] bufferRows = BlockTables.rows(block, block * group, group);
        int[] bufferColumns = BlockTables.columns(block, block * group, group);
        float low = low(activation);
        float high = high(activation);
        boolean clamp = activation != Activation.NONE;
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
                float[] buffer = scratch[worker];
                for (int at = start(unit, parts, total); at < start(unit + 1, parts, total); at++) {
                    int row = at % blocks / blockColumns * block;
                    int column = at % blockColumns * block;
                    int spatial = ((at / blocks * plane.height() + row) * plane.width() + column) * channels;
                    for (int c = 0; c < channels; c += group) {
                        int count = Math.min(group, channels - c);
                        if (columnsKept == null) {
                            lanes.idct(block, arena, in + at * channels + c, zigzag, buffer, 0, bufferColumns, block, count, false, 0, 0);
                            lanes.idct(block, buffer, 0, bufferRows, arena, out + spatial + c, plainRows, block, count, clamp, low, high);
                        } else if (columnsKept[c / group] > 0) {
                            lanes.dct(block, arena, in + spatial + c, plainRows, buffer, 0, bufferRows, block, count);
                            lanes.dct(block, buffer, 0, bufferColumns, arena, out + at * channels + c, zigzag, columnsKept[c / group], count);
                        }
                    }
                }
            }
        };
    }
}
