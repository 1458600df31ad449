package dev.lowpass.runtime;

import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.nio.file.Path;

/** A model that can be run: makes sessions. Thread-safe. */
public final class Model implements AutoCloseable {

    private final ModelDefinition definition;
    private volatile boolean closed;

    private Model(ModelDefinition definition) {
        this.definition = definition;
    }

    /**
     * Reads a model file, whole and checked.
     *
     * @throws dev.lowpass.runtime.file.ModelFormatException when the file breaks a rule of the format
     * @throws IOException when it cannot be read
     */
    public static Model load(Path path) throws IOException {
        return new Model(ModelFile.read(path));
    }

    /** A model from memory. */
    public static Model of(ModelDefinition definition) {
        return new Model(definition);
    }

    public ModelDefinition definition() {
        return definition;
    }

    /**
     * Plans, packs and allocates: all that a call will need.
     *
     * @throws IllegalStateException after close
     */
    public Session newSession(SessionOptions options) {
        if (closed) {
            throw new IllegalStateException("the model is closed; load it again");
        }
        return new Session(definition, options);
    }

    /** Sessions that exist stay usable, for they hold their own packed weights; new ones are refused. Idempotent. */
    @Override
    public void close() {
        closed = true;
    }
}
