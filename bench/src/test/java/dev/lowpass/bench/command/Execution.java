package dev.lowpass.bench.command;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a command line gave: exit code, standard output and messages. */
record Execution(int status, String out, String err) {

    static Execution of(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = String.valueOf(args[i]);
        }
        int status = CommandLines.create(new PrintWriter(out), new PrintWriter(err)).execute(texts);
        return new Execution(status, out.toString(), err.toString());
    }

    /** The only line of the messages. */
    String message() {
        if (err.lines().count() != 1) {
            throw new AssertionError("expected one line, got: " + err);
        }
        return err.strip();
    }
}
