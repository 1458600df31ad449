package dev.lowpass.runtime;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Peak;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.cuda.CudaException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.Objects;

/** Where a session runs. */
public final class Device {

    private static final System.Logger LOG = System.getLogger(Device.class.getName());
    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,4}))?");

    private static Device auto;

    private final Backend backend;

    private Device(Backend backend) {
        this.backend = backend;
    }

    /**
     * The fastest device that this machine offers: its first NVIDIA GPU, else the CPU. Chosen once in a process; the choice, or the
     * reason for falling back, is logged once.
     */
    public static synchronized Device auto() {
        // Not in a class of its own: what fails while a class is initialised is told once, and without its reason.
        if (auto == null) {
            auto = choose();
        }
        return auto;
    }

    /**
     * An NVIDIA GPU.
     *
     * @param ordinal its number, from 0
     * @throws CudaException when it cannot be had: the message says why and what helps
     */
    public static Device cuda(int ordinal) {
        return new Device(Backends.cuda(ordinal));
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
     * The device of that name: {@code auto}, {@code cpu}, {@code reference}, {@code cuda} (which is {@code cuda:0}) or
     * {@code cuda:1} and so on.
     *
     * @throws IllegalArgumentException for any other name
     * @throws CudaException when the GPU cannot be had
     */
    public static Device named(String name) {
        Matcher cuda = CUDA.matcher(Objects.requireNonNull(name, "name"));
        if (cuda.matches()) {
            return cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
        }
        return switch (name) {
            case "auto" -> auto();
            case "cpu" -> cpu();
            case "reference" -> reference();
            default -> throw new IllegalArgumentException("no device is named \"" + name + "\"; this build has auto, cpu, cuda, cuda:0, ... and reference");
        };
    }

    public String name() {
        return backend.name().equals("vector") ? "cpu" : backend.name();
    }

    public String description() {
        return backend.description();
    }

    /** The precisions that a session on this device can have. */
    public Set<Precision> precisions() {
        return backend.precisions();
    }

    /**
     * What this machine can do at most with so many threads: measured, in about two seconds, or computed from what a GPU's driver
     * tells. Empty where it cannot be told.
     */
    public Optional<Peak> peak(int threads) {
        return backend.peak(threads);
    }

    Backend backend() {
        return backend;
    }

    /** @throws IllegalArgumentException when the device lacks the precision */
    Backend backend(Precision precision) {
        if (!precisions().contains(precision)) {
            throw new IllegalArgumentException("the device " + this + " computes in " + new TreeSet<>(precisions()) + ", not in " + precision
                    + "; choose one of these, or a device that has it: FP16 is on every CUDA device, TF32 on those of compute capability 8.0 or later");
        }
        return backend.withPrecision(precision);
    }

    @Override
    public String toString() {
        return name();
    }

    private static Device choose() {
        try {
            Device device = cuda(0);
            LOG.log(System.Logger.Level.INFO, "device auto is {0}", device.description());
            return device;
        } catch (CudaException e) {
            // An application that leaves JCuda out has made its choice; one that brings it wants to know.
            LOG.log(Backends.hasJCuda() ? System.Logger.Level.INFO : System.Logger.Level.DEBUG, "device auto is the CPU: {0}", e.getMessage());
            return cpu();
        }
    }
}
