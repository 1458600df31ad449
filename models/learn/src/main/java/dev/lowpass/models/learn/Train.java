package dev.lowpass.models.learn;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.file.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "train", mixinStandardHelpOptions = true, description = "Train a MobileNetV2 for small photos, from scratch or from where another training ended.")
final class Train implements Callable<Integer> {

    private static final int SIDE = 32;
    private static final int HELD_OUT = 2000;

    @Option(names = "--data", required = true, paramLabel = "ZIP|DIR",
            description = "Photos of 32 x 32 as train/CLASS/*.jpg and test/CLASS/*.jpg. The test photos are measured at the end and play no other part.")
    private Path data;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "FILE", description = "The model file to write.")
    private Path output;

    @Option(names = "--from", paramLabel = "FILE", description = "Go on from a model that train made, instead of from weights at random; its cutoffs are left out.")
    private Path from;

    @Option(names = "--epochs", defaultValue = "18", description = "Passes over the photos (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--small-epochs", paramLabel = "N", description = "How many of them, at first, see photos of 24 x 24, which is faster (default: half).")
    private Integer smallEpochs;

    @Option(names = "--batch", defaultValue = "128", description = "Photos a step (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--rate", defaultValue = "0.12", description = "The peak learning rate (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(names = "--decay", defaultValue = "5e-4", description = "Weight decay (default: ${DEFAULT-VALUE}).")
    private double decay;

    @Option(names = "--smoothing", defaultValue = "0.1", description = "Share of a label that goes to all classes (default: ${DEFAULT-VALUE}).")
    private double smoothing;

    @Mixin
    private RunOptions run;

    @Override
    public Integer call() throws Exception {
        Main.requirePositive("--epochs", epochs);
        Main.requirePositive("--batch", batch);
        RunOptions.requireWritable(output);
        Optional<ModelDefinition> start = from == null ? Optional.empty() : Optional.of(ModelFile.read(from).dense());
        Plane plane = new Plane(SIDE, SIDE, 3);
        // The mean and deviation of CIFAR-10's training photos, to a tenth.
        Preprocess preprocess = new Preprocess(plane, Preprocess.Resize.SHORTEST_SIDE, SIDE, Preprocess.Interpolation.BILINEAR,
                List.of(125.3f, 123.0f, 113.9f), List.of(63.0f, 62.1f, 66.7f), Preprocess.ChannelOrder.RGB);
        PhotoSet all = PhotoSet.readClasses(data, "train", preprocess);
        PhotoSet test = PhotoSet.readClasses(data, "test", preprocess);
        if (!test.classes().equals(all.classes())) {
            throw new LearnException(data + " has the classes " + all.classes() + " in train but " + test.classes() + " in test; they must be the same");
        }
        Main.log(all.size() + " photos of " + all.classes().size() + " classes");
        List<PhotoSet> parts = all.split(Math.min(HELD_OUT, Math.max(1, all.size() / 10)), 7);
        Trainer.Recipe recipe = new Trainer.Recipe(epochs, smallEpochs == null ? epochs / 2 : smallEpochs, batch, rate, decay, smoothing, run.seed(), run.threads());
        try (Trainer trainer = new Trainer(MobileNetV2.forSmallPhotos().graph(plane, all.classes().size()), parts.get(1), preprocess, recipe, start, run.checkpoint(output), Main::log)) {
            ModelDefinition model = ModelFile.asStored(trainer.train(parts.get(0)), run.weights());
            Map<String, String> record = new LinkedHashMap<>();
            start.ifPresent(before -> before.provenance().forEach((key, value) -> {
                if (key.equals("source") || key.startsWith("recipe") || key.startsWith("test_accuracy")) {
                    record.put("started_from_" + key, value);
                }
            }));
            record.put("source", (start.isPresent() ? "trained on, on " : "trained from scratch on ") + data.getFileName() + ", " + parts.get(1).size() + " photos");
            record.put("recipe", String.format(Locale.ROOT, "lowpass train --data %s%s --epochs %d --small-epochs %d --batch %d --rate %s --decay %s --smoothing %s %s",
                    data.getFileName(), from == null ? "" : " --from " + from.getFileName(), epochs, recipe.smallEpochs(), batch, rate, decay, smoothing, run.recipe()));
            record.put("held_out_accuracy", String.format(Locale.ROOT, "%.2f %% of %d photos held out of training", 100 * trainer.accuracy(model, parts.get(0)), parts.get(0).size()));
            double accuracy = trainer.accuracy(model, test);
            record.put("test_accuracy", String.format(Locale.ROOT, "%.2f %% of %d test photos", 100 * accuracy, test.size()));
            Sealing.write(Sealing.record(model, record), output, run.weights());
            Files.deleteIfExists(run.checkpoint(output));
            Main.log("");
            System.out.printf(Locale.ROOT, "%s: %.2f %% of %d test photos%n", output, 100 * accuracy, test.size());
        }
        return 0;
    }
}
