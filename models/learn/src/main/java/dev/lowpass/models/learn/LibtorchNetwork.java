package dev.lowpass.models.learn;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.util.HashMap;
import java.util.Map;

/**
 * A model without its cutoffs in libtorch, to be run and not trained: op by op, channels innermost in memory, no gradients, weights and
 * inputs brought into tensors once. Calls on different inputs may run at the same time.
 */
public final class LibtorchNetwork implements AutoCloseable {

    private final NDManager manager;
    private final Graph graph;
    private final int threads;
    private final Map<String, NDArray> weights = new HashMap<>();
    private final Map<String, NDArray> biases = new HashMap<>();

    /**
     * @param threads of libtorch that share an operation
     * @throws LearnException when there is no libtorch for this platform
     */
    public LibtorchNetwork(ModelDefinition model, int threads) {
        this.threads = threads;
        graph = model.graph();
        manager = Libtorch.start().newSubManager();
        for (GraphOp op : graph.ops()) {
            int[] shape = Filters.shape(op);
            if (shape != null) {
                Parameters parameters = model.parameters(op);
                weights.put(op.name(), Libtorch.array(manager, parameters.weight(), shape[0], shape[1], shape[2], shape[3]));
                biases.put(op.name(), Libtorch.array(manager, parameters.bias(), shape[0]));
            }
        }
    }

    /** Of libtorch. */
    public static String version() {
        return Engine.getEngine("PyTorch").getVersion();
    }

    /** A batch that can be run again and again. */
    public final class Input implements AutoCloseable {

        private final NDManager own = manager.newSubManager();
        private final NDArray images;

        private Input(float[] values, int n) {
            Plane plane = graph.input();
            images = Libtorch.images(own, values, n, plane.height(), plane.width(), plane.channels());
        }

        /** The logits {@code [n][class]}; where the last plane has several positions, {@code [n][y][x][c]}. */
        public float[] run() {
            JniUtils.setNumThreads(threads); // libtorch keeps the number by thread
            return Libtorch.withoutGradients(() -> {
                NDArray logits = TorchGraph.forward(graph, images, (op, x) -> TorchGraph.convolve(op, x, weights.get(op.name()), biases.get(op.name())));
                Plane out = graph.plane(graph.output().name());
                if (out.area() > 1) {
                    // [n][c][y][x] so far.
                    logits = logits.reshape(-1, out.channels(), out.height(), out.width()).transpose(0, 2, 3, 1);
                }
                return logits.toFloatArray();
            });
        }

        @Override
        public void close() {
            own.close();
        }
    }

    /** @param values normalised, {@code [n][y][x][c]} */
    public Input newInput(float[] values, int n) {
        return new Input(values, n);
    }

    @Override
    public void close() {
        manager.close();
    }
}
