package dev.lowpass.bench.command;

import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lowpass inspect}. */
@Command(name = "inspect", description = "Show what a model file holds: graph, parameters, pre-processing, labels, provenance, and the memory of a session.")
final class Inspect implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @picocli.CommandLine.Parameters(paramLabel = "MODEL", description = "The model file.")
    private Path modelFile;

    @Option(names = "--labels", description = "List all labels.")
    private boolean allLabels;

    @Mixin
    private BatchOption batch;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CutoffsOption cutoffs;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() throws IOException {
        JsonReport report = json.report();
        int size = batch.batch();
        try (LoadedModel model = cutoffs.load(modelFile); Session session = model.model().newSession(device.session(size))) {
            if (!report.toStandardOutput()) {
                print(model, session);
            }
            report.write("lowpass.inspect/1", generator -> {
                model.writeTo(generator);
                ModelDefinition definition = model.definition();
                generator.writeStringField("input", definition.graph().input().toString());
                generator.writeNumberField("classes", definition.classes());
                generator.writeNumberField("parameters", parameters(definition));
                generator.writeNumberField("macs_dense", Macs.of(definition).dense());
                generator.writeNumberField("macs_kept", Macs.of(definition).kept());
                generator.writeNumberField("pointwise_macs_dense", Macs.ofPointwise(definition).dense());
                generator.writeNumberField("pointwise_macs_kept", Macs.ofPointwise(definition).kept());
                generator.writeStringField("device", session.options().device().name());
                generator.writeNumberField("batch", size);
                generator.writeNumberField("session_bytes", session.contextBytes());
                generator.writeNumberField("golden_images", definition.golden().map(golden -> golden.count()).orElse(0));
                generator.writeArrayFieldStart("cutoff_sets");
                for (CutoffSet set : model.offered()) {
                    generator.writeStartObject();
                    generator.writeStringField("name", set.name());
                    generator.writeNumberField("kept_pointwise_macs", set.kept());
                    generator.writeNumberField("measured", set.measured());
                    generator.writeStringField("measure", set.measure());
                    generator.writeEndObject();
                }
                generator.writeEndArray();
                generator.writeObjectFieldStart("provenance");
                for (Map.Entry<String, String> entry : definition.provenance().entrySet()) {
                    generator.writeStringField(entry.getKey(), entry.getValue());
                }
                generator.writeEndObject();
                generator.writeArrayFieldStart("labels");
                for (String label : definition.labels()) {
                    generator.writeString(label);
                }
                generator.writeEndArray();
                generator.writeArrayFieldStart("ops");
                for (GraphOp op : definition.graph().ops()) {
                    generator.writeStartObject();
                    generator.writeStringField("name", op.name());
                    generator.writeStringField("op", kind(op));
                    generator.writeStringField("output", definition.graph().plane(op.name()).toString());
                    generator.writeNumberField("parameters", parameters(definition, op));
                    generator.writeNumberField("macs_dense", Macs.of(definition, op).dense());
                    generator.writeNumberField("macs_kept", Macs.of(definition, op).kept());
                    generator.writeEndObject();
                }
                generator.writeEndArray();
            });
        }
        return ExitCode.OK;
    }

    private void print(LoadedModel model, Session session) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        ModelDefinition definition = model.definition();
        Table ops = new Table().left("op").left("kind").left("reads").right("output").left("window").left("activation").right("block").right("parameters")
                .right("MACs").right("kept");
        for (GraphOp op : definition.graph().ops()) {
            Macs macs = Macs.of(definition, op);
            ops.row(
                    op.name(),
                    kind(op),
                    String.join(", ", op.inputs()),
                    definition.graph().plane(op.name()),
                    window(op),
                    op.activation() == Activation.NONE ? "" : op.activation().name().toLowerCase(Locale.ROOT),
                    block(op),
                    count(parameters(definition, op)),
                    count(macs.dense()),
                    block(op).isEmpty() ? "" : Quantity.percent(macs.keptShare()));
        }
        ops.print(out);
        out.println();
        Macs all = Macs.of(definition);
        Macs pointwise = Macs.ofPointwise(definition);
        out.println("file           " + model.path() + ", " + Quantity.bytes(Files.size(model.path())) + ", sha256 " + model.hash());
        out.println("input          " + preprocess(definition.preprocess()));
        out.println("parameters     " + Quantity.count(parameters(definition)));
        out.println("MACs           " + Quantity.millions(all.dense()) + " dense, " + Quantity.millions(all.kept()) + " kept (" + Quantity.percent(all.keptShare()) + ")");
        out.println("pointwise      " + Quantity.millions(pointwise.dense()) + " dense, " + Quantity.millions(pointwise.kept()) + " kept ("
                + Quantity.percent(pointwise.keptShare()) + "), without the classifier");
        for (CutoffSet set : model.offered()) {
            out.println("cutoffs        " + set.name() + ": keeps " + Quantity.percent(set.kept()) + " of pointwise MACs, " + Quantity.percent(set.measured()) + " "
                    + set.measure() + (set.equals(model.offered().get(0)) ? " (default)" : "") + (set.name().equals(model.cutoffs()) ? " <- shown here" : ""));
        }
        out.println("golden images  " + definition.golden().map(golden -> String.valueOf(golden.count())).orElse("none"));
        out.println("memory         " + Quantity.bytes(session.contextBytes()) + " a context for a batch of " + session.options().maxBatch() + " on "
                + session.options().device() + " (" + Quantity.count(session.contextBytes()) + " bytes: arena, scratch and staging)");
        definition.provenance().forEach((key, value) -> out.println(String.format(Locale.ROOT, "%-14s %s", key, value)));
        out.println(labels(definition.labels()));
    }

    private String labels(List<String> labels) {
        if (labels.isEmpty()) {
            return "labels         none";
        }
        if (allLabels) {
            StringBuilder text = new StringBuilder("labels");
            for (int i = 0; i < labels.size(); i++) {
                text.append(System.lineSeparator()).append(String.format(Locale.ROOT, "%6d  %s", i, labels.get(i)));
            }
            return text.toString();
        }
        int shown = Math.min(3, labels.size());
        return "labels         " + labels.size() + ": " + String.join("; ", labels.subList(0, shown)) + (labels.size() > shown ? "; ... (--labels lists all)" : "");
    }

    private static String preprocess(Preprocess preprocess) {
        String resize = preprocess.resize() == Preprocess.Resize.STRETCH
                ? "stretched to it"
                : "shortest side to " + preprocess.resizeTo() + ", centre crop";
        return preprocess.input() + ", " + resize + ", " + preprocess.interpolation().name().toLowerCase(Locale.ROOT) + ", " + preprocess.channelOrder()
                + ", (value - " + preprocess.mean() + ") / " + preprocess.std();
    }

    private static String kind(GraphOp op) {
        if (op instanceof GraphOp.Conv2d) {
            return "conv2d";
        } else if (op instanceof GraphOp.DepthwiseConv2d) {
            return "depthwise_conv2d";
        } else if (op instanceof GraphOp.PointwiseConv2d) {
            return "pointwise_conv2d";
        } else if (op instanceof GraphOp.Add) {
            return "add";
        }
        return "global_average_pool";
    }

    private static String window(GraphOp op) {
        Window window = op instanceof GraphOp.Conv2d conv ? conv.window() : op instanceof GraphOp.DepthwiseConv2d depthwise ? depthwise.window() : null;
        if (window == null) {
            return "";
        }
        Padding padding = window.padding();
        String stride = window.strideY() == window.strideX() ? "" + window.strideY() : window.strideY() + "x" + window.strideX();
        return window.kernelHeight() + "x" + window.kernelWidth() + " stride " + stride + " pad " + padding.top() + "," + padding.left() + ","
                + padding.bottom() + "," + padding.right();
    }

    private static String block(GraphOp op) {
        return op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated() ? String.valueOf(pointwise.block()) : "";
    }

    private static String count(long value) {
        return value == 0 ? "" : Quantity.count(value);
    }

    /** Weights and biases; cutoffs are not counted. */
    private static long parameters(ModelDefinition definition, GraphOp op) {
        Parameters parameters = definition.parameters(op);
        return parameters == null ? 0 : (long) parameters.weight().length + (parameters.bias() == null ? 0 : parameters.bias().length);
    }

    private static long parameters(ModelDefinition definition) {
        return definition.graph().ops().stream().mapToLong(op -> parameters(definition, op)).sum();
    }
}
