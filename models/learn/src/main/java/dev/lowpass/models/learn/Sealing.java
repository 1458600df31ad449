package dev.lowpass.models.learn;

import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes a learned model with its golden images and its record. */
final class Sealing {

    private static final int GOLDEN_IMAGES = 2;

    private Sealing() {}

    /** The same model with more lines in its record. */
    static ModelDefinition record(ModelDefinition model, Map<String, String> lines) {
        Map<String, String> provenance = new LinkedHashMap<>(model.provenance());
        provenance.putAll(lines);
        return new ModelDefinition(model.graph(), model.parameters(), model.preprocess(), model.labels(), provenance, model.golden());
    }

    /** The model with its weights as the file will hold them, so that what is measured is what is written. */
    static ModelDefinition asStored(ModelDefinition model, ModelFile.WeightType weights) throws IOException {
        Path file = Files.createTempFile("lowpass", ".safetensors");
        try {
            ModelFile.write(model, file, weights);
            return ModelFile.read(file);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** Writes the model with golden images; their logits are the stored weights', in double precision. */
    static void write(ModelDefinition model, Path file, ModelFile.WeightType weights) throws IOException {
        ModelDefinition stored = asStored(model, weights);
        byte[] images = GoldenImages.of(model.preprocess(), GOLDEN_IMAGES);
        try {
            ModelFile.write(stored.withGolden(new Golden(GOLDEN_IMAGES, images, logits(stored, images))), file, weights);
        } catch (IOException e) {
            throw new IOException("cannot write " + file + ": " + e.getMessage() + "; make room or name another file, and start the same command again", e);
        }
    }

    private static float[] logits(ModelDefinition model, byte[] images) {
        int elements = model.graph().input().elements();
        float[] input = new float[images.length];
        for (int i = 0; i < images.length; i++) {
            input[i] = model.preprocess().normalize(images[i] & 0xff, i % model.graph().input().channels());
        }
        return reference(model, input, images.length / elements);
    }

    /** The logits of normalised images, in double precision. */
    static float[] reference(ModelDefinition model, float[] input, int count) {
        int elements = input.length / count;
        FloatBuffer in = buffer(elements);
        FloatBuffer out = buffer(model.classes());
        float[] logits = new float[count * model.classes()];
        try (Model loaded = Model.of(model);
                Session session = loaded.newSession(SessionOptions.builder().device(Device.reference()).threads(1).build())) {
            for (int i = 0; i < count; i++) {
                in.clear().put(input, i * elements, elements).flip();
                out.clear();
                session.run(in, 1, out);
                out.get(0, logits, i * model.classes(), model.classes());
            }
        }
        return logits;
    }

    private static FloatBuffer buffer(int elements) {
        return ByteBuffer.allocateDirect(4 * elements).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** Writes text beside the target and moves it into place. */
    static void writeText(Path file, String text) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.writeString(part, text);
            Files.move(part, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }
}
