package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;

/** Dense convolution: the taps of a block of positions are gathered to rows, and a GEMM runs over them. */
final class Conv2dOperation extends VectorOperation {

    private final OperationSpec.Conv2d spec;
    private final PackedGemm gemm;

    Conv2dOperation(Lanes lanes, OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        super(lanes, spec);
        this.spec = spec;
        int taps = spec.window().kernelHeight() * spec.window().kernelWidth();
        gemm = new PackedGemm(lanes, spec.outChannels(), taps * spec.in().channels(), weight, bias, low(spec.activation()), high(spec.activation()));
    }

    /** Positions gathered at once: few enough for the first cache level at the depth of a stem. */
    private int blockRows() {
        return Math.min(gemm.blockRows(), 20 * lanes.tileRows());
    }

    @Override
    public long scratchElements(int maxBatch) {
        return gemm.tailElements() + (long) blockRows() * gemm.depth;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        Plane from = spec.in();
        Plane to = spec.out();
        Window window = spec.window();
        int tail = gemm.tailElements();
        int blockRows = blockRows();
        return new GemmStep(workspace, gemm) {
            @Override
            int prepare(int batch) {
                return split(batch * to.area(), blockRows);
            }

            @Override
            void block(int row0, int row1, int panel0, int panel1, float[] scratch) {
                for (int row = row0; row < row1; row++) {
                    int n = row / to.area();
                    int y = row % to.area() / to.width() * window.strideY() - window.padding().top();
                    int x = row % to.width() * window.strideX() - window.padding().left();
                    gather(in + n * from.elements(), y, x, scratch, tail + (row - row0) * gemm.depth);
                }
                gemm.run(panel0, panel1, row1 - row0, scratch, tail, gemm.depth, arena, out + row0 * gemm.columns, null, 0, null, 1, row0,
                        scratch, 0);
            }

            /** The taps of the window whose first is at (y0, x0), [kernelY][kernelX][in], zero outside the plane. */
            private void gather(int image, int y0, int x0, float[] row, int at) {
                int channels = from.channels();
                int length = window.kernelWidth() * channels;
                boolean inside = x0 >= 0 && x0 + window.kernelWidth() <= from.width();
                for (int ky = 0; ky < window.kernelHeight(); ky++, at += length) {
                    int y = y0 + ky;
                    int source = image + (y * from.width() + x0) * channels;
                    if (y < 0 || y >= from.height()) {
                        zero(row, at, at + length);
                    } else if (inside && length == 9) {
                        nine(source, row, at);
                    } else {
                        int first = Math.max(0, -x0) * channels;
                        int end = Math.max(first, Math.min(window.kernelWidth(), from.width() - x0) * channels);
                        zero(row, at, at + first);
                        for (int i = first; i < end; i++) {
                            row[at + i] = arena[source + i];
                        }
                        zero(row, at + end, at + length);
                    }
                }
            }

            /** A stem's row of taps, three of three channels; a loop would cost more than its work. */
            private void nine(int source, float[] row, int at) {
                row[at] = arena[source];
                row[at + 1] = arena[source + 1];
                row[at + 2] = arena[source + 2];
                row[at + 3] = arena[source + 3];
                row[at + 4] = arena[source + 4];
                row[at + 5] = arena[source + 5];
                row[at + 6] = arena[source + 6];
                row[at + 7] = arena[source + 7];
                row[at + 8] = arena[source + 8];
            }

            private void zero(float[] row, int start, int end) {
                for (int i = start; i < end; i++) {
                    row[i] = 0;
                }
            }
        };
    }
}
