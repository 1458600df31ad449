package dev.lowpass.bench;

import dev.lowpass.bench.command.CommandLines;
import dev.lowpass.bench.output.ClosedOutputException;
import dev.lowpass.bench.output.ErrorStream;
import dev.lowpass.bench.output.OneLineLog;
import dev.lowpass.bench.output.OutputException;
import dev.lowpass.bench.output.StandardOutput;
import java.io.BufferedOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;

/** The program {@code lowpass}. Exits with 0, with 1 for a failure, and with 2 for a usage error. */
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        ErrorStream.install();
        OneLineLog.install();
        PrintWriter out = new PrintWriter(new OutputStreamWriter(new BufferedOutputStream(new StandardOutput()), charset()));
        PrintWriter err = new PrintWriter(System.err, true);
        System.exit(run(out, err, args));
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        CommandLine commandLine = CommandLines.create(out, err);
        int status = commandLine.execute(args);
        try {
            out.flush();
            return status;
        } catch (ClosedOutputException | OutputException e) {
            // A command that failed has said its line; that its output fails too, most likely for the same reason, is no news.
            return status == 0 ? CommandLines.report(commandLine, e) : status;
        }
    }

    /** The terminal's, which Java 17 calls native and Java 19 tells for the output itself. */
    private static Charset charset() {
        String name = System.getProperty("stdout.encoding", System.getProperty("native.encoding"));
        return name == null || !Charset.isSupported(name) ? Charset.defaultCharset() : Charset.forName(name);
    }
}
