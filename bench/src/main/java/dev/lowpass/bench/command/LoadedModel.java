package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.models.BundledModel;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A model and the file it came from. */
final class LoadedModel implements AutoCloseable {

    private final Path path;
    private final Model model;
    private final List<CutoffSet> offered;
    /** The file's bytes where it is bundled; else null. */
    private final byte[] bundled;

    private LoadedModel(Path path, ModelDefinition whole, String cutoffs, byte[] bundled) {
        this.path = path;
        this.offered = whole.cutoffSets();
        this.bundled = bundled;
        try {
            model = Model.of(path.getFileName().toString(), isDense(whole, cutoffs) ? whole.dense() : whole.withCutoffs(cutoffs));
        } catch (IllegalArgumentException e) {
            throw new CommandException(path + ": " + e.getMessage());
        }
    }

    private static boolean isDense(ModelDefinition whole, String cutoffs) {
        return Receipt.DENSE.equals(cutoffs) && whole.cutoffSets().stream().noneMatch(set -> set.name().equals(cutoffs));
    }

    /** The model with its default cutoffs. */
    static LoadedModel load(Path path) throws IOException {
        return load(path, null);
    }

    /**
     * @param cutoffs the name of one of the model's cutoff sets, {@code dense} for none, or null for its default
     * @throws CommandException when the model has no such set
     */
    static LoadedModel load(Path path, String cutoffs) throws IOException {
        return new LoadedModel(path, ModelFile.read(path), cutoffs, null);
    }

    /** The same for the model that comes with Lowpass. */
    static LoadedModel bundled(String cutoffs) {
        return new LoadedModel(Path.of(BundledModel.FILE), BundledModel.load(), cutoffs, BundledModel.bytes());
    }

    /** The cutoff sets that the file offers, the default first; empty when it has no choice. */
    List<CutoffSet> offered() {
        return offered;
    }

    /** The name of the set that this model has; null when the file has no choice. */
    String cutoffs() {
        return definition().cutoffSets().isEmpty() ? null : definition().cutoffSets().get(0).name();
    }

    Path path() {
        return path;
    }

    Model model() {
        return model;
    }

    ModelDefinition definition() {
        return model.definition();
    }

    /** A class's label, or its number where the model has no labels. */
    String label(int index) {
        return definition().labels().isEmpty() ? "class " + index : definition().labels().get(index);
    }

    /** SHA-256 of the file in hexadecimal. */
    String hash() throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
        InputStream file = bundled == null ? Files.newInputStream(path) : new ByteArrayInputStream(bundled);
        try (InputStream in = new DigestInputStream(file, digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** @throws CommandException when the network gave something else than numbers */
    void requireFinite(String image, float[] logits) {
        if (!Ranking.isFinite(logits)) {
            throw new CommandException(path + ": gives " + image + " logits that are not finite numbers; its weights overflow, import or learn the model again");
        }
    }

    void writeTo(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("model");
        json.writeStringField("file", path.toString());
        json.writeStringField("sha256", hash());
        if (cutoffs() != null) {
            json.writeStringField("cutoffs", cutoffs());
        }
        json.writeEndObject();
    }

    @Override
    public void close() {
        model.close();
    }
}
