package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.ClosedLoop;
import dev.lowpass.bench.latency.Engine;
import dev.lowpass.bench.latency.Interleaving;
import dev.lowpass.bench.latency.Load;
import dev.lowpass.bench.latency.LowpassEngine;
import dev.lowpass.bench.latency.OpenLoop;
import dev.lowpass.bench.latency.Summaries;
import dev.lowpass.bench.output.Progress;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.Precision;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Measures the engines of a {@link Bench}, a setting at a time. */
final class BenchRun {

    /** Images that make up a batch, over and over: two, so that an engine that mixes up images of a batch is found out. */
    private static final int IMAGES = 2;

    /** Calls that are taken apart into phases, after the timing. */
    private static final int PHASE_CALLS = 30;

    /**
     * What all engines that are compared have in common.
     *
     * @param device by its full name: {@code cpu}, {@code cuda:0}
     * @param requestRate null where each call follows the one before
     * @param leastTurns a turn is as long as this share of the whole duration, if that is longer; 0 for no such rule
     */
    record Setting(String device, int threads, int batch, int concurrency, Double requestRate, int leastTurns) {}

    /** An engine and what it is to run. */
    private record Contestant(Engine engine, Precision precision, String cutoffs) {}

    /** A contestant that runs. */
    private static final class Running {
        private final Contestant contestant;
        private final List<Engine.Call> calls = new ArrayList<>();
        private Engine.Session session;
        private long openNanos;
        private long firstCallNanos;
        private double error;

        Running(Contestant contestant) {
            this.contestant = contestant;
        }
    }

    private final Map<String, ModelDefinition> networks;
    private final List<Contestant> contestants = new ArrayList<>();
    private final Interleaving interleaving;
    private final Double tolerance;
    private final List<Double> percentiles;
    private final boolean profile;
    private final Map<String, Golden> expected = new HashMap<>();

    /**
     * @param networks by the name of their cutoffs
     * @param peers run the network without cutoffs
     * @param tolerance null for what the precision states
     * @param profile whether to time each step, too
     */
    BenchRun(
            Map<String, ModelDefinition> networks,
            List<Engine> peers,
            List<Precision> precisions,
            Interleaving interleaving,
            Double tolerance,
            List<Double> percentiles,
            boolean profile) {
        this.profile = profile;
        this.networks = new HashMap<>(networks);
        this.interleaving = interleaving;
        this.tolerance = tolerance;
        this.percentiles = percentiles;
        Engine own = new LowpassEngine();
        for (Precision precision : precisions) {
            for (String cutoffs : networks.keySet()) {
                contestants.add(new Contestant(own, precision, cutoffs));
            }
        }
        for (Engine peer : peers) {
            for (Precision precision : precisions) {
                contestants.add(new Contestant(peer, precision, Receipt.DENSE));
            }
        }
        ModelDefinition any = networks.values().iterator().next();
        this.networks.computeIfAbsent(Receipt.DENSE, name -> any.dense());
    }

