package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.Zigzag;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/**
 * A block DCT by cuFFT: samples reordered, real transforms of all blocks at once, their parts combined; formula in cufft_dct.cu. Plans are
 * kept by batch and stream until the operation is closed.
 */
final class CufftDct implements Operation {

    /** Threads of a block. */
    private static final int THREADS = 128;

    private record PlanKey(CUstream stream, int batch) {}

    private final CudaContext context;
    private final Cufft cufft;
    private final OperationSpec.Dct spec;
    private final CudaOperation operation;
    private final Map<PlanKey, Cufft.Plan> plans = new HashMap<>();

    CufftDct(CudaContext context, Cufft cufft, OperationSpec.Dct spec, int[] cutoffs) {
        this.context = context;
        this.cufft = cufft;
        this.spec = spec;
        int block = spec.block();
        Constants constants = new Constants();
        int cutoffsAt = constants.add(cutoffs);
        int tablesAt = constants.add(tables(block));
        int orderAt = constants.add(Zigzag.of(block).indices());
        int spectrum = 2 * block * (block / 2 + 1) * lanes();
        operation = new CudaOperation(context, spec, constants, spectrum + (long) spec.in().elements(), (workspace, operands) -> {
            CUdeviceptr spectra = workspace.scratch(0);
            CUdeviceptr samples = workspace.scratch((long) spectrum * workspace.maxBatch());
            return new Work[][] {{
                launch("cufft_dct_pack_f32", workspace.at(operands.in()), samples),
                (batch, stream) -> plan(stream, batch).execute(Addresses.of(samples), Addresses.of(spectra)),
                launch("cufft_dct_unpack_f32", spectra, workspace.at(operands.out()), constants.at(cutoffsAt), constants.at(tablesAt), constants.at(orderAt))
            }};
        });
    }

    /** Blocks times channels of an image. */
    private int lanes() {
        return spec.in().blocks(spec.block()) * spec.in().channels();
    }

    /** As cufft_dct.cu wants them. */
    private static float[] tables(int block) {
        float[] tables = new float[5 * block];
        for (int j = 0; j < 2 * block; j++) {
            tables[j] = (float) Math.cos(Math.PI * j / (2 * block));
            tables[2 * block + j] = (float) Math.sin(Math.PI * j / (2 * block));
        }
        for (int u = 0; u < block; u++) {
            tables[4 * block + u] = (float) Math.sqrt((u == 0 ? 1.0 : 2.0) / block);
        }
        return tables;
    }

    private Launch launch(String kernel, CUdeviceptr... pointers) {
        Plane plane = spec.in();
        Launch.Threads threads = Launch.Threads.of(plane.channels(), THREADS);
        int[] shape = {0, plane.height(), plane.width(), plane.channels(), spec.block()};
        return new Launch(context, "cufft_dct", kernel, threads, 0, shape, (launch, batch) -> {
            launch.shape[0] = batch;
            launch.gridX = Launch.ceilDiv((long) batch * plane.blocks(spec.block()), threads.y());
            launch.gridY = Launch.ceilDiv(plane.channels(), threads.x());
        }, pointers);
    }

    private synchronized Cufft.Plan plan(CUstream stream, int batch) {
        return plans.computeIfAbsent(new PlanKey(stream, batch), key -> cufft.plan(spec.block(), Math.multiplyExact(batch, lanes()), stream));
    }

    @Override
    public OperationSpec spec() {
        return spec;
    }

    @Override
    public long scratchElements(int maxBatch) {
        return operation.scratchElements(maxBatch);
    }

    @Override
    public Step bind(Workspace workspace, Operands operands) {
        return operation.bind(workspace, operands);
    }

    @Override
    public synchronized void close() {
        Cleanup cleanup = new Cleanup();
        if (!plans.isEmpty()) {
            cleanup.run(() -> context.tidy(() -> {
                Cleanup destroying = new Cleanup();
                plans.values().forEach(plan -> destroying.run(plan::destroy));
                destroying.rethrow();
            }));
            plans.clear();
        }
        cleanup.run(operation::close);
        cleanup.rethrow();
    }
}
