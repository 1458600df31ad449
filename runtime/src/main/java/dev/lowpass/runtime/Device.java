package dev.lowpass.runtime;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;

/** Where a session runs. */
public final class Device {

    private final Backend backend;

    private Device(Backend backend) {
        this.backend = backend;
    }

    /** The fastest device that this machine offers; what was chosen is logged once. */
    public static Device auto() {
        return cpu();
    }

    /** The CPU, single precision, on the widest vectors the JVM offers. */
    public static Device cpu() {
        return new Device(Backends.vector());
    }

    /** The CPU in plain double precision: slow, the measure of all others. */
    public static Device reference() {
        return new Device(Backends.reference());
    }

    /**
     * The device of that name: {@code auto}, {@code cpu} or {@code reference}.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static Device named(String name) {
        return switch (name) {
            case "auto" -> auto();
            case "cpu" -> cpu();
            case "reference" -> reference();
            default -> throw new IllegalArgumentException("no device is named \"" + name + "\"; this build has auto, cpu and reference");
        };
    }

    public String name() {
        return backend.name().equals("vector") ? "cpu" : backend.name();
    }

    public String description() {
        return backend.description();
    }

    Backend backend() {
        return backend;
    }

    @Override
    public String toString() {
        return name();
    }
}
