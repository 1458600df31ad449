package dev.lowpass.bench.output;

import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on the standard error, if that is a terminal; silent otherwise, so that logs and pipes stay clean. */
public final class Progress implements AutoCloseable {

    /** Set by the launcher where the standard error is a terminal, to its width in columns. */
    public static final String COLUMNS_PROPERTY = "lowpass.terminal.columns";

    private final ProgressBar bar;

    private Progress(ProgressBar bar) {
        this.bar = bar;
    }

    /**
     * @param unit what is counted, plural
     * @param total how many there are
     */
    public static Progress of(String task, String unit, long total) {
        return of(task, unit, total, Integer.getInteger(COLUMNS_PROPERTY, 0), System.err);
    }

    static Progress of(String task, String unit, long total, int columns, PrintStream terminal) {
        if (columns <= 0) {
            return new Progress(null);
        }
        return new Progress(new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setUnit(" " + unit, 1)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                // A length given here keeps the library from opening a terminal of its own to ask for one.
                .setConsumer(new ConsoleProgressBarConsumer(terminal, Math.max(columns - 1, 20)))
                .build());
    }

    public void step(long count) {
        if (bar != null) {
            bar.stepBy(count);
        }
    }

    /** Leaves the bar as it stands and ends its line. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
