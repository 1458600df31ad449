package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.ClassNumbers;
import dev.lowpass.bench.data.LabelledImages;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Progress;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.bench.output.Table;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImagePreprocessor;
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
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code bench --paper}: compute time and accuracy, dense against cutoffs, on labelled pictures, beside what Buckler et al. report. Both
 * networks see every picture, one right after the other, so time and accuracy are of the same pictures and whatever the machine does
 * besides meets both alike.
 */
final class PaperOptions {

    /** Of MobileNetV2 on ImageNet, arXiv 2109.07707, abstract: computation time saved, and the accuracy lost at the most. */
    private static final double PAPER_TIME_SAVED = 0.22;
    private static final double PAPER_ACCURACY_LOST = 0.01;

    private static final int TOP = 5;
    /** Timed calls that a turn of the confidence interval holds. */
    private static final int TURN = 10;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--paper", description = "Instead of a sweep, print compute time and accuracy of dense and cutoffs on --images beside the paper's 22 %% and under 1 %%.")
    private boolean paper;

    @Option(names = "--images", paramLabel = "DIR", description = "With --paper: the folder that the list's files are in.")
    private Path images;

    @Option(names = "--labels", paramLabel = "CSV", description = "With --paper: a CSV file with the header file,class.")
    private Path labels;

    /** What one network did. */
    private static final class Subject implements AutoCloseable {
        final Session session;
        final FloatBuffer logits;
        final RunTiming timing = RunTiming.ofPhases();
        final List<long[]> turns = new ArrayList<>();
        long[] turn = new long[TURN];
        int timed;
        int top1;
        int top5;

        Subject(ModelDefinition definition, SessionOptions options) {
            session = Model.of(definition).newSession(options);
            logits = FloatBuffer.allocate(options.maxBatch() * session.classes());
        }

        void run(FloatBuffer input, int batch) {
            session.run(input, batch, logits, timing); // brings this network's weights back into the caches
            session.run(input, batch, logits, timing);
            if (batch == session.options().maxBatch()) {
                turn[timed++] = timing.computeNanos();
                if (timed == TURN) {
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

    void run(LoadedModel model, SessionOptions options, JsonReport report) throws IOException {
        ModelDefinition definition = model.definition();
        double kept = Macs.ofPointwise(definition).keptShare();
        if (kept >= 1) {
            throw new CommandException(model.path() + ": has no cutoffs, so there is nothing to compare; import it with --cutoffs, or learn some");
        }
        List<LabelledImages.Entry> entries = LabelledImages.read(labels);
        ClassNumbers numbers = ClassNumbers.automatic(definition.classes(), definition.labels());
        int[] expected = new int[entries.size()];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = numbers.index(labels, entries.get(i));
        }
        int batch = options.maxBatch();
        if (entries.size() < batch) {
            throw new CommandException(labels + ": has " + entries.size() + " pictures, fewer than a batch of " + batch + "; give a smaller --batch");
        }
        ImagePreprocessor preprocessor = new ImagePreprocessor(definition.preprocess());
        try (Subject dense = new Subject(definition.dense(), options); Subject cut = new Subject(definition, options);
                Progress progress = Progress.of("paper", "images", entries.size())) {
            dense.session.warmUp(batch);
            cut.session.warmUp(batch);
            FloatBuffer input = FloatBuffer.allocate(batch * cut.session.inputElements());
            for (int from = 0; from < entries.size(); from += batch) {
                int count = Math.min(batch, entries.size() - from);
                for (int i = 0; i < count; i++) {
                    preprocessor.toInput(ImageDecoder.decode(images.resolve(entries.get(from + i).file())), input, i * cut.session.inputElements());
                }
                boolean denseFirst = from / batch % 2 == 0;
                (denseFirst ? dense : cut).run(input, count);
                (denseFirst ? cut : dense).run(input, count);
                for (int i = 0; i < count; i++) {
                    dense.count(i, expected[from + i]);
                    cut.count(i, expected[from + i]);
                }
                progress.step(count);
            }
            dense.endTurn();
            cut.endTurn();
            progress.close();
            Ratio ratio = Ratio.of(cut.turns, dense.turns);
            if (!report.toStandardOutput()) {
                print(model, options, entries.size(), kept, dense, cut, ratio);
            }
            report.write("lowpass.paper/1", json -> {
                model.writeTo(json);
                write(json, options, entries.size(), kept, dense, cut, ratio);
            });
        }
    }

    private void print(LoadedModel model, SessionOptions options, int count, double kept, Subject dense, Subject cut, Ratio ratio) {
        PrintWriter out = command.commandLine().getOut();
        out.println(model.path() + " on " + options.device().description() + ", " + options.threads() + (options.threads() == 1 ? " thread" : " threads") + ", batch " + options.maxBatch()
                + ", " + count + " pictures");
        Table table = new Table().left("").right("dense").right("cutoffs").right("difference").right("the paper");
        table.row("pointwise MACs", "100 %", Quantity.percent(kept), signed(100 * (kept - 1), "%"), "");
        table.row("compute time, median", millis(dense), millis(cut), signed(100 * (ratio.value() - 1), "%"), signed(-100 * PAPER_TIME_SAVED, "%"));
        table.row("top-1", Quantity.percent((double) dense.top1 / count), Quantity.percent((double) cut.top1 / count), signed(100.0 * (cut.top1 - dense.top1) / count, "points"),
                "under " + signed(-100 * PAPER_ACCURACY_LOST, "points"));
        table.row("top-5", Quantity.percent((double) dense.top5 / count), Quantity.percent((double) cut.top5 / count), signed(100.0 * (cut.top5 - dense.top5) / count, "points"), "");
        table.print(out);
        out.println(String.format(Locale.ROOT, "The time's ratio is %.3f, with 95 %% confidence %.3f to %.3f, over %d calls of each network in turns.", ratio.value(), ratio.low(), ratio.high(),
                dense.turns.stream().mapToInt(turn -> turn.length).sum()));
        out.println("The paper: MobileNetV2 on ImageNet, arXiv 2109.07707, on its authors' hardware.");
    }

    private static String millis(Subject subject) {
        return String.format(Locale.ROOT, "%.3f ms", Percentile.median(subject.turns) / 1e6);
    }

    private static String signed(double value, String unit) {
        return String.format(Locale.ROOT, "%+.2f %s", value, unit);
    }

    private static void write(JsonGenerator json, SessionOptions options, int count, double kept, Subject dense, Subject cut, Ratio ratio) throws IOException {
        json.writeStringField("device", options.device().name());
        json.writeStringField("precision", options.precision().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("threads", options.threads());
        json.writeNumberField("batch", options.maxBatch());
        json.writeNumberField("images", count);
        json.writeNumberField("pointwise_kept_share", kept);
        subject(json, "dense", dense);
        subject(json, "cutoffs", cut);
        json.writeNumberField("time_ratio", ratio.value());
        json.writeNumberField("time_ratio_low", ratio.low());
        json.writeNumberField("time_ratio_high", ratio.high());
        json.writeNumberField("paper_time_saved", PAPER_TIME_SAVED);
        json.writeNumberField("paper_accuracy_lost", PAPER_ACCURACY_LOST);
    }

    private static void subject(JsonGenerator json, String name, Subject subject) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("top1", subject.top1);
        json.writeNumberField("top5", subject.top5);
        json.writeArrayFieldStart("compute_nanos");
        for (long[] turn : subject.turns) {
            json.writeArray(turn, 0, turn.length);
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
