package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.DctBasis;
import dev.lowpass.kernels.Half;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Peak;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.Zigzag;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;

/**
 * The CUDA back end in one precision: launches the kernels of {@code src/main/cuda} through the driver API. It owns nothing on the
 * device itself; operations and workspaces do, until they are closed.
 */
public final class CudaBackend implements Backend {

    /** Block sides for which the transforms are specialised. */
    private static final int LEAST_SPECIALISED = 4;
    private static final int MOST_SPECIALISED = 8;

    /** Channels of a thread block of the general transforms; see dct.cu. */
    private static final int GENERAL_CHANNELS = 16;

    /** Outputs of a row that one thread of a convolution makes; see convolution.cu. */
    private static final int STRIP = 4;

    /** Threads of a block where nothing speaks for another number. */
    private static final int THREADS = 128;

    /** Ampere, the first with TF32. */
    private static final int LEAST_TF32 = 80;

    private final CudaContext context;
    private final CudaDevices.Found device;
    private final String description;
    private final Precision precision;
    private final TacticChoice tacticChoice;
    /** What computes {@link #dct}; null for the kernels. */
    private final Cufft cufft;
    /** The element type, as kernels' names spell it. */
    private final String dtype;
    /** Elements that one access of 16 bytes moves. */
    private final int vector;

    private CudaBackend(CudaContext context, CudaDevices.Found device, String description, Precision precision,
            TacticChoice tacticChoice, Cufft cufft) {
        this.context = context;
        this.device = device;
        this.description = description;
        this.precision = precision;
        this.tacticChoice = tacticChoice;
        this.cufft = cufft;
        dtype = precision.dtype();
        vector = 16 / precision.elementBytes();
    }

    /**
     * The back end on a device.
     *
     * @param ordinal the device's number, from 0
     * @throws CudaException when there is no such device, or no driver that can run it: says why and what helps
     */
    public static CudaBackend open(int ordinal) {
        CudaDevices.Found device = CudaDevices.open(ordinal);
        return new CudaBackend(new CudaContext(device.handle(), device.computeCapability()), device,
                "cuda: " + device.name() + " (device " + ordinal + ", sm_" + device.computeCapability() + ", driver for CUDA " + device.driver() + ")",
                Precision.FP32, TacticChoice.KERNELS, null);
    }

