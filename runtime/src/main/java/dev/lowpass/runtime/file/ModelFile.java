package dev.lowpass.runtime.file;

import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.nio.file.Path;

/** Reads and writes model files. */
public final class ModelFile {

    /** How weights are stored. */
    public enum WeightType {
        F32,
        F16
    }

    private ModelFile() {}

    /**
     * @throws ModelFormatException when the file breaks a rule of the format
     * @throws IOException when it cannot be read
     */
    public static ModelDefinition read(Path path) throws IOException {
        throw new UnsupportedOperationException("TODO(file)");
    }

    /** Writes beside the target and moves into place: the target is either the old file or the whole new one. */
    public static void write(ModelDefinition model, Path path, WeightType weights) throws IOException {
        throw new UnsupportedOperationException("TODO(file)");
    }
}
