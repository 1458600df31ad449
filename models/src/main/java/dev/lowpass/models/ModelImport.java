package dev.lowpass.models;

import dev.lowpass.models.tflite.TfliteImporter;
import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes a model of another program's model file, and of labels and cutoffs beside it. */
public final class ModelImport {

    /** No TFLite file is larger: its offsets are 32 bits, signed in practice. */
    private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

    /**
     * What belongs to the model besides its file.
     *
     * @param labels a text file, UTF-8, with the name of a class on each line, or null for none
     * @param cutoffs a safetensors file, see {@link Cutoffs}, or null for none
     * @param licence of the model, or null where it is unknown
     */
    public record Options(Path labels, Path cutoffs, String licence) {

        public static final Options NONE = new Options(null, null, null);
    }

    /**
     * @param model without golden images
     * @param notes what the user should know, a sentence each
     */
    public record Result(ModelDefinition model, List<String> notes) {

        public Result {
            notes = List.copyOf(notes);
        }
    }

    private ModelImport() {}

    /**
     * Reads a model file of the format that its extension names: {@code .tflite}. Pixels of a FLOAT32 input are assumed to become -1 to 1,
     * which a note then says.
     *
     * @throws ImportException when the extension is another or the labels do not fit
     * @throws dev.lowpass.models.tflite.TfliteException when the file is damaged or holds what is not supported
     * @throws IOException when a file cannot be read or the cutoffs do not fit; the message says which and why
     */
    public static Result read(Path file, Options options) throws IOException {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".tflite")) {
            throw new ImportException(file + ": is not of a format that can be imported; give a .tflite file");
        }
        List<String> notes = new ArrayList<>();
        Map<String, String> provenance = new LinkedHashMap<>();
        byte[] bytes = bytes(file);
        ModelDefinition model = TfliteImporter.read(file.toString(), bytes, notes);
        provenance.put("source", file.getFileName().toString());
        provenance.put("source_sha256", sha256(bytes));
        if (options.licence() != null) {
            provenance.put("licence", options.licence());
        }
        if (options.cutoffs() != null) {
            model = Cutoffs.apply(model, options.cutoffs());
            provenance.put("cutoffs", options.cutoffs().getFileName().toString());
            provenance.put("cutoffs_sha256", sha256(bytes(options.cutoffs())));
        }
        List<String> labels = options.labels() == null ? List.of() : labels(options.labels(), model.classes(), notes);
        return new Result(new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), labels, provenance, model.golden()),
                notes);
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            if (Files.isDirectory(file)) {
                throw new ImportException(file + ": is a directory; give a file");
            }
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new ImportException(file + ": is no regular file; give a file");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new ImportException(file + ": has " + Files.size(file) + " bytes; files of at most " + MAX_BYTES + " are read");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new ImportException(file + ": no such file; check the path", e);
        } catch (AccessDeniedException e) {
            throw new ImportException(file + ": may not be read by this user; change its permissions", e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Networks trained by TensorFlow often have a class 0 for "none of these", which lists of names leave out. */
    private static List<String> labels(Path file, int classes, List<String> notes) throws IOException {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(file))).toString();
        } catch (CharacterCodingException e) {
            throw new ImportException(file + ": is not text in UTF-8; give a text file with the name of a class on each line", e);
        }
        // A byte order mark is what some editors put first.
        List<String> labels = new ArrayList<>(text.replace("\uFEFF", "").lines().map(String::strip).toList());
        while (!labels.isEmpty() && labels.get(labels.size() - 1).isEmpty()) {
            labels.remove(labels.size() - 1);
        }
        int blank = labels.indexOf("");
        if (blank >= 0) {
            throw new ImportException(file + ": line " + (blank + 1) + " is blank; give the name of a class on each line");
        }
        if (labels.size() == classes - 1) {
            labels.add(0, "background");
            notes.add(file + " has one name less than the network's " + classes
                    + " classes: class 0 is called \"background\", and the names follow from 1 on.");
        }
        if (labels.size() != classes) {
            throw new ImportException(file + ": has " + labels.size() + " names, but the network has " + classes + " classes; give "
                    + classes + " lines, or "
                    + (classes - 1) + " for a network whose class 0 is the background");
        }
        return labels;
    }
}
