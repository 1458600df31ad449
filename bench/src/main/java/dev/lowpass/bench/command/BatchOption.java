package dev.lowpass.bench.command;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How many images a call brings. */
final class BatchOption {

    /** Beyond this only memory grows: the weights of a layer are long since amortised. */
    static final int LARGEST = 1024;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1", description = "Images a call, 1 to " + LARGEST + ". Default: ${DEFAULT-VALUE}.")
    private int batch;

    int batch() {
        return DeviceOptions.inRange(command, "--batch", batch, LARGEST);
    }
}
