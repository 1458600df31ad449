package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.bench.latency.Interleaving;
import dev.lowpass.bench.latency.LowpassEngine;
import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.latency.Samples;
import dev.lowpass.bench.output.Table;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lowpass bench}. */
@Command(
        name = "bench",
        description = {
            "Measure how long a model takes, beside itself without cutoffs and beside other programs.",
            "All that is compared runs in one process, in turns, on the same weights and images, after its logits were compared with those of the reference. "
                    + "Options that take several values, such as --batch 1,8, measure every combination."
        })
final class Bench implements Callable<Integer> {

    private static final int IMAGES = 2;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "FILE", required = true, description = "The model file.")
    private Path modelFile;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "cpu", description = "cpu, cuda (cuda:0, cuda:1, ...) or reference. Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(names = "--threads", paramLabel = "N", split = ",", description = "Threads that share a call, for every engine. Default: the processors this JVM may use.")
    private List<Integer> threads = new ArrayList<>();

    @Option(names = "--batch", paramLabel = "N", split = ",", defaultValue = "1", description = "Images a call. Default: ${DEFAULT-VALUE}.")
    private List<Integer> batches = new ArrayList<>();

    @Option(names = "--peers", paramLabel = "NAME", split = ",", description = "Other programs to run beside: onnxruntime. Fetched on first use.")
    private List<String> peers = new ArrayList<>();

    @Option(names = "--warmUp", paramLabel = "MS", defaultValue = "1000", description = "Warm up each engine for at least so many milliseconds. Default: ${DEFAULT-VALUE}.")
    private int warmUp;

    @Option(names = "--duration", paramLabel = "S", defaultValue = "3", description = "Time each engine's calls for at least so many seconds. Default: ${DEFAULT-VALUE}.")
    private double duration;

    @Option(names = "--iterations", paramLabel = "N", defaultValue = "10", description = "Time at least so many calls of each engine. Default: ${DEFAULT-VALUE}.")
    private int iterations;

    @Option(names = "--turn", paramLabel = "MS", defaultValue = "250", description = "Timed milliseconds until the next engine's turn. Default: ${DEFAULT-VALUE}.")
    private int turn;

    @Option(
            names = "--settle",
            paramLabel = "MS",
            defaultValue = "50",
            description = "Milliseconds at the beginning of a turn that are not timed: caches fill, and the threads of the engine before stop spinning. Default: ${DEFAULT-VALUE}.")
    private int settle;

    @Option(names = "--tolerance", paramLabel = "X", defaultValue = "1e-3", description = "The largest difference from the reference's logits, over the largest of them. Default: ${DEFAULT-VALUE}.")
    private double tolerance;

    /** An engine and what it runs. */
    private record Contestant(String label, Engine engine, ModelDefinition model) {}

    /** The same, ready, with the error of its logits. */
    private record Running(Contestant contestant, Engine.Session session, Engine.Call call, double error) {}

    @Override
    public Integer call() throws IOException {
        if (threads.isEmpty()) {
            threads.add(Runtime.getRuntime().availableProcessors());
        }
        threads.forEach(count -> DeviceOptions.inRange(spec, "--threads", count, 1024));
        batches.forEach(count -> DeviceOptions.inRange(spec, "--batch", count, BatchOption.LARGEST));
        DeviceOptions.named(spec, device);
        List<Engine> chosen = peers.stream().map(this::peer).toList();
        try (LoadedModel loaded = LoadedModel.load(modelFile)) {
            ModelDefinition model = loaded.definition();
            ModelDefinition dense = model.dense();
            List<Contestant> contestants = new ArrayList<>();
            contestants.add(new Contestant("dense", new LowpassEngine(), dense));
            if (Macs.of(model).keptShare() < 1) {
                contestants.add(new Contestant("cutoffs", new LowpassEngine(), model));
            }
            for (Engine peer : chosen) {
                contestants.add(new Contestant("dense", peer, dense));
            }
            byte[] images = GoldenImages.of(model.preprocess(), IMAGES);
            Map<ModelDefinition, Golden> expected = new LinkedHashMap<>();
            for (Contestant contestant : contestants) {
                expected.computeIfAbsent(contestant.model, m -> Golden.of(m, images));
            }
            for (int threadCount : threads) {
                for (int batch : batches) {
                    measure(contestants, expected, new Engine.Options(device, threadCount, batch, 1));
                }
            }
        }
        return ExitCode.OK;
    }

    private Engine peer(String name) {
        List<Engine> known = ServiceLoader.load(Engine.class, Bench.class.getClassLoader()).stream().map(ServiceLoader.Provider::get).toList();
        return known.stream().filter(engine -> engine.name().equals(name)).findFirst().orElseThrow(() -> new ParameterException(spec.commandLine(),
                "Invalid value for option '--peers': \"" + name + "\" is no peer; this build has "
                        + (known.isEmpty() ? "none: run it by ./lowpass, which fetches them" : known.stream().map(Engine::name).collect(Collectors.joining(", ")))));
    }

    private void measure(List<Contestant> contestants, Map<ModelDefinition, Golden> expected, Engine.Options options) {
        PrintWriter out = spec.commandLine().getOut();
        List<Running> running = new ArrayList<>();
        try {
            for (Contestant contestant : contestants) {
                running.add(open(contestant, expected.get(contestant.model), options));
            }
            List<Engine.Call> calls = running.stream().map(Running::call).toList();
            Interleaving interleaving = new Interleaving(warmUp * 1_000_000L, (long) (duration * 1e9), iterations, turn * 1_000_000L, settle * 1_000_000L);
            interleaving.warmUp(calls);
            List<Samples> samples = interleaving.measure(calls);
            for (Running one : running) {
                compare(one.contestant, one.call, expected.get(one.contestant.model), options);
            }
            print(out, running, samples, options);
        } finally {
            for (Running one : running) {
                one.call.close();
                one.session.close();
            }
        }
    }

    private Running open(Contestant contestant, Golden expected, Engine.Options options) {
        Engine.Session session;
        try {
            session = contestant.engine.open(contestant.model, options);
        } catch (Engine.UnavailableException e) {
            throw new CommandException(contestant.engine.name() + " cannot run here: " + e.getMessage());
        }
        FloatBuffer golden = expected.input(contestant.model.preprocess());
        int elements = contestant.model.graph().input().elements();
        FloatBuffer input = FloatBuffer.allocate(options.batch() * elements);
        for (int n = 0; n < options.batch(); n++) {
            input.put(n * elements, golden, n % expected.count() * elements, elements);
        }
        Engine.Call call = session.newCall(input);
        call.run();
        return new Running(contestant, session, call, compare(contestant, call, expected, options));
    }

    /** The largest difference over the largest expected magnitude. */
    private double compare(Contestant contestant, Engine.Call call, Golden expected, Engine.Options options) {
        float[] logits = call.logits();
        int classes = contestant.model.classes();
        double difference = 0;
        double largest = 0;
        for (int i = 0; i < logits.length; i++) {
            float right = expected.logits()[i / classes % expected.count() * classes + i % classes];
            difference = Math.max(difference, Math.abs((double) logits[i] - right)); // keeps NaN
            largest = Math.max(largest, Math.abs(right));
        }
        double error = difference == 0 ? 0 : difference / largest;
        if (!(error <= tolerance)) {
            throw new CommandException(String.format(Locale.ROOT, "%s (%s) on %s gives logits that differ from the reference's by %.1e of the largest, which is above the tolerance of %.1e; "
                    + "its time would mean nothing", contestant.engine.name(), contestant.label, options.device(), error, tolerance));
        }
        return error;
    }

    private void print(PrintWriter out, List<Running> running, List<Samples> samples, Engine.Options options) {
        int baseline = running.size() > 1 && running.get(running.size() - 1).contestant.engine instanceof LowpassEngine ? 0 : running.size() - 1;
        out.println(options.device() + ", " + options.threads() + (options.threads() == 1 ? " thread" : " threads") + ", batch " + options.batch());
        Table table = new Table().left("engine").left("network").right("images/s").right("median").right("mean").right("min").right("p90").right("p95").right("p99")
                .right("calls").right("error").right("speed").left("95 %");
        for (int i = 0; i < running.size(); i++) {
            long[] sorted = samples.get(i).sorted();
            double mean = java.util.stream.LongStream.of(sorted).average().orElseThrow();
            Ratio ratio = Ratio.of(samples.get(baseline).turns(), samples.get(i).turns());
            table.row(running.get(i).contestant.engine.name() + " " + running.get(i).contestant.engine.version(), running.get(i).contestant.label,
                    String.format(Locale.ROOT, "%.1f", options.batch() * 1e9 / mean), millis(Percentile.of(sorted, 50)), millis(mean), millis(sorted[0]),
                    millis(Percentile.of(sorted, 90)), millis(Percentile.of(sorted, 95)), millis(Percentile.of(sorted, 99)), sorted.length,
                    String.format(Locale.ROOT, "%.0e", running.get(i).error), String.format(Locale.ROOT, "%.3f", ratio.value()),
                    i == baseline ? "" : String.format(Locale.ROOT, "[%.3f, %.3f]", ratio.low(), ratio.high()));
        }
        table.print(out);
    }

    private static String millis(double nanos) {
        return String.format(Locale.ROOT, "%.3f", nanos / 1e6);
    }
}
