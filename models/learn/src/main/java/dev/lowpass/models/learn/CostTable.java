package dev.lowpass.models.learn;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.RunTiming;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.file.WholeFile;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What each op costs on a device, measured: in a network that is not cut, in one whose layers all run in the frequency domain with every
 * coefficient, and in one with half of them.
 *
 * <p>Whether layers pay is decided for a block ({@link GraphOp#blockName}) at a time: it is cut if with half
 * of its coefficients it is faster than without cutoffs, by a little more than measuring again would make of it.
 *
 * @param device the name of the device, and threads
 * @param ops milliseconds of one image by op
 */
record CostTable(String device, Map<String, Op> ops) {

    private static final String SCHEMA = "lowpass.costs/1";
    private static final double HALF = 0.5;
    /** The share of the time without cutoffs below which half of the coefficients pay. */
    private static final double PAYS = 0.97;
    /** Multiples of the golden ratio are spread evenly between whole numbers, however many there are. */
    private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
    private static final int MIN_RUNS = 30;
    private static final long WARM_UP_NANOS = 3_000_000_000L;
    private static final long MEASURE_NANOS = 6_000_000_000L;

    /** Milliseconds of one op, those of a change of domain before it included. */
    record Op(double dense, double whole, double half) {
        /** What the coefficients cost, all of them. */
        double coefficients() {
            return Math.max(0, (whole - half) / (1 - HALF));
        }
    }

    CostTable {
        ops = new LinkedHashMap<>(ops);
    }

    /** Runs the network on the device for about ten seconds, alone if the figures are to be good. */
    static CostTable measure(ModelDefinition dense, ModelDefinition open, Device device, int threads) {
        return measure(dense, open, device, threads, WARM_UP_NANOS, MEASURE_NANOS);
    }

    /** The same for another time. */
    static CostTable measure(ModelDefinition dense, ModelDefinition open, Device device, int threads, long warmUpNanos, long measureNanos) {
        Map<String, int[]> halves = new HashMap<>();
        CutoffLayers.cutoffs(open).forEach((name, all) -> halves.put(name, spread(all)));
        List<Map<String, Double>> columns = new ArrayList<>();
        try (Timed uncut = new Timed(dense, device, threads);
                Timed whole = new Timed(open, device, threads);
                Timed half = new Timed(CutoffLayers.withCutoffs(open, halves), device, threads)) {
            List<Timed> networks = List.of(uncut, whole, half);
            // In turns, so that what else the machine does meets all of them; and first for nothing, until everything is compiled.
            for (long nanos : new long[] {warmUpNanos, measureNanos}) {
                networks.forEach(Timed::forget);
                long start = System.nanoTime();
                for (int round = 0; round < MIN_RUNS || System.nanoTime() - start < nanos; round++) {
                    networks.forEach(Timed::run);
                }
            }
            networks.forEach(network -> columns.add(network.medians()));
        }
        Map<String, Op> ops = new LinkedHashMap<>();
        for (GraphOp op : dense.graph().ops()) {
            String name = op.name();
            ops.put(name, new Op(columns.get(0).getOrDefault(name, 0.0), columns.get(1).getOrDefault(name, 0.0), columns.get(2).getOrDefault(name, 0.0)));
        }
        return new CostTable(name(device, threads), ops);
    }

    /**
     * Cutoffs from none to all of the coefficients, in no order, half on average: a staircase as steep as learned ones. A network with half of
     * every channel's coefficients alike would run faster than one with cutoffs that differ.
     */
    static int[] spread(int[] all) {
        int[] cutoffs = new int[all.length];
        for (int c = 0; c < all.length; c++) {
            cutoffs[c] = (int) Math.round(all[c] * ((c + 0.5) * GOLDEN % 1));
        }
        return cutoffs;
    }

    /** A network that runs, and how long each of its steps took. */
    private static final class Timed implements AutoCloseable {
        private final Model model;
        private final Session session;
        private final RunTiming timing;
        private final FloatBuffer input;
        private final FloatBuffer logits;
        private final List<long[]> runs = new ArrayList<>();

        Timed(ModelDefinition definition, Device device, int threads) {
            model = Model.of(definition);
            session = model.newSession(SessionOptions.builder().device(device).threads(threads).build());
            session.warmUp(1);
            timing = RunTiming.ofSteps(session);
            input = FloatBuffer.allocate(session.inputElements());
            logits = FloatBuffer.allocate(session.classes());
        }

        void run() {
            session.run(input, 1, logits, timing);
            long[] nanos = new long[session.plan().steps().size()];
            Arrays.setAll(nanos, timing::stepNanos);
            runs.add(nanos);
        }

        void forget() {
            runs.clear();
        }

        /** The median of each step, in milliseconds, by the first op that the step, or the next step with an op, carries out. */
        Map<String, Double> medians() {
            Map<String, Double> medians = new HashMap<>();
            double before = 0;
            for (int i = 0; i < session.plan().steps().size(); i++) {
                int step = i;
                long[] nanos = runs.stream().mapToLong(run -> run[step]).sorted().toArray();
                double median = nanos[nanos.length / 2] / 1e6;
                List<String> ops = session.plan().steps().get(step).ops();
                if (ops.isEmpty()) {
                    before += median;
                } else {
                    medians.merge(ops.get(0), median + before, Double::sum);
                    before = 0;
                }
            }
            return medians;
        }

        @Override
        public void close() {
            session.close();
            model.close();
        }
    }

    static String name(Device device, int threads) {
        return device.name() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    /** Milliseconds of an image with the uncut network. */
    double dense() {
        return ops.values().stream().mapToDouble(Op::dense).sum();
    }

    /** The blocks that get faster by cutting, in the graph's order. */
    private Set<String> paying(Graph graph) {
        Map<String, Double> dense = new LinkedHashMap<>();
        Map<String, Double> half = new HashMap<>();
        Set<String> open = new HashSet<>();
        for (GraphOp op : graph.ops()) {
            Op cost = ops.get(op.name());
            String block = GraphOp.blockName(op.name());
            dense.merge(block, cost.dense(), Double::sum);
            half.merge(block, cost.half(), Double::sum);
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                open.add(block);
            }
        }
        Set<String> paying = new LinkedHashSet<>(dense.keySet());
        paying.removeIf(block -> !open.contains(block) || half.get(block) > PAYS * dense.get(block));
        return paying;
    }

    /** The network with cutoffs only on layers that pay. */
    ModelDefinition open(ModelDefinition open) {
        Set<String> paying = paying(open.graph());
        ModelDefinition chosen = CutoffLayers.openOnly(open, op -> paying.contains(GraphOp.blockName(op.name())));
        if (CutoffLayers.cut(chosen.graph()).isEmpty()) {
            throw new LearnException("no layer of this network gets faster by cutting on " + device + "; keep it uncut there, or choose a share by --keep");
        }
        return chosen;
    }

    /** @param chosen as {@link #open} gives it */
    Costs costs(ModelDefinition chosen) {
        Graph graph = chosen.graph();
        Set<String> paying = paying(graph);
        double fixed = 0;
        Map<String, Double> layers = new HashMap<>();
        for (GraphOp op : graph.ops()) {
            Op cost = ops.get(op.name());
            if (!paying.contains(GraphOp.blockName(op.name()))) {
                fixed += cost.dense();
            } else if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                layers.put(op.name(), cost.coefficients());
                fixed += Math.max(0, cost.whole() - cost.coefficients());
            } else {
                fixed += cost.whole();
            }
        }
        return new Costs(fixed, layers, "milliseconds on " + device);
    }

    void write(Path file) throws IOException {
        WholeFile.replace(file, part -> {
            try (JsonGenerator json = new JsonFactory().createGenerator(Files.newBufferedWriter(part)).setPrettyPrinter(new DefaultPrettyPrinter())) {
                json.writeStartObject();
                json.writeStringField("schema", SCHEMA);
                json.writeStringField("device", device);
                json.writeObjectFieldStart("ops");
                for (Map.Entry<String, Op> entry : ops.entrySet()) {
                    json.writeFieldName(entry.getKey());
                    json.writeArray(new double[] {entry.getValue().dense(), entry.getValue().whole(), entry.getValue().half()}, 0, 3);
                }
                json.writeEndObject();
                json.writeEndObject();
            }
        });
    }

    /** @throws LearnException when the file is no table, or one of another network */
    static CostTable read(Path file, Graph graph) throws IOException {
        String schema = null;
        String device = null;
        Map<String, Op> ops = new LinkedHashMap<>();
        try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
            List<Double> values = new ArrayList<>();
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                if (token == JsonToken.VALUE_STRING && "schema".equals(json.currentName())) {
                    schema = json.getText();
                } else if (token == JsonToken.VALUE_STRING && "device".equals(json.currentName())) {
                    device = json.getText();
                } else if (token.isNumeric()) {
                    values.add(json.getDoubleValue());
                } else if (token == JsonToken.END_ARRAY) {
                    if (values.size() != 3 || values.stream().anyMatch(value -> !(value >= 0 && value < 1e9))) {
                        throw new LearnException(file + ": op \"" + json.currentName() + "\" has " + values
                                + "; it must have three times in milliseconds: dense, whole, half");
                    }
                    ops.put(json.currentName(), new Op(values.get(0), values.get(1), values.get(2)));
                    values.clear();
                }
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new LearnException(file + " is no table of costs: " + e.getOriginalMessage() + "; delete it, and learn measures a new one", e);
        }
        if (!SCHEMA.equals(schema) || device == null) {
            throw new LearnException(file + " is no table of costs (schema " + schema + "); delete it, and learn measures a new one");
        }
        for (GraphOp op : graph.ops()) {
            if (!ops.containsKey(op.name())) {
                throw new LearnException(file + " has no costs of op \"" + op.name() + "\", so it is of another network; name another file with --costs");
            }
        }
        return new CostTable(device, ops);
    }

    /** What is chosen, in a line. */
    String describe(ModelDefinition chosen) {
        Costs costs = costs(chosen);
        return String.format(Locale.ROOT, "%s: %.3f ms uncut; with cutoffs in %s %.3f to %.3f ms", device, dense(), String.join(", ", paying(chosen.graph())),
                costs.fixed(), costs.whole());
    }
}
