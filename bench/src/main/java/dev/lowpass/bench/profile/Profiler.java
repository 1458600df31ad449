package dev.lowpass.bench.profile;

import dev.lowpass.kernels.Peak;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.RunTiming;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.plan.Plan;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * Measures a {@link Profile}: the network as it is and the same without cutoffs, in turns in one process, so that whatever the machine
 * does besides meets both alike. Every other pass is timed as a whole, to see what timing its steps costs.
 */
public final class Profiler {

    private static final long TURN_NANOS = 60_000_000;
    private static final int LEAST_TURNS = 4;

    private final ToLongFunction<GraphOp> denseMacs;
    private final ToLongFunction<GraphOp> keptMacs;

    /**
     * @param denseMacs multiply-accumulates of an op of one image
     * @param keptMacs of these, those below the cutoffs
     */
    public Profiler(ToLongFunction<GraphOp> denseMacs, ToLongFunction<GraphOp> keptMacs) {
        this.denseMacs = denseMacs;
        this.keptMacs = keptMacs;
    }

    /** A network ready to be timed, and its times so far. */
    private static final class Subject implements AutoCloseable {
        final ModelDefinition definition;
        final Session session;
        final FloatBuffer input;
        final FloatBuffer logits;
        final int batch;
        final RunTiming phases = RunTiming.ofPhases();
        final RunTiming stepwise;
        /** By step, then by pass. */
        final Times[] steps;
        final Times whole = new Times();
        final Times sums = new Times();
        long spent;
        int passes;

        Subject(ModelDefinition definition, SessionOptions options) {
            this.definition = definition;
            batch = options.maxBatch();
            session = Model.of(definition).newSession(options);
            stepwise = RunTiming.ofSteps(session);
            steps = new Times[session.plan().steps().size()];
            Arrays.setAll(steps, i -> new Times());
            input = pictures(definition, batch);
            logits = FloatBuffer.allocate(batch * session.classes());
        }

        void turn() {
            session.run(input, batch, logits, phases); // brings weights and arena back into the caches; not counted
            session.run(input, batch, logits, stepwise);
            long begun = System.nanoTime();
            int done = 0;
            while (done < 4 || System.nanoTime() - begun < TURN_NANOS) {
                if (done % 2 == 0) {
                    session.run(input, batch, logits, phases);
                    whole.add(phases.computeNanos());
                } else {
                    session.run(input, batch, logits, stepwise);
                    sums.add(stepwise.computeNanos());
                    for (int i = 0; i < steps.length; i++) {
                        steps[i].add(stepwise.stepNanos(i));
                    }
                }
                done++;
            }
            passes += done;
            spent += System.nanoTime() - begun;
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** A growing list of nanoseconds. */
    private static final class Times {
        private long[] values = new long[64];
        private int count;

        void add(long nanos) {
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            values[count++] = nanos;
        }

        long median() {
            long[] sorted = Arrays.copyOf(values, count);
            Arrays.sort(sorted);
            return sorted[count / 2];
        }
    }

    /** A batch of pictures made up for the model's input, normalised. */
    static FloatBuffer pictures(ModelDefinition definition, int batch) {
        byte[] pixels = GoldenImages.of(definition.preprocess(), 2);
        FloatBuffer input = FloatBuffer.allocate(batch * definition.graph().input().elements());
        for (int i = 0; i < input.capacity(); i++) {
            input.put(i, definition.preprocess().normalize(pixels[i % pixels.length] & 0xff, i % definition.graph().input().channels()));
        }
        return input;
    }

    /**
     * @param options the batch is the largest that they name
     * @param seconds of timed passes for each network, at least
     */
    public Profile measure(ModelDefinition model, SessionOptions options, double seconds) {
        boolean truncated = model.graph().ops().stream().anyMatch(op -> op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated());
        try (Subject dense = new Subject(model.dense(), options)) {
            if (!truncated) {
                time(List.of(dense), seconds);
                return profile(dense, dense, options);
            }
            try (Subject cut = new Subject(model, options)) {
                time(List.of(dense, cut), seconds);
                return profile(dense, cut, options);
            }
        }
    }

    private static void time(List<Subject> subjects, double seconds) {
        for (Subject subject : subjects) {
            subject.session.warmUp(subject.batch);
            subject.turn(); // compiles what times the steps
            Arrays.setAll(subject.steps, i -> new Times());
        }
        for (int turn = 0; turn < LEAST_TURNS || subjects.stream().anyMatch(subject -> subject.spent < 1e9 * seconds); turn++) {
            for (int i = 0; i < subjects.size(); i++) {
                subjects.get(turn % 2 == 0 ? i : subjects.size() - 1 - i).turn();
            }
        }
    }

    private Profile profile(Subject dense, Subject network, SessionOptions options) {
        boolean truncated = dense != network;
        int batch = options.maxBatch();
        Peak peak = options.device().peak(options.threads()).orElse(null);
        Attribution attribution = new Attribution(network.definition, network.session.plan());
        List<Plan.Step> steps = network.session.plan().steps();
        List<String> tactics = network.session.tactics(batch);
        Long[] denseNanos = new Long[steps.size()];
        List<List<String>> denseOps = new ArrayList<>(Collections.nCopies(steps.size(), null));
        Integer[] denseStep = new Integer[steps.size()];
        for (Correspondence.Group group : truncated ? Correspondence.of(steps, dense.session.plan().steps()) : List.<Correspondence.Group>of()) {
            int first = group.steps().get(0);
            denseNanos[first] = group.others().stream().mapToLong(i -> dense.steps[i].median()).sum();
            if (group.ops().size() > steps.get(first).ops().size()) {
                denseOps.set(first, List.copyOf(group.ops()));
                group.steps().stream().skip(1).filter(i -> !attribution.isTransform(i)).forEach(i -> denseStep[i] = first);
            }
        }
        List<Profile.Step> figures = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            Plan.Step step = steps.get(i);
            StepWork work = StepWork.of(step.spec());
            long macs = work.macs(batch);
            long bytes = work.bytes(batch, options.precision().elementBytes());
            figures.add(new Profile.Step(i, step.ops(), attribution.covers(i), step.spec().kernelName(), tactics.get(i),
                    step.domain().name().toLowerCase(Locale.ROOT), macs, bytes, network.steps[i].median(),
                    peak == null ? null : peak.floorNanos(macs, bytes), denseNanos[i], denseOps.get(i), denseStep[i]));
        }
        figures.sort(Comparator.comparingDouble(Profile.Step::lostNanos).reversed());
        return new Profile(options.device().name(), options.device().description(), options.precision().name().toLowerCase(Locale.ROOT), options.threads(), batch,
                network.passes, peak == null ? null : roof(peak), dense.whole.median(), truncated ? network.whole.median() : null, network.sums.median(),
                figures, blocks(dense, network, attribution), layers(dense, network, attribution));
    }

