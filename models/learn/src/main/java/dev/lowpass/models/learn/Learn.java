package dev.lowpass.models.learn;

import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "learn", mixinStandardHelpOptions = true, description = "Learn a model's cutoffs from photos, without labels: the uncut model teaches the cut one.")
final class Learn implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    private static final int MOST_HELD_OUT = 1000;

    @Option(names = {"-m", "--model"}, required = true, paramLabel = "FILE", description = "The model file; cutoffs that it has are left out.")
    private Path model;

    @Option(names = "--images", required = true, paramLabel = "DIR|ZIP", description = "Photos to learn from, at any depth.")
    private Path images;

    @Option(names = "--within", defaultValue = "", paramLabel = "DIR", description = "Only the photos in this folder of --images, such as train.")
    private String within;

    @Option(names = "--labels", paramLabel = "CSV", description = "Learn from labels too: a CSV file with the header file,class, or \"folders\" for the name of each photo's folder.")
    private String labels;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "FILE",
            description = "The model file to write. With several --keep it offers a choice of them.")
    private Path output;

    @Option(names = "--keep", split = ",", defaultValue = "0.65", paramLabel = "SHARE", description = "Target shares of pointwise MACs, such as 0.65,0.8,0.5: the first is the file's default (default: ${DEFAULT-VALUE}).")
    private List<Double> keep;

    @Option(names = "--budget", paramLabel = "MS",
            description = "Instead of --keep: milliseconds of one image; only layers that get faster on the device are cut.")
    private Double budget;

    @Option(names = "--costs", paramLabel = "FILE",
            description = "With --budget: the table of what each layer costs on a device, as JSON. Where there is none, the layers are measured and it is written.")
    private Path costTable;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "cpu", description = "With --budget: where the layers are measured (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(names = "--epochs", defaultValue = "5", description = "Passes over the photos, for all targets together; 0 selects by saliency alone, in minutes (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--tune", defaultValue = "AFFINE", description = "What changes besides the thresholds: ${COMPLETION-CANDIDATES}; affine is a scale and a bias a channel.")
    private CutoffNetwork.Tune tune;

    @Option(names = "--block", defaultValue = "auto", paramLabel = "auto|N", description = "Side of the DCT block (default: auto, the one that divides most).")
    private String block;

    @Option(names = "--max-drop", paramLabel = "POINTS",
            description = "Fail when more points are lost: of accuracy on --measure, else of agreement with the uncut model on photos held out. The file is written all the same.")
    private Double maxDrop;

    @Option(names = "--rate", description = "Learning rate of what is tuned (default: 1e-3, with --tune all 2e-4).")
    private Double rate;

    @Option(names = "--match", defaultValue = "0",
            description = "Weight of the error of what the linear bottlenecks hold, beside that of the answers (default: ${DEFAULT-VALUE}).")
    private double match;

    @Option(names = "--batch", description = "Photos a step (default: from 16 to 128 by their number).")
    private Integer batch;

    @Option(names = "--shift", paramLabel = "PIXELS", description = "By how much photos are moved at random (default: a sixteenth of the side).")
    private Integer shift;

    @Option(names = "--crop", defaultValue = "0.6", paramLabel = "SHARE", description = "The smallest crop that is shown, its side as a share of the photo's; 1 shows photos whole (default: ${DEFAULT-VALUE}).")
    private double crop;

    @Mixin
    private RunOptions run;

    @Option(names = "--measure", paramLabel = "DIR|ZIP", description = "Labelled photos for measuring only.")
    private Path measure;

    @Option(names = "--measure-within", defaultValue = "", paramLabel = "DIR", description = "Only the photos in this folder of --measure, such as test.")
    private String measureWithin;

    @Option(names = "--measure-labels", paramLabel = "CSV", description = "As --labels, for --measure.")
    private String measureLabels;

    @Override
    public Integer call() throws Exception {
        check();
        double rate = this.rate != null ? this.rate : tune == CutoffNetwork.Tune.ALL ? 2e-4 : 1e-3;
        Main.requirePositive("--rate", rate);
        RunOptions.requireWritable(output);
        Path state = run.checkpoint(output);
        ModelDefinition uncut = Sealing.withoutCutoffRecord(ModelFile.read(model).dense());
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
        List<PhotoSet> parts = all.split(Math.max(1, Math.min(MOST_HELD_OUT, all.size() / 10)), run.seed());
        ModelDefinition open = CutoffLayers.open(uncut, block.equals("auto") ? 0 : Integer.parseInt(block));
        Costs costs = Costs.macs(open.graph());
        if (budget != null) {
            CostTable table = costTable(uncut, open, state);
            open = table.open(open);
            costs = table.costs(open);
            Main.log(table.describe(open));
            if (budget >= costs.whole()) {
                throw new LearnException(String.format(Locale.ROOT, "--budget %s is no less than the %.3f ms that everything takes on %s; give less", budget, costs.whole(),
                        table.device()));
            }
            if (budget < costs.fixed()) {
                throw new LearnException(String.format(Locale.ROOT, "--budget %s cannot be reached on %s: with every cutoff at 0 it takes %.3f ms; give more", budget,
                        table.device(), costs.fixed()));
            }
            keep = List.of(budget / costs.whole());
        }
        List<Double> falling = keep.stream().distinct().sorted(Comparator.reverseOrder()).toList();
        List<Double> ordered = keep.stream().distinct().toList();
        CutoffLearner.Recipe recipe = new CutoffLearner.Recipe(falling, epochs, tune, rate, match, batchSize(parts.get(1).size()), labels != null,
                new Augmentation.Strength(shift == null ? uncut.graph().input().height() / 16 : shift, crop), run.seed());
        List<Charts.Point> points = new ArrayList<>();
        List<String> missed = new ArrayList<>();
        try (CutoffLearner learner = new CutoffLearner(uncut, open, costs, parts.get(1), parts.get(0), run.threads(), Main::log)) {
            Double before = measured == null ? null : learner.accuracy(uncut, measured);
            points.add(new Charts.Point(1, before == null ? 1 : before));
            List<ModelDefinition> models = learner.learn(recipe, state);
            List<String> names = ordered.stream().map(share -> BigDecimal.valueOf(share).stripTrailingZeros().toPlainString()).toList();
            ModelDefinition learned = ModelFile.asStored(CutoffSets.combine(names, ordered.stream().map(share -> models.get(falling.indexOf(share))).toList()),
                    run.weights());
            List<CutoffSet> sets = new ArrayList<>();
            Map<String, String> record = new LinkedHashMap<>();
            record.put("cutoffs_recipe", recipe(recipe));
            for (String name : names) {
                ModelDefinition chosen = learned.withCutoffs(name);
                double agreement = learner.agreement(chosen);
                Double after = measured == null ? null : learner.accuracy(chosen, measured);
                String what = after == null ? "agreement with the uncut model on " + parts.get(0).size() + " photos held out of learning"
                        : String.format(Locale.ROOT, "right of %d photos of %s; uncut %.2f %%", measured.size(),
                                measure.getFileName() + (measureWithin.isEmpty() ? "" : " within " + measureWithin), 100 * before);
                CutoffSet old = chosen.cutoffSets().get(0);
                CutoffSet set = new CutoffSet(name, old.kept(), after == null ? agreement : after, what, learned.cutoffSets().get(sets.size()).changes(), null);
                sets.add(set);
                points.add(new Charts.Point(set.kept(), set.measured()));
                record.put(names.size() == 1 ? "kept_pointwise_macs" : "kept_pointwise_macs_" + name, String.format(Locale.ROOT, "%.2f %%", 100 * set.kept()));
                record.put(names.size() == 1 ? "uncut_agreement" : "uncut_agreement_" + name,
                        String.format(Locale.ROOT, "%.2f %% of %d photos held out of learning", 100 * agreement, parts.get(0).size()));
                if (after != null) {
                    record.put(names.size() == 1 ? "accuracy" : "accuracy_" + name, String.format(Locale.ROOT, "%.2f %% %s", 100 * after, what));
                }
                double drop = 100 * (after == null ? 1 - agreement : before - after);
                Main.log(String.format(Locale.ROOT, "%s: divergence from the uncut model %.4f nats", name, learner.divergence(chosen)));
                System.out.println(String.format(Locale.ROOT, "%s%s: %.2f %% of pointwise MACs kept, agreement %.2f %%", output, names.size() == 1 ? "" : " " + name,
                        100 * set.kept(), 100 * agreement) + (after == null ? "" : String.format(Locale.ROOT, ", accuracy %.2f %% (uncut %.2f %%)", 100 * after, 100 * before)));
                if (maxDrop != null && drop > maxDrop) {
                    missed.add(String.format(Locale.ROOT, "%s keeps %.2f %% at %.2f points lost, more than --max-drop %s", names.size() == 1 ? output : output + " " + name,
                            100 * set.kept(), drop, maxDrop));
                }
            }
            ModelDefinition whole = CutoffSets.with(learned, names.size() == 1 ? List.of() : sets);
            Sealing.write(Sealing.record(whole, record), output, run.weights());
            for (String name : names) {
                Sealing.writeText(sibling(output, (names.size() == 1 ? "" : "-" + name) + ".cutoffs.svg"), Charts.histogram(learned.withCutoffs(name)));
            }
            Sealing.writeText(sibling(output, ".curve.svg"), Charts.curve(points, before == null ? "agreement with the uncut model" : "accuracy"));
            if (epochs > 0) {
                Files.deleteIfExists(state);
                Files.deleteIfExists(ownCosts(state));
            }
        }
        if (!missed.isEmpty()) {
            throw new LearnException(String.join("; ", missed) + "; the file is written: learn for more --epochs, with --tune all, or with a larger --keep");
        }
        return 0;
    }

    private static Path ownCosts(Path state) {
        return state.resolveSibling(state.getFileName() + ".costs.json");
    }

    /** Without --costs the table stands beside the checkpoint: measured again it would be another, and what was learned would be of no use. */
    private CostTable costTable(ModelDefinition uncut, ModelDefinition open, Path state) throws IOException {
        Path file = costTable != null ? costTable : ownCosts(state);
        Device measured = Device.named(device);
        if (Files.exists(file) && (costTable != null || Files.exists(state))) {
            CostTable table = CostTable.read(file, uncut.graph());
            if (costTable != null || table.device().equals(CostTable.name(measured, run.threads()))) {
                return table;
            }
        }
        Main.log("measuring what each layer costs");
        CostTable table = CostTable.measure(uncut, open, measured, run.threads());
        if (costTable != null || epochs > 0) {
            table.write(file);
        }
        return table;
    }

    private String recipe(CutoffLearner.Recipe recipe) {
        return String.format(Locale.ROOT, "lowpass learn --images %s%s%s %s --epochs %d --tune %s --block %s --rate %s --match %s --batch %d --shift %d --crop %s %s",
                images.getFileName(), within.isEmpty() ? "" : " --within " + within, labels == null ? "" : " --labels " + labels,
                budget != null ? "--budget " + budget + (costTable == null ? "" : " --costs " + costTable.getFileName()) : "--keep " + keep.stream().distinct().map(String::valueOf).collect(Collectors.joining(",")), epochs, tune.name().toLowerCase(Locale.ROOT), block, recipe.rate(), match,
                recipe.batch(), recipe.augmented().shift(), crop, run.recipe());
    }

    private void check() {
        for (double share : keep) {
            if (!(share > 0 && share <= 1)) {
                throw Main.usage("--keep " + share + " is no share; give values above 0 and at most 1");
            }
        }
        if (budget != null && !(budget > 0)) {
            throw Main.usage("--budget " + budget + " is no time; give milliseconds above 0");
        }
        if (budget != null && spec.commandLine().getParseResult().hasMatchedOption("--keep")) {
            throw Main.usage("--budget and --keep exclude one another; give one of them");
        }
        if (budget != null) {
            try {
                Device.named(device);
            } catch (IllegalArgumentException e) {
                throw Main.usage("--device " + device + ": " + e.getMessage());
            }
        }
        if (costTable != null && budget == null) {
            throw Main.usage("--costs is for --budget; give both or neither");
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
        if (!(crop > 0 && crop <= 1)) {
            throw Main.usage("--crop " + crop + " is no share of a side; give a value above 0 and at most 1");
        }
        if (shift != null && shift < 0) {
            throw Main.usage("--shift " + shift + " is negative; give pixels from 0");
        }
        if (batch != null) {
            Main.requirePositive("--batch", batch);
        }
    }

    private int batchSize(int photos) {
        return batch != null ? Math.min(batch, photos) : Math.min(photos, Math.max(16, Math.min(128, photos / 60)));
    }

    private static Path sibling(Path file, String ending) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return file.resolveSibling((dot < 0 ? name : name.substring(0, dot)) + ending);
    }
}
