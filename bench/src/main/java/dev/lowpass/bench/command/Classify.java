package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImageException;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.runtime.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass classify}. */
@Command(
        name = "classify",
        description = {
            "Say what is in pictures.",
            "JPEG, PNG and BMP of any size, turned upright by their EXIF orientation. A picture that cannot be read is reported, the others are still classified, and the exit code is 1."
        })
final class Classify implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Pictures.")
    private List<String> images; // as text: one that can be no path must not hide the others

    @Option(names = {"-m", "--model"}, paramLabel = "FILE", description = "The model file; 'lowpass import' makes one. Default: a small model of 10 classes that comes with Lowpass.")
    private Path modelFile;

    @Option(names = "--top", paramLabel = "N", defaultValue = "5", description = "Classes to print for each picture. Default: ${DEFAULT-VALUE}.")
    private int top;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CutoffsOption cutoffs;

    @Mixin
    private JsonOption json;

    /** One picture's result: {@code top} or {@code error}. */
    private record Result(String image, List<Ranking.Entry> top, String error) {}

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--top': " + top + "; give at least 1");
        }
        JsonReport report = json.report();
        PrintWriter out = spec.commandLine().getOut();
        List<Result> results = new ArrayList<>();
        try (LoadedModel model = cutoffs.loadOrBundled(modelFile, spec.commandLine().getErr()); Session session = model.model().newSession(device.session(1))) {
            ImagePreprocessor preprocessor = new ImagePreprocessor(model.definition().preprocess());
            FloatBuffer input = FloatBuffer.allocate(session.inputElements());
            FloatBuffer logits = FloatBuffer.allocate(session.classes());
            for (String image : images) {
                Result result;
                try {
                    preprocessor.toInput(ImageDecoder.decode(PicturePath.of(Path.of(""), image)), input, 0);
                    session.run(input, 1, logits);
                    model.requireFinite(image, logits.array());
                    result = new Result(image, Ranking.top(logits.array(), top), null);
                } catch (ImageException e) {
                    result = new Result(image, List.of(), e.getMessage());
                }
                results.add(result);
                if (result.error() != null) {
                    CommandLines.report(spec.commandLine(), new CommandException(result.error()));
                } else if (!report.toStandardOutput()) {
                    print(out, model, result);
                }
            }
            report.write("lowpass.classify/1", generator -> write(generator, model, session, results));
        }
        return results.stream().allMatch(result -> result.error() == null) ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private void print(PrintWriter out, LoadedModel model, Result result) {
        out.println(result.image());
        Table table = new Table().right("").right("probability").left("class");
        for (int i = 0; i < result.top().size(); i++) {
            Ranking.Entry entry = result.top().get(i);
            table.row(i + 1, Quantity.percent(entry.probability()), model.label(entry.index()));
        }
        table.print(out);
        out.flush(); // each as soon as it is known
    }

    private static void write(JsonGenerator json, LoadedModel model, Session session, List<Result> results) throws IOException {
        model.writeTo(json);
        json.writeStringField("device", session.options().device().name());
        json.writeNumberField("threads", session.options().threads());
        json.writeArrayFieldStart("images");
        for (Result result : results) {
            json.writeStartObject();
            json.writeStringField("file", result.image());
            if (result.error() != null) {
                json.writeStringField("error", result.error());
            } else {
                json.writeArrayFieldStart("top");
                for (Ranking.Entry entry : result.top()) {
                    json.writeStartObject();
                    json.writeNumberField("class", entry.index());
                    if (!model.definition().labels().isEmpty()) {
                        json.writeStringField("label", model.label(entry.index()));
                    }
                    json.writeNumberField("logit", entry.logit());
                    json.writeNumberField("probability", entry.probability());
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
