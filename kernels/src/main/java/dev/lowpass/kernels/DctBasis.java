package dev.lowpass.kernels;

/** The orthonormal DCT-II basis. */
public final class DctBasis {

    private DctBasis() {}

    /**
     * The matrix {@code D[u][i] = a(u) cos(pi (2i + 1) u / 2B)} with {@code a(0) = sqrt(1/B)} and otherwise
     * {@code a(u) = sqrt(2/B)}: {@code X^ = D X D'} transforms a block and {@code X = D' X^ D} restores it
     * (Ahmed, Natarajan, Rao, 1974).
     *
     * @param block the side B, 2 to 16
     * @return B rows of B, a new array
     */
    public static double[][] of(int block) {
        Zigzag.checkBlock(block);
        double[][] basis = new double[block][block];
        for (int u = 0; u < block; u++) {
            double scale = Math.sqrt((u == 0 ? 1.0 : 2.0) / block);
            for (int i = 0; i < block; i++) {
                basis[u][i] = scale * Math.cos(Math.PI * (2 * i + 1) * u / (2 * block));
            }
        }
        return basis;
    }
}
