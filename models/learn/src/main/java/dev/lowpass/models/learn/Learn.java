package dev.lowpass.models.learn;

import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "learn", mixinStandardHelpOptions = true, description = "Learn a model's cutoffs from photos, without labels: the uncut model teaches the cut one.")
final class Learn implements Callable<Integer> {

    private static final int MOST_HELD_OUT = 1000;

    @Option(names = {"-m", "--model"}, required = true, paramLabel = "FILE", description = "The model file; cutoffs that it has are left out.")
    private Path model;

    @Option(names = "--images", required = true, paramLabel = "DIR|ZIP", description = "Photos to learn from, at any depth.")
    private Path images;

    @Option(names = "--within", defaultValue = "", paramLabel = "DIR", description = "Only the photos in this folder of --images, such as train.")
    private String within;

    @Option(names = "--labels", paramLabel = "CSV", description = "Learn from labels too: lines file,class, or \"folders\" for the name of each photo's folder.")
    private String labels;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "FILE",
            description = "The model file to write. With several --keep, the share is put before its extension.")
    private Path output;

    @Option(names = "--keep", split = ",", defaultValue = "0.65", paramLabel = "SHARE", description = "Target share of pointwise MACs (default: ${DEFAULT-VALUE}).")
    private List<Double> keep;

    @Option(names = "--epochs", defaultValue = "5", description = "Passes over the photos; 0 selects by saliency alone, in minutes (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--tune", defaultValue = "AFFINE", description = "What changes besides the thresholds: ${COMPLETION-CANDIDATES}; affine is a scale and a bias a channel.")
    private CutoffNetwork.Tune tune;

    @Option(names = "--block", defaultValue = "auto", paramLabel = "auto|N", description = "Side of the DCT block (default: auto, the one that divides most).")
    private String block;

    @Option(names = "--max-drop", paramLabel = "POINTS",
            description = "Fail when more points are lost: of accuracy on --measure, else of agreement with the uncut model on photos held out. The file is written all the same.")
    private Double maxDrop;

    @Option(names = "--rate", defaultValue = "1e-3", description = "Learning rate of what is tuned (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(names = "--batch", description = "Photos a step (default: from 16 to 128 by their number).")
    private Integer batch;

    @Option(names = "--shift", paramLabel = "PIXELS", description = "By how much photos are moved at random (default: a sixteenth of the side).")
    private Integer shift;

    @Option(names = "--seed", defaultValue = "1", description = "Of everything random (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", description = "Workers (default: the processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--checkpoint", paramLabel = "FILE", description = "Written every minute; a command that finds it goes on from there (default: FILE.checkpoint).")
    private Path checkpoint;

    @Option(names = "--measure", paramLabel = "DIR|ZIP", description = "Labelled photos for measuring only.")
    private Path measure;

    @Option(names = "--measure-within", defaultValue = "", paramLabel = "DIR", description = "Only the photos in this folder of --measure, such as test.")
    private String measureWithin;

    @Option(names = "--measure-labels", paramLabel = "CSV", description = "As --labels, for --measure.")
    private String measureLabels;

    @Option(names = "--f16", description = "Store weights in half precision.")
    private boolean half;

    @Override
    public Integer call() throws Exception {
        check();
        ModelDefinition uncut = CutoffLayers.uncut(ModelFile.read(model));
        List<Path> paths = new ArrayList<>();
        PhotoSet all = PhotoSet.readAll(images, within, uncut.preprocess(), paths);
        if (labels != null) {
            all = all.withLabels(Labels.of(labels, paths, uncut), uncut.labels());
        }
        Main.log(all.size() + " photos to learn from");
        PhotoSet measured = null;
        if (measure != null) {
            List<Path> measuredPaths = new ArrayList<>();
            measured = PhotoSet.readAll(measure, measureWithin, uncut.preprocess(), measuredPaths);
            measured = measured.withLabels(Labels.of(measureLabels, measuredPaths, uncut), uncut.labels());
        }
        List<PhotoSet> parts = all.split(Math.max(1, Math.min(MOST_HELD_OUT, all.size() / 10)), seed);
        int side = block.equals("auto") ? 0 : Integer.parseInt(block);
        ModelFile.WeightType weights = half ? ModelFile.WeightType.F16 : ModelFile.WeightType.F32;
        List<Charts.Point> points = new ArrayList<>();
        List<String> missed = new ArrayList<>();
        try (CutoffLearner learner = new CutoffLearner(uncut, side, parts.get(1), parts.get(0), threads, Main::log)) {
            Double before = measured == null ? null : learner.accuracy(uncut, measured);
            points.add(new Charts.Point(1, before == null ? 1 : before));
            for (double share : keep) {
                Path file = keep.size() == 1 ? output : numbered(output, share);
                Path state = checkpoint == null || keep.size() > 1 ? file.resolveSibling(file.getFileName() + ".checkpoint") : checkpoint;
                CutoffLearner.Recipe recipe = new CutoffLearner.Recipe(share, epochs, tune, rate, batchSize(parts.get(1).size()), labels != null,
                        shift == null ? uncut.graph().input().height() / 16 : shift, seed);
                ModelDefinition learned = ModelFile.asStored(learner.learn(recipe, state), weights);
                double kept = CutoffLayers.keptShare(learned.graph(), CutoffLayers.cutoffs(learned));
                double agreement = learner.agreement(learned);
                Map<String, String> record = new LinkedHashMap<>();
                record.put("cutoffs_recipe", String.format(Locale.ROOT,
                        "lowpass learn --images %s%s%s --keep %s --epochs %d --tune %s --block %s --rate %s --batch %d --shift %d --seed %d%s", images.getFileName(),
                        within.isEmpty() ? "" : " --within " + within, labels == null ? "" : " --labels " + labels, share, epochs, tune.name().toLowerCase(Locale.ROOT),
                        block, rate, recipe.batch(), recipe.shift(), seed, half ? " --f16" : ""));
                record.put("kept_pointwise_macs", String.format(Locale.ROOT, "%.2f %%", 100 * kept));
                record.put("teacher_agreement", String.format(Locale.ROOT, "%.2f %% of %d photos held out of learning", 100 * agreement, parts.get(0).size()));
                double drop = 100 * (1 - agreement);
                String line = String.format(Locale.ROOT, "%s: %.2f %% of pointwise MACs kept, agreement %.2f %%", file, 100 * kept, 100 * agreement);
                if (before != null) {
                    double after = learner.accuracy(learned, measured);
                    record.put("accuracy", String.format(Locale.ROOT, "%.2f %% of %d photos of %s; uncut %.2f %%", 100 * after, measured.size(),
                            measure.getFileName() + (measureWithin.isEmpty() ? "" : " within " + measureWithin), 100 * before));
                    drop = 100 * (before - after);
                    line += String.format(Locale.ROOT, ", accuracy %.2f %% (uncut %.2f %%)", 100 * after, 100 * before);
                    points.add(new Charts.Point(kept, after));
                } else {
                    points.add(new Charts.Point(kept, agreement));
                }
                Sealing.write(Sealing.record(learned, record), file, weights);
                Sealing.writeText(sibling(file, ".cutoffs.svg"), Charts.histogram(learned));
                Files.deleteIfExists(state);
                System.out.println(line);
                if (maxDrop != null && drop > maxDrop) {
                    missed.add(String.format(Locale.ROOT, "%s keeps %.2f %% at %.2f points lost, more than --max-drop %s", file, 100 * kept, drop, maxDrop));
                }
            }
            Sealing.writeText(sibling(output, ".curve.svg"), Charts.curve(points, before == null ? "agreement with the uncut model" : "accuracy"));
        }
        if (!missed.isEmpty()) {
            throw new LearnException(String.join("; ", missed) + "; the file is written: learn for more --epochs, with --tune all, or with a larger --keep");
        }
        return 0;
    }

    private void check() {
        for (double share : keep) {
            if (!(share > 0 && share <= 1)) {
                throw Main.usage("--keep " + share + " is no share; give values above 0 and at most 1");
            }
        }
        if (epochs < 0) {
            throw Main.usage("--epochs " + epochs + " is negative; give 0 for a selection by saliency alone, or more");
        }
        if ((measure == null) != (measureLabels == null)) {
            throw Main.usage("--measure and --measure-labels go together; give both or neither");
        }
        if (!block.equals("auto") && !block.matches("[0-9]|1[0-6]") || block.matches("[01]")) {
            throw Main.usage("--block " + block + " is no block side; give auto or a number from 2 to 16");
        }
        Main.requirePositive("--threads", threads);
        if (batch != null) {
            Main.requirePositive("--batch", batch);
        }
    }

    private int batchSize(int photos) {
        return batch != null ? Math.min(batch, photos) : Math.min(photos, Math.max(16, Math.min(128, photos / 60)));
    }

    private static Path numbered(Path file, double share) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return file.resolveSibling(dot < 0 ? name + "-" + share : name.substring(0, dot) + "-" + share + name.substring(dot));
    }

    private static Path sibling(Path file, String ending) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return file.resolveSibling((dot < 0 ? name : name.substring(0, dot)) + ending);
    }
}
