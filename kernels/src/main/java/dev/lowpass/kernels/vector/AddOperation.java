package dev.lowpass.kernels.vector;

import dev.lowpass.kernels.OperationSpec;

/** Elementwise sum. */
final class AddOperation extends VectorOperation {

    private final OperationSpec.Add spec;

    AddOperation(Lanes lanes, OperationSpec.Add spec) {
        super(lanes, spec);
        this.spec = spec;
    }

    @Override
    VectorStep bind(VectorWorkspace workspace, int in, int out, int residual) {
        float low = low(spec.activation());
        float high = high(spec.activation());
        return new VectorStep(workspace) {
            private int total;
            private int parts;

            @Override
            int prepare(int batch) {
                total = batch * spec.in().elements();
                parts = parts(total, 4096);
                return parts;
            }

            @Override
            public void run(int unit, int worker) {
                int from = start(unit, parts, total);
                lanes.add(arena, in + from, arena, residual + from, arena, out + from, start(unit + 1, parts, total) - from, low, high);
            }
        };
    }
}
