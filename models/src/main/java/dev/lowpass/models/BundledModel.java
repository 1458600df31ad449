package dev.lowpass.models;

import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * The small model that comes with this module, so that there is something to run at once: a MobileNetV2 for photos of 32 x 32 of the
 * ten classes of CIFAR-10, with learned cutoffs, made by this project's own {@code train} and {@code learn}. Its provenance tells how,
 * and what was measured.
 */
public final class BundledModel {

    /** The name of the file, as messages name it. */
    public static final String FILE = "cifar10.safetensors";

    private BundledModel() {}

    /** The whole file. */
    public static byte[] bytes() {
        try (InputStream in = BundledModel.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException("this build of lowpass-models lacks its resource " + FILE + "; build it again from a whole checkout");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the bundled model: " + e.getMessage() + "; build lowpass-models again", e);
        }
    }

    public static ModelDefinition load() {
        try {
            return ModelFile.read(Path.of(FILE), bytes());
        } catch (IOException e) {
            throw new IllegalStateException("the bundled model is damaged: " + e.getMessage() + "; build lowpass-models again from a whole checkout", e);
        }
    }
}
