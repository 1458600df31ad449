package dev.lowpass.bench.output;

import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The log of the whole program: one line a message on the standard error, stack traces only when asked for. */
public final class OneLineLog extends Handler {

    // Held, since the log manager holds loggers weakly.
    private static final Logger ROOT = Logger.getLogger("");

    private final Formatter texts = new java.util.logging.SimpleFormatter();
    private volatile boolean stackTraces;

    private OneLineLog() {
        setLevel(Level.ALL);
    }

    /** Replaces the JDK's two-line log. Warnings and errors are shown. */
    public static void install() {
        LogManager.getLogManager().reset();
        ROOT.setLevel(Level.WARNING);
        ROOT.addHandler(new OneLineLog());
    }

    /** Shows what was chosen and why, and stack traces of what was caught. */
    public static void verbose() {
        ROOT.setLevel(Level.INFO);
        for (Handler handler : ROOT.getHandlers()) {
            if (handler instanceof OneLineLog log) {
                log.stackTraces = true;
            }
        }
    }

    @Override
    public void publish(LogRecord record) {
        if (!isLoggable(record)) {
            return;
        }
        String level = record.getLevel().intValue() >= Level.SEVERE.intValue() ? "error: "
                : record.getLevel().intValue() >= Level.WARNING.intValue() ? "warning: " : "";
        System.err.println("lowpass: " + level + texts.formatMessage(record).replaceAll("\\s*\\R\\s*", " "));
        if (stackTraces && record.getThrown() != null) {
            record.getThrown().printStackTrace();
        }
    }

    @Override
    public void flush() {
        System.err.flush();
    }

    @Override
    public void close() {}
}
