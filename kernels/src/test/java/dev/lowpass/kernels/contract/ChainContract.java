package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Contract of chains: as if the stages ran one after another. Skipped where a back end knows no chains. */
public abstract class ChainContract extends Contract {

    private static Function<Backend, Operation> chain(List<OperationSpec> stages, List<float[]> weights, List<float[]> biases) {
        return backend -> {
            List<Operation> operations = new ArrayList<>();
            for (int i = 0; i < stages.size(); i++) {
                operations.add(stage(backend, stages.get(i), weights.get(i), biases.get(i)));
            }
            try {
                return backend.chain(new OperationSpec.Chain(stages), operations);
            } catch (UnsupportedOperationException e) {
                operations.forEach(Operation::close);
                Assumptions.abort(e.getMessage());
                throw e;
            }
        };
    }

    private static Operation stage(Backend backend, OperationSpec spec, float[] weight, float[] bias) {
        if (spec instanceof OperationSpec.Conv2d conv) {
            return backend.conv2d(conv, weight, bias);
        }
        return spec instanceof OperationSpec.Depthwise depthwise
                ? backend.depthwise(depthwise, weight, bias)
                : backend.pointwise((OperationSpec.Pointwise) spec, weight, bias);
    }

    private static OperationSpec pointwise(Plane in, int out, Activation activation, boolean residual) {
        return new OperationSpec.Pointwise(in, out, activation, residual);
    }

    private static int weights(OperationSpec spec) {
        int out = spec.out().channels();
        if (spec instanceof OperationSpec.Conv2d conv) {
            return out * conv.window().kernelHeight() * conv.window().kernelWidth() * spec.in().channels();
        }
        return spec instanceof OperationSpec.Depthwise depthwise
                ? out * depthwise.window().kernelHeight() * depthwise.window().kernelWidth()
                : out * spec.in().channels();
    }

    /** Small whole numbers, whose sums are exact in every order. */
    private void check(List<OperationSpec> stages, int batch, boolean residual, Trial.Alias alias, SplittableRandom random) {
        OperationSpec.Chain spec = new OperationSpec.Chain(stages);
        List<float[]> weights = stages.stream().map(stage -> integers(random, weights(stage), 2)).toList();
        List<float[]> biases = stages.stream().map(stage -> integers(random, stage.out().channels(), 5)).toList();
        float[] in = integers(random, elements(spec.in(), batch), 2);
        float[] added = residual ? integers(random, elements(spec.out(), batch), 9) : null;
        Trial trial = new Trial(in, batch).withResidual(added, alias).withSpare(batch % 2);
        float[] between = in;
        for (int i = 0; i < stages.size(); i++) {
            OperationSpec stage = stages.get(i);
            float[] weight = weights.get(i);
            float[] bias = biases.get(i);
            Trial one = new Trial(between, batch).withResidual(i == stages.size() - 1 ? added : null, Trial.Alias.NONE);
            between = run(Backends.reference(), 1, backend -> stage(backend, stage, weight, bias), one);
        }
        Layout layout = Layout.spatial(spec.out(), batch);
        compare(Naive.toDouble(between), run(chain(stages, weights, biases), trial), layout, 0);
        checkThreads(chain(stages, weights, biases), trial.withResidual(added, Trial.Alias.NONE), layout);
    }

    /** Blocks of MobileNetV2 at strides 1 and 2, and channels that fill no vector. */
    @Test
    void invertedResiduals() {
        SplittableRandom random = new SplittableRandom(91);
        for (int[] side : new int[][] {{7, 7}, {14, 14}, {9, 13}, {28, 5}, {3, 56}}) {
            for (int[] channels : new int[][] {{3, 8, 5}, {16, 96, 24}, {7, 33, 7}}) {
                for (int stride = 1; stride <= 2; stride++) {
                    if (picked()) {
                        Plane in = new Plane(side[0], side[1], channels[0]);
                        OperationSpec expand = pointwise(in, channels[1], Activation.RELU6, false);
                        OperationSpec depthwise = new OperationSpec.Depthwise(expand.out(), Window.square(3, stride, Padding.same(side[0], side[1], 3, 3, stride)),
                                Activation.RELU6);
                        boolean residual = stride == 1 && channels[0] == channels[2];
                        OperationSpec project = pointwise(depthwise.out(), channels[2], Activation.NONE, residual);
                        check(List.of(expand, depthwise, project), 1 + side[0] % 3, residual, residual ? Trial.Alias.RESIDUAL : Trial.Alias.NONE, random);
                    }
                }
            }
        }
    }

    @Test
    void anyWindowBehindAStem() {
        SplittableRandom random = new SplittableRandom(92);
        Plane in = new Plane(23, 19, 3);
        for (Window window : Windows.ALL) {
            OperationSpec stem = new OperationSpec.Conv2d(in, 17, Window.square(3, 2, new Padding(0, 0, 1, 1)), Activation.RELU);
            OperationSpec depthwise = new OperationSpec.Depthwise(stem.out(), window, Activation.RELU);
            check(List.of(stem, depthwise, pointwise(depthwise.out(), 6, Activation.RELU6, false)), 2, false, Trial.Alias.NONE, random);
        }
    }

    @Test
    void longAndShortChains() {
        SplittableRandom random = new SplittableRandom(93);
        Plane in = new Plane(21, 11, 4);
        OperationSpec one = new OperationSpec.Depthwise(in, Window.square(5, 2, Padding.all(2)), Activation.RELU);
        OperationSpec two = new OperationSpec.Conv2d(one.out(), 9, Window.square(3, 1, Padding.all(1)), Activation.RELU);
        OperationSpec three = new OperationSpec.Depthwise(two.out(), Window.square(3, 1, Padding.all(1)), Activation.NONE);
        check(List.of(one), 2, false, Trial.Alias.NONE, random);
        check(List.of(one, two), 1, false, Trial.Alias.NONE, random);
        check(List.of(one, two, three), 3, false, Trial.Alias.NONE, random);
    }
}