    /**
     * This back end with {@link #dct} in single precision computed by cuFFT.
     *
     * @throws CudaException when there is no cuFFT: says what was looked for and what helps
     */
    public CudaBackend withCufft() {
        return new CudaBackend(context, device, description, precision, tacticChoice, Cufft.find());
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public String description() {
        return description + (cufft == null ? "" : "; DCT by " + cufft.description()) + "; " + Cublas.choice(device.driverVersion()).description();
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public Set<Precision> precisions() {
        return device.computeCapability() >= LEAST_TF32 ? EnumSet.allOf(Precision.class) : EnumSet.of(Precision.FP32, Precision.FP16);
    }

    @Override
    public Backend withPrecision(Precision other) {
        return new CudaBackend(context, device, description, other, tacticChoice, cufft);
    }

    @Override
    public Backend withTactics(TacticChoice choice) {
        if (choice == TacticChoice.CUBLAS && Cublas.choice(device.driverVersion()).library() == null) {
            throw new CudaException("the tactics cublas were asked for, but " + Cublas.choice(device.driverVersion()).description() + ", or use the tactics kernels", null);
        }
        return new CudaBackend(context, device, description, precision, choice, cufft);
    }

    /** Bands do not matter to the staircase kernel, which bounds each tile of 32 or more rows by itself. */
    @Override
    public BandCost bandCost() {
        return new BandCost(32, 16, 0);
    }

    @Override
    public Optional<Peak> peak(int threads) {
        return Optional.of(device.peak());
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads) {
        return new CudaWorkspace(context, device, precision, maxBatch, elements, scratchElements);
    }

    // ---- spatial convolutions ----

    @Override
    public Operation conv2d(OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        int outChannels = spec.outChannels();
        Constants constants = new Constants();
        int weights = constants.add(transposed(weight, outChannels, outChannels));
        int biases = constants.add(orZero(bias, outChannels, outChannels));
        return new CudaOperation(context, spec, constants, 0, (workspace, operands) -> {
            boolean vectors = outChannels % vector == 0 && operands.out() % vector == 0;
            return only(convolution("conv2d_" + dtype, spec.in(), spec.out(), spec.window(), spec.activation(), vectors, workspace.at(operands.in()),
                    constants.at(weights), constants.at(biases), workspace.at(operands.out())));
        });
    }

    @Override
    public Operation depthwise(OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        Constants constants = new Constants();
        int weights = constants.add(weight.clone());
        int biases = constants.add(orZero(bias, spec.in().channels(), spec.in().channels()));
        return new CudaOperation(context, spec, constants, 0, (workspace, operands) -> {
            boolean vectors = spec.in().channels() % vector == 0 && operands.in() % vector == 0 && operands.out() % vector == 0;
            return only(depthwise(spec.in(), spec.window(), spec.activation(), vectors, workspace.at(operands.in()), constants.at(weights),
                    constants.at(biases), workspace.at(operands.out())));
        });
    }

    private Launch depthwise(Plane in, Window window, Activation activation, boolean vectors, CUdeviceptr from, CUdeviceptr weight, CUdeviceptr bias,
            CUdeviceptr to) {
        String kernel = "depthwise_" + dtype + (isSpecialised(window) ? "_k3_s" + window.strideY() : "");
        return convolution(kernel, in, window.out(in, in.channels()), window, activation, vectors, from, weight, bias, to);
    }

    /** Windows of 3x3 with stride 1 or 2 have kernels of their own. */
    private static boolean isSpecialised(Window window) {
        return window.kernelHeight() == 3 && window.kernelWidth() == 3 && window.strideY() == window.strideX() && window.strideY() <= 2;
    }

    private Launch convolution(String kernel, Plane in, Plane out, Window window, Activation activation, boolean vectors, CUdeviceptr from,
            CUdeviceptr weight, CUdeviceptr bias, CUdeviceptr to) {
        int each = vectors ? vector : 1;
        int lanes = out.channels() / each;
        Launch.Threads threads = Launch.Threads.of(lanes, THREADS);
        long strips = (long) Launch.ceilDiv(out.width(), STRIP) * out.height();
        int[] shape = {0, in.height(), in.width(), in.channels(), out.height(), out.width(), out.channels(), window.kernelHeight(),
                window.kernelWidth(), window.strideY(), window.strideX(), window.padding().top(), window.padding().left(),
                bits(activation.low()), bits(activation.high())};
        return new Launch(context, "convolution", kernel + "_c" + each, threads, 0, shape, (launch, batch) -> {
            launch.shape[0] = batch;
            launch.gridX = Launch.ceilDiv(batch * strips, threads.y());
            launch.gridY = Launch.ceilDiv(lanes, threads.x());
        }, from, weight, bias, to);
    }

    // ---- pointwise convolutions ----

    @Override
    public Operation pointwise(OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        int channels = spec.in().channels();
        // One step over all rows: every row reads every channel, and the bias goes everywhere.
        Gemm gemm = new Gemm(channels, spec.outChannels(), 1, spec.in().area(), 1, spec.activation(), spec.residual());
        return gemm.operation(spec, weight, bias, new int[] {channels}, identity(channels), true);
    }

    @Override
    public Operation bandPointwise(OperationSpec.BandPointwise spec, Bands[] bandsByBatch, float[] weight, float[] bias) {
        Staircase staircase = spec.staircase();
        int[] prefix = prefixes(staircase);
        int coefficients = prefix.length;
        Gemm gemm = new Gemm(staircase.channels(), spec.outChannels(), coefficients, spec.in().blocks(spec.block()), spec.block(), Activation.NONE,
                spec.residual());
        return gemm.operation(spec, weight, bias, prefix, staircase.order(), staircase.isSorted());
    }

    private static int[] prefixes(Staircase staircase) {
        int[] prefixes = new int[staircase.block() * staircase.block()];
        for (int z = 0; z < prefixes.length; z++) {
            prefixes[z] = staircase.prefix(z);
        }
        return prefixes;
    }

    private static int[] identity(int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = i;
        }
        return order;
    }

    /**
     * A tile of the staircase kernel and how much of a multiprocessor's speed it reaches, large tiles reusing more of what they read.
     *
     * @param sharedBytes dynamic shared memory
     */
    private record Tile(int rows, int columns, int threads, int sharedBytes, double efficiency) {

        /** Of band_gemm.cu, which has its shared memory in itself. */
        private static final List<Tile> PLAIN = List.of(new Tile(128, 64, 128, 0, 1), new Tile(128, 32, 128, 0, 0.75), new Tile(32, 32, 64, 0, 0.4));

        /** Of tensor_gemm.cu. */
        private static final List<Tile> TENSOR = List.of(tensor(128, 128, 8, 1, 1), tensor(128, 64, 4, 1, 0.85), tensor(128, 32, 4, 1, 0.6),
                tensor(32, 32, 4, 4, 0.3));

        private static final int STAGES = 3;

        /** @param split warps that share a slice of k between them */
        private static Tile tensor(int rows, int columns, int warps, int split, double efficiency) {
            return new Tile(rows, columns, 32 * warps, STAGES * (rows + columns) * (64 * split + 16), efficiency);
        }

        static List<Tile> of(Precision precision) {
            return precision == Precision.FP32 ? PLAIN : TENSOR;
        }

        String kernel(Precision precision) {
            return "band_gemm_" + precision.productDtype() + "_" + rows + "x" + columns;
        }

        /** Time of a product in units of its own: whole rounds of tiles over the multiprocessors. */
        double cost(long rowsOfAll, int outChannels, int multiprocessors) {
            long tiles = (long) Launch.ceilDiv(rowsOfAll, rows) * Launch.ceilDiv(outChannels, columns);
            return Launch.ceilDiv(tiles, multiprocessors) * (double) rows * columns / efficiency;
        }
    }

    /**
     * A product of rows and weights; see band_gemm.cu and tensor_gemm.cu.
     *
     * @param coefficients steps of the staircase
     * @param rowsPerImage rows of an image at each coefficient
     */
    private final class Gemm {
        private final int channels;
        private final int outChannels;
        private final int coefficients;
        private final int rowsPerImage;
        private final int biasScale;
        private final Activation activation;
        private final boolean residual;

        Gemm(int channels, int outChannels, int coefficients, int rowsPerImage, int biasScale, Activation activation, boolean residual) {
            this.channels = channels;
            this.outChannels = outChannels;
            this.coefficients = coefficients;
            this.rowsPerImage = rowsPerImage;
            this.biasScale = biasScale;
            this.activation = activation;
            this.residual = residual;
        }

        Operation operation(OperationSpec spec, float[] weight, float[] bias, int[] prefix, int[] order, boolean sorted) {
            // The plain kernel reads weights along the output channels, the tensor cores along k.
            int stride = roundUp(tensor() ? channels : outChannels, vector);
            Constants constants = new Constants();
            int weights = tensor() ? addFactors(constants, spec, outChannels, weight) : constants.add(transposed(weight, outChannels, stride));
            int biases = constants.add(orZero(bias, outChannels, roundUp(outChannels, vector)));
            int prefixes = constants.add(prefix);
            int orders = constants.add(order);
            List<Tile> tiles = Tile.of(precision);
            List<CublasTactic> products = cublasTactics(new CublasTactic.Product(precision, channels, outChannels, prefix, sorted, rowsPerImage, biasScale,
                    bias != null, activation, residual), constants);
            long scratch = products.stream().mapToLong(CublasTactic::scratchPerImage).max().orElse(0);
            List<String> names = Stream.concat(tiles.stream().map(tile -> tile.kernel(precision)), products.stream().map(CublasTactic::name)).toList();
            // Told to use cuBLAS, the middle way between few launches and few multiplications.
            int cublas = tiles.size() + products.size() / 2;
            Tactics tactics = new Tactics(names, fingerprint(spec, prefix, sorted), tacticChoice == TacticChoice.CUBLAS ? batch -> cublas : this::bestTile);
            return new CudaOperation(context, spec, constants, scratch, tactics, (workspace, operands) -> {
                boolean gather = !sorted || channels % vector != 0 || operands.in() % vector != 0;
                boolean aligned = outChannels % vector == 0 && operands.out() % vector == 0 && (!residual || operands.residual() % vector == 0);
                Work[][] byTactic = new Work[names.size()][];
                for (int i = 0; i < tiles.size(); i++) {
                    int[] shape = {0, 0, channels, outChannels, stride, residual ? 1 : 0, aligned ? 1 : 0, bits(biasScale), bits(activation.low()),
                            bits(activation.high())};
                    byTactic[i] = new Work[] {launch(tiles.get(i), gather, shape, workspace.at(operands.in()), constants.at(weights),
                            constants.at(biases), constants.at(prefixes), constants.at(orders),
                            workspace.at(residual ? operands.residual() : operands.out()), workspace.at(operands.out()))};
                }
                CublasTactic.Placed placed = new CublasTactic.Placed(constants.at(weights), stride, tensor(), constants.at(biases), constants.at(orders));
                for (int i = 0; i < products.size(); i++) {
                    byTactic[tiles.size() + i] = products.get(i).bind(context, workspace, operands, constants, placed);
                }
                return byTactic;
            });
        }

        private List<CublasTactic> cublasTactics(CublasTactic.Product product, Constants constants) {
            boolean wanted = tacticChoice != TacticChoice.KERNELS && Cublas.choice(device.driverVersion()).library() != null;
            return wanted ? CublasTactic.of(product, constants) : List.of();
        }

        private String fingerprint(OperationSpec spec, int[] prefix, boolean sorted) {
            return spec.kernelName(precision) + " " + spec.in() + " to " + outChannels + (residual ? " residual " : " ") + activation + " " + sorted + " "
                    + Arrays.toString(prefix);
        }

        private boolean tensor() {
            return precision != Precision.FP32;
        }

        private Launch launch(Tile tile, boolean gather, int[] shape, CUdeviceptr... pointers) {
            String kernel = tile.kernel(precision) + (gather ? "_gather" : "");
            return new Launch(context, tensor() ? "tensor_gemm" : "band_gemm", kernel, new Launch.Threads(tile.threads(), 1), tile.sharedBytes(), shape,
                    (launch, batch) -> {
                        int rowsPerCoefficient = Math.multiplyExact(batch, rowsPerImage);
                        launch.shape[0] = Math.multiplyExact(rowsPerCoefficient, coefficients);
                        launch.shape[1] = rowsPerCoefficient;
                        int tilesDown = Launch.ceilDiv(launch.shape[0], tile.rows());
                        int tilesAcross = Launch.ceilDiv(outChannels, tile.columns());
                        launch.gridX = tensor() ? Math.multiplyExact(tilesDown, tilesAcross) : tilesDown;
                        launch.gridY = tensor() ? 1 : tilesAcross;
                    }, pointers);
        }

        private int bestTile(int batch) {
            long rows = (long) batch * rowsPerImage * coefficients;
            List<Tile> tiles = Tile.of(precision);
            int best = 0;
            for (int i = 1; i < tiles.size(); i++) {
                if (tiles.get(i).cost(rows, outChannels, device.multiprocessors()) < tiles.get(best).cost(rows, outChannels, device.multiprocessors())) {
                    best = i;
                }
            }
            return best;
        }
    }

    /** Adds weights {@code [out][in]} for tensor cores: {@code [out][in rounded up to 16 bytes]} in the type of the factors, zeros beyond. */
    private int addFactors(Constants constants, OperationSpec spec, int outChannels, float[] weight) {
        int channels = spec.in().channels();
        int stride = roundUp(channels, vector);
        float[] factors = new float[outChannels * stride];
        short[] halves = new short[precision == Precision.FP16 ? factors.length : 0];
        for (int o = 0; o < outChannels; o++) {
            for (int k = 0; k < channels; k++) {
                float value = weight[o * channels + k];
                int at = o * stride + k;
                if (precision == Precision.TF32) {
                    factors[at] = value;
                } else {
                    if (Math.abs(value) > Half.MAX) {
                        throw new IllegalArgumentException(spec.kernelName(precision) + " on " + spec.in() + ": weight[" + o + "][" + k + "] is " + value
                                + ", and " + precision + " ends at " + Half.MAX + "; use the precision TF32 or FP32");
                    }
                    halves[at] = Half.fromFloat(value);
                }
            }
        }
        return precision == Precision.TF32 ? constants.add(factors) : constants.add(halves);
    }

    // ---- transforms ----

    private static boolean isSpecialised(int block) {
        return block >= LEAST_SPECIALISED && block <= MOST_SPECIALISED;
    }

    /** Tables of the general transforms, in a constants block. */
    private record Tables(int basis, int order) {

        /** Adds what a block side needs: nothing where the transform is specialised. */
        static Tables add(Constants constants, int block) {
            if (isSpecialised(block)) {
                return new Tables(-1, -1);
            }
            double[][] basis = DctBasis.of(block);
            float[] values = new float[block * block];
            for (int u = 0; u < block; u++) {
                for (int v = 0; v < block; v++) {
                    values[u * block + v] = (float) basis[u][v];
                }
            }
            return new Tables(constants.add(values), constants.add(Zigzag.of(block).indices()));
        }
    }

    private static int[] cutoffs(Staircase staircase) {
        int[] cutoffs = new int[staircase.channels()];
        for (int c = 0; c < cutoffs.length; c++) {
            cutoffs[c] = staircase.cutoff(c);
        }
        return cutoffs;
    }

    @Override
    public Operation dct(OperationSpec.Dct spec) {
        if (cufft != null && precision == Precision.FP32) {
            return new CufftDct(context, cufft, spec, cutoffs(spec.staircase()));
        }
        Constants constants = new Constants();
        int cutoffs = constants.add(cutoffs(spec.staircase()));
        Tables tables = Tables.add(constants, spec.block());
        return new CudaOperation(context, spec, constants, 0, (workspace, operands) ->
                only(dct(spec.in(), spec.block(), constants, cutoffs, tables, workspace.at(operands.in()), workspace.at(operands.out()))));
    }

    private Launch dct(Plane plane, int block, Constants constants, int cutoffs, Tables tables, CUdeviceptr from, CUdeviceptr to) {
        int[] shape = blockShape(plane, block, Activation.NONE);
        if (isSpecialised(block)) {
            return blockLaunch("dct_" + dtype + "_b" + block, plane, block, shape, from, to, constants.at(cutoffs));
        }
        return generalLaunch("dct_" + dtype, plane, block, shape, from, to, constants.at(cutoffs), constants.at(tables.basis()),
                constants.at(tables.order()));
    }

    @Override
    public Operation idct(OperationSpec.Idct spec) {
        Constants constants = new Constants();
        Tables tables = Tables.add(constants, spec.block());
        return new CudaOperation(context, spec, constants, 0, (workspace, operands) ->
                only(idct(spec.in(), spec.block(), spec.activation(), constants, tables, workspace.at(operands.in()), workspace.at(operands.out()))));
    }

    private Launch idct(Plane plane, int block, Activation activation, Constants constants, Tables tables, CUdeviceptr from, CUdeviceptr to) {
        int[] shape = blockShape(plane, block, activation);
        if (isSpecialised(block)) {
            return blockLaunch("idct_" + dtype + "_b" + block, plane, block, shape, from, to);
        }
        return generalLaunch("idct_" + dtype, plane, block, shape, from, to, constants.at(tables.basis()), constants.at(tables.order()));
    }

    private static int[] blockShape(Plane plane, int block, Activation activation) {
        return new int[] {0, plane.height(), plane.width(), plane.channels(), block, bits(activation.low()), bits(activation.high())};
    }

    private Launch blockLaunch(String kernel, Plane plane, int block, int[] shape, CUdeviceptr... pointers) {
        Launch.Threads threads = Launch.Threads.of(plane.channels(), THREADS);
        long blocks = plane.blocks(block);
        return new Launch(context, "dct", kernel, threads, 0, shape, (launch, batch) -> {
            launch.shape[0] = batch;
            launch.gridX = Launch.ceilDiv(batch * blocks, threads.y());
            launch.gridY = Launch.ceilDiv(plane.channels(), threads.x());
        }, pointers);
    }

    private Launch generalLaunch(String kernel, Plane plane, int block, int[] shape, CUdeviceptr... pointers) {
        int blocks = plane.blocks(block);
        return new Launch(context, "dct", kernel, new Launch.Threads(GENERAL_CHANNELS, block), 0, shape, (launch, batch) -> {
            launch.shape[0] = batch;
            launch.gridX = Math.multiplyExact(batch, blocks);
            launch.gridY = Launch.ceilDiv(plane.channels(), GENERAL_CHANNELS);
        }, pointers);
    }

    // ---- the middle of a block ----

    @Override
    public Operation idctDepthwiseDct(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        Plane in = spec.in();
        Plane out = spec.out();
        Window window = spec.window();
        int block = spec.block();
        Constants constants = new Constants();
        int weights = constants.add(weight.clone());
        int biases = constants.add(orZero(bias, in.channels(), in.channels()));
        int cutoffs = constants.add(cutoffs(spec.staircase()));
        if (isSpecialised(block) && isSpecialised(window)) {
            return new CudaOperation(context, spec, constants, 0, (workspace, operands) -> only(fused(spec, workspace.at(operands.in()),
                    constants.at(weights), constants.at(biases), constants.at(cutoffs), workspace.at(operands.out()))));
        }
        // Other sizes in three steps through scratch memory.
        Tables tables = Tables.add(constants, block);
        long restored = roundUp(in.elements(), vector);
        long filtered = roundUp(out.elements(), vector);
        return new CudaOperation(context, spec, constants, restored + filtered, (workspace, operands) -> {
            CUdeviceptr first = workspace.scratch(0);
            CUdeviceptr second = workspace.scratch(restored * workspace.maxBatch());
            boolean vectors = in.channels() % vector == 0;
            return new Work[][] {{idct(in, block, spec.before(), constants, tables, workspace.at(operands.in()), first),
                    depthwise(in, window, spec.after(), vectors, first, constants.at(weights), constants.at(biases), second),
                    dct(out, block, constants, cutoffs, tables, second, workspace.at(operands.out()))}};
        });
    }

    private Launch fused(OperationSpec.IdctDepthwiseDct spec, CUdeviceptr from, CUdeviceptr weight, CUdeviceptr bias, CUdeviceptr cutoffs, CUdeviceptr to) {
        Plane in = spec.in();
        Plane out = spec.out();
        int block = spec.block();
        Window window = spec.window();
        int stride = window.strideY();
        int channels = in.channels();
        boolean plane = in.height() == block && in.width() == block && stride == 1 && window.padding().top() == 1 && window.padding().left() == 1;
        FusedTile tile = FusedTile.best(spec);
        int tilesY = Launch.ceilDiv(out.height() / block, tile.blocksY());
        int tilesX = Launch.ceilDiv(out.width() / block, tile.blocksX());
        int[] shape = {0, in.height(), in.width(), channels, out.height(), out.width(), window.padding().top(), window.padding().left(),
                tile.blocksY(), tile.blocksX(), tilesY, tilesX, bits(spec.before().low()), bits(spec.before().high()),
                bits(spec.after().low()), bits(spec.after().high())};
        String kernel = "idct_depthwise_dct_" + dtype + "_b" + block + "_k3_s" + stride;
        if (plane) {
            Launch.Threads threads = Launch.Threads.of(channels, THREADS);
            return new Launch(context, "idct_depthwise_dct", kernel + "_plane", threads, 0, shape, (launch, batch) -> {
                launch.shape[0] = batch;
                launch.gridX = Launch.ceilDiv(batch, threads.y());
                launch.gridY = Launch.ceilDiv(channels, threads.x());
            }, from, weight, bias, cutoffs, to);
        }
        return new Launch(context, "idct_depthwise_dct", kernel, new Launch.Threads(tile.lanes(), tile.threads() / tile.lanes()), tile.sharedBytes(), shape,
                (launch, batch) -> {
                    launch.shape[0] = batch;
                    launch.gridX = Math.multiplyExact(batch, tilesY * tilesX);
                    launch.gridY = Launch.ceilDiv(channels, tile.lanes());
                }, from, weight, bias, cutoffs, to);
    }

    /**
     * What a thread block of the fused kernel owns.
     *
     * @param lanes channels, at least 8 so that an access moves whole 32-byte sectors
     * @param work transformed blocks for each output block and lane: lower is better
     */
    private record FusedTile(int blocksY, int blocksX, int lanes, int threads, int sharedBytes, double work) {

        private static final int MOST_THREADS = 256;

        static FusedTile best(OperationSpec.IdctDepthwiseDct spec) {
            int block = spec.block();
            int stride = spec.window().strideY();
            int outY = spec.out().height() / block;
            int outX = spec.out().width() / block;
            FusedTile best = null;
            for (int lanes = 32; lanes >= 8; lanes /= 2) {
                for (int y = 1; y <= outY; y++) {
                    for (int x = 1; x <= outX; x++) {
                        int rows = (y * block - 1) * stride + 3;
                        int columns = (x * block - 1) * stride + 3;
                        long bytes = 4L * rows * columns * lanes;
                        if (bytes <= CudaContext.SHARED_BYTES) {
                            // Input blocks that a tile inside the plane touches, or all that there are.
                            int touchedY = Math.min(y * stride + 2, spec.in().height() / block);
                            int touchedX = Math.min(x * stride + 2, spec.in().width() / block);
                            double work = (double) touchedY * touchedX / (y * x);
                            if (best == null || work < best.work) {
                                int threads = Math.min(MOST_THREADS, Launch.ceilDiv((long) touchedY * touchedX * lanes, 32) * 32);
                                best = new FusedTile(y, x, lanes, threads, (int) bytes, work);
                            }
                        }
                    }
                }
            }
            return best;
        }
    }

    // ---- a block's wide part in one pass ----

    /** Set to false, blocks run in three kernels each: to compare. */
    static final String FUSE_PROPERTY = "dev.lowpass.cuda.fuse";

    /** Channels of a thread block, elements that a row of them takes in shared memory, and threads; see expand_idct_depthwise_dct.cu. */
    private static final int EXPAND_CHANNELS = 32;
    private static final int EXPAND_STRIDE = 40;
    private static final int EXPAND_THREADS = 256;

    /** Transformed blocks that keep all warps of a thread block busy. */
    private static final int EXPAND_ITEMS = EXPAND_THREADS / 32;

    /**
     * Whole planes of expanded channels must fit a multiprocessor. Then one pass is ahead at large batches, where it moves less, and at
     * small ones, where it is one launch less. Without tensor cores the products would hold it up.
     */
    @Override
    public boolean fuses(OperationSpec spec) {
        return spec instanceof OperationSpec.ExpandIdctDepthwiseDct whole
                && precision != Precision.FP32 && (whole.block() == 7 || whole.block() == 8) && isSpecialised(whole.middle().window())
                && (precision == Precision.FP16 || whole.middle().window().strideY() == 1)
                && expandSharedBytes(whole, 1) <= device.sharedBytes() && !"false".equals(System.getProperty(FUSE_PROPERTY));
    }

    private long expandSharedBytes(OperationSpec.ExpandIdctDepthwiseDct spec, int images) {
        return (long) images * spec.in().area() * EXPAND_STRIDE * precision.elementBytes();
    }

    @Override
    public Operation expandIdctDepthwiseDct(
            OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        if (!fuses(spec)) {
            return Backend.super.expandIdctDepthwiseDct(spec, expandWeight, expandBias, weight, bias);
        }
        OperationSpec.BandPointwise expand = spec.expand();
        OperationSpec.IdctDepthwiseDct middle = spec.middle();
        Staircase staircase = expand.staircase();
        int channels = expand.in().channels();
        int expanded = expand.outChannels();
        Constants constants = new Constants();
        int expandWeights = addFactors(constants, expand, expanded, expandWeight);
        int expandBiases = constants.add(orZero(expandBias, expanded, expanded));
        int prefixes = constants.add(prefixes(staircase));
        int orders = constants.add(staircase.order());
        int weights = constants.add(weight.clone());
        int biases = constants.add(orZero(bias, expanded, expanded));
        int cutoffs = constants.add(cutoffs(middle.staircase()));
        int blocks = spec.in().blocks(spec.block());
        int mostImages = Math.max(1, EXPAND_ITEMS / blocks);
        while (expandSharedBytes(spec, mostImages) > device.sharedBytes()) {
            mostImages--;
        }
        int images = mostImages;
        return new CudaOperation(context, spec, constants, 0, (workspace, operands) -> {
            boolean gather = !staircase.isSorted() || channels % vector != 0 || operands.in() % vector != 0;
            int[] shape = {0, expand.in().height(), expand.in().width(), channels, expanded, roundUp(channels, vector), spec.out().height(),
                    spec.out().width(), middle.window().padding().top(), middle.window().padding().left(), 0, gather ? 1 : 0,
                    bits(middle.before().low()), bits(middle.before().high()), bits(middle.after().low()), bits(middle.after().high())};
            return only(new Launch(context, "expand_idct_depthwise_dct", spec.kernelName(precision), new Launch.Threads(EXPAND_THREADS, 1),
                    (int) expandSharedBytes(spec, images), shape, (launch, batch) -> {
                        launch.shape[0] = batch;
                        launch.shape[10] = Math.min(images, batch);
                        launch.gridX = Math.multiplyExact(Launch.ceilDiv(batch, launch.shape[10]), Launch.ceilDiv(expanded, EXPAND_CHANNELS));
                    }, workspace.at(operands.in()), constants.at(expandWeights), constants.at(expandBiases), constants.at(prefixes),
                    constants.at(orders), constants.at(weights), constants.at(biases), constants.at(cutoffs), workspace.at(operands.out())));
        });
    }

    // ---- the rest ----

    @Override
    public Operation add(OperationSpec.Add spec) {
        long elements = spec.in().elements();
        return new CudaOperation(context, spec, new Constants(), 0, (workspace, operands) -> {
            boolean vectors = elements % vector == 0 && operands.in() % vector == 0 && operands.out() % vector == 0 && operands.residual() % vector == 0;
            int each = vectors ? vector : 1;
            int[] shape = {0, 0, bits(spec.activation().low()), bits(spec.activation().high())};
            return only(new Launch(context, "elementwise", "add_" + dtype + "_c" + each, new Launch.Threads(256, 1), 0, shape, (launch, batch) -> {
                long count = batch * elements;
                launch.shape[0] = (int) count;
                launch.shape[1] = (int) (count >> 32);
                launch.gridX = Launch.ceilDiv(count, 256 * each);
            }, workspace.at(operands.in()), workspace.at(operands.residual()), workspace.at(operands.out())));
        });
    }

    @Override
    public Operation globalAveragePool(OperationSpec.GlobalAveragePool spec) {
        Plane in = spec.in();
        return new CudaOperation(context, spec, new Constants(), 0, (workspace, operands) -> {
            int[] shape = {0, in.area(), in.channels()};
            return only(new Launch(context, "elementwise", "global_average_pool_" + dtype, new Launch.Threads(32, 8), 0, shape, (launch, batch) -> {
                launch.shape[0] = batch;
                launch.gridX = batch;
                launch.gridY = Launch.ceilDiv(in.channels(), 32);
            }, workspace.at(operands.in()), workspace.at(operands.out())));
        });
    }

    // ---- packing ----

    /** The one way of an operation that is one kernel. */
    private static Work[][] only(Launch launch) {
        return new Work[][] {{launch}};
    }

    /** {@code [rows][columns]} to {@code [columns][stride]}, zeros beyond the rows. */
    private static float[] transposed(float[] matrix, int rows, int stride) {
        int columns = matrix.length / rows;
        float[] result = new float[columns * stride];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                result[column * stride + row] = matrix[row * columns + column];
            }
        }
        return result;
    }

    private static float[] orZero(float[] bias, int channels, int length) {
        float[] result = new float[length];
        if (bias != null) {
            System.arraycopy(bias, 0, result, 0, channels);
        }
        return result;
    }

    private static int roundUp(int value, int multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }

    private static int bits(double value) {
        return Float.floatToRawIntBits((float) value);
    }
}
