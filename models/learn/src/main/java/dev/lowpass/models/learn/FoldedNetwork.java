package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** A model in libtorch as its file states it: hard cutoffs, no gradients. */
final class FoldedNetwork implements AutoCloseable {

    private static final int[] ALONG = {1};

    private final NDManager manager;
    private final Graph graph;
    private final int classes;
    private final Map<String, NDArray> weights = new HashMap<>();
    private final Map<String, NDArray> biases = new HashMap<>();
    private final Map<String, NDArray> masks = new HashMap<>();
    private final Map<Integer, NDArray> transforms = new HashMap<>();

    FoldedNetwork(NDManager root, ModelDefinition model) {
        manager = root.newSubManager();
        graph = model.graph();
        classes = model.classes();
        for (GraphOp op : graph.ops()) {
            int[] shape = Filters.shape(op);
            if (shape == null) {
                continue;
            }
            Parameters parameters = model.parameters(op);
            weights.put(op.name(), Libtorch.array(manager, parameters.weight(), shape[0], shape[1], shape[2], shape[3]));
            biases.put(op.name(), Libtorch.array(manager, parameters.bias(), shape[0]));
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                masks.put(op.name(), hardMask(manager, pointwise.block(), parameters.cutoffs()));
                transforms.computeIfAbsent(pointwise.block(), block -> FrequencyPointwise.transform(manager, block, DataType.FLOAT32));
            }
        }
    }

    /** 1 for each coefficient below its channel's cutoff, 0 for the others, {@code [z, c]}. */
    static NDArray hardMask(NDManager manager, int block, int[] cutoffs) {
        int area = block * block;
        float[] mask = new float[area * cutoffs.length];
        for (int z = 0; z < area; z++) {
            for (int c = 0; c < cutoffs.length; c++) {
                mask[z * cutoffs.length + c] = z < cutoffs[c] ? 1 : 0;
            }
        }
        return Libtorch.array(manager, mask, area, cutoffs.length);
    }

    /** How many arrays it holds. */
    int arrays() {
        return manager.getManagedArrays().size();
    }

    int classes() {
        return classes;
    }

    /**
     * Logits {@code [n][class]}.
     *
     * @param input normalised, {@code [n][y][x][c]}
     */
    float[] logits(float[] input, int n) {
        return withoutGradients(input, n, images -> forward(images, new HashMap<>()).toFloatArray());
    }

    /** Logits {@code [n][class]} of images of any size that a caller has in a tensor; they are not differentiated. */
    float[] logits(NDArray images) {
        return Libtorch.withoutGradients(() -> forward(images, new HashMap<>()).toFloatArray());
    }

    /** What a pass over a batch gives, in a scope of its own. */
    private <T> T withoutGradients(float[] input, int n, Function<NDArray, T> pass) {
        Plane plane = graph.input();
        try (NDManager scratch = manager.newSubManager()) {
            return Libtorch.withoutGradients(() -> pass.apply(Libtorch.images(scratch, input, n, plane.height(), plane.width(), plane.channels())));
        }
    }

    /**
     * Logits {@code [n, classes]}, in the caller's scope.
     *
     * @param tensors receives what each op gives
     */
    NDArray forward(NDArray input, Map<String, NDArray> tensors) {
        return TorchGraph.forward(graph, input, (op, x) -> {
            NDArray weight = weights.get(op.name());
            NDArray bias = biases.get(op.name());
            NDArray mask = masks.get(op.name());
            if (mask == null) {
                return TorchGraph.convolve(op, x, weight, bias);
            }
            int block = ((GraphOp.PointwiseConv2d) op).block();
            return FrequencyPointwise.apply(x, block, transforms.get(block), mask, weight, bias);
        }, tensors);
    }

    /**
     * Mean and standard deviation, per channel, of what each op with weights gives before its activation.
     *
     * @param input normalised, {@code [n][y][x][c]}
     */
    Map<String, float[][]> moments(float[] input, int n) {
        return withoutGradients(input, n, images -> {
            Map<String, float[][]> moments = new HashMap<>();
            TorchGraph.forward(graph, images, (op, x) -> {
                NDArray y = TorchGraph.convolve(op, x, weights.get(op.name()), biases.get(op.name()));
                NDArray values = y.transpose(1, 0, 2, 3).reshape(y.getShape().get(1), -1); // (c, n y x)
                float[] mean = values.mean(ALONG).toFloatArray();
                float[] deviation = values.mul(values).mean(ALONG).toFloatArray();
                for (int c = 0; c < mean.length; c++) {
                    deviation[c] = (float) Math.sqrt(Math.max(0, deviation[c] - (double) mean[c] * mean[c]));
                }
                moments.put(op.name(), new float[][] {mean, deviation});
                return y;
            });
            return moments;
        });
    }

    @Override
    public void close() {
        manager.close();
    }
}
