package dev.lowpass.bench.command;

import dev.lowpass.bench.output.JsonReport;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Results for programs. */
final class JsonOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results as JSON; - writes them to the standard output instead of the text.")
    private String file;

    JsonReport report() {
        return new JsonReport(file, command.commandLine().getOut());
    }
}
