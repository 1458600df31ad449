package dev.lowpass.bench.command;

import dev.lowpass.bench.output.OutputFile;
import dev.lowpass.bench.report.ReportPage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass report}. */
@Command(
        name = "report",
        description = {
            "Make one page of HTML of what was measured.",
            "It takes what bench, bench --paper, explain --measure and eval wrote with --json, in any number and mixture, and needs no network to be read."
        })
final class Report implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "RECEIPT", arity = "1..*", description = "Files that lowpass wrote with --json.")
    private List<Path> receipts;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", required = true, description = "The page to write, like report.html.")
    private Path output;

    @Override
    public Integer call() throws IOException {
        OutputFile.requireWritable(output);
        requirePage();
        String page = ReportPage.of(receipts);
        OutputFile.write(output, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
        spec.commandLine().getOut().println(output);
        return ExitCode.OK;
    }

    /** A page replaces a page, never a receipt or a model that was named by mistake. */
    private void requirePage() throws IOException {
        if (!Files.isRegularFile(output)) {
            return;
        }
        try (InputStream in = Files.newInputStream(output)) {
            String start = new String(in.readNBytes(15), StandardCharsets.ISO_8859_1);
            if (!start.isEmpty() && !start.equalsIgnoreCase("<!DOCTYPE html>")) {
                throw new CommandException("cannot write " + output + ": it exists and is not a page of HTML; choose another name or delete it");
            }
        }
    }
}