    private static Profile.Roof roof(Peak peak) {
        return new Profile.Roof(peak.flops(), peak.levels().stream().map(level -> new Profile.Level(level.bytes(), level.bytesPerSecond())).toList(), peak.method());
    }

    private List<Profile.Block> blocks(Subject dense, Subject network, Attribution attribution) {
        List<List<String>> together = new ArrayList<>();
        network.definition.graph().ops().forEach(op -> together.add(List.of(GraphOp.blockName(op.name()))));
        for (Subject subject : List.of(dense, network)) {
            subject.session.plan().steps().forEach(step -> together.add(step.ops().stream().map(GraphOp::blockName).toList()));
        }
        Map<String, String> firstBlock = Correspondence.joined(together);
        Map<String, List<String>> ops = new LinkedHashMap<>();
        Map<String, Set<String>> names = new LinkedHashMap<>();
        for (GraphOp op : network.definition.graph().ops()) {
            String name = GraphOp.blockName(op.name());
            ops.computeIfAbsent(firstBlock.get(name), first -> new ArrayList<>()).add(op.name());
            names.computeIfAbsent(firstBlock.get(name), first -> new LinkedHashSet<>()).add(name);
        }
        Map<String, Long> denseNanos = nanosByBlock(dense, new Attribution(dense.definition, dense.session.plan()), firstBlock);
        Map<String, Long> nanos = nanosByBlock(network, attribution, firstBlock);
        List<Profile.Block> blocks = new ArrayList<>();
        ops.forEach((first, members) -> {
            List<GraphOp> of = members.stream().map(network.definition.graph()::op).toList();
            blocks.add(new Profile.Block(String.join(", ", names.get(first)), members, network.batch * of.stream().mapToLong(denseMacs).sum(),
                    network.batch * of.stream().mapToLong(keptMacs).sum(), denseNanos.getOrDefault(first, 0L),
                    dense == network ? null : nanos.getOrDefault(first, 0L)));
        });
        return blocks;
    }

    private static Map<String, Long> nanosByBlock(Subject subject, Attribution attribution, Map<String, String> firstBlock) {
        Map<String, Long> nanos = new LinkedHashMap<>();
        for (int i = 0; i < subject.steps.length; i++) {
            nanos.merge(firstBlock.getOrDefault(attribution.block(i), attribution.block(i)), subject.steps[i].median(), Long::sum);
        }
        return nanos;
    }

    private List<Profile.Layer> layers(Subject dense, Subject network, Attribution attribution) {
        List<Plan.Step> denseSteps = dense.session.plan().steps();
        List<Plan.Step> steps = network.session.plan().steps();
        List<Profile.Layer> layers = new ArrayList<>();
        for (GraphOp op : network.definition.graph().ops()) {
            if (!(op instanceof GraphOp.PointwiseConv2d pointwise)) {
                continue;
            }
            int side = pointwise.block();
            long coefficients = (long) side * side * pointwise.inChannels();
            long kept = side == 0 ? 0 : Arrays.stream(network.definition.parameters(op).cutoffs()).asLongStream().sum();
            int denseOwn = Attribution.stepOf(denseSteps, op.name());
            int own = Attribution.stepOf(steps, op.name());
            long transforms = 0;
            for (int i = 0; i < network.steps.length; i++) {
                if (attribution.isTransform(i) && attribution.owner(i).equals(op.name())) {
                    transforms += network.steps[i].median();
                }
            }
            boolean both = dense != network;
            layers.add(new Profile.Layer(op.name(), GraphOp.blockName(op.name()), side, kept, coefficients, network.batch * denseMacs.applyAsLong(op),
                    network.batch * keptMacs.applyAsLong(op), dense.steps[denseOwn].median(), Attribution.others(dense.definition, denseSteps.get(denseOwn), op.name()),
                    both ? network.steps[own].median() : null, both ? Attribution.others(network.definition, steps.get(own), op.name()) : null,
                    both ? transforms : null));
        }
        return layers;
    }
}
