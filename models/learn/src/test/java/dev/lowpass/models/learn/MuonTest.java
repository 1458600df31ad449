package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MuonTest {

    private final SplittableRandom random = new SplittableRandom(11);

    @Test
    void whatAMatrixMovesByIsNearlyOrthogonal() {
        try (NDManager root = LibtorchCondition.start(); Workers workers = new Workers(1)) {
            Muon muon = new Muon(root, workers, List.of());
            for (int[] shape : new int[][] {{8, 8}, {4, 24}, {24, 4}, {1, 9}}) {
                int rows = shape[0];
                int columns = shape[1];
                float[] values = reals(rows * columns);
                float[] orthogonal = muon.orthogonalize(values, rows, columns);
                boolean wide = columns >= rows;
                int n = wide ? rows : columns;
                double along = 0;
                for (int i = 0; i < values.length; i++) {
                    along += values[i] * orthogonal[i];
                }
                assertTrue(along > 0, rows + "x" + columns + " turns against its momentum");
                for (int i = 0; i < n; i++) {
                    for (int j = 0; j < n; j++) {
                        double product = 0;
                        for (int k = 0; k < rows * columns / n; k++) {
                            product += wide ? orthogonal[i * columns + k] * orthogonal[j * columns + k] : orthogonal[k * columns + i] * orthogonal[k * columns + j];
                        }
                        // Squares of singular values from 0.7 to 1.2 make a Gram matrix so near to the unit matrix.
                        assertEquals(i == j ? 1 : 0, product, 0.52, rows + "x" + columns + " row " + i + " by " + j);
                    }
                }
            }
        }
    }

    @Test
    void aStepTurnsMatricesDownhillByTheAngleAndLeavesAllElse() {
        try (NDManager root = LibtorchCondition.start(); Workers workers = new Workers(2)) {
            Muon muon = new Muon(root, workers, List.of(new Muon.Matrix(3, 4, 6), new Muon.Matrix(30, 5, 2)));
            float[] before = reals(43);
            float[] vector = before.clone();
            float[] momentum = new float[43];
            float[] gradient = reals(43);
            muon.step(vector, momentum, gradient, 0.01);
            float[] first = momentum.clone();
            muon.step(vector.clone(), momentum, gradient, 0.01);
            for (int[] part : new int[][] {{0, 3}, {27, 3}, {40, 3}}) {
                for (int i = part[0]; i < part[0] + part[1]; i++) {
                    assertEquals(before[i], vector[i], "element " + i);
                    assertEquals(0, momentum[i], "momentum " + i);
                }
            }
            for (int[] part : new int[][] {{3, 24}, {30, 10}}) {
                double size = 0;
                double newSize = 0;
                double apart = 0;
                double uphill = 0;
                for (int i = part[0]; i < part[0] + part[1]; i++) {
                    size += before[i] * before[i];
                    newSize += vector[i] * vector[i];
                    apart += (vector[i] - before[i]) * (vector[i] - before[i]);
                    uphill += (vector[i] - before[i]) * gradient[i];
                    assertEquals(gradient[i], first[i], 1e-6f);
                    assertEquals(1.9f * gradient[i], momentum[i], 1e-6f);
                }
                assertEquals(1, newSize / size, 1e-5);
                assertTrue(uphill < 0, "climbs by " + uphill);
                double turned = Math.sqrt(apart / size);
                // The part of a step along the matrix itself turns nothing.
                assertTrue(turned > 0.005 && turned <= 0.0101, "turned by " + turned);
            }
        }
    }

    @Test
    void aMatrixWithoutGradientStays() {
        try (NDManager root = LibtorchCondition.start(); Workers workers = new Workers(1)) {
            float[] before = reals(12);
            float[] vector = before.clone();
            new Muon(root, workers, List.of(new Muon.Matrix(0, 3, 4))).step(vector, new float[12], new float[12], 0.01);
            assertArrayEquals(before, vector, 1e-6f);
        }
    }

    private float[] reals(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
