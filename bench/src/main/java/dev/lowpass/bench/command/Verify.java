package dev.lowpass.bench.command;

import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Table;
import dev.lowpass.kernels.Precision;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass verify}. */
@Command(
        name = "verify",
        description = {
            "Check a model on this machine.",
            "Runs the images that the model file carries on each device and compares the logits with those in the file, which double precision has computed. "
                    + "The error is the largest difference over the largest magnitude of the file's logits. Exit code 1 if it is above the tolerance."
        })
final class Verify implements Callable<Integer> {

    private static final int LARGEST_BATCH = 8;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model file.")
    private Path modelFile;

    @Option(names = "--device", paramLabel = "NAME", description = "Check this device only; may be given several times. Default: cpu and reference.")
    private List<String> devices = new ArrayList<>();

    @Option(names = "--precision", paramLabel = "NAME", defaultValue = "fp32", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Precision precision;

    @Option(names = "--tolerance", paramLabel = "X", description = "The largest error that passes. Default: the precision's, 1e-4 for fp32, 2e-3 for tf32 and 1e-2 for fp16.")
    private Double chosenTolerance;

    @Mixin
    private CutoffsOption cutoffs;

    @Mixin
    private JsonOption json;

    /** What one device gave. */
    record Result(String device, String description, double error, boolean passed) {}

    @Override
    public Integer call() throws IOException {
        double tolerance = chosenTolerance == null ? precision.tolerance() : chosenTolerance;
        if (!(tolerance >= 0)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--tolerance': " + tolerance + "; give a number of at least 0");
        }
        Set<String> names = new LinkedHashSet<>(devices.isEmpty() ? List.of("cpu", "reference") : devices);
        List<Device> chosen = names.stream().map(name -> DeviceOptions.named(spec, name)).toList();
        JsonReport report = json.report();
        try (LoadedModel model = cutoffs.load(modelFile)) {
            Golden golden = model.definition().golden().orElseThrow(() -> new CommandException(
                    modelFile + ": has no golden images to verify it by; import it again, with --golden IMAGE for images of your own"));
            List<Result> results = new ArrayList<>();
            for (Device device : chosen) {
                double error = error(model, golden, device, precision);
                // A NaN fails: it is not below anything.
                results.add(new Result(device.name(), device.description(), error, error <= tolerance));
            }
            boolean passed = results.stream().allMatch(Result::passed);
            if (!report.toStandardOutput()) {
                print(golden, results, tolerance);
            }
            report.write("lowpass.verify/1", generator -> {
                model.writeTo(generator);
                generator.writeNumberField("images", golden.count());
                generator.writeStringField("precision", precision.name().toLowerCase(Locale.ROOT));
                generator.writeNumberField("tolerance", tolerance);
                generator.writeBooleanField("passed", passed);
                generator.writeArrayFieldStart("devices");
                for (Result result : results) {
                    generator.writeStartObject();
                    generator.writeStringField("device", result.device());
                    generator.writeStringField("description", result.description());
                    generator.writeNumberField("error", result.error());
                    generator.writeBooleanField("passed", result.passed());
                    generator.writeEndObject();
                }
                generator.writeEndArray();
            });
            if (!passed) {
                throw new CommandException(modelFile + ": the error on "
                        + results.stream().filter(result -> !result.passed()).map(Result::device).collect(Collectors.joining(" and ")) + " is above the tolerance of " + tolerance + "; the file is damaged or this build is wrong: import the model again, and report it if that does not help");
            }
        }
        return ExitCode.OK;
    }

    private void print(Golden golden, List<Result> results, double tolerance) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(golden.count() + (golden.count() == 1 ? " golden image" : " golden images") + ", tolerance " + tolerance + " of the largest logit");
        Table table = new Table().left("device").right("error").left("").left("");
        for (Result result : results) {
            table.row(result.device(), String.format(Locale.ROOT, "%.2e", result.error()), result.passed() ? "ok" : "FAILED", result.description());
        }
        table.print(out);
    }

    /**
     * The largest difference over the largest golden magnitude; NaN when a logit is. Each image runs alone, and then all in one batch,
     * which is planned in other bands.
     */
    static double error(LoadedModel model, Golden golden, Device device, Precision precision) {
        int batch = Math.min(golden.count(), LARGEST_BATCH);
        double difference = 0;
        try (Session session = model.model().newSession(SessionOptions.builder().device(device).maxBatch(batch).precision(precision).build())) {
            FloatBuffer input = golden.input(model.definition().preprocess());
            FloatBuffer logits = FloatBuffer.allocate(golden.logits().length);
            for (int size : batch == 1 ? new int[] {1} : new int[] {1, batch}) {
                for (int from = 0; from < golden.count(); from += size) {
                    int count = Math.min(size, golden.count() - from);
                    session.run(input.position(from * session.inputElements()), count, logits.position(from * session.classes()));
                }
                for (int i = 0; i < golden.logits().length; i++) {
                    // Math.max, unlike a comparison, keeps NaN.
                    difference = Math.max(difference, Math.abs((double) logits.get(i) - golden.logits()[i]));
                }
            }
        }
        double largest = 0;
        for (float logit : golden.logits()) {
            largest = Math.max(largest, Math.abs(logit));
        }
        return difference == 0 ? 0 : difference / largest;
    }
}
