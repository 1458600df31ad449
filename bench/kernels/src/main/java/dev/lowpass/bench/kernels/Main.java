package dev.lowpass.bench.kernels;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Peak;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the benches and sets each result beside what the machine can do, measured in the same process. Arguments are JMH's own, such as
 * {@code -p layer=EXPAND_14,HEAD} or {@code -rf json -rff FILE}; {@code --smoke} runs every bench for a moment, to see that it runs and
 * agrees with the reference: its times mean nothing.
 */
public final class Main {

    private Main() {}

    public static void main(String[] arguments) throws RunnerException {
        boolean smoke = Arrays.asList(arguments).contains("--smoke");
        CommandLineOptions given;
        try {
            given = new CommandLineOptions(Arrays.stream(arguments)
                    .filter(argument -> !argument.equals("--smoke"))
                    .map(argument -> argument.equals("--help") ? "-h" : argument) // JMH knows the short one only
                    .toArray(String[]::new));
        } catch (CommandLineOptionException e) {
            System.err.println("lowpass bench-kernels: " + e.getMessage() + " (see lowpass bench-kernels --help)");
            System.exit(2);
            return;
        }
        if (given.shouldHelp()) {
            System.out.println("lowpass bench-kernels [--smoke] [JMH's options]");
            try {
                given.showHelp();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return;
        }
        OptionsBuilder options = new OptionsBuilder();
        options.parent(given).include("\\." + KernelBench.class.getSimpleName() + "\\.").shouldFailOnError(true);
        if (smoke) {
            options.forks(0).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(1));
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        if (smoke) {
            System.out.println("all " + results.size() + " benches ran and agree with the reference; their times mean nothing");
        } else {
            print(results, Backends.vector().peak(1));
        }
    }

    private static void print(Collection<RunResult> results, Optional<Peak> peak) {
        Backend backend = Backends.vector();
        System.out.println();
        System.out.println(backend.description() + ", Java " + Runtime.version() + ", one thread");
        peak.ifPresent(known -> System.out.printf(Locale.ROOT, "peak %.1f GFLOP/s, %.1f GB/s from memory: %s%n", known.flops() / 1e9,
                known.memoryBytesPerSecond() / 1e9, known.method()));
        System.out.printf(Locale.ROOT, "%-22s %-14s %-14s %10s %9s %7s %8s %7s%n", "layer", "input", "output", "us", "GFLOP/s", "peak", "GB/s", "roof");
        for (RunResult result : results) {
            Layer layer = Layer.valueOf(result.getParams().getParam("layer"));
            OperationSpec spec = layer.spec();
            double nanos = result.getPrimaryResult().getStatistics().getPercentile(50) * TimeUnit.NANOSECONDS.convert(1, result.getParams().getTimeUnit());
            double flops = 2 * spec.macs() / nanos;
            long bytes = Trial.bytes(spec);
            System.out.printf(Locale.ROOT, "%-22s %-14s %-14s %10.2f %9s %7s %8.1f %7s%n", layer, spec.in(), spec.out(), nanos / 1e3,
                    spec.macs() == 0 ? "" : String.format(Locale.ROOT, "%.1f", flops),
                    spec.macs() == 0 ? "" : percent(peak.map(known -> flops * 1e9 / known.flops())), bytes / nanos,
                    percent(peak.map(known -> known.floorNanos(spec.macs(), bytes) / nanos)));
        }
        System.out.println("us: the median. GFLOP/s: multiply-accumulates of the model, transforms not counted. roof: the least time for these and for reading and");
        System.out.println("writing each operand once, by this machine's peaks, as a share of the time taken.");
    }

    private static String percent(Optional<Double> share) {
        return share.map(value -> String.format(Locale.ROOT, "%.0f %%", 100 * value)).orElse("");
    }
}
