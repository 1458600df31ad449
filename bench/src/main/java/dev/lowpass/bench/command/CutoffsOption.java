package dev.lowpass.bench.command;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which of a model's cutoff sets a command works with. */
final class CutoffsOption {

    @Option(names = "--cutoffs", paramLabel = "NAME", description = "One of the model's cutoff sets; 'lowpass inspect' lists them. Default: the model's default.")
    private String name;

    /** @throws CommandException when the model has no such set */
    LoadedModel load(Path path) throws IOException {
        return LoadedModel.load(path, name);
    }
}
