package dev.lowpass.bench.kernels;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Workspace;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** An operation with random weights and operands, ready to run on the CPU, and what the reference makes of them. */
final class Trial implements AutoCloseable {

    private final OperationSpec spec;
    private final List<float[]> weights = new ArrayList<>();
    private final List<float[]> biases = new ArrayList<>();
    private final float[] in;
    private final float[] residual;
    private final Operation operation;
    private final Workspace workspace;
    private final Operation.Step step;
    private final long outAt;

    Trial(OperationSpec spec, int threads) {
        this.spec = spec;
        SplittableRandom random = new SplittableRandom(7);
        for (OperationSpec stage : stages(spec)) {
            int count = weights(stage);
            // Sums stay near 1, whatever their depth.
            weights.add(count == 0 ? null : reals(random, count, Math.sqrt(3.0 * stage.out().channels() / count)));
            biases.add(count == 0 ? null : reals(random, stage.out().channels(), 1));
        }
        in = reals(random, spec.in().elements(), 1);
        residual = reals(random, spec.out().elements(), 1);
        Backend backend = Backends.vector();
        long residualAt = align(in.length);
        outAt = residualAt + align(residual.length);
        operation = create(backend);
        workspace = backend.newWorkspace(1, outAt + residual.length, operation.scratchElements(1), threads);
        workspace.write(0, FloatBuffer.wrap(in), 0, in.length);
        workspace.write(residualAt, FloatBuffer.wrap(residual), 0, residual.length);
        step = operation.bind(workspace, new Operands(0, outAt, residualAt));
    }

    private static long align(int elements) {
        return (elements + 15L) / 16 * 16;
    }

    private static List<OperationSpec> stages(OperationSpec spec) {
        if (spec instanceof OperationSpec.ExpandIdctDepthwiseDct whole) {
            return List.of(whole.expand(), whole.middle());
        }
        return spec instanceof OperationSpec.Chain chain ? chain.stages() : List.of(spec);
    }

    /** Bytes that the operation cannot do without: its operands, its result and its weights, each once. */
    static long bytes(OperationSpec spec) {
        long elements = (long) spec.in().elements() + spec.out().elements() + (adds(spec) ? spec.out().elements() : 0);
        for (OperationSpec stage : stages(spec)) {
            elements += weights(stage);
        }
        return Float.BYTES * elements;
    }

    private static boolean adds(OperationSpec spec) {
        return spec instanceof OperationSpec.Add
                || spec instanceof OperationSpec.Pointwise pointwise && pointwise.residual()
                || spec instanceof OperationSpec.BandPointwise band && band.residual()
                || spec instanceof OperationSpec.Chain chain && chain.residual();
    }

    private static int weights(OperationSpec spec) {
        int in = spec.in().channels();
        int out = spec.out().channels();
        if (spec instanceof OperationSpec.Conv2d conv) {
            return out * conv.window().kernelHeight() * conv.window().kernelWidth() * in;
        } else if (spec instanceof OperationSpec.Depthwise depthwise) {
            return out * depthwise.window().kernelHeight() * depthwise.window().kernelWidth();
        } else if (spec instanceof OperationSpec.IdctDepthwiseDct middle) {
            return out * middle.window().kernelHeight() * middle.window().kernelWidth();
        }
        return spec instanceof OperationSpec.Pointwise || spec instanceof OperationSpec.BandPointwise ? out * in : 0;
    }

    private static float[] reals(SplittableRandom random, int count, double bound) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
        }
        return values;
    }

    private Operation create(Backend backend) {
        if (spec instanceof OperationSpec.ExpandIdctDepthwiseDct whole) {
            return backend.expandIdctDepthwiseDct(whole, weights.get(0), biases.get(0), weights.get(1), biases.get(1));
        }
        if (!(spec instanceof OperationSpec.Chain chain)) {
            return create(backend, spec, 0);
        }
        List<Operation> stages = new ArrayList<>();
        for (int i = 0; i < chain.stages().size(); i++) {
            stages.add(create(backend, chain.stages().get(i), i));
        }
        return backend.chain(chain, stages);
    }

    private Operation create(Backend backend, OperationSpec stage, int number) {
        float[] weight = weights.get(number);
        float[] bias = biases.get(number);
        if (stage instanceof OperationSpec.Conv2d conv) {
            return backend.conv2d(conv, weight, bias);
        } else if (stage instanceof OperationSpec.Depthwise depthwise) {
            return backend.depthwise(depthwise, weight, bias);
        } else if (stage instanceof OperationSpec.Pointwise pointwise) {
            return backend.pointwise(pointwise, weight, bias);
        } else if (stage instanceof OperationSpec.BandPointwise band) {
            return backend.bandPointwise(band, new Bands[] {new Bands(band.staircase(), band.block() * band.block())}, weight, bias);
        } else if (stage instanceof OperationSpec.Dct dct) {
            return backend.dct(dct);
        } else if (stage instanceof OperationSpec.Idct idct) {
            return backend.idct(idct);
        } else if (stage instanceof OperationSpec.IdctDepthwiseDct middle) {
            return backend.idctDepthwiseDct(middle, weight, bias);
        } else if (stage instanceof OperationSpec.Add add) {
            return backend.add(add);
        }
        return backend.globalAveragePool((OperationSpec.GlobalAveragePool) stage);
    }

    void run() {
        step.run(1);
    }

    /**
     * Runs once and compares with the reference, so that nothing wrong is timed.
     *
     * @throws IllegalStateException where an element is off by more than a thousandth
     */
    void verify() {
        run();
        float[] actual = new float[spec.out().elements()];
        workspace.read(outAt, FloatBuffer.wrap(actual), 0, actual.length);
        float[] expected = in;
        List<OperationSpec> stages = stages(spec);
        for (int i = 0; i < stages.size(); i++) {
            expected = reference(stages.get(i), i, expected);
        }
        OperationSpec last = stages.get(stages.size() - 1);
        Staircase written = last instanceof OperationSpec.Dct dct ? dct.staircase()
                : last instanceof OperationSpec.IdctDepthwiseDct middle ? middle.staircase() : null;
        int channels = spec.out().channels();
        for (int i = 0; i < actual.length; i++) {
            // Beyond a cutoff the output is unspecified.
            int z = written == null ? 0 : i / (channels * spec.out().blocks(written.block()));
            if ((written == null || z < written.cutoff(i % channels)) && !(Math.abs(expected[i] - actual[i]) <= 1e-3)) {
                throw new IllegalStateException(spec.kernelName() + " on " + spec.in() + ": element " + i + " is " + actual[i] + ", the reference says "
                        + expected[i]);
            }
        }
    }

    private float[] reference(OperationSpec stage, int number, float[] from) {
        Backend backend = Backends.reference();
        float[] out = new float[stage.out().elements()];
        long residualAt = from.length;
        try (Operation one = create(backend, stage, number);
                Workspace memory = backend.newWorkspace(1, residualAt + 2L * out.length, one.scratchElements(1), 1)) {
            memory.write(0, FloatBuffer.wrap(from), 0, from.length);
            if (adds(stage)) {
                memory.write(residualAt, FloatBuffer.wrap(residual), 0, out.length);
            }
            one.bind(memory, new Operands(0, residualAt + out.length, residualAt)).run(1);
            memory.read(residualAt + out.length, FloatBuffer.wrap(out), 0, out.length);
        }
        return out;
    }

    @Override
    public void close() {
        workspace.close();
        operation.close();
    }
}
