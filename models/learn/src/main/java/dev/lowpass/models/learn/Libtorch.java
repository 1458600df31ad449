package dev.lowpass.models.learn;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Supplier;

/**
 * The few calls to libtorch that DJL's engine-neutral interface does not have. Its {@code GradientCollector} admits one thread at a
 * time in the whole process; the gradients here are taken a thread at a time, so that workers need not share anything.
 */
final class Libtorch {

    private Libtorch() {}

    /**
     * Starts libtorch from the natives on the class path; never downloads.
     *
     * @throws LearnException when there are none for this platform
     */
    static NDManager start() {
        System.setProperty("ai.djl.offline", "true");
        try {
            return Engine.getEngine("PyTorch").newBaseManager();
        } catch (EngineException | IllegalStateException | UnsatisfiedLinkError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new LearnException("libtorch did not start on " + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ": "
                    + cause.getMessage() + "; learning needs the pytorch-native-cpu library of this platform on the class path", e);
        }
    }

    /**
     * Makes the calling thread a worker of its own: libtorch's operations run on this thread alone. Two such workers on two cores do
     * more than one with two threads, for they wait for one another once a step and not once an operation.
     */
    static void enterWorker() {
        JniUtils.setNumThreads(1);
        JniUtils.setGradMode(true);
    }

    /** Whether operations of the calling thread are recorded for {@link #backward}; gives what was so before. */
    static boolean setGradients(boolean gradients) {
        boolean before = JniUtils.isGradMode();
        JniUtils.setGradMode(gradients);
        return before;
    }

    /** What is computed and not differentiated, in a scope of its own, which ends what is left of it. */
    static <T> T withoutGradients(Supplier<T> pass) {
        boolean gradients = setGradients(false);
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning(); // what is computed with a constant is not the manager's, but the scope's
            return pass.get();
        } finally {
            setGradients(gradients);
        }
    }

    /** Values in the given shape. */
    static NDArray array(NDManager manager, float[] values, long... shape) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.nativeOrder());
        buffer.asFloatBuffer().put(values);
        // A tensor made of a buffer is a view of memory that Java's collector frees; the copy is libtorch's own, for as long as its
        // graph needs it.
        try (NDArray view = manager.create(buffer, new Shape(shape), DataType.FLOAT32)) {
            return view.duplicate();
        }
    }

    /** A batch given as {@code [n][y][x][c]}, seen as n, c, y, x: libtorch keeps channels innermost through the whole network. */
    static NDArray images(NDManager manager, float[] values, int n, int height, int width, int channels) {
        return array(manager, values, n, height, width, channels).transpose(0, 3, 1, 2);
    }

    /**
     * The cross entropy {@code -weight * sum of target * log(probability)} of logits {@code [n, classes]}, a scalar.
     *
     * <p>Arithmetic with a Java number ({@code x.mul(2)}) must not be differentiated: DJL makes an array of the number that is a view of
     * a Java buffer, and closes it at once. libtorch's graph still refers to the view when Java's collector frees the buffer, so that
     * now and then the gradient is multiplied by whatever stands there then, NaN included.
     */
    static NDArray crossEntropy(NDManager manager, NDArray logits, float[] targets, double weight) {
        float[] factors = new float[targets.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = (float) (-weight * targets[i]);
        }
        return logits.logSoftmax(1).mul(array(manager, factors, logits.getShape().getShape())).sum();
    }

    /** Differentiates a scalar; gradients are added to the leaves that require them. */
    static void backward(NDArray scalar) {
        JniUtils.backward((PtNDArray) scalar, (PtNDArray) scalar.onesLike(), false, false);
    }

    /** The gradient of a leaf after {@link #backward}. */
    static float[] gradient(NDArray leaf) {
        try (NDArray gradient = leaf.getGradient()) {
            return gradient.toFloatArray();
        }
    }
}
