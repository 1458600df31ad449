package dev.lowpass.models.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Zigzag;

/**
 * The pointwise convolution on blockwise-DCT coefficients, differentiable in everything:
 * {@code Y = W T' (M . T X)} with T the two-dimensional transform of a block in zigzag order and M a mask per coefficient. W acts on
 * channels and T on positions, so the two commute; the inverse transform runs on the narrower side.
 */
final class FrequencyPointwise {

    private FrequencyPointwise() {}

    /**
     * The matrix T: row z holds the basis picture of zigzag index z, {@code T[z][i B + j] = D[u(z)][i] D[v(z)][j]}, orthonormal.
     *
     * @return {@code [B B, B B]}
     */
    static NDArray transform(NDManager manager, int block, DataType type) {
        double[][] basis = DctBasis.of(block);
        Zigzag zigzag = Zigzag.of(block);
        int area = block * block;
        double[] matrix = new double[area * area];
        for (int z = 0; z < area; z++) {
            for (int i = 0; i < block; i++) {
                for (int j = 0; j < block; j++) {
                    matrix[z * area + i * block + j] = basis[zigzag.row(z)][i] * basis[zigzag.column(z)][j];
                }
            }
        }
        try (NDArray wide = manager.create(matrix, new Shape(area, area))) {
            return wide.toType(type, true);
        }
    }

    /**
     * @param x {@code [n, in, h, w]}, channels innermost in memory
     * @param transform as {@link #transform} gives it
     * @param mask broadcast to {@code [n, blocks, z, in]}
     * @param weight {@code [out, in, 1, 1]}
     * @param bias {@code [out]}
     * @return {@code [n, out, h, w]}
     */
    static NDArray apply(NDArray x, int block, NDArray transform, NDArray mask, NDArray weight, NDArray bias) {
        long n = x.getShape().get(0);
        long in = x.getShape().get(1);
        long height = x.getShape().get(2);
        long width = x.getShape().get(3);
        long out = weight.getShape().get(0);
        long area = (long) block * block;
        long blocks = height * width / area;
        NDArray pixels = x.transpose(0, 2, 3, 1)
                .reshape(n, height / block, block, width / block, block, in)
                .transpose(0, 1, 3, 2, 4, 5)
                .reshape(n * blocks, area, in);
        NDArray kept = transform.matMul(pixels).reshape(n, blocks, area, in).mul(mask);
        if (in <= out) {
            NDArray cut = pixels(transform, kept.reshape(n * blocks, area, in), n, height, width, block, in);
            return cut.getNDArrayInternal()
                    .convolution(cut, weight, bias, new Shape(1, 1), new Shape(0, 0), new Shape(1, 1), 1)
                    .singletonOrThrow();
        }
        NDArray product = kept.reshape(n * blocks * area, in).matMul(weight.reshape(out, in).transpose());
        return pixels(transform, product.reshape(n * blocks, area, out), n, height, width, block, out).add(bias.reshape(1, out, 1, 1));
    }

    private static NDArray pixels(NDArray transform, NDArray coefficients, long n, long height, long width, int block, long channels) {
        return transform.transpose()
                .matMul(coefficients)
                .reshape(n, height / block, width / block, block, block, channels)
                .transpose(0, 1, 3, 2, 4, 5)
                .reshape(n, height, width, channels)
                .transpose(0, 3, 1, 2);
    }
}
