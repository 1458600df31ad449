package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.data.Ranking;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A model and the file it came from. */
final class LoadedModel implements AutoCloseable {

    private final Path path;
    private final Model model;

    private LoadedModel(Path path, Model model) {
        this.path = path;
        this.model = model;
    }

    static LoadedModel load(Path path) throws IOException {
        return new LoadedModel(path, Model.load(path));
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
        try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
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
        json.writeEndObject();
    }

    @Override
    public void close() {
        model.close();
    }
}
