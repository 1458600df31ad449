package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.List;

/**
 * Operations that feed one another, run by tiles of rows: each makes the rows that the next is about to read, in a ring of as many as
 * that one's window spans, so that what lies between them stays in the near caches. A unit is a range of rows of one image's output;
 * where ranges meet, the rows that both need are made twice.
 */
final class RowChain {

    /** Positions of a tile: a GEMM pays for its panels by a few tiles of registers. */
    private static final int TILE_POSITIONS = 56;

    private final List<? extends RowOperation> stages;
    private final OperationSpec last;
    /** By stage: the most rows that it makes at once, which is also its ring's height. */
    private final int[] most;
    private final long scratchElements;

    RowChain(List<? extends RowOperation> stages) {
        this.stages = stages;
        int count = stages.size();
        last = stages.get(count - 1).spec();
        most = new int[count];
        most[count - 1] = Math.min(last.out().height(), VectorOperation.ceilDiv(TILE_POSITIONS, last.out().width()));
        for (int stage = count - 1; stage > 0; stage--) {
            Window window = stages.get(stage).window();
            most[stage - 1] = Math.min(stages.get(stage).spec().in().height(), (most[stage] - 1) * window.strideY() + window.kernelHeight());
        }
        long elements = VectorWorkspace.LINE_START;
        for (int stage = 0; stage < count; stage++) {
            elements += stages.get(stage).rowScratch(most[stage]) + (stage < count - 1 ? (long) most[stage] * rowElements(stages.get(stage).spec().out()) : 0);
        }
        scratchElements = elements;
    }

    private static int rowElements(Plane plane) {
        return plane.width() * plane.channels();
    }

    long scratchElements() {
        return scratchElements;
    }

    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        Plane from = stages.get(0).spec().in();
        Plane to = last.out();
        boolean adds = last instanceof OperationSpec.Pointwise pointwise && pointwise.residual();
        return new VectorStep(workspace) {
            private final Walk[] walks = walks();
            private int parts;

            private Walk[] walks() {
                RowOperation.Rows[] rows = stages.stream().map(stage -> stage.rows(threads)).toArray(RowOperation.Rows[]::new);
                Walk[] walks = new Walk[threads];
                for (int worker = 0; worker < threads; worker++) {
                    walks[worker] = new Walk(rows, worker, arena, scratch[worker], adds);
                }
                return walks;
            }

            @Override
            int prepare(int batch) {
                int wanted = threads == 1 || batch >= 4 * threads ? 1 : stages.size() == 1 ? 4 * threads : VectorOperation.ceilDiv(threads, batch);
                parts = Math.min(wanted, to.height());
                return batch * parts;
            }

            @Override
            public void run(int unit, int worker) {
                int n = unit / parts;
                int part = unit % parts;
                walks[worker].run(in + n * from.elements(), out + n * to.elements(), residual + n * to.elements(), start(part, parts, to.height()),
                        start(part + 1, parts, to.height()));
            }
        };
    }

    /** How far a worker's stages have come. */
    private final class Walk {
        private final RowOperation.Rows[] rows;
        private final int worker;
        private final float[] scratch;
        /** What a stage reads, and last what the chain writes. */
        private final RowBuffer[] buffers = new RowBuffer[stages.size() + 1];
        private final RowBuffer residual;
        private final int[] scratchAt = new int[stages.size()];
        private final int[] next = new int[stages.size()];

        Walk(RowOperation.Rows[] rows, int worker, float[] arena, float[] scratch, boolean residual) {
            this.rows = rows;
            this.worker = worker;
            this.scratch = scratch;
            int count = stages.size();
            Plane from = stages.get(0).spec().in();
            buffers[0] = new RowBuffer(arena, 0, from.height(), rowElements(from));
            buffers[count] = new RowBuffer(arena, 0, last.out().height(), rowElements(last.out()));
            this.residual = residual ? new RowBuffer(arena, 0, last.out().height(), rowElements(last.out())) : null;
            int at = VectorWorkspace.LINE_START;
            for (int stage = 0; stage < count; stage++) {
                if (stage < count - 1) {
                    int rowElements = rowElements(stages.get(stage).spec().out());
                    buffers[stage + 1] = new RowBuffer(scratch, at, most[stage], rowElements);
                    at += most[stage] * rowElements;
                }
                scratchAt[stage] = at;
                at += (int) stages.get(stage).rowScratch(most[stage]);
            }
        }

        /** Makes the rows [start, end) of an image. */
        void run(int in, int out, int add, int start, int end) {
            int count = rows.length;
            buffers[0].base = in;
            buffers[count].base = out;
            if (residual != null) {
                residual.base = add;
            }
            next[count - 1] = start;
            for (int stage = count - 1; stage > 0; stage--) {
                Window window = stages.get(stage).window();
                next[stage - 1] = Math.max(0, next[stage] * window.strideY() - window.padding().top());
            }
            while (next[count - 1] < end) {
                make(count - 1, Math.min(end, next[count - 1] + most[count - 1]));
            }
        }

        /** Makes a stage's rows up to {@code end}, at most as many as its ring holds, and before them what they need. */
        private void make(int stage, int end) {
            int start = next[stage];
            if (start >= end) {
                return;
            }
            if (stage > 0) {
                Window window = stages.get(stage).window();
                int needed = (end - 1) * window.strideY() - window.padding().top() + window.kernelHeight();
                make(stage - 1, Math.min(needed, stages.get(stage).spec().in().height()));
            }
            rows[stage].make(start, end, buffers[stage], buffers[stage + 1], stage == rows.length - 1 ? residual : null, scratch, scratchAt[stage], worker);
            next[stage] = end;
        }
    }
}
