package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Precision;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/**
 * One way to compute a product of rows and weights by cuBLAS: one GEMM a band. Rows of a band follow one another in memory, so its batch is
 * part of the GEMM's rows and a strided batch would gain nothing. What a staircase drops may hold anything, NaN too; where a
 * band is deeper than some of its rows, or channels are out of order, the kept part is therefore packed into scratch memory first.
 */
final class CublasTactic {

    /** The most bands that are tried: each is a launch. */
    private static final int[] BANDS = {2, 4, 8};

    /** Widths of packed rows are multiples of this many elements, so that cuBLAS can move 16 bytes at a time. */
    private static final int WIDTH = 8;

    /** Threads of a block of band_pack: a row of threads for each row. */
    private static final int PACK_LANES = 32;
    private static final int PACK_ROWS = 8;

    /**
     * What is multiplied.
     *
     * @param channels of the input
     * @param prefix at each coefficient, how many channels count
     * @param sorted whether channels are stored in the order in which they count
     * @param rowsPerImage rows of an image at each coefficient
     * @param biasScale of the bias, which goes to the rows of the first coefficient
     */
    record Product(Precision precision, int channels, int outChannels, int[] prefix, boolean sorted, int rowsPerImage, int biasScale, boolean biased,
            Activation activation, boolean residual) {}

    /** Where an operation keeps what all its tactics share. */
    record Placed(CUdeviceptr weight, int weightStride, boolean weightTransposed, CUdeviceptr bias, CUdeviceptr order) {}

    private final Product product;
    /** Of each band: the coefficient after its last, and its depth. */
    private final int[] ends;
    private final int[] depths;
    private final boolean packed;
    private final int layout;

    private CublasTactic(Product product, int[] ends, Constants constants) {
        this.product = product;
        this.ends = ends;
        depths = new int[ends.length];
        int[] table = new int[3 * product.prefix().length];
        boolean exact = product.sorted();
        int base = 0;
        for (int band = 0, z = 0; band < ends.length; band++) {
            depths[band] = product.prefix()[z];
            for (; z < ends[band]; z++) {
                exact &= product.prefix()[z] == depths[band];
                table[3 * z] = product.prefix()[z];
                table[3 * z + 1] = width(depths[band]);
                table[3 * z + 2] = base;
                base = Math.addExact(base, width(depths[band]));
            }
        }
        packed = !exact;
        layout = packed ? constants.add(table) : -1;
    }

    /** The tactics that are worth trying. What they need on the device is added to the constants. */
    static List<CublasTactic> of(Product product, Constants constants) {
        int distinct = 1;
        for (int z = 1; z < product.prefix().length; z++) {
            distinct += product.prefix()[z] != product.prefix()[z - 1] ? 1 : 0;
        }
        List<CublasTactic> tactics = new ArrayList<>();
        for (int most : BANDS) {
            tactics.add(new CublasTactic(product, partition(product.prefix(), Math.min(most, distinct)), constants));
            if (most >= distinct) {
                break; // more bands would be the same
            }
        }
        return tactics;
    }

    /** The ends of the {@code count} bands that together multiply least. */
    static int[] partition(int[] prefix, int count) {
        int coefficients = prefix.length;
        long[][] cost = new long[count + 1][coefficients + 1];
        int[][] start = new int[count + 1][coefficients + 1];
        for (int end = 1; end <= coefficients; end++) {
            cost[0][end] = Long.MAX_VALUE / 2;
        }
        for (int band = 1; band <= count; band++) {
            cost[band][0] = Long.MAX_VALUE / 2;
            for (int end = 1; end <= coefficients; end++) {
                cost[band][end] = Long.MAX_VALUE / 2;
                for (int from = 0; from < end; from++) {
                    long total = cost[band - 1][from] + (long) (end - from) * prefix[from];
                    if (total < cost[band][end]) {
                        cost[band][end] = total;
                        start[band][end] = from;
                    }
                }
            }
        }
        int[] ends = new int[count];
        for (int band = count, end = coefficients; band > 0; end = start[band][end], band--) {
            ends[band - 1] = end;
        }
        return ends;
    }

    private static int width(int depth) {
        return (depth + WIDTH - 1) / WIDTH * WIDTH;
    }

    String name() {
        return product.prefix().length == 1 ? "cublas" : "cublas_" + ends.length + (packed ? "_packed" : "");
    }

