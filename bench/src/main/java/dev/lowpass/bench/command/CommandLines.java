package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lowpass.bench.output.ClosedOutputException;
import dev.lowpass.bench.output.OneLineLog;
import dev.lowpass.bench.output.OutputException;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.runtime.file.Reason;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Makes the command line, and turns whatever goes wrong in it into one line and an exit code. */
public final class CommandLines {

    /** What a shell reports for a program that SIGPIPE has ended: 128 + 13. */
    private static final int CLOSED_OUTPUT = 141;

    private CommandLines() {}

    /**
     * @param out receives results
     * @param err receives messages
     */
    public static CommandLine create(PrintWriter out, PrintWriter err) {
        CommandLine root = new CommandLine(new Lowpass());
        root.setOut(out);
        root.setErr(err);
        root.setCaseInsensitiveEnumValuesAllowed(true);
        root.setUsageHelpAutoWidth(false);
        root.setUsageHelpWidth(100);
        root.setParameterExceptionHandler((e, args) -> usageError(e));
        root.setExecutionExceptionHandler((e, commandLine, parseResult) -> report(commandLine, e));
        root.setExecutionStrategy(parseResult -> {
            CommandLine command = parseResult.asCommandLineList().get(parseResult.asCommandLineList().size() - 1);
            if (isVerbose(command)) {
                OneLineLog.verbose();
            }
            try {
                return new CommandLine.RunLast().execute(parseResult);
            } catch (ClosedOutputException | OutputException | OutOfMemoryError | StackOverflowError | LinkageError e) {
                return report(command, e); // of help texts too
            }
        });
        return root;
    }

    private static int usageError(ParameterException e) {
        CommandLine command = e.getCommandLine();
        String suggestion = "";
        if (e instanceof UnmatchedArgumentException unmatched) {
            suggestion = unmatched.getSuggestions().stream().findFirst().map(text -> "; did you mean " + text + '?').orElse("");
        }
        command.getErr().println("lowpass: " + oneLine(e.getMessage()) + suggestion + " (see '" + command.getCommandSpec().qualifiedName() + " --help')");
        return ExitCode.USAGE;
    }

    /** Prints one line, or with {@code --verbose} the stack trace after it; nothing for a reader that is gone. The exit code. */
    public static int report(CommandLine command, Throwable e) {
        if (e instanceof ClosedOutputException) {
            return CLOSED_OUTPUT;
        }
        command.getErr().println("lowpass: " + oneLine(describe(command, e)));
        if (isVerbose(command)) {
            e.printStackTrace(command.getErr());
        }
        return ExitCode.SOFTWARE;
    }

    private static boolean isVerbose(CommandLine command) {
        for (CommandLine at = command; at != null; at = at.getParent()) {
            if (at.getCommandSpec().userObject() instanceof Lowpass root) {
                return root.verbose();
            }
        }
        return false;
    }

    /** What to tell a user: messages of this project's exceptions say what to do already. */
    private static String describe(CommandLine command, Throwable e) {
        if (e instanceof UncheckedIOException unchecked) {
            return describe(command, unchecked.getCause());
        } else if (e instanceof JsonProcessingException json) {
            return json.getOriginalMessage();
        } else if (e instanceof FileSystemException file) {
            return file.getFile() + ": " + Reason.of(file) + "; check the path";
        } else if (e instanceof OutOfMemoryError) {
            return "out of memory: the JVM's heap ends at " + Quantity.bytes(Runtime.getRuntime().maxMemory())
                    + "; " + (command.getCommandSpec().findOption("--batch") == null ? "" : "use a smaller --batch, or ") + "allow more, for example by LOWPASS_JAVA_OPTS=-Xmx8g";
        } else if (e instanceof LinkageError) {
            return "a library does not load (" + e + "); run 'lowpass doctor', which tells what is missing";
        } else if (isOurs(e)) {
            return e.getMessage();
        } else if (e instanceof IOException) {
            return "reading or writing failed: " + Reason.of((IOException) e) + "; run again with --verbose to see where";
        }
        return "unexpected " + e + "; this is a fault of lowpass: run again with --verbose and report what it prints";
    }

    /** An exception whose message was written to be read: this project's own types, and its refusals of arguments and states. */
    private static boolean isOurs(Throwable e) {
        if (e.getMessage() == null) {
            return false;
        }
        StackTraceElement[] trace = e.getStackTrace();
        return e.getClass().getName().startsWith("dev.lowpass.")
                || (e.getClass() == IllegalArgumentException.class || e.getClass() == IllegalStateException.class)
                        && trace.length > 0 && trace[0].getClassName().startsWith("dev.lowpass.");
    }

    private static String oneLine(String text) {
        return String.valueOf(text).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
