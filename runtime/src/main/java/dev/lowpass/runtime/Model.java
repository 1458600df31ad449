package dev.lowpass.runtime;

import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/** A model that can be run: makes sessions. Thread-safe. */
public final class Model implements AutoCloseable {

    private final String name;
    private final ModelDefinition definition;
    private volatile boolean closed;

    private Model(String name, ModelDefinition definition) {
        this.name = name;
        this.definition = definition;
    }

    /**
     * Reads a model file, whole and checked.
     *
     * @throws dev.lowpass.runtime.file.ModelFormatException when the file is not there, may not be read, or breaks a rule of the format
     * @throws IOException when reading it fails
     */
    public static Model load(Path path) throws IOException {
        return new Model(String.valueOf(path.getFileName()), ModelFile.read(Objects.requireNonNull(path, "path")));
    }

    /**
     * A model from memory.
     *
     * @throws IllegalArgumentException when its graph, parameters and pre-processing do not fit together
     */
    public static Model of(ModelDefinition definition) {
        return of("", definition);
    }

    /**
     * A model from memory, with a name for events.
     *
     * @throws IllegalArgumentException when its graph, parameters and pre-processing do not fit together
     */
    public static Model of(String name, ModelDefinition definition) {
        ModelFile.requireConsistent(definition);
        return new Model(Objects.requireNonNull(name, "name"), definition);
    }

    /** The name of the file that it was loaded from, by which events name it; empty for a model from memory. */
    public String name() {
        return name;
    }

    public ModelDefinition definition() {
        return definition;
    }

    /**
     * Plans, packs and allocates: all that a call will need.
     *
     * @throws IllegalArgumentException when the options ask for cutoffs that the model does not have
     * @throws IllegalStateException after close
     */
    public Session newSession(SessionOptions options) {
        if (closed) {
            throw new IllegalStateException("the model is closed; load it again");
        }
        return new Session(name, definition, options);
    }

    /** Sessions that exist stay usable, for they hold their own packed weights; new ones are refused. Idempotent. */
    @Override
    public void close() {
        closed = true;
    }
}