    /** Elements of scratch memory for each image. */
    long scratchPerImage() {
        long elements = 0;
        for (int band = 0; packed && band < ends.length; band++) {
            elements += (long) (ends[band] - (band == 0 ? 0 : ends[band - 1])) * product.rowsPerImage() * width(depths[band]);
        }
        return elements;
    }

    Work[] bind(CudaContext context, CudaWorkspace workspace, Operands operands, Constants constants, Placed placed) {
        List<Work> work = new ArrayList<>();
        CUdeviceptr in = workspace.at(operands.in());
        CUdeviceptr out = workspace.at(operands.out());
        String dtype = product.precision().dtype();
        if (product.residual() && operands.residual() != operands.out()) {
            CUdeviceptr residual = workspace.at(operands.residual());
            long bytesPerImage = (long) product.precision().elementBytes() * product.rowsPerImage() * product.prefix().length * product.outChannels();
            work.add((batch, stream) -> Driver.copyAsync(out, residual, batch * bytesPerImage, stream));
        }
        if (packed) {
            work.add(new Launch(context, "product", "band_pack_" + dtype, new Launch.Threads(PACK_LANES, PACK_ROWS), 0, new int[] {0, 0, product.channels()},
                    (launch, batch) -> {
                        launch.shape[1] = Math.multiplyExact(batch, product.rowsPerImage());
                        launch.shape[0] = Math.multiplyExact(launch.shape[1], product.prefix().length);
                        launch.gridX = Launch.ceilDiv(launch.shape[0], PACK_ROWS);
                    }, in, placed.order(), constants.at(layout), workspace.scratch(0)));
        }
        work.add(new Multiply(workspace, Addresses.of(packed ? workspace.scratch(0) : in), Addresses.of(placed.weight()), placed.weightStride(),
                placed.weightTransposed(), out));
        Activation activation = product.activation();
        if (product.biased() || !activation.equals(Activation.NONE)) {
            int[] shape = {0, product.outChannels(), Float.floatToRawIntBits(product.biasScale()), Float.floatToRawIntBits((float) activation.low()),
                    Float.floatToRawIntBits((float) activation.high())};
            work.add(new Launch(context, "product", "bias_activation_" + dtype, new Launch.Threads(256, 1), 0, shape, (launch, batch) -> {
                launch.shape[0] = Math.multiplyExact(batch, product.rowsPerImage());
                launch.gridX = Launch.ceilDiv((long) launch.shape[0] * product.outChannels(), 256);
            }, placed.bias(), out));
        }
        return work.toArray(Work[]::new);
    }

    /** The GEMMs of all bands. */
    private final class Multiply implements Work {
        private final CudaWorkspace workspace;
        private final long in;
        private final long weight;
        private final int weightStride;
        private final boolean weightTransposed;
        private final CUdeviceptr out;

        Multiply(CudaWorkspace workspace, long in, long weight, int weightStride, boolean weightTransposed, CUdeviceptr out) {
            this.workspace = workspace;
            this.in = in;
            this.weight = weight;
            this.weightStride = weightStride;
            this.weightTransposed = weightTransposed;
            this.out = out;
            workspace.expectCublas();
        }

        @Override
        public void enqueue(int batch, CUstream stream) {
            int bytes = product.precision().elementBytes();
            int rowsPerCoefficient = Math.multiplyExact(batch, product.rowsPerImage());
            long outAddress = Addresses.of(out);
            long row = 0;
            long packedElements = 0;
            for (int band = 0; band < ends.length; band++) {
                int rows = Math.multiplyExact(rowsPerCoefficient, ends[band] - (band == 0 ? 0 : ends[band - 1]));
                int stride = packed ? width(depths[band]) : product.channels();
                long to = outAddress + row * product.outChannels() * bytes;
                if (depths[band] > 0) {
                    long from = in + bytes * (packed ? packedElements : row * stride);
                    workspace.cublas().multiply(product.precision(), rows, product.outChannels(), depths[band],
                            new CublasHandle.Matrix(from, stride, false), new CublasHandle.Matrix(weight, weightStride, weightTransposed),
                            product.residual() ? 1 : 0, new CublasHandle.Matrix(to, product.outChannels(), false));
                } else if (!product.residual()) {
                    Driver.fillAsync(Addresses.pointer(to), (long) rows * product.outChannels() * bytes, stream);
                }
                row += rows;
                packedElements += (long) rows * stride;
            }
        }
    }
}
