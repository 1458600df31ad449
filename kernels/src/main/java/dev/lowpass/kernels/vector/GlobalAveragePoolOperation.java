package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;

/** The mean of each channel; a unit is a range of an image's channels. */
final class GlobalAveragePoolOperation extends VectorOperation {

    private static final int CHANNELS = 128;

    private final Plane plane;

    GlobalAveragePoolOperation(Lanes lanes, OperationSpec.GlobalAveragePool spec) {
        super(lanes, spec);
        plane = spec.in();
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        int channels = plane.channels();
        int area = plane.area();
        int ranges = ceilDiv(channels, CHANNELS);
        float factor = 1f / area;
        return new VectorStep(workspace) {
            @Override
            int prepare(int batch) {
                return batch * ranges;
            }

            @Override
            public void run(int unit, int worker) {
                int n = unit / ranges;
                int c = unit % ranges * CHANNELS;
                int count = Math.min(CHANNELS, channels - c);
                int to = out + n * channels + c;
                for (int i = 0; i < count; i++) {
                    arena[to + i] = 0;
                }
                for (int position = 0; position < area; position++) {
                    lanes.accumulate(factor, arena, in + (n * area + position) * channels + c, arena, to, count);
                }
            }
        };
    }
}
