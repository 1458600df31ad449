package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Progress;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImageException;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.models.labels.ClassNumbers;
import dev.lowpass.models.labels.LabelledImages;
import dev.lowpass.runtime.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code lowpass eval}. */
@Command(
        name = "eval",
        description = {
            "Measure a model's accuracy on labelled pictures.",
            "The list is a CSV file with the header file,class; a class is a number from 0 or one of the model's labels.",
            "With --labels folders it is the name of the folder that a picture is in."
        })
final class Eval implements Callable<Integer> {

    private static final int TOP = 5;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "FILE", required = true, description = "The model file.")
    private Path modelFile;

    @Option(names = "--images", paramLabel = "DIR", required = true, description = "The folder that the pictures are in.")
    private Path images;

    @Option(names = "--labels", paramLabel = "CSV", required = true, description = "The list of files and their classes, or \"folders\" (a list of that name is ./folders).")
    private Path labels;

    @Option(
            names = "--label-offset",
            paramLabel = "N",
            defaultValue = "auto",
            converter = Offset.Converter.class,
            description = "Class n of the list is class n + N of the model. Default: auto, which is 1 for a model with a background class in front and otherwise 0.")
    private Offset labelOffset;

    @Option(names = "--skip-unreadable", description = "Leave out pictures that cannot be read, with a warning each, instead of stopping.")
    private boolean skipUnreadable;

    @Mixin
    private BatchOption batch;

    @Mixin
    private DeviceOptions device;

    @Mixin
    private CutoffsOption cutoffs;

    @Mixin
    private JsonOption json;

    /** What was computed for one picture: its class by the list, and the best classes. */
    private record Sample(LabelledImages.Entry entry, int expected, int[] top) {
        boolean isTop1() {
            return top[0] == expected;
        }

        boolean isTop5() {
            for (int index : top) {
                if (index == expected) {
                    return true;
                }
            }
            return false;
        }
    }

    /** A picture's pixels, or why there are none. */
    private record Decoded(byte[] pixels, ImageException error) {}

    /** A number, or null for auto. */
    record Offset(Integer value) {
        static final class Converter implements ITypeConverter<Offset> {
            @Override
            public Offset convert(String text) {
                try {
                    return new Offset(text.equalsIgnoreCase("auto") ? null : Integer.valueOf(text));
                } catch (NumberFormatException e) {
                    throw new TypeConversionException("'" + text + "' is neither auto nor an integer");
                }
            }
        }
    }

    @Override
    public Integer call() throws IOException {
        JsonReport report = json.report();
        int size = batch.batch();
        if (!Files.isDirectory(images)) {
            throw new CommandException(images + ": " + (Files.exists(images) ? "is not a folder" : "no such folder") + "; name the folder that holds the pictures");
        }
        List<LabelledImages.Entry> entries = labels.toString().equals(LabelledImages.FOLDERS) ? LabelledImages.inFolders(images) : LabelledImages.read(labels);
        try (LoadedModel model = cutoffs.load(modelFile)) {
            ClassNumbers numbers = labelOffset.value() == null
                    ? ClassNumbers.automatic(model.definition().classes(), model.definition().labels())
                    : ClassNumbers.withOffset(model.definition().classes(), model.definition().labels(), labelOffset.value());
            int[] expected = new int[entries.size()];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = numbers.index(entries.get(i).where(), entries.get(i).label());
            }
            List<Sample> samples = new ArrayList<>();
            double inferenceSeconds = 0;
            long start = System.nanoTime();
            ExecutorService decoders = Executors.newFixedThreadPool(device.threads());
            try (Session session = model.model().newSession(device.session(Math.min(size, entries.size())));
                    Progress progress = Progress.of("eval", "images", entries.size())) {
                ImagePreprocessor preprocessor = new ImagePreprocessor(model.definition().preprocess());
                FloatBuffer input = FloatBuffer.allocate(session.options().maxBatch() * session.inputElements());
                FloatBuffer logits = FloatBuffer.allocate(session.options().maxBatch() * session.classes());
                for (int from = 0; from < entries.size(); from += size) {
                    int count = Math.min(size, entries.size() - from);
                    List<Decoded> decoded = decode(decoders, preprocessor, entries.subList(from, from + count));
                    int[] rows = new int[count];
                    int readable = 0;
                    for (int i = 0; i < count; i++) {
                        if (decoded.get(i).error() == null) {
                            preprocessor.toInput(decoded.get(i).pixels(), 0, input, readable * session.inputElements());
                            rows[readable++] = from + i;
                        } else if (skipUnreadable) {
                            spec.commandLine().getErr().println("lowpass: left out: " + decoded.get(i).error().getMessage());
                        } else {
                            throw decoded.get(i).error();
                        }
                    }
                    if (readable > 0) {
                        long before = System.nanoTime();
                        session.run(input, readable, logits);
                        inferenceSeconds += (System.nanoTime() - before) / 1e9;
                    }
                    for (int i = 0; i < readable; i++) {
                        float[] row = new float[session.classes()];
                        logits.get(i * row.length, row);
                        model.requireFinite(entries.get(rows[i]).file(), row);
                        samples.add(new Sample(entries.get(rows[i]), expected[rows[i]], Ranking.best(row, TOP)));
                    }
                    progress.step(count);
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                if (samples.isEmpty()) {
                    throw new CommandException(labels + ": none of the " + entries.size() + " pictures could be read; check --images " + images);
                }
                progress.close();
                if (!report.toStandardOutput()) {
                    print(numbers, samples, entries.size() - samples.size(), seconds, inferenceSeconds);
                }
                double inference = inferenceSeconds;
                report.write("lowpass.eval/1", generator -> {
                    model.writeTo(generator);
                    write(generator, session, model.definition().keptShare(), numbers, samples, entries.size() - samples.size(), seconds, inference);
                });
            } finally {
                decoders.shutdownNow();
            }
        }
        return ExitCode.OK;
    }

    private List<Decoded> decode(ExecutorService decoders, ImagePreprocessor preprocessor, List<LabelledImages.Entry> entries) {
        List<Future<Decoded>> futures = new ArrayList<>(entries.size());
        for (LabelledImages.Entry entry : entries) {
            futures.add(decoders.submit(() -> {
                try {
                    return new Decoded(preprocessor.toPixels(ImageDecoder.decode(PicturePath.of(images, entry.file()))), null);
                } catch (ImageException e) {
                    return new Decoded(null, e);
                }
            }));
        }
        List<Decoded> decoded = new ArrayList<>(entries.size());
        for (Future<Decoded> future : futures) {
            try {
                decoded.add(future.get());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandException("interrupted while pictures were read; run it again");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) e.getCause(); // the only checked exception is caught above
            }
        }
        return decoded;
    }

    private static long count(List<Sample> samples, Predicate<Sample> hit) {
        return samples.stream().filter(hit).count();
    }

    private void print(ClassNumbers numbers, List<Sample> samples, int skipped, double seconds, double inferenceSeconds) {
        PrintWriter out = spec.commandLine().getOut();
        long top1 = count(samples, Sample::isTop1);
        long top5 = count(samples, Sample::isTop5);
        out.println(numbers.assumption());
        out.println("images  " + samples.size() + (skipped == 0 ? "" : ", " + skipped + " unreadable left out"));
        out.println("top-1   " + top1 + " of " + samples.size() + " (" + Quantity.percent((double) top1 / samples.size()) + ")");
        out.println("top-5   " + top5 + " of " + samples.size() + " (" + Quantity.percent((double) top5 / samples.size()) + ")");
        out.println(String.format(Locale.ROOT, "speed   %.1f images/s with decoding, %.1f images/s for the network alone (start-up of the JVM's compiler included)",
                samples.size() / seconds, samples.size() / inferenceSeconds));
    }

    private static void write(
            JsonGenerator json, Session session, double keptShare, ClassNumbers numbers, List<Sample> samples, int skipped, double seconds, double inferenceSeconds)
            throws IOException {
        json.writeStringField("device", session.options().device().name());
        json.writeNumberField("threads", session.options().threads());
        json.writeNumberField("batch", session.options().maxBatch());
        json.writeNumberField("pointwise_kept_share", keptShare);
        json.writeNumberField("label_offset", numbers.offset());
        json.writeNumberField("images", samples.size());
        json.writeNumberField("skipped", skipped);
        json.writeNumberField("top1", count(samples, Sample::isTop1));
        json.writeNumberField("top5", count(samples, Sample::isTop5));
        json.writeNumberField("seconds", seconds);
        json.writeNumberField("inference_seconds", inferenceSeconds);
        json.writeArrayFieldStart("samples");
        for (Sample sample : samples) {
            json.writeStartObject();
            json.writeStringField("file", sample.entry().file());
            json.writeNumberField("class", sample.expected());
            json.writeFieldName("top");
            json.writeArray(sample.top(), 0, sample.top().length);
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
