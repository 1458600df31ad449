package dev.lowpass.bench.command;

import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.SessionOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command runs the network. */
final class DeviceOptions {

    private static final int MOST_THREADS = 1024;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, cpu, cuda (cuda:0, cuda:1, ...) or reference (plain double precision, slow). Default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that share a call. Default: the processors this JVM may use.")
    private Integer threads;

    @Option(
            names = "--tactics",
            paramLabel = "NAME",
            description = "How a GPU multiplies: measured (the fastest of our kernels and cuBLAS, measured once for a device and plan), kernels (ours only) or "
                    + "cublas. Default: measured.")
    private TacticChoice tactics;

    /** @throws ParameterException when there is no such device */
    Device device() {
        return named(command, device);
    }

    static Device named(CommandSpec command, String name) {
        try {
            return Device.named(name);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), "Invalid value for option '--device': " + e.getMessage(), e);
        }
    }

    int threads() {
        if (threads == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        return inRange(command, "--threads", threads, MOST_THREADS);
    }

    SessionOptions session(int maxBatch) {
        SessionOptions.Builder options = SessionOptions.builder().device(device()).threads(threads()).maxBatch(maxBatch);
        return (tactics == null ? options : options.tactics(tactics)).build();
    }

    /** @throws ParameterException unless the value is from 1 to {@code most} */
    static int inRange(CommandSpec command, String option, int value, int most) {
        if (value < 1 || value > most) {
            throw new ParameterException(command.commandLine(), "Invalid value for option '" + option + "': " + value + " is out of range; give 1 to " + most);
        }
        return value;
    }
}
