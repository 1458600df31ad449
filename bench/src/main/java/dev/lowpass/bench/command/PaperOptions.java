package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.machine.Facts;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Progress;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.kernels.Cleanup;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.models.labels.ClassNumbers;
import dev.lowpass.models.labels.LabelledImages;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.RunTiming;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code bench --paper}: compute time and accuracy, dense against cutoffs, on labelled pictures, beside what Buckler et al. report. All
 * networks see every picture, one right after the other, so time and accuracy are of the same pictures and whatever the machine does
 * besides meets all alike.
 */
final class PaperOptions {

    /** Of MobileNetV2 on ImageNet, arXiv 2109.07707, abstract: computation time saved, and the accuracy lost at the most. */
    private static final double PAPER_TIME_SAVED = 0.22;
    private static final double PAPER_ACCURACY_LOST = 0.01;

    private static final int TOP = 5;
    /** Timed calls that a turn of the confidence interval holds at the most, and turns that there are at the least: of one it would be a point. */
    private static final int TURN = 10;
    private static final int TURNS = 10;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--paper", description = "Instead of a sweep, print compute time and accuracy of dense and of each of --cutoffs on --images beside the paper's 22 %% and under 1 %%.")
    private boolean paper;

    @Option(names = "--images", paramLabel = "DIR", description = "With --paper: the folder that the list's files are in.")
    private Path images;

    @Option(names = "--labels", paramLabel = "CSV", description = "With --paper: a CSV file with the header file,class.")
    private Path labels;

    /** What one network did. */
    private static final class Subject implements AutoCloseable {
        final String name;
        final double kept;
        final Session session;
        final FloatBuffer logits;
        final RunTiming timing = RunTiming.ofPhases();
        final List<long[]> turns = new ArrayList<>();
        final long[] turn;
        int timed;
        int top1;
        int top5;

        /** @param calls that will be timed */
        Subject(String name, ModelDefinition definition, SessionOptions options, int calls) {
            this.name = name;
            turn = new long[Math.min(TURN, Math.max(1, calls / TURNS))];
            kept = definition.keptShare();
            session = Model.of(definition).newSession(options);
            logits = FloatBuffer.allocate(options.maxBatch() * session.classes());
        }

        void run(FloatBuffer input, int batch) {
            session.run(input, batch, logits, timing); // brings this network's weights back into the caches
            session.run(input, batch, logits, timing);
            if (batch == session.options().maxBatch()) {
                turn[timed++] = timing.computeNanos();
                if (timed == turn.length) {
                    endTurn();
                }
            }
        }

        void endTurn() {
            if (timed > 0) {
                turns.add(Arrays.copyOf(turn, timed));
                timed = 0;
            }
        }

        void count(int image, int expected) {
            float[] row = new float[session.classes()];
            logits.get(image * row.length, row);
            int[] best = Ranking.best(row, TOP);
            top1 += best[0] == expected ? 1 : 0;
            top5 += Arrays.stream(best).anyMatch(index -> index == expected) ? 1 : 0;
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** @throws ParameterException unless all that it needs is given, or nothing */
    boolean isAsked() {
        if (!paper && (images != null || labels != null)) {
            throw new ParameterException(command.commandLine(), "Options --images and --labels belong to --paper; give it too, or leave them out");
        }
        if (paper && (images == null || labels == null)) {
            throw new ParameterException(command.commandLine(), "Option --paper measures accuracy; give --images DIR and --labels CSV");
        }
        return paper;
    }

    /**
     * @param networks by the name of their cutoffs; {@value Receipt#DENSE} is measured whether it is among them or not
     */
    void run(LoadedModel model, Map<String, ModelDefinition> networks, SessionOptions options, JsonReport report) throws IOException {
        ModelDefinition definition = model.definition();
        Map<String, ModelDefinition> cut = new LinkedHashMap<>(networks);
        cut.remove(Receipt.DENSE);
        if (cut.isEmpty()) {
            boolean notAsked = definition.keptShare() < 1;
            throw new CommandException(model.path() + ": has no cutoffs" + (notAsked ? " among those asked for" : "")
                    + ", so there is nothing to compare; " + (notAsked ? "leave --cutoffs out" : "import it with --cutoffs, or learn some"));
        }
        List<LabelledImages.Entry> entries = LabelledImages.read(labels);
        ClassNumbers numbers = ClassNumbers.automatic(definition.classes(), definition.labels());
        int[] expected = new int[entries.size()];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = numbers.index(entries.get(i).where(), entries.get(i).label());
        }
        int batch = options.maxBatch();
        if (entries.size() < batch) {
            throw new CommandException(labels + ": has " + entries.size() + " pictures, fewer than a batch of " + batch + "; give a smaller --batch");
        }
        BenchWarnings.busy(Facts.loadAverage()).ifPresent(warning -> command.commandLine().getErr().println("lowpass: warning: " + warning));
        ImagePreprocessor preprocessor = new ImagePreprocessor(definition.preprocess());
        List<Subject> subjects = new ArrayList<>();
        try (Progress progress = Progress.of("paper", "images", entries.size())) {
            subjects.add(new Subject(Receipt.DENSE, definition.dense(), options, entries.size() / batch));
            for (Map.Entry<String, ModelDefinition> network : cut.entrySet()) {
                subjects.add(new Subject(network.getKey(), network.getValue(), options, entries.size() / batch));
            }
            subjects.forEach(subject -> subject.session.warmUp(batch));
            int elements = subjects.get(0).session.inputElements();
            FloatBuffer input = FloatBuffer.allocate(batch * elements);
            List<Subject> order = new ArrayList<>(subjects);
            for (int from = 0; from < entries.size(); from += batch) {
                int count = Math.min(batch, entries.size() - from);
                for (int i = 0; i < count; i++) {
                    preprocessor.toInput(ImageDecoder.decode(PicturePath.of(images, entries.get(from + i).file())), input, i * elements);
                }
                for (Subject subject : order) {
                    subject.run(input, count);
                    for (int i = 0; i < count; i++) {
                        subject.count(i, expected[from + i]);
                    }
                }
                Collections.reverse(order);
                progress.step(count);
            }
            subjects.forEach(Subject::endTurn);
            progress.close();
            if (!report.toStandardOutput()) {
                print(model, options, entries.size(), subjects);
            }
            report.write("lowpass.paper/2", json -> {
                model.writeTo(json);
                write(json, options, entries.size(), subjects);
            });
        } finally {
            Cleanup cleanup = new Cleanup();
            subjects.forEach(subject -> cleanup.run(subject::close));
            cleanup.rethrow();
        }
    }

