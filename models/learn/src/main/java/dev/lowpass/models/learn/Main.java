package dev.lowpass.models.learn;

import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.runtime.file.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands of {@code lowpass} that need libtorch. Exits with 0, with 1 for a failure, and with 2 for a usage error. */
@Command(name = "lowpass", mixinStandardHelpOptions = true, subcommands = {Learn.class, Train.class, CommandLine.HelpCommand.class},
        description = "Learning for Lowpass, with libtorch.")
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String... args) {
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler((e, line, parsed) -> {
            if (e instanceof UsageException) {
                line.getErr().println("lowpass: " + e.getMessage() + " (see lowpass " + line.getCommandName() + " --help)");
                return 2;
            }
            if (e instanceof FileSystemException file) {
                System.err.println("lowpass: " + file.getFile() + ": " + Reason.of(file) + "; check the path");
                return 1;
            }
            if (e instanceof LearnException || e instanceof CudaException || e instanceof IOException || e instanceof UncheckedIOException || e instanceof IllegalArgumentException) {
                System.err.println("lowpass: " + e.getMessage());
                return 1;
            }
            throw e;
        });
        return commandLine.execute(args);
    }

    /** A command line that cannot be meant. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1;

        private UsageException(String message) {
            super(message);
        }
    }

    static UsageException usage(String message) {
        return new UsageException(message);
    }

    static void requirePositive(String option, int value) {
        if (value < 1) {
            throw usage(option + " is " + value + "; it must be at least 1");
        }
    }

    static void requirePositive(String option, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw usage(option + " is " + value + "; it must be a number above 0");
        }
    }

    static void log(String line) {
        System.err.println(line.isEmpty() ? "" : LocalTime.now().truncatedTo(ChronoUnit.SECONDS) + " " + line);
    }
}
