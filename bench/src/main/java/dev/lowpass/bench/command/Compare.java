package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Table;
import dev.lowpass.bench.receipt.Comparison;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

/** {@code lowpass compare}. */
@Command(
        name = "compare",
        description = {
            "Compare two receipts of 'lowpass bench --json'.",
            "The ratio is the median time of a call in B over that in A: above 1, B is slower. Its interval of 95 %% is a bootstrap over the turns of "
                    + "each run; what differs from one start of a program to the next, such as where its memory lies, is not in it."
        })
final class Compare implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "A", description = "The receipt to compare with.")
    private Path firstFile;

    @Parameters(index = "1", paramLabel = "B", description = "The receipt to judge.")
    private Path secondFile;

    @Option(
            names = "--max-regression",
            paramLabel = "PERCENT",
            description = "Exit with 1 when a measurement of lowpass in B is slower by more than so many per cent, and its interval lies above 1.")
    private Double maxRegression;

    @Option(names = "--force", description = "Compare in spite of another machine or model.")
    private boolean force;

    @Mixin
    private JsonOption json;

    private record Row(Comparison.Pair pair, Ratio ratio, boolean regressed) {}

    @Override
    public Integer call() throws IOException {
        if (maxRegression != null && !(maxRegression >= 0 && maxRegression < Double.POSITIVE_INFINITY)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--max-regression': " + maxRegression + "; give a number of per cent of at least 0");
        }
        JsonReport report = json.report();
        Receipt first = ReceiptFile.read(firstFile);
        Receipt second = ReceiptFile.read(secondFile);
        Comparison comparison = Comparison.of(first, second);
        if (comparison.pairs().isEmpty() || !comparison.obstacles().isEmpty() && !force) {
            throw new CommandException(firstFile + " and " + secondFile + " cannot be compared: " + String.join("; ", comparison.obstacles())
                    + (comparison.pairs().isEmpty() ? "; measure the same settings" : "; measure both on one machine with one model, or give --force"));
        }
        comparison.obstacles().forEach(this::warn);
        comparison.changes().forEach(this::warn);
        comparison.onlyFirst().forEach(name -> warn("only " + firstFile + " has " + name));
        comparison.onlySecond().forEach(name -> warn("only " + secondFile + " has " + name));
        List<Row> rows = new ArrayList<>();
        for (Comparison.Pair pair : comparison.pairs()) {
            Ratio ratio = Ratio.of(pair.second().latencies(), pair.first().latencies());
            boolean regressed = maxRegression != null && pair.first().engine().equals("lowpass") && ratio.value() > 1 + maxRegression / 100 && ratio.low() > 1;
            rows.add(new Row(pair, ratio, regressed));
        }
        if (!report.toStandardOutput()) {
            print(rows);
        }
        List<String> regressed = rows.stream().filter(Row::regressed)
                .map(row -> String.format(Locale.ROOT, "%s by %.1f %%", row.pair.name(), 100 * (row.ratio.value() - 1))).toList();
        report.write("lowpass.compare/1", generator -> write(generator, rows));
        if (!regressed.isEmpty()) {
            throw new CommandException("slower by more than " + maxRegression + " %: " + String.join("; ", regressed));
        }
        return ExitCode.OK;
    }

    private void warn(String text) {
        spec.commandLine().getErr().println("lowpass: warning: " + text);
    }

    private void print(List<Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        Table table = new Table().left("measurement").right("A ms").right("B ms").right("B / A").left("95 %").left("");
        for (Row row : rows) {
            boolean known = row.ratio.low() > 1 || row.ratio.high() < 1;
            table.row(row.pair.name(), millis(row.pair.first()), millis(row.pair.second()), String.format(Locale.ROOT, "%.3f", row.ratio.value()),
                    String.format(Locale.ROOT, "[%.3f, %.3f]", row.ratio.low(), row.ratio.high()),
                    !known ? "no difference shown" : row.ratio.value() > 1 ? row.regressed ? "SLOWER" : "slower" : "faster");
        }
        table.print(out);
    }

    private static String millis(Receipt.Measurement one) {
        return String.format(Locale.ROOT, "%.4f", Percentile.median(one.latencies()) / 1e6);
    }

    private void write(JsonGenerator generator, List<Row> rows) throws IOException {
        generator.writeStringField("a", firstFile.toString());
        generator.writeStringField("b", secondFile.toString());
        generator.writeArrayFieldStart("measurements");
        for (Row row : rows) {
            generator.writeStartObject();
            generator.writeStringField("name", row.pair.name());
            generator.writeNumberField("a_median_nanos", Percentile.median(row.pair.first().latencies()));
            generator.writeNumberField("b_median_nanos", Percentile.median(row.pair.second().latencies()));
            generator.writeNumberField("ratio", row.ratio.value());
            generator.writeNumberField("ratio_low", row.ratio.low());
            generator.writeNumberField("ratio_high", row.ratio.high());
            generator.writeBooleanField("regressed", row.regressed);
            generator.writeEndObject();
        }
        generator.writeEndArray();
    }
}
