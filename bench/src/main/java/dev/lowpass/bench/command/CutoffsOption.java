package dev.lowpass.bench.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which of a model's cutoff sets a command works with. */
final class CutoffsOption {

    @Option(names = "--cutoffs", paramLabel = "NAME", description = "One of the model's cutoff sets, which 'lowpass inspect' lists, or dense for none. Default: the model's default.")
    private String name;

    /** @throws CommandException when the model has no such set */
    LoadedModel load(Path path) throws IOException {
        return LoadedModel.load(path, name);
    }

    /**
     * The same, or the model that comes with Lowpass where none was named; then a line says so.
     *
     * @param path null when none was named
     */
    LoadedModel loadOrBundled(Path path, PrintWriter messages) throws IOException {
        if (path != null) {
            return load(path);
        }
        LoadedModel model = LoadedModel.bundled(name);
        messages.println("lowpass: the small model that comes with Lowpass answers; it knows only " + model.definition().classes() + " classes: "
                + String.join(", ", model.definition().labels()) + ". -m FILE names another model");
        return model;
    }
}
