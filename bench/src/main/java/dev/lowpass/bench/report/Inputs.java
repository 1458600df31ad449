package dev.lowpass.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lowpass.bench.profile.Profile;
import dev.lowpass.bench.profile.ProfileJson;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptException;
import dev.lowpass.bench.receipt.ReceiptFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a page is made of.
 *
 * @param receipts of {@code bench --json}
 * @param profiles of {@code explain --measure --json}
 * @param accuracies of {@code bench --paper --json} and {@code eval --json}
 */
record Inputs(List<Measured> receipts, List<Profiled> profiles, List<Accuracy> accuracies) {

    record Measured(String file, Receipt receipt) {}

    /** A profile of a model, by its file. */
    record Profiled(String file, String model, String cpu, Profile profile) {}

    /** @param keptShare of the pointwise multiply-accumulates, 0 to 1 */
    record Accuracy(String file, String model, String name, double keptShare, int images, int top1) {
        double share() {
            return (double) top1 / images;
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
            case Receipt.SCHEMA -> receipts.add(new Measured(name, ReceiptFile.read(file)));
            case "lowpass.explain/1" -> {
                if (!tree.has("measured")) {
                    throw new ReceiptException(file + ": was written by 'lowpass explain' without --measure, so there are no times in it; run it again with --measure");
                }
                try {
                    profiles.add(new Profiled(name, model, tree.path("machine").path("cpu").asText(""), ProfileJson.read(tree.get("measured"))));
                } catch (JsonProcessingException e) {
                    throw new ReceiptException(file + ": its field \"measured\" is damaged: " + e.getOriginalMessage() + "; write it again by 'lowpass explain --measure --json'", e);
                }
            }
            case "lowpass.paper/1" -> {
                int images = require(file, tree, "images").asInt();
                accuracies.add(accuracy(file, name, model, "dense", 1, images, require(file, tree, "dense")));
                accuracies.add(accuracy(file, name, model, "cutoffs", require(file, tree, "pointwise_kept_share").asDouble(), images, require(file, tree, "cutoffs")));
            }
            case "lowpass.eval/1" -> accuracies.add(accuracy(file, name, model, model, require(file, tree, "pointwise_kept_share").asDouble(),
                    require(file, tree, "images").asInt(), tree));
            default -> throw new ReceiptException(file + ": its schema is \"" + schema + "\", of which a report makes nothing; name what bench, explain --measure or eval "
                    + "wrote with --json");
        }
    }

    private static Accuracy accuracy(Path file, String name, String model, String what, double kept, int images, JsonNode from) throws ReceiptException {
        if (images < 1) {
            throw new ReceiptException(file + ": the field \"images\" is " + images + "; an accuracy needs at least one: measure again");
        }
        return new Accuracy(name, model, what, kept, images, require(file, from, "top1").asInt());
    }

    private static JsonNode require(Path file, JsonNode tree, String field) throws ReceiptException {
        if (!tree.has(field)) {
            throw new ReceiptException(file + ": lacks the field \"" + field + "\"; write it again with this version of lowpass");
        }
        return tree.get(field);
    }

    static String fileName(String path) {
        return path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
    }

    boolean isEmpty() {
        return receipts.isEmpty() && profiles.isEmpty() && accuracies.isEmpty();
    }
}
