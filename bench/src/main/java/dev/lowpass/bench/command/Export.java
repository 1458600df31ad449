package dev.lowpass.bench.command;

import dev.lowpass.bench.output.OutputFile;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.models.onnx.OnnxExporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass export}. */
@Command(
        name = "export",
        description = {
            "Write a model as an ONNX file, for other programs.",
            "Opset 17, single precision. Input \"input\" [batch, c, y, x], normalised as 'lowpass inspect' shows; result \"logits\" [batch, class]."
        })
final class Export implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "The model file.")
    private Path modelFile;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", required = true, description = "The file to write: .onnx.")
    private Path target;

    @Option(
            names = "--truncation",
            description = "Write the cutoffs too, as products with DCT matrices: the same logits as Lowpass gives, and slow. Without it the network is dense.")
    private boolean truncation;

    @Option(names = "--force", description = "Replace FILE if it exists.")
    private boolean force;

    @Mixin
    private CutoffsOption cutoffs;

    @Override
    public Integer call() throws IOException {
        if (!target.toString().toLowerCase(Locale.ROOT).endsWith(".onnx")) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--output': " + target + " is of no format that can be written; give a name that ends in .onnx");
        }
        OutputFile.requireWritable(target);
        if (Files.exists(target) && !force) {
            throw new CommandException(target + ": exists already; give --force to replace it, or another name");
        }
        try (LoadedModel model = cutoffs.load(modelFile)) {
            boolean hasCutoffs = Macs.of(model.definition()).keptShare() < 1;
            byte[] bytes = OnnxExporter.export(model.definition(), truncation);
            OutputFile.write(target, out -> out.write(bytes));
            spec.commandLine().getOut().println(target + ": " + Quantity.bytes(bytes.length) + ", input [batch, "
                    + model.definition().graph().input().channels() + ", " + model.definition().graph().input().height() + ", "
                    + model.definition().graph().input().width() + "], " + model.definition().classes() + " classes, "
                    + (!hasCutoffs ? "dense" : truncation ? model.cutoffs() == null ? "with its cutoffs" : "with the cutoffs " + model.cutoffs() : "dense: its cutoffs are left out (--truncation writes them)"));
        }
        return ExitCode.OK;
    }
}
