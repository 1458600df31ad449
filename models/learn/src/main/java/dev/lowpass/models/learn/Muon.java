package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): a matrix of weights moves by the orthogonal matrix nearest to its momentum, so
 * that rare directions count as much as frequent ones. A batch normalisation follows each matrix, which makes its size meaningless;
 * so it is kept, and a step turns the matrix by a given angle at most.
 */
final class Muon {

    /**
     * A matrix in a vector of parameters.
     *
     * @param at where it starts, row by row
     */
    record Matrix(int at, int rows, int columns) {
        int elements() {
            return rows * columns;
        }
    }

    private static final double MOMENTUM = 0.9;
    private static final int ITERATIONS = 5;

    private final NDManager root;
    private final Workers workers;
    private final List<Matrix> matrices;

    Muon(NDManager root, Workers workers, List<Matrix> matrices) {
        this.root = root;
        this.workers = workers;
        this.matrices = matrices;
    }

    /**
     * Moves every matrix.
     *
     * @param angle by which a matrix turns at most, in radians: the part of a step along the matrix itself turns nothing
     */
    void step(float[] vector, float[] momentum, float[] gradient, double angle) {
        workers.run(matrices.stream().map(matrix -> (Callable<Void>) () -> {
            step(matrix, vector, momentum, gradient, angle);
            return null;
        }).toList());
    }

    private void step(Matrix matrix, float[] vector, float[] momentum, float[] gradient, double angle) {
        float[] direction = new float[matrix.elements()];
        double size = 0;
        for (int i = 0; i < direction.length; i++) {
            int at = matrix.at() + i;
            momentum[at] = (float) (MOMENTUM * momentum[at] + gradient[at]);
            direction[i] = (float) (gradient[at] + MOMENTUM * momentum[at]);
            size += (double) vector[at] * vector[at];
        }
        float[] orthogonal = orthogonalize(direction, matrix.rows(), matrix.columns());
        double factor = angle * Math.sqrt(size) / Math.sqrt(squares(orthogonal, 0, orthogonal.length));
        for (int i = 0; i < orthogonal.length; i++) {
            vector[matrix.at() + i] -= (float) (factor * orthogonal[i]);
        }
        double back = Math.sqrt(size / squares(vector, matrix.at(), orthogonal.length));
        for (int i = 0; i < orthogonal.length; i++) {
            vector[matrix.at() + i] *= (float) back;
        }
    }

    private static double squares(float[] values, int from, int count) {
        double sum = 1e-30;
        for (int i = from; i < from + count; i++) {
            sum += (double) values[i] * values[i];
        }
        return sum;
    }

    /**
     * Nearly the orthogonal factor of a matrix's polar decomposition, by five steps of a quintic Newton-Schulz iteration: singular values of
     * at least 0.0015 of the Frobenius norm become 0.68 to 1.2, lesser ones less, and 0 stays 0.
     */
    float[] orthogonalize(float[] values, int rows, int columns) {
        try (NDManager manager = root.newSubManager()) {
            double norm = Math.sqrt(squares(values, 0, values.length));
            float[] scaled = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                scaled[i] = (float) (values[i] / norm);
            }
            return Libtorch.withoutGradients(() -> {
                NDArray x = Libtorch.array(manager, scaled, rows, columns);
                if (rows > columns) {
                    x = x.transpose();
                }
                for (int i = 0; i < ITERATIONS; i++) {
                    NDArray gram = x.matMul(x.transpose());
                    NDArray mixed = gram.mul(-4.7750f).add(gram.matMul(gram).mul(2.0315f));
                    x = x.mul(3.4445f).add(mixed.matMul(x));
                }
                return (rows > columns ? x.transpose() : x).toFloatArray();
            });
        }
    }
}
