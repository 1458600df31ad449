package dev.lowpass.bench.command;

import dev.lowpass.bench.output.ProgramVersion;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code lowpass} itself. */
@Command(
        name = "lowpass",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = Lowpass.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Run MobileNet-like networks whose pointwise convolutions keep, channel by channel, only the low frequencies.",
        subcommands = {Classify.class, Eval.class, Inspect.class, Explain.class, Verify.class, Import.class, Export.class, Bench.class, Compare.class, Report.class, Doctor.class},
        sortOptions = false,
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        footer = "%nlearn and train, which learn cutoffs and train networks, are built and fetch libtorch on first use: lowpass learn --help",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:success", "1:failure; one line on the standard error says what to do", "2:usage error"})
public final class Lowpass implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(names = {"-v", "--verbose"}, scope = ScopeType.INHERIT, description = "Log what is chosen and why; print stack traces of failures.")
    private boolean verbose;

    boolean verbose() {
        return verbose;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command; name one of " + String.join(", ", spec.subcommands().keySet()));
    }

    /** The program's version and the Java it runs on. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"lowpass " + ProgramVersion.get(), "Java " + Runtime.version() + ", " + System.getProperty("java.vendor")};
        }
    }
}
