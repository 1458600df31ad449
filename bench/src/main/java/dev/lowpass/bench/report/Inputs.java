package dev.lowpass.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lowpass.bench.profile.Profile;
import dev.lowpass.bench.profile.ProfileJson;
import dev.lowpass.bench.receipt.Completeness;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptException;
import dev.lowpass.bench.receipt.ReceiptFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a page is made of.
 *
 * @param receipts of {@code bench --json}
 * @param profiles of {@code explain --measure --json}
 * @param accuracies of {@code bench --paper --json} and {@code eval --json}, and of the cutoff sets of a model that {@code bench} measured
 */
record Inputs(List<Measured> receipts, List<Profiled> profiles, List<Accuracy> accuracies) {

    record Measured(String file, Receipt receipt) {}

    /** A profile of a model, by its file. */
    record Profiled(String file, String model, String cpu, Profile profile) {}

    /**
     * One network's accuracy.
     *
     * @param name of its cutoffs
     * @param keptShare of the pointwise multiply-accumulates, 0 to 1
     * @param share of the answers that were right, 0 to 1
     * @param images labelled pictures of which {@code top1} were right; both null where the model's file tells the share
     * @param measure what the model's file says of it; null for labelled pictures
     */
    record Accuracy(String file, String model, String name, double keptShare, double share, Integer images, Integer top1, String measure) {

        /** What may be told by two files, or by one twice. */
        boolean isSame(Accuracy other) {
            return model.equals(other.model) && name.equals(other.name) && keptShare == other.keptShare && share == other.share && Objects.equals(images, other.images)
                    && Objects.equals(measure, other.measure);
        }
    }

    static Inputs read(List<Path> files) throws IOException {
        Inputs inputs = new Inputs(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (Path file : files) {
            inputs.add(file);
        }
        return inputs;
    }

    private void add(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new ReceiptException(file + ": is a directory; name files that lowpass wrote with --json");
        }
        JsonNode tree;
        try {
            tree = new JsonMapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new ReceiptException(file + ": is not JSON: " + e.getOriginalMessage() + "; name files that lowpass wrote with --json", e);
        } catch (FileNotFoundException e) {
            throw new ReceiptException(file + ": no such file; check the path", e);
        }
        String name = file.getFileName().toString();
        String schema = tree.path("schema").asText("");
        String model = fileName(tree.path("model").path("file").asText(""));
        switch (schema) {
            case Receipt.SCHEMA -> {
                Receipt receipt = ReceiptFile.read(file);
                receipts.add(new Measured(name, receipt));
                for (Receipt.CutoffSet set : receipt.model().cutoffSets()) {
                    if (set.measured() != null) {
                        double kept = set.pointwiseMacs() == 0 ? 1 : (double) set.keptPointwiseMacs() / set.pointwiseMacs();
                        add(new Accuracy(name, model, set.name(), kept, set.measured(), null, null, set.measure() == null ? "" : set.measure()));
                    }
                }
            }
            case "lowpass.explain/1" -> {
                if (!tree.path("measured").isObject()) {
                    throw new ReceiptException(file + ": was written by 'lowpass explain' without --measure, so there are no times in it; run it again with --measure");
                }
                try {
                    Profile profile = ProfileJson.read(tree.get("measured"));
                    Completeness.require(file, "measured", profile);
                    requireSound(file, profile);
                    profiles.add(new Profiled(name, model, tree.path("machine").path("cpu").asText(""), profile));
                } catch (JsonProcessingException e) {
                    throw new ReceiptException(file + ": its field \"measured\" is damaged: " + e.getOriginalMessage() + "; write it again by 'lowpass explain --measure --json'", e);
                }
            }
            case "lowpass.paper/2" -> {
                int images = require(file, tree, "images").asInt();
                for (JsonNode network : require(file, tree, "networks")) {
                    add(accuracy(file, name, model, require(file, network, "cutoffs").asText(), require(file, network, "pointwise_kept_share").asDouble(), images, network));
                }
            }
            case "lowpass.paper/1" -> throw new ReceiptException(file + ": its schema is lowpass.paper/1, which has one cutoff set; write it again by 'lowpass bench --paper --json'");
            case "lowpass.eval/1" -> {
                double kept = require(file, tree, "pointwise_kept_share").asDouble();
                String set = tree.path("model").path("cutoffs").asText(kept < 1 ? Receipt.UNNAMED : Receipt.DENSE);
                add(accuracy(file, name, model, set, kept, require(file, tree, "images").asInt(), tree));
            }
            default -> throw new ReceiptException(file + ": its schema is \"" + schema + "\", of which a report makes nothing; name what bench, explain --measure or eval "
                    + "wrote with --json");
        }
    }

    /** Without which figures would divide by nothing. */
    private static void requireSound(Path file, Profile profile) throws ReceiptException {
        boolean sound = profile.denseNanos() > 0 && profile.stepwiseNanos() > 0;
        for (Profile.Step step : profile.steps()) {
            sound &= step.nanos() >= 0 && (step.macs() == 0 || step.nanos() > 0 && step.bytes() > 0 && !step.ops().isEmpty());
            sound &= profile.peak() == null || step.floorNanos() != null;
        }
        sound &= profile.peak() == null || profile.peak().flops() > 0 && !profile.peak().levels().isEmpty();
        if (!sound) {
            throw new ReceiptException(file + ": its field \"measured\" is damaged: times and bytes must be above 0, and where there is a peak, every step has a floor; write it again by "
                    + "'lowpass explain --measure --json'");
        }
    }

    private static Accuracy accuracy(Path file, String name, String model, String what, double kept, int images, JsonNode from) throws ReceiptException {
        if (images < 1) {
            throw new ReceiptException(file + ": the field \"images\" is " + images + "; an accuracy needs at least one: measure again");
        }
        int top1 = require(file, from, "top1").asInt();
        return new Accuracy(name, model, what, kept, (double) top1 / images, images, top1, null);
    }

    private void add(Accuracy accuracy) {
        if (accuracies.stream().noneMatch(accuracy::isSame)) {
            accuracies.add(accuracy);
        }
    }

    private static JsonNode require(Path file, JsonNode tree, String field) throws ReceiptException {
        if (!tree.hasNonNull(field)) {
            throw new ReceiptException(file + ": lacks the field \"" + field + "\"; write it again with this version of lowpass");
        }
        return tree.get(field);
    }

    static String fileName(String path) {
        return path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
    }
}
