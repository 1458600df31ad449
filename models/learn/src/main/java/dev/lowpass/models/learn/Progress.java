package dev.lowpass.models.learn;

import java.util.Locale;
import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** How far a long task is, and when it will be done: a bar where the standard error is a terminal, otherwise a line now and then. */
final class Progress implements AutoCloseable {

    /** Set by the launcher where the standard error is a terminal, to its width in columns. */
    private static final String COLUMNS_PROPERTY = "lowpass.terminal.columns";
    private static final long LINE_NANOS = 10_000_000_000L;

    private final String task;
    private final String unit;
    private final long total;
    private final Consumer<String> log;
    private final ProgressBar bar;
    private final long started = System.nanoTime();
    private final long first;
    private long done;
    private long told;

    private Progress(String task, String unit, long first, long total, Consumer<String> log, ProgressBar bar) {
        this.task = task;
        this.unit = unit;
        this.first = first;
        this.total = total;
        this.log = log;
        this.bar = bar;
        done = first;
    }

    /**
     * @param unit what is counted, plural
     * @param first how many were done before
     * @param total how many there are, those included
     * @param log gets the lines
     */
    static Progress of(String task, String unit, long first, long total, Consumer<String> log) {
        int columns = Integer.getInteger(COLUMNS_PROPERTY, 0);
        ProgressBar bar = columns <= 0 ? null : new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .startsFrom(first, java.time.Duration.ZERO)
                .setUnit(" " + unit, 1)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                // A length given here keeps the library from opening a terminal of its own to ask for one.
                .setConsumer(new ConsoleProgressBarConsumer(System.err, Math.max(columns - 1, 20)))
                .build();
        return new Progress(task, unit, first, total, log, bar);
    }

    /** @param state what else is to be told, such as the loss */
    void step(long count, String state) {
        done += count;
        if (bar != null) {
            bar.stepBy(count);
            bar.setExtraMessage(" " + state);
        } else if (done == total || System.nanoTime() - Math.max(told, started) > LINE_NANOS) {
            told = System.nanoTime();
            double each = (told - started) / 1e9 / (done - first);
            log.accept(String.format(Locale.ROOT, "%s %d/%d %s%s%s, %s left", task, done, total, unit, state.isEmpty() ? "" : " ", state,
                    duration((total - done) * each)));
        }
    }

    /** A line of its own. */
    void note(String line) {
        if (bar != null) {
            System.err.print("\r\u001b[K"); // the bar is drawn again below the line
        }
        log.accept(line);
    }

    static String duration(double seconds) {
        long s = Math.round(seconds);
        return s >= 3600 ? String.format(Locale.ROOT, "%d h %02d min", s / 3600, s / 60 % 60) : String.format(Locale.ROOT, "%d min %02d s", s / 60, s % 60);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