    private void print(LoadedModel model, SessionOptions options, int count, List<Subject> subjects) {
        PrintWriter out = command.commandLine().getOut();
        Subject dense = subjects.get(0);
        out.println(model.path() + " on " + options.device().description() + ", " + options.threads() + (options.threads() == 1 ? " thread" : " threads") + ", batch " + options.maxBatch()
                + ", " + count + " pictures");
        Table table = new Table().left("").right("pointwise MACs").right("compute ms").right("against dense").left("95 %").right("top-1").right("points").right("top-5").right("points");
        for (Subject subject : subjects) {
            boolean first = subject == dense;
            Ratio ratio = Ratio.of(subject.turns, dense.turns);
            table.row(subject.name, Quantity.percent(subject.kept), String.format(Locale.ROOT, "%.3f", Percentile.median(subject.turns) / 1e6),
                    first ? "" : signed(100 * (ratio.value() - 1), " %"),
                    first ? "" : String.format(Locale.ROOT, "[%+.2f, %+.2f]", 100 * (ratio.low() - 1), 100 * (ratio.high() - 1)),
                    Quantity.percent((double) subject.top1 / count), first ? "" : signed(100.0 * (subject.top1 - dense.top1) / count, ""),
                    Quantity.percent((double) subject.top5 / count), first ? "" : signed(100.0 * (subject.top5 - dense.top5) / count, ""));
        }
        table.row("the paper", "", "", signed(-100 * PAPER_TIME_SAVED, " %"), "", "", "under " + signed(-100 * PAPER_ACCURACY_LOST, ""), "", "");
        table.print(out);
        out.println("Medians over " + dense.turns.stream().mapToInt(turn -> turn.length).sum() + " calls of each network in turns." + (model.offered().isEmpty() ? ""
                : " Dense has the weights that were tuned to the default cutoffs, and keeps everything."));
        out.println("The paper: MobileNetV2 on ImageNet, arXiv 2109.07707, on its authors' hardware.");
    }

    private static String signed(double value, String unit) {
        return String.format(Locale.ROOT, "%+.2f%s", value, unit);
    }

    private static void write(JsonGenerator json, SessionOptions options, int count, List<Subject> subjects) throws IOException {
        json.writeStringField("device", options.device().name());
        json.writeStringField("precision", options.precision().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("threads", options.threads());
        json.writeNumberField("batch", options.maxBatch());
        json.writeNumberField("images", count);
        json.writeArrayFieldStart("networks");
        for (Subject subject : subjects) {
            Ratio ratio = Ratio.of(subject.turns, subjects.get(0).turns);
            json.writeStartObject();
            json.writeStringField("cutoffs", subject.name);
            json.writeNumberField("pointwise_kept_share", subject.kept);
            json.writeNumberField("top1", subject.top1);
            json.writeNumberField("top5", subject.top5);
            json.writeNumberField("time_ratio", ratio.value());
            json.writeNumberField("time_ratio_low", ratio.low());
            json.writeNumberField("time_ratio_high", ratio.high());
            json.writeArrayFieldStart("compute_nanos");
            for (long[] turn : subject.turns) {
                json.writeArray(turn, 0, turn.length);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("paper_time_saved", PAPER_TIME_SAVED);
        json.writeNumberField("paper_accuracy_lost", PAPER_ACCURACY_LOST);
    }
}
