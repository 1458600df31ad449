package dev.lowpass.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Once the compiler has had its way, steps allocate nothing: no boxed vector, no lambda, no iterator. */
class VectorAllocationTest {

    private static final int BATCH = 2;

    private static final long MOST_NANOS = 30_000_000_000L;

    private final SplittableRandom random = new SplittableRandom(7);

    @Test
    void stepsAllocateNothing() {
        Backend backend = Backends.vector();
        Plane plane = new Plane(14, 14, 96);
        Window window = Window.square(3, 1, Padding.all(1));
        Window strided = Window.square(3, 2, Padding.same(14, 14, 3, 3, 2));
        int[] cutoffs = new int[96];
        int[] narrow = new int[96];
        for (int c = 0; c < 96; c++) {
            cutoffs[c] = random.nextInt(50);
            narrow[c] = 49 - c / 2;
        }
        Staircase mixed = Staircase.of(7, cutoffs);
        Staircase sorted = Staircase.of(7, narrow);
        List<Operation> operations = new ArrayList<>(List.of(
                backend.conv2d(new OperationSpec.Conv2d(new Plane(28, 28, 3), 32, strided, Activation.RELU6), reals(32 * 27), reals(32)),
                backend.depthwise(new OperationSpec.Depthwise(plane, window, Activation.RELU6), reals(9 * 96), reals(96)),
                backend.depthwise(new OperationSpec.Depthwise(plane, strided, Activation.NONE), reals(9 * 96), reals(96)),
                backend.pointwise(new OperationSpec.Pointwise(plane, 24, Activation.RELU6, false), reals(24 * 96), reals(24)),
                backend.pointwise(new OperationSpec.Pointwise(plane, 33, Activation.NONE, true), reals(33 * 96), reals(33)),
                backend.dct(new OperationSpec.Dct(plane, mixed)),
                backend.idct(new OperationSpec.Idct(plane, 7, Activation.RELU6)),
                backend.idctDepthwiseDct(new OperationSpec.IdctDepthwiseDct(plane, Activation.RELU6, window, Activation.RELU6, mixed),
                        reals(9 * 96), reals(96)),
                backend.idctDepthwiseDct(new OperationSpec.IdctDepthwiseDct(plane, Activation.RELU6, strided, Activation.RELU6, sorted),
                        reals(9 * 96), reals(96)),
                backend.add(new OperationSpec.Add(plane, Activation.NONE)),
                backend.globalAveragePool(new OperationSpec.GlobalAveragePool(plane))));
        for (Staircase staircase : List.of(mixed, sorted)) {
            Bands bands = new Bands(staircase, 10, 30, 49);
            operations.add(backend.bandPointwise(new OperationSpec.BandPointwise(plane, 64, staircase, true), new Bands[] {bands, bands},
                    reals(64 * 96), reals(64)));
        }
        OperationSpec.ExpandIdctDepthwiseDct whole = new OperationSpec.ExpandIdctDepthwiseDct(new OperationSpec.BandPointwise(plane, 96, mixed, false),
                new OperationSpec.IdctDepthwiseDct(plane, Activation.RELU6, window, Activation.RELU6, sorted));
        if (backend.fuses(whole)) {
            operations.add(backend.expandIdctDepthwiseDct(whole, reals(96 * 96), reals(96), reals(9 * 96), reals(96)));
        }
        long scratch = operations.stream().mapToLong(operation -> operation.scratchElements(BATCH)).max().orElseThrow();
        int elements = BATCH * 28 * 28 * 96;
        try (Workspace workspace = backend.newWorkspace(BATCH, 3L * elements, scratch, 2)) {
            for (Operation operation : operations) {
                Operation.Step step = operation.bind(workspace, new Operands(0, elements, 2L * elements));
                // Compilation may lag behind, on a busy machine by seconds; an operation that goes on allocating fails all the same.
                long allocated = -1;
                for (long start = System.nanoTime(); allocated != 0 && System.nanoTime() - start < MOST_NANOS;) {
                    allocated = allocatedBy(step);
                }
                assertEquals(0, allocated, "bytes allocated by 200 runs of " + operation.spec());
                operation.close();
            }
        }
    }

    /** Bytes that this thread and the workers allocate in some runs. */
    private static long allocatedBy(Operation.Step step) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertTrue(threads.isThreadAllocatedMemorySupported(), "this JVM does not count allocation");
        long[] ids = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread == Thread.currentThread() || thread.getName().startsWith("lowpass-worker-"))
                .mapToLong(Thread::getId).toArray();
        assertEquals(2, ids.length, "threads that run steps");
        long before = sum(threads, ids);
        long empty = sum(threads, ids) - before; // what the measurement itself allocates
        before = sum(threads, ids);
        for (int run = 0; run < 200; run++) {
            step.run(BATCH);
        }
        return Math.max(0, sum(threads, ids) - before - empty);
    }

    private static long sum(ThreadMXBean threads, long[] ids) {
        long sum = 0;
        for (long id : ids) {
            sum += threads.getThreadAllocatedBytes(id);
        }
        return sum;
    }

    private float[] reals(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