    /** Lower case, as on the command line. */
    static String name(Precision precision) {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    List<Receipt.Library> libraries() {
        return contestants.stream().map(Contestant::engine).map(engine -> new Receipt.Library(engine.name(), engine.version())).distinct().toList();
    }

    /** Opens, checks, warms up and times every engine in that setting. */
    List<Receipt.Measurement> measure(Setting setting) {
        Map<Contestant, String> absent = new HashMap<>();
        List<Running> running = new ArrayList<>();
        try (Cleanups cleanups = new Cleanups()) {
            for (Contestant contestant : contestants) {
                try {
                    running.add(open(contestant, setting, cleanups));
                } catch (Engine.UnavailableException e) {
                    absent.put(contestant, e.getMessage());
                }
            }
            dropWrong(running, absent, setting);
            interleaving.warmUp(running.stream().map(one -> one.calls.get(0)).toList());
            Interleaving turns = setting.leastTurns == 0 ? interleaving
                    : new Interleaving(0, interleaving.durationNanos(), interleaving.iterations(),
                            Math.max(interleaving.turnNanos(), interleaving.durationNanos() / setting.leastTurns), interleaving.settleNanos());
            Load load = setting.requestRate == null ? new ClosedLoop() : new OpenLoop(setting.requestRate);
            List<List<Receipt.Turn>> timed;
            try (Progress progress = Progress.of("bench", "turns", turns.rounds() * (long) running.size())) {
                timed = turns.measure(running.stream().map(one -> one.calls).toList(), load, () -> progress.step(1));
            }
            // What was timed must have computed the right thing, too.
            List<Running> timedOnes = List.copyOf(running);
            dropWrong(running, absent, setting);
            List<Receipt.Measurement> measurements = new ArrayList<>();
            for (Contestant contestant : contestants) {
                int at = indexOf(timedOnes, contestant);
                measurements.add(absent.containsKey(contestant) ? absent(contestant, setting, absent.get(contestant)) : measurement(timedOnes.get(at), setting, timed.get(at)));
            }
            return measurements;
        }
    }

    private static int indexOf(List<Running> running, Contestant contestant) {
        for (int i = 0; i < running.size(); i++) {
            if (running.get(i).contestant == contestant) {
                return i;
            }
        }
        return -1;
    }

    /** Closes what was opened, the last first. */
    private static final class Cleanups implements AutoCloseable {
        private final List<Runnable> closings = new ArrayList<>();

        void add(Runnable closing) {
            closings.add(0, closing);
        }

        @Override
        public void close() {
            Cleanup cleanup = new Cleanup();
            closings.forEach(cleanup::run);
            cleanup.rethrow();
        }
    }

    private Running open(Contestant contestant, Setting setting, Cleanups cleanups) throws Engine.UnavailableException {
        Running one = new Running(contestant);
        ModelDefinition network = networks.get(contestant.cutoffs);
        long start = System.nanoTime();
        one.session = contestant.engine.open(network, new Engine.Options(setting.device, contestant.precision, setting.threads, setting.batch, setting.concurrency));
        one.openNanos = System.nanoTime() - start;
        cleanups.add(one.session::close);
        FloatBuffer golden = expected(contestant).input(network.preprocess());
        int elements = network.graph().input().elements();
        FloatBuffer input = FloatBuffer.allocate(Math.multiplyExact(setting.batch, elements));
        for (int n = 0; n < setting.batch; n++) {
            input.put(n * elements, golden, n % IMAGES * elements, elements);
        }
        try {
            for (int i = 0; i < setting.concurrency; i++) {
                Engine.Call call = one.session.newCall(input);
                cleanups.add(call::close);
                one.calls.add(call);
                start = System.nanoTime();
                call.run();
                one.firstCallNanos = i == 0 ? System.nanoTime() - start : one.firstCallNanos;
            }
        } catch (RuntimeException e) {
            if (contestant.engine instanceof LowpassEngine) {
                throw e;
            }
            // A peer that compiles at its first call, or runs out of memory at this batch, costs no one else's figures.
            throw new Engine.UnavailableException("fails at its first call: " + e.getMessage(), e);
        }
        return one;
    }

    private Golden expected(Contestant contestant) {
        ModelDefinition network = networks.get(contestant.cutoffs);
        return expected.computeIfAbsent(contestant.cutoffs, name -> Golden.of(network, GoldenImages.of(network.preprocess(), IMAGES)));
    }

    /**
     * Notes every engine's error. A peer with wrong logits is not measured, and its row says so.
     *
     * @throws CommandException when our own logits are wrong
     */
    private void dropWrong(List<Running> running, Map<Contestant, String> absent, Setting setting) {
        for (Running one : List.copyOf(running)) {
            one.error = error(one);
            double most = tolerance == null ? one.contestant.precision.tolerance() : tolerance;
            if (one.error <= most) {
                continue; // which NaN is not
            }
            String wrong = String.format(Locale.ROOT, "gives logits that differ from the reference's by %.1e of the largest, and %.1e is tolerated; its time would mean nothing",
                    one.error, most);
            if (one.contestant.engine instanceof LowpassEngine) {
                throw new CommandException("lowpass on " + setting.device + " in " + name(one.contestant.precision) + ", cutoffs " + one.contestant.cutoffs + ", " + wrong
                        + ": run 'lowpass verify', or give a larger --tolerance");
            }
            absent.put(one.contestant, wrong);
            running.remove(one);
        }
    }

    /** The largest difference of any caller's logits over the largest expected magnitude. */
    private double error(Running one) {
        Golden golden = expected(one.contestant);
        int classes = golden.logits().length / IMAGES;
        double difference = 0;
        double largest = 0;
        for (Engine.Call call : one.calls) {
            float[] logits = call.logits();
            for (int i = 0; i < logits.length; i++) {
                float right = golden.logits()[i / classes % IMAGES * classes + i % classes];
                difference = Math.max(difference, Math.abs((double) logits[i] - right)); // keeps NaN
                largest = Math.max(largest, Math.abs(right));
            }
        }
        return difference == 0 ? 0 : difference / largest;
    }

    private Receipt.Measurement measurement(Running one, Setting setting, List<Receipt.Turn> turns) {
        String description = one.session.description();
        return new Receipt.Measurement(one.contestant.engine.name(), setting.device, one.session.device(), name(one.contestant.precision), one.contestant.cutoffs,
                setting.threads, setting.batch, setting.concurrency, setting.requestRate, description.isEmpty() ? null : description, null, one.error,
                one.openNanos, one.firstCallNanos, turns, phases(one.calls.get(0)), profile(one.calls.get(0)), Summaries.of(turns, setting.batch, percentiles));
    }

    private static Receipt.Measurement absent(Contestant contestant, Setting setting, String reason) {
        return new Receipt.Measurement(contestant.engine.name(), setting.device, null, name(contestant.precision), contestant.cutoffs, setting.threads, setting.batch,
                setting.concurrency, setting.requestRate, null, reason, null, null, null, null, null, null, null);
    }

    private int phaseCalls() {
        return Math.min(PHASE_CALLS, Math.max(3, interleaving.iterations()));
    }

    /** Null when nobody asked, or for an engine that cannot tell. */
    private List<Receipt.Step> profile(Engine.Call call) {
        if (!profile) {
            return null;
        }
        List<Receipt.Step> steps = call.runInSteps(phaseCalls());
        return steps.isEmpty() ? null : steps;
    }

    /** Null for an engine that cannot take its calls apart. */
    private Receipt.Phases phases(Engine.Call call) {
        int count = phaseCalls();
        long[][] phases = new long[3][count];
        for (int i = 0; i < count; i++) {
            Optional<Engine.Phases> one = call.runInPhases();
            if (one.isEmpty()) {
                return null;
            }
            phases[0][i] = one.get().hostToDevice();
            phases[1][i] = one.get().compute();
            phases[2][i] = one.get().deviceToHost();
        }
        return new Receipt.Phases(phases[0], phases[1], phases[2]);
    }
}
