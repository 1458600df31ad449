package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.Precision;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;

/**
 * Chooses the tactics of a plan's steps by running each of them on the device, for batches of 1, 2, 4, ... and the largest; a batch between
 * two of these takes the choice of the larger. Short ones are timed as a CUDA graph, as sessions run them: launched one by one they would take
 * the host's time for a launch, whatever they are. Choices are kept under the user's cache folder by GPU, driver, cuBLAS, kernels and plan.
 */
final class Tuner {

    private static final System.Logger LOG = System.getLogger(Tuner.class.getName());

    private static final int ROUNDS = 3;
    private static final int RUNS = 5;
    /** A tactic that takes longer than this is timed once: noise is small beside it. */
    private static final float LONG_MILLIS = 2;

    private static final List<String> SOURCES = List.of("band_gemm.cu", "tensor_gemm.cu", "tensor_core.cuh", "product.cu", "lowpass.cuh");

    private final CUstream stream;
    private final Function<Runnable, CUgraphExec> capture;
    private final List<CudaOperation.CudaStep> steps;
    private final List<Integer> batches = new ArrayList<>();

    /** @param steps with more than one tactic each */
    private Tuner(CUstream stream, Function<Runnable, CUgraphExec> capture, List<CudaOperation.CudaStep> steps, int maxBatch) {
        this.stream = stream;
        this.capture = capture;
        this.steps = steps;
        for (int batch = 1; batch < maxBatch; batch *= 2) {
            batches.add(batch);
        }
        batches.add(maxBatch);
    }

    /**
     * The context must be current.
     *
     * @param capture makes a graph of what is enqueued in the stream
     */
    static void tune(CUstream stream, Function<Runnable, CUgraphExec> capture, List<CudaOperation.CudaStep> steps, int maxBatch,
            CudaDevices.Found device, Precision precision) {
        Tuner tuner = new Tuner(stream, capture, steps, maxBatch);
        if (steps.stream().allMatch(step -> step.tactics().isChosen(maxBatch))) {
            return; // by another context of the same session
        }
        String key = key(steps, maxBatch, device, precision);
        var file = Cache.file("tactics-" + key + ".txt");
        byte[] cached = Cache.read(file);
        if (cached != null && tuner.restore(new String(cached, StandardCharsets.UTF_8).lines().toList())) {
            LOG.log(System.Logger.Level.DEBUG, "tactics as measured before, by {0}", file);
            return;
        }
        long start = System.nanoTime();
        Cache.store(file, (String.join("\n", tuner.measure()) + "\n").getBytes(StandardCharsets.UTF_8));
        LOG.log(System.Logger.Level.INFO, "tactics of {0} steps measured in {1} ms, kept in {2}", steps.size(), (System.nanoTime() - start) / 1_000_000, file);
    }

    private static String key(List<CudaOperation.CudaStep> steps, int maxBatch, CudaDevices.Found device, Precision precision) {
        List<String> parts = new ArrayList<>(List.of(device.name(), "sm_" + device.computeCapability(), device.multiprocessors() + " multiprocessors",
                "driver " + device.driver(), Cublas.choice(device.driverVersion()).description(), precision.name(), "maxBatch " + maxBatch));
        SOURCES.forEach(source -> parts.add(KernelImages.text(source)));
        for (CudaOperation.CudaStep step : steps) {
            parts.add(step.tactics().fingerprint() + " " + step.tactics().names());
        }
        return Cache.hash(parts.toArray(String[]::new));
    }

    /** One line a step: the tactics' names, one a batch. False, and nothing changed, when the lines are not of this plan. */
    private boolean restore(List<String> lines) {
        if (lines.size() != steps.size()) {
            return false;
        }
        int[][] chosen = new int[steps.size()][];
        for (int i = 0; i < chosen.length; i++) {
            List<String> names = steps.get(i).tactics().names();
            chosen[i] = List.of(lines.get(i).split(" ")).stream().mapToInt(names::indexOf).toArray();
            if (chosen[i].length != batches.size() || List.of(lines.get(i).split(" ")).stream().anyMatch(name -> !names.contains(name))) {
                return false;
            }
        }
        for (int i = 0; i < chosen.length; i++) {
            choose(steps.get(i), chosen[i]);
        }
        return true;
    }

    private void choose(CudaOperation.CudaStep step, int[] byBatch) {
        int first = 1;
        for (int i = 0; i < byBatch.length; i++) {
            step.tactics().choose(first, batches.get(i), byBatch[i]);
            first = batches.get(i) + 1;
        }
    }

    private List<String> measure() {
        CUevent begin = Driver.createEvent();
        Cleanup cleanup = new Cleanup();
        List<String> lines = new ArrayList<>();
        try {
            CUevent end = Driver.createEvent();
            try {
                for (CudaOperation.CudaStep step : steps) {
                    int[] byBatch = batches.stream().mapToInt(batch -> fastest(step, batch, begin, end)).toArray();
                    choose(step, byBatch);
                    lines.add(String.join(" ", batches.stream().map(step::tactic).toList()));
                }
            } finally {
                cleanup.run(() -> Driver.destroy(end));
            }
        } catch (RuntimeException | Error e) {
            cleanup.run(() -> Driver.destroy(begin));
            cleanup.suppressInto(e);
            throw e;
        }
        cleanup.run(() -> Driver.destroy(begin));
        cleanup.rethrow();
        return lines;
    }

    private int fastest(CudaOperation.CudaStep step, int batch, CUevent begin, CUevent end) {
        int fastest = 0;
        float least = Float.POSITIVE_INFINITY;
        for (int tactic = 0; tactic < step.tactics().names().size(); tactic++) {
            Work[] work = step.work(tactic);
            time(() -> enqueue(work, batch, 1), begin, end); // loads the kernels, fills the caches
            float time = time(() -> enqueue(work, batch, 1), begin, end);
            if (time < LONG_MILLIS) {
                time = timeOfGraph(work, batch, begin, end);
            }
            if (time < least) {
                least = time;
                fastest = tactic;
            }
        }
        return fastest;
    }

    /** Milliseconds of one run of several in a graph. */
    private float timeOfGraph(Work[] work, int batch, CUevent begin, CUevent end) {
        CUgraphExec graph = capture.apply(() -> enqueue(work, batch, RUNS));
        float least = Float.POSITIVE_INFINITY;
        try {
            for (int round = 0; round < ROUNDS; round++) {
                least = Math.min(least, time(() -> Driver.launch(graph, stream), begin, end) / RUNS);
            }
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Driver.destroy(graph));
            throw e;
        }
        Driver.destroy(graph);
        return least;
    }

    private void enqueue(Work[] work, int batch, int runs) {
        for (int run = 0; run < runs; run++) {
            for (Work each : work) {
                each.enqueue(batch, stream);
            }
        }
    }

    /** Milliseconds that the device takes for what is enqueued. */
    private float time(Runnable enqueued, CUevent begin, CUevent end) {
        Driver.record(begin, stream);
        enqueued.run();
        Driver.record(end, stream);
        return Driver.milliseconds(begin, end);
    }
}
