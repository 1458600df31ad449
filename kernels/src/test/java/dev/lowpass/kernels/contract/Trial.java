package dev.lowpass.kernels.contract;

/**
 * One run of an operation.
 *
 * @param in the input of {@code batch} images
 * @param residual the residual of {@code batch} images, or null
 * @param alias which operand, if any, lies where the output goes
 * @param batch images that are run
 * @param spare by how many images the workspace's largest batch exceeds {@code batch}
 * @param threads of the workspace
 */
record Trial(float[] in, float[] residual, Alias alias, int batch, int spare, int threads) {

    enum Alias {
        NONE,
        RESIDUAL,
        IN
    }

    Trial(float[] in, int batch) {
        this(in, null, Alias.NONE, batch, 0, 1);
    }

    Trial withResidual(float[] values, Alias at) {
        return new Trial(in, values, at, batch, spare, threads);
    }

    Trial withSpare(int images) {
        return new Trial(in, residual, alias, batch, images, threads);
    }

    Trial withThreads(int count) {
        return new Trial(in, residual, alias, batch, spare, count);
    }
}
