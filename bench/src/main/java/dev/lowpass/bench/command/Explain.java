package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.machine.Facts;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.bench.profile.Profile;
import dev.lowpass.bench.profile.ProfileJson;
import dev.lowpass.bench.profile.ProfileText;
import dev.lowpass.bench.profile.Profiler;
import dev.lowpass.bench.profile.RecorderCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.plan.Plan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass explain}. */
@Command(
        name = "explain",
        description = {
            "Show how a session runs a model's pointwise layers, and with --measure where its time goes.",
            "kept is the share of coefficients below the cutoffs, bands how many dense products the staircase of cutoffs is cut into for the batch, "
                    + "and computed what these come to: at least the MACs kept, since neighbouring frequencies share one depth. "
                    + "The CPU follows the staircase still closer, one small tile of rows at a time."
        })
final class Explain implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model file.")
    private Path modelFile;

    @Option(names = "--bands", description = "List each layer's bands as FIRST..ENDxDEPTH: zigzag indices and input channels.")
    private boolean listBands;

    @Option(names = "--steps", description = "List every step of the plan, in the order in which they run.")
    private boolean listSteps;

    @Option(
            names = "--measure",
            description = "Time every step, dense and truncated in turns, beside the machine's peak, which is measured too; sorted by time lost against the least "
                    + "that the peak allows.")
    private boolean measure;

    @Option(names = "--duration", paramLabel = "S", defaultValue = "3", description = "With --measure: time each network for at least so many seconds. Default: ${DEFAULT-VALUE}.")
    private double duration;

    @Option(names = "--recorder-cost", description = "Measure what Java's Flight Recorder costs: with both events off, with that of runs on, and with that of every operation on too.")
    private boolean recorderCost;

    @Mixin
    private BatchOption batch;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CutoffsOption cutoffs;

    @Mixin
    private JsonOption json;

    /** A pointwise layer and the step that runs it. */
    private record Layer(GraphOp.PointwiseConv2d op, Plan.Step step, Macs macs, Bands bands) {
        boolean isTruncated() {
            return op.isTruncated();
        }

        /** Of one image. */
        long computed(ModelDefinition model) {
            return bands == null ? macs.kept() : bands.macs(model.graph().plane(op.name()).blocks(op.block())) * op.outChannels();
        }
    }

    @Override
    public Integer call() throws IOException {
        JsonReport report = json.report();
        int size = batch.batch();
        if (!(duration > 0 && duration <= 3600)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--duration': " + duration + " is out of range; give more than 0, up to 3600 seconds");
        }
        if (measure && (listBands || listSteps)) {
            throw new ParameterException(spec.commandLine(), "--measure lists every step by itself; leave out --bands and --steps");
        }
        Optional<String> busy = measure || recorderCost ? BenchWarnings.busy(Facts.loadAverage()) : Optional.empty();
        try (LoadedModel model = cutoffs.load(modelFile); Session session = model.model().newSession(device.session(size))) {
            ModelDefinition definition = model.definition();
            List<Layer> layers = layers(definition, session.plan(), size);
            Profile profile = measure ? new Profiler(op -> Macs.of(definition, op).dense(), op -> Macs.of(definition, op).kept())
                    .measure(definition, session.options(), duration) : null;
            RecorderCost recorder = recorderCost ? RecorderCost.measure(definition, session, duration) : null;
            if (!report.toStandardOutput()) {
                PrintWriter out = spec.commandLine().getOut();
                if (measure) {
                    new ProfileText(profile).print(out);
                } else {
                    print(definition, session, layers);
                }
                if (recorder != null) {
                    out.println();
                    recorder.print(out);
                }
            }
            Stream.of(busy, Optional.ofNullable(profile).flatMap(Profile::doubt)).flatMap(Optional::stream)
                    .forEach(warning -> spec.commandLine().getErr().println("lowpass: warning: " + warning));
            report.write("lowpass.explain/1", generator -> {
                model.writeTo(generator);
                write(generator, definition, session, layers);
                if (profile != null) {
                    generator.writeFieldName("measured");
                    ProfileJson.write(profile, generator);
                }
                if (recorder != null) {
                    recorder.write(generator);
                }
            });
        }
        return ExitCode.OK;
    }

    private static List<Layer> layers(ModelDefinition definition, Plan plan, int batch) {
        List<Layer> layers = new ArrayList<>();
        for (GraphOp op : definition.graph().ops()) {
            if (op instanceof GraphOp.PointwiseConv2d pointwise) {
                Plan.Step step = plan.steps().stream().filter(candidate -> candidate.ops().contains(op.name())).findFirst().orElseThrow(
                        () -> new IllegalStateException("no step of the plan runs op \"" + op.name() + "\""));
                // A layer without cutoffs may run on coefficients too, all of them, where its neighbours do.
                Bands bands = !pointwise.isTruncated() || step.bandsByBatch().isEmpty() ? null : step.bandsByBatch().get(batch - 1);
                layers.add(new Layer(pointwise, step, Macs.of(definition, op), bands));
            }
        }
        return layers;
    }

    private void print(ModelDefinition definition, Session session, List<Layer> layers) {
        PrintWriter out = spec.commandLine().getOut();
        Table table = new Table().left("layer").right("input").right("out").left("domain").right("block").right("kept").right("MACs dense")
                .right("MACs kept").right("computed").right("bands");
        // Where a device multiplies in several ways, the one chosen.
        List<String> tactics = session.tactics(batch.batch());
        boolean several = tactics.stream().anyMatch(tactic -> !tactic.isEmpty());
        if (several) {
            table.left("runs by");
        }
        if (listBands) {
            table.left("");
        }
        long computed = 0;
        for (Layer layer : layers) {
            boolean truncated = layer.isTruncated();
            computed += definition.graph().truncatable().contains(layer.op()) ? layer.computed(definition) : 0;
            List<Object> row = new ArrayList<>(List.of(
                    layer.op().name(),
                    definition.graph().inputPlane(layer.op()),
                    layer.op().outChannels(),
                    layer.step().domain().name().toLowerCase(Locale.ROOT),
                    truncated ? layer.op().block() : "",
                    truncated ? Quantity.percent(layer.macs().keptShare()) : "",
                    Quantity.count(layer.macs().dense()),
                    Quantity.count(layer.macs().kept()),
                    Quantity.count(layer.computed(definition)),
                    layer.bands() == null ? "" : layer.bands().count()));
            if (several) {
                row.add(tactics.get(session.plan().steps().indexOf(layer.step())));
            }
            if (listBands) {
                row.add(layer.bands() == null ? "" : layer.bands());
            }
            table.row(row.toArray());
        }
        table.print(out);
        if (listSteps) {
            printSteps(out, session, tactics);
        }
        Macs pointwise = Macs.ofPointwise(definition);
        Macs all = Macs.of(definition);
        out.println();
        out.println("for one image, in a batch of " + batch.batch() + " on " + session.options().device());
        if (several) {
            out.println(session.options().device().description()); // what there was to choose from
        }
        out.println("pointwise MACs kept  " + Quantity.count(pointwise.kept()) + " of " + Quantity.count(pointwise.dense()) + " ("
                + Quantity.percent(pointwise.keptShare()) + "), without the classifier, which has no frequencies");
        out.println("  computed in bands  " + Quantity.count(computed) + " (" + Quantity.percent(pointwise.dense() == 0 ? 1 : (double) computed / pointwise.dense()) + ")");
        out.println("all MACs kept        " + Quantity.count(all.kept()) + " of " + Quantity.count(all.dense()) + " (" + Quantity.percent(all.keptShare())
                + "), transforms not counted");
    }

    private static void printSteps(PrintWriter out, Session session, List<String> tactics) {
        Table table = new Table().right("step").left("operation").right("input").right("output").left("domain").left("ops");
        int number = 0;
        for (Plan.Step step : session.plan().steps()) {
            String tactic = tactics.get(number);
            table.row(++number, tactic.isEmpty() ? step.spec().kernelName() : tactic, step.spec().in(), step.spec().out(), step.domain().name().toLowerCase(Locale.ROOT),
                    String.join(", ", step.ops()));
        }
        out.println();
        table.print(out);
    }

    private void write(JsonGenerator json, ModelDefinition definition, Session session, List<Layer> layers) throws IOException {
        Macs pointwise = Macs.ofPointwise(definition);
        Macs all = Macs.of(definition);
        json.writeStringField("device", session.options().device().name());
        json.writeNumberField("batch", batch.batch());
        json.writeNumberField("pointwise_macs_dense", pointwise.dense());
        json.writeNumberField("pointwise_macs_kept", pointwise.kept());
        json.writeNumberField("pointwise_kept_share", pointwise.keptShare());
        json.writeNumberField("macs_dense", all.dense());
        json.writeNumberField("macs_kept", all.kept());
        json.writeArrayFieldStart("layers");
        for (Layer layer : layers) {
            json.writeStartObject();
            json.writeStringField("name", layer.op().name());
            json.writeStringField("input", definition.graph().inputPlane(layer.op()).toString());
            json.writeNumberField("out_channels", layer.op().outChannels());
            json.writeStringField("domain", layer.step().domain().name().toLowerCase(Locale.ROOT));
            json.writeNumberField("block", layer.op().block());
            json.writeNumberField("kept_share", layer.macs().keptShare());
            json.writeNumberField("macs_dense", layer.macs().dense());
            json.writeNumberField("macs_kept", layer.macs().kept());
            json.writeNumberField("macs_computed", layer.computed(definition));
            json.writeStringField("tactic", session.tactics(batch.batch()).get(session.plan().steps().indexOf(layer.step())));
            json.writeArrayFieldStart("bands");
            for (int band = 0; layer.bands() != null && band < layer.bands().count(); band++) {
                json.writeStartObject();
                json.writeNumberField("first", layer.bands().start(band));
                json.writeNumberField("end", layer.bands().end(band));
                json.writeNumberField("depth", layer.bands().depth(band));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
