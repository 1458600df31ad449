package dev.lowpass.models.learn;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.graph.Graph;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "train", mixinStandardHelpOptions = true, description = "Train a MobileNetV2 for small photos, or a ResNet to teach it, from scratch or from where another training ended.")
final class Train implements Callable<Integer> {

    enum Network {
        MOBILENET_V2,
        RESNET;

        Graph graph(Plane plane, int classes) {
            return this == RESNET ? ResNet.forSmallPhotos().graph(plane, classes) : MobileNetV2.forSmallPhotos().graph(plane, classes);
        }
    }

    private static final int SIDE = 32;
    private static final int HELD_OUT = 2000;

    @Option(names = "--data", required = true, paramLabel = "ZIP|DIR",
            description = "Photos of 32 x 32 as train/CLASS/*.jpg and test/CLASS/*.jpg. The test photos are measured at the end and play no other part.")
    private Path data;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "FILE", description = "The model file to write.")
    private Path output;

    @Option(names = "--network", defaultValue = "MOBILENET_V2", paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). A RESNET of dense convolutions is made to be a --teacher.")
    private Network network;

    @Option(names = "--from", paramLabel = "FILE", description = "Go on from a model that train made, instead of from weights at random; its cutoffs are left out.")
    private Path from;

    @Option(names = "--teacher", split = ",", paramLabel = "FILE",
            description = "Learn, beside the labels, what these models answer to the photos as they are shown, small ones too, on average; their cutoffs are left out.")
    private List<Path> teachers;

    @Option(names = "--epochs", defaultValue = "18", description = "Passes over the photos (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--small-epochs", paramLabel = "N", description = "How many of them, at first, see photos of 24 x 24, which is faster (default: half).")
    private Integer smallEpochs;

    @Option(names = "--batch", defaultValue = "128", description = "Photos a step, of which a worker takes 64 at a time (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--rate", defaultValue = "0.12", description = "The peak learning rate of all but matrices (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(names = "--smoothing", defaultValue = "0.1", description = "Share of a label that goes to all classes (default: ${DEFAULT-VALUE}).")
    private double smoothing;

    @Option(names = "--angle", defaultValue = "0.015", description = "By how many radians a matrix of weights turns at most in a step at the peak (default: ${DEFAULT-VALUE}).")
    private double angle;

    @Option(names = "--shift", defaultValue = "3", description = "Pixels by which photos are moved at most, at random (default: ${DEFAULT-VALUE}).")
    private int shift;

    @Option(names = "--cutout", paramLabel = "SHARE", defaultValue = "0",
            description = "Side of a square of each photo that is greyed at random, as a share of the photo's (default: ${DEFAULT-VALUE}).")
    private double cutout;

    @Option(names = "--crop", paramLabel = "SHARE", defaultValue = "1",
            description = "The smallest crop that is shown, its side as a share of the photo's; 1 shows photos whole (default: ${DEFAULT-VALUE}).")
    private double crop;

    @Option(names = "--mix", paramLabel = "SHARE", defaultValue = "0",
            description = "Share of the photos into which a rectangle of another one is pasted (default: ${DEFAULT-VALUE}).")
    private double mix;

    @Mixin
    private RunOptions run;

    @Override
    public Integer call() throws Exception {
        Main.requirePositive("--epochs", epochs);
        Main.requirePositive("--batch", batch);
        Main.requirePositive("--rate", rate);
        Main.requirePositive("--angle", angle);
        int small = smallEpochs == null ? epochs / 2 : smallEpochs;
        if (small < 0 || small > epochs) {
            throw Main.usage("--small-epochs is " + small + "; it must be from 0 to --epochs, " + epochs);
        }
        if (shift < 0 || shift >= SIDE) {
            throw Main.usage("--shift is " + shift + "; it must be from 0 to " + (SIDE - 1));
        }
        if (!(cutout >= 0 && cutout < 1)) {
            throw Main.usage("--cutout is " + cutout + "; it must be at least 0 and less than 1");
        }
        if (teachers == null) {
            teachers = List.of();
        } else if (teachers.isEmpty() || teachers.contains(Path.of(""))) {
            throw Main.usage("--teacher names no file beside a comma; give FILE or FILE,FILE");
        }
        if (!(crop > 0 && crop <= 1)) {
            throw Main.usage("--crop is " + crop + "; it must be more than 0 and at most 1");
        }
        if (!(mix >= 0 && mix <= 1)) {
            throw Main.usage("--mix is " + mix + "; it must be from 0 to 1");
        }
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw Main.usage("--smoothing is " + smoothing + "; it must be at least 0 and less than 1");
        }
        RunOptions.requireWritable(output);
        Optional<ModelDefinition> start = from == null ? Optional.empty() : Optional.of(ModelFile.read(from).dense());
        List<ModelDefinition> teaching = new ArrayList<>();
        for (Path teacher : teachers) {
            teaching.add(ModelFile.read(teacher).dense());
        }
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
        Trainer.Recipe recipe = new Trainer.Recipe(epochs, small, batch, rate, smoothing, angle, new Augmentation.Strength(shift, crop, cutout), mix, run.seed(), run.threads());
        try (Trainer trainer = new Trainer(network.graph(plane, all.classes().size()), parts.get(1), preprocess, recipe, start, teaching, run.checkpoint(output), Main::log)) {
            ModelDefinition trained = ModelFile.asStored(trainer.train(parts.get(0)), run.weights());
            Map<String, String> record = new LinkedHashMap<>();
            start.ifPresent(before -> before.provenance().forEach((key, value) -> {
                if (key.equals("source") || key.startsWith("recipe") || key.startsWith("test_accuracy") || key.startsWith("teacher_")) {
                    record.put("started_from_" + key, value);
                }
            }));
            for (int i = 0; i < teaching.size(); i++) {
                String name = i == 0 ? "teacher_" : "teacher_" + (i + 1) + "_";
                teaching.get(i).provenance().forEach((key, value) -> {
                    if (key.equals("source") || key.equals("recipe") || key.equals("test_accuracy")) {
                        record.put(name + key, value);
                    }
                });
            }
            record.put("source", (start.isPresent() ? "trained on, on " : "trained from scratch on ") + data.getFileName() + ", " + parts.get(1).size() + " photos");
            record.put("recipe", String.format(Locale.ROOT, "lowpass train --data %s%s%s%s --epochs %d --small-epochs %d --batch %d --rate %s --smoothing %s --angle %s --shift %d --cutout %s --crop %s --mix %s %s",
                    data.getFileName(), network == Network.MOBILENET_V2 ? "" : " --network " + network, from == null ? "" : " --from " + from.getFileName(),
                    teachers.isEmpty() ? "" : " --teacher " + teachers.stream().map(file -> file.getFileName().toString()).collect(Collectors.joining(",")),
                    epochs, small, batch, rate, smoothing, angle, shift, cutout, crop, mix, run.recipe()));
            record.put("held_out_accuracy", String.format(Locale.ROOT, "%.2f %% of %d photos held out of training", 100 * trainer.accuracy(trained, parts.get(0)), parts.get(0).size()));
            double accuracy = trainer.accuracy(trained, test);
            record.put("test_accuracy", String.format(Locale.ROOT, "%.2f %% of %d test photos", 100 * accuracy, test.size()));
            Sealing.write(Sealing.record(trained, record), output, run.weights());
            Files.deleteIfExists(run.checkpoint(output));
            Main.log("");
            System.out.printf(Locale.ROOT, "%s: %.2f %% of %d test photos%n", output, 100 * accuracy, test.size());
        }
        return 0;
    }
}
