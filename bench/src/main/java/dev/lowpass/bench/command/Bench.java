package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.bench.latency.Interleaving;
import dev.lowpass.bench.latency.Summaries;
import dev.lowpass.bench.machine.Facts;
import dev.lowpass.bench.machine.Gpus;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.ProgramVersion;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.SessionOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lowpass bench}. */
@Command(
        name = "bench",
        description = {
            "Measure how long a model takes, beside itself without cutoffs and beside other programs.",
            "All that is compared runs in one process, in turns, on the same weights and images, after its logits were compared with those of the "
                    + "reference. Options that take several values, such as --batch 1,8, measure every combination. Times are of whole calls, from "
                    + "an input in the caller's memory to logits there."
        })
final class Bench implements Callable<Integer> {

    private static final int MOST_THREADS = 1024;
    private static final int MOST_CALLERS = 1024;
    private static final Set<String> USED_BY_PAPER = Set.of("--model", "--device", "--precision", "--cutoffs", "--threads", "--batch", "--paper", "--images", "--labels", "--json");
    private static final Set<String> USED_BY_DCT = Set.of("--model", "--device", "--batch", "--iterations", "--smoke", "--dct", "--json");

    /** Calls that overlap, or that arrive at random, need longer turns: a turn begins and ends with fewer at once. */
    private static final int LONG_TURNS = 6;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "FILE", required = true, description = "The model file.")
    private Path modelFile;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "auto",
            description = "auto, cpu, cuda (cuda:0, cuda:1, ...) or reference. Default: ${DEFAULT-VALUE}.")
    private List<String> devices = new ArrayList<>();

    @Option(names = "--precision", paramLabel = "NAME", split = ",", defaultValue = "fp32", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private List<Precision> precisions = new ArrayList<>();

    @Option(names = "--cutoffs", paramLabel = "NAME", split = ",", description = "The model's cutoff sets to measure; dense is the one without, cutoffs one that has no name. Default: all.")
    private List<String> cutoffs = new ArrayList<>();

    @Option(names = "--threads", paramLabel = "N", split = ",", description = "Threads that share a call, for every engine. Default: the processors this JVM may use.")
    private List<Integer> threads = new ArrayList<>();

    @Option(names = "--batch", paramLabel = "N", split = ",", defaultValue = "1", description = "Images a call. Default: ${DEFAULT-VALUE}.")
    private List<Integer> batches = new ArrayList<>();

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            split = ",",
            defaultValue = "1",
            description = "Callers at the same time, each with its own --threads. Default: ${DEFAULT-VALUE}.")
    private List<Integer> concurrencies = new ArrayList<>();

    @Option(
            names = "--request-rate",
            paramLabel = "R",
            split = ",",
            description = "Let R requests a second arrive at random (Poisson), served by --concurrency callers. Latencies count from the moment a request is due.")
    private List<Double> requestRates = new ArrayList<>();

    @Option(names = "--peers", paramLabel = "NAME", split = ",", description = "Other programs to run beside: onnxruntime, libtorch, and of a python3 with torch pytorch, pytorch-channels-last, "
            + "pytorch-cuda-graph and pytorch-compile. They run dense; built and fetched on first use.")
    private List<String> peers = new ArrayList<>();

    @Option(names = "--warmUp", paramLabel = "MS", defaultValue = "1000", description = "Warm up each engine for at least so many milliseconds, until its time has settled. Default: ${DEFAULT-VALUE}.")
    private double warmUp;

    @Option(names = "--duration", paramLabel = "S", defaultValue = "3", description = "Time each engine's calls for at least so many seconds. Default: ${DEFAULT-VALUE}.")
    private double duration;

    @Option(names = "--iterations", paramLabel = "N", defaultValue = "10", description = "Time at least so many calls of each engine. Default: ${DEFAULT-VALUE}.")
    private int iterations;

    @Option(names = "--percentile", paramLabel = "P", split = ",", defaultValue = "90,95,99", description = "Percentiles of the latency to report. Default: ${DEFAULT-VALUE}.")
    private List<Double> percentiles = new ArrayList<>();

    @Option(names = "--turn", paramLabel = "MS", defaultValue = "250", description = "Timed milliseconds until the next engine's turn. Default: ${DEFAULT-VALUE}.")
    private double turn;

    @Option(
            names = "--settle",
            paramLabel = "MS",
            defaultValue = "50",
            description = "Milliseconds at the beginning of a turn that are not timed: caches fill, and threads of the engine before stop spinning. Default: ${DEFAULT-VALUE}.")
    private double settle;

    @Option(
            names = "--tolerance",
            paramLabel = "X",
            description = "The largest difference from the reference's logits, over the largest of them, at which an engine is measured. Default: what the precision states, 1e-4 for fp32.")
    private Double tolerance;

    @Option(names = "--dumpProfile", description = "Time each step of our own engine too, in calls of their own, and list them.")
    private boolean dumpProfile;

    @Option(names = "--smoke", description = "Try everything with a few calls each, in seconds. The figures mean nothing.")
    private boolean smoke;

    @Mixin
    private PaperOptions paper;

    @Mixin
    private DctOptions dct;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() throws IOException {
        requireRanges();
        JsonReport report = json.report();
        Instant began = Instant.now();
        Map<String, Device> chosenDevices = new LinkedHashMap<>();
        for (String name : devices) {
            Device device = DeviceOptions.named(spec, name);
            boolean numbered = name.contains(":");
            chosenDevices.put(numbered ? name : device.name().equals("cuda") ? "cuda:0" : device.name(), device);
        }
        for (Precision precision : precisions) {
            if (chosenDevices.values().stream().noneMatch(device -> device.precisions().contains(precision))) {
                throw invalid("--precision", precision, "offered by none of the devices " + chosenDevices.keySet() + "; choose one of "
                        + chosenDevices.values().stream().flatMap(device -> device.precisions().stream()).map(BenchRun::name).distinct().collect(Collectors.joining(", ")));
            }
        }
        if (paper.isAsked() || dct.isAsked()) {
            requireOneSetting(paper.isAsked() ? "--paper" : "--dct", paper.isAsked() ? USED_BY_PAPER : USED_BY_DCT);
        }
        if (paper.isAsked()) {
            runPaper(chosenDevices.values().iterator().next(), report);
            return ExitCode.OK;
        }
        if (dct.isAsked()) {
            runDct(chosenDevices.keySet().iterator().next(), report);
            return ExitCode.OK;
        }
        List<Engine> chosenPeers = new LinkedHashSet<>(peers).stream().map(this::peer).toList();
        Gpus gpus = Gpus.current();
        Receipt.Clocks before = Facts.clocks(gpus);
        try (LoadedModel loaded = LoadedModel.load(modelFile)) {
            Map<String, ModelDefinition> networks = networks(loaded.definition());
            Interleaving interleaving = interleaving();
            BenchRun run = new BenchRun(networks, chosenPeers, precisions, interleaving, tolerance, percentiles, dumpProfile);
            BenchTables tables = new BenchTables(spec.commandLine().getOut(), report.toStandardOutput());
            tables.header(loaded.path(), Facts.host(gpus), run.libraries());
            List<BenchRun.Setting> settings = settings(chosenDevices.keySet());
            List<Receipt.Measurement> measurements = new ArrayList<>();
            for (BenchRun.Setting setting : settings) {
                List<Receipt.Measurement> group = run.measure(setting);
                tables.print(setting, group);
                measurements.addAll(group);
            }
            Receipt.Settings how = new Receipt.Settings(interleaving.warmUpNanos() / 1e6, interleaving.durationNanos() / 1e9, interleaving.iterations(),
                    interleaving.turnNanos() / 1e6, interleaving.settleNanos() / 1e6, tolerance == null ? Precision.FP32.tolerance() : tolerance, Interleaving.timerNanos());
            Receipt.Clocks after = Facts.clocks(Gpus.current());
            List<String> warnings = BenchWarnings.of(measurements, how, before, after, smoke);
            warnings.forEach(warning -> spec.commandLine().getErr().println("lowpass: warning: " + warning));
            Receipt receipt = new Receipt(Receipt.SCHEMA, began.truncatedTo(ChronoUnit.SECONDS).toString(), Facts.program(ProgramVersion.get(), commandLine()), Facts.host(gpus), before, after,
                    model(loaded, networks), how, run.libraries(), measurements, warnings);
            report.write(out -> ReceiptFile.write(receipt, out));
        }
        return ExitCode.OK;
    }

    private void requireOneSetting(String what, Set<String> used) {
        Map<String, List<?>> several = new LinkedHashMap<>();
        several.put("--device", devices);
        several.put("--precision", precisions);
        several.put("--threads", threads);
        several.put("--batch", batches);
        several.forEach((option, values) -> {
            if (values.size() > 1) {
                throw new ParameterException(spec.commandLine(), what + " measures in one setting, and " + option + " has " + values.size() + " values; give one");
            }
        });
        if (!peers.isEmpty()) {
            throw new ParameterException(spec.commandLine(), what + " runs no peers; leave out --peers");
        }
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!used.contains(option.longestName())) {
                throw new ParameterException(spec.commandLine(), what + " has no use for " + option.longestName() + "; leave it out");
            }
        }
    }

    private void runPaper(Device device, JsonReport report) throws IOException {
        try (LoadedModel loaded = LoadedModel.load(modelFile)) {
            paper.run(loaded, networks(loaded.definition()),
                    SessionOptions.builder().device(device).precision(precisions.get(0)).threads(threads.get(0)).maxBatch(batches.get(0)).build(), report);
        }
    }

    private void runDct(String device, JsonReport report) throws IOException {
        if (!device.startsWith("cuda:")) {
            throw new ParameterException(spec.commandLine(), "Option --dct times a GPU's kernels, and the device is " + device + "; give --device cuda");
        }
        try (LoadedModel loaded = LoadedModel.load(modelFile)) {
            dct.run(loaded, Integer.parseInt(device.substring("cuda:".length())), batches.get(0), smoke ? 2 : iterations, smoke, report);
        }
    }

    private void requireRanges() {
        if (threads.isEmpty()) {
            threads.add(Runtime.getRuntime().availableProcessors());
        }
        threads.forEach(count -> DeviceOptions.inRange(spec, "--threads", count, MOST_THREADS));
        batches.forEach(count -> DeviceOptions.inRange(spec, "--batch", count, BatchOption.LARGEST));
        concurrencies.forEach(count -> DeviceOptions.inRange(spec, "--concurrency", count, MOST_CALLERS));
        DeviceOptions.inRange(spec, "--iterations", iterations, 1_000_000);
        requestRates.forEach(rate -> requireNumber("--request-rate", rate, rate > 0 && rate <= 1e6, "above 0 and at most 1000000"));
        percentiles.forEach(percent -> requireNumber("--percentile", percent, percent > 0 && percent <= 100, "above 0 and at most 100"));
        requireNumber("--warmUp", warmUp, warmUp >= 0 && warmUp <= 1e6, "0 to 1000000 milliseconds");
        requireNumber("--duration", duration, duration >= 0 && duration <= 1e5, "0 to 100000 seconds");
        requireNumber("--turn", turn, turn >= 1 && turn <= 1e6, "1 to 1000000 milliseconds");
        requireNumber("--settle", settle, settle >= 0 && settle <= 1e5, "0 to 100000 milliseconds");
        requireNumber("--tolerance", tolerance == null ? 0 : tolerance, tolerance == null || tolerance >= 0, "a number of at least 0");
    }

    private void requireNumber(String option, double value, boolean right, String rule) {
        if (!right) {
            throw invalid(option, Summaries.name(value), "out of range; give " + rule);
        }
    }

    private ParameterException invalid(String option, Object value, String why) {
        return new ParameterException(spec.commandLine(), "Invalid value for option '" + option + "': " + value + " is " + why);
    }

    private Engine peer(String name) {
        List<Engine> known = ServiceLoader.load(Engine.class, Bench.class.getClassLoader()).stream().map(ServiceLoader.Provider::get).toList();
        return known.stream().filter(engine -> engine.name().equals(name)).findFirst().orElseThrow(() -> invalid("--peers", '"' + name + '"', "no peer; "
                + (known.isEmpty() ? "none are on the class path: run ./lowpass, which fetches them" : "choose among " + known.stream().map(Engine::name).collect(Collectors.joining(", ")))));
    }

    /** The model's cutoff sets by name, those that were asked for. */
    private Map<String, ModelDefinition> networks(ModelDefinition model) {
        Map<String, ModelDefinition> all = new LinkedHashMap<>();
        all.put(Receipt.DENSE, model.dense());
        for (CutoffSet set : model.cutoffSets()) {
            all.putIfAbsent(set.name(), model.withCutoffs(set.name()));
        }
        if (model.cutoffSets().isEmpty() && Macs.of(model).keptShare() < 1) {
            all.put(Receipt.UNNAMED, model);
        }
        Map<String, ModelDefinition> chosen = new LinkedHashMap<>();
        for (String name : cutoffs.isEmpty() ? all.keySet() : cutoffs) {
            if (!all.containsKey(name)) {
                throw invalid("--cutoffs", '"' + name + '"', "no cutoff set of " + modelFile + "; choose among " + String.join(", ", all.keySet()));
            }
            chosen.put(name, all.get(name));
        }
        return chosen;
    }

    private Interleaving interleaving() {
        return smoke ? new Interleaving(1_000_000, 3_000_000, 2, 1_000_000, 0)
                : new Interleaving((long) (warmUp * 1e6), (long) (duration * 1e9), iterations, (long) (turn * 1e6), (long) (settle * 1e6));
    }

    private List<BenchRun.Setting> settings(Set<String> chosenDevices) {
        List<Double> rates = new ArrayList<>(requestRates);
        if (rates.isEmpty()) {
            rates.add(null);
        }
        List<BenchRun.Setting> settings = new ArrayList<>();
        for (String device : chosenDevices) {
            boolean onProcessor = !device.startsWith("cuda");
            // A GPU's own threads are its business.
            for (int threadCount : onProcessor ? threads : threads.subList(0, 1)) {
                for (int batch : batches) {
                    for (int concurrency : concurrencies) {
                        for (Double rate : rates) {
                            boolean longTurns = !smoke && (concurrency > 1 || rate != null);
                            settings.add(new BenchRun.Setting(device, threadCount, batch, concurrency, rate, longTurns ? LONG_TURNS : 0));
                        }
                    }
                }
            }
        }
        return settings;
    }

    private List<String> commandLine() {
        return List.copyOf(spec.root().commandLine().getParseResult().originalArgs());
    }

    private static Receipt.ModelFile model(LoadedModel loaded, Map<String, ModelDefinition> networks) throws IOException {
        Plane input = loaded.definition().graph().input();
        List<Receipt.CutoffSet> sets = new ArrayList<>();
        networks.forEach((name, network) -> {
            Macs pointwise = Macs.ofPointwise(network);
            CutoffSet own = network.cutoffSets().stream().findFirst().orElse(null);
            sets.add(new Receipt.CutoffSet(name, Macs.of(network).kept(), pointwise.dense(), pointwise.kept(), own == null ? null : own.measured(),
                    own == null ? null : own.measure()));
        });
        return new Receipt.ModelFile(loaded.path().toString(), loaded.hash(), List.of(input.height(), input.width(), input.channels()), loaded.definition().classes(), sets);
    }
}
