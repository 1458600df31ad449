package dev.lowpass.runtime.file;

import dev.lowpass.kernels.Half;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.CutoffSet;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphException;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads and writes model files; the package's description states the format. */
public final class ModelFile {

    private static final int OLDEST_FORMAT = 1;
    private static final int NEWEST_FORMAT = 2;
    /** The first format that knows cutoff sets; a model without them is written in the oldest format, which more builds read. */
    private static final int FORMAT_OF_CUTOFF_SETS = 2;
    /** How far a set's stated share of multiply-accumulates may be from that of its tensors: it is rounded when it is written. */
    private static final double KEPT_TOLERANCE = 1e-4;

    private static final String PREFIX = "lowpass.";
    private static final String FORMAT = PREFIX + "format";
    private static final String GRAPH = PREFIX + "graph";
    private static final String PREPROCESS = PREFIX + "preprocess";
    private static final String LABELS = PREFIX + "labels";
    private static final String PROVENANCE = PREFIX + "provenance";
    private static final String CUTOFF_SETS = PREFIX + "cutoffs";
    private static final List<String> KEYS = List.of(FORMAT, GRAPH, PREPROCESS, LABELS, PROVENANCE, CUTOFF_SETS);

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";
    private static final String CUTOFF = ".cutoff";
    private static final String SCALE = ".scale";
    private static final List<String> CHANGED = List.of(CUTOFF, WEIGHT, SCALE, BIAS);
    private static final String GOLDEN_INPUT = "golden.input";
    private static final String GOLDEN_LOGITS = "golden.logits";

    /** How weights are stored. */
    public enum WeightType {
        /** As they are. */
        F32,
        /** Rounded to the nearest half, ties to even; biases stay F32. */
        F16
    }

    private ModelFile() {}

    /**
     * Reads the whole model and checks it against every rule of the format.
     *
     * @throws ModelFormatException when the file cannot be read or breaks a rule
     */
    public static ModelDefinition read(Path path) throws IOException {
        return read(SafetensorsFile.open(path));
    }

    /**
     * The same for a file that is in memory.
     *
     * @param path names it in refusals
     * @param bytes the whole file; do not change it afterwards
     */
    public static ModelDefinition read(Path path, byte[] bytes) throws IOException {
        return read(SafetensorsFile.of(path, bytes));
    }

    private static ModelDefinition read(SafetensorsFile file) throws IOException {
        requireFormat(file);
        List<GraphOp> ops = GraphJson.parse(where(file, GRAPH), text(file, GRAPH));
        Preprocess preprocess = PreprocessJson.parse(where(file, PREPROCESS), text(file, PREPROCESS));
        List<String> labels = labels(file);
        Map<String, String> provenance = provenance(file);
        Graph graph;
        try {
            graph = Graph.of(preprocess.input(), ops);
        } catch (GraphException e) {
            throw new ModelFormatException(where(file, GRAPH) + ": " + e.getMessage(), e);
        }
        List<CutoffSet> sets = file.metadata().containsKey(CUTOFF_SETS) ? CutoffSetsJson.parse(where(file, CUTOFF_SETS), text(file, CUTOFF_SETS)) : List.of();
        requireKnownTensors(file, graph, sets);
        Map<String, Parameters> parameters = new LinkedHashMap<>();
        for (GraphOp op : graph.ops()) {
            if (weightShape(op) != null) {
                parameters.put(op.name(), parameters(file, op));
            }
        }
        Optional<Golden> golden = golden(file, graph);
        List<CutoffSet> wholeSets = new ArrayList<>();
        for (CutoffSet set : sets) {
            wholeSets.add(wholeSets.isEmpty() ? set : cutoffSet(file, graph, set, golden));
        }
        ModelDefinition model = new ModelDefinition(graph, parameters, preprocess, labels, provenance, golden, wholeSets);
        check(file.path().toString(), model);
        return model;
    }

    private static String where(SafetensorsFile file, String key) {
        return file.path() + ": " + key;
    }

    private static void requireFormat(SafetensorsFile file) throws ModelFormatException {
        String range = "this build reads formats " + OLDEST_FORMAT + " to " + NEWEST_FORMAT;
        String format = file.metadata().get(FORMAT);
        if (format == null) {
            throw new ModelFormatException(file.path() + ": has no " + FORMAT + " in its metadata, so it is no Lowpass model; " + range
                    + ": import other weights first");
        }
        int number = format.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(format) : 0;
        if (number < OLDEST_FORMAT || number > NEWEST_FORMAT) {
            throw new ModelFormatException(file.path() + ": " + FORMAT + " is " + Json.show(format) + "; " + range
                    + ": use a build that knows that format or import the model again");
        }
        if (number < FORMAT_OF_CUTOFF_SETS && file.metadata().containsKey(CUTOFF_SETS)) {
            throw new ModelFormatException(file.path() + ": has " + CUTOFF_SETS + ", which format " + format + " does not know; it must be "
                    + FORMAT + " " + FORMAT_OF_CUTOFF_SETS);
        }
        for (String key : file.metadata().keySet()) {
            if (key.startsWith(PREFIX) && !KEYS.contains(key)) {
                throw new ModelFormatException(file.path() + ": metadata has the unknown key " + Json.show(key) + "; remove it, known are "
                        + String.join(", ", KEYS));
            }
        }
    }

    private static String text(SafetensorsFile file, String key) throws ModelFormatException {
        String text = file.metadata().get(key);
        if (text == null) {
            throw new ModelFormatException(file.path() + ": has no " + key + " in its metadata; a model needs it: add it");
        }
        return text;
    }

    private static List<String> labels(SafetensorsFile file) throws ModelFormatException {
        if (!file.metadata().containsKey(LABELS)) {
            return List.of();
        }
        Object value = Json.parse(where(file, LABELS), text(file, LABELS));
        List<String> labels = new ArrayList<>();
        if (value instanceof List<?> items) {
            for (Object item : items) {
                if (!(item instanceof String label)) {
                    throw new ModelFormatException(where(file, LABELS) + "[" + labels.size() + "] is " + Json.show(item) + "; it must be a string");
                }
                labels.add(label);
            }
            return labels;
        }
        throw new ModelFormatException(where(file, LABELS) + " is " + Json.show(value) + "; it must be a JSON list of strings");
    }

    private static Map<String, String> provenance(SafetensorsFile file) throws ModelFormatException {
        Map<String, String> provenance = new LinkedHashMap<>();
        if (file.metadata().containsKey(PROVENANCE)) {
            JsonObject fields = new JsonObject(where(file, PROVENANCE), Json.parse(where(file, PROVENANCE), text(file, PROVENANCE)));
            for (String name : fields.names()) {
                provenance.put(name, fields.string(name));
            }
        }
        return provenance;
    }

    private static void requireKnownTensors(SafetensorsFile file, Graph graph, List<CutoffSet> sets) throws ModelFormatException {
        Set<String> known = new HashSet<>(List.of(GOLDEN_INPUT, GOLDEN_LOGITS));
        for (GraphOp op : graph.ops()) {
            if (weightShape(op) != null) {
                known.add(op.name() + WEIGHT);
                known.add(op.name() + BIAS);
            }
            if (op instanceof GraphOp.PointwiseConv2d) {
                known.add(op.name() + CUTOFF);
            }
        }
        for (CutoffSet set : sets.subList(Math.min(1, sets.size()), sets.size())) {
            known.add(of(GOLDEN_LOGITS, set));
            for (GraphOp op : graph.ops()) {
                if (weightShape(op) != null) {
                    CHANGED.forEach(suffix -> known.add(of(op.name() + suffix, set)));
                }
            }
        }
        for (String name : file.names()) {
            if (!known.contains(name)) {
                throw new ModelFormatException(file.path() + ": tensor " + Json.show(name) + " belongs to no op; remove it or add its op to " + GRAPH
                        + " (tensors are OP.weight and OP.bias of each convolution, OP.cutoff of a pointwise one, golden.input, golden.logits; those of a further cutoff set end in @ and its name)");
            }
        }
    }

    /** The shape of an op's weight; null for an op without weights. */
    private static List<Integer> weightShape(GraphOp op) {
        if (op instanceof GraphOp.Conv2d conv) {
            return List.of(conv.outChannels(), conv.inChannels(), conv.window().kernelHeight(), conv.window().kernelWidth());
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            return List.of(depthwise.channels(), 1, depthwise.window().kernelHeight(), depthwise.window().kernelWidth());
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            return List.of(pointwise.outChannels(), pointwise.inChannels());
        }
        return null;
    }

    /** The shapes that an op's weight may have in a file: a pointwise convolution's may be one of a 1x1 convolution. */
    private static List<List<Integer>> weightShapes(GraphOp op) {
        List<Integer> shape = weightShape(op);
        return op instanceof GraphOp.PointwiseConv2d ? List.of(shape, List.of(shape.get(0), shape.get(1), 1, 1)) : List.of(shape);
    }

    private static Parameters parameters(SafetensorsFile file, GraphOp op) throws ModelFormatException {
        List<Integer> shape = weightShape(op);
        require(file, op, WEIGHT, List.of(Dtype.F32, Dtype.F16), weightShapes(op));
        require(file, op, BIAS, List.of(Dtype.F32, Dtype.F16), List.of(shape.subList(0, 1)));
        int[] cutoffs = null;
        if (op instanceof GraphOp.PointwiseConv2d && file.contains(op.name() + CUTOFF)) {
            require(file, op, CUTOFF, List.of(Dtype.I32), List.of(shape.subList(1, 2)));
            cutoffs = file.ints(op.name() + CUTOFF);
        }
        return new Parameters(file.floats(op.name() + WEIGHT), file.floats(op.name() + BIAS), cutoffs);
    }

    /** The name of a further set's own tensor. */
    private static String of(String tensor, CutoffSet set) {
        return tensor + "@" + set.name();
    }

    /** A set that is not the default, with what its tensors hold. */
    private static CutoffSet cutoffSet(SafetensorsFile file, Graph graph, CutoffSet set, Optional<Golden> golden) throws ModelFormatException {
        Map<String, CutoffSet.Change> changes = new LinkedHashMap<>();
        for (GraphOp op : graph.ops()) {
            List<Integer> shape = weightShape(op);
            if (shape == null) {
                continue;
            }
            int[] cutoffs = null;
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated() || file.contains(of(op.name() + CUTOFF, set))) {
                require(file, op, of(CUTOFF, set), List.of(Dtype.I32), List.of(shape.subList(1, 2)));
                cutoffs = file.ints(of(op.name() + CUTOFF, set));
            }
            float[] weight = optional(file, op, of(WEIGHT, set), weightShapes(op));
            float[] scale = optional(file, op, of(SCALE, set), List.of(shape.subList(0, 1)));
            float[] bias = optional(file, op, of(BIAS, set), List.of(shape.subList(0, 1)));
            if (cutoffs != null || weight != null || scale != null || bias != null) {
                changes.put(op.name(), new CutoffSet.Change(cutoffs, weight, scale, bias));
            }
        }
        float[] logits = null;
        if (golden.isPresent()) {
            String name = of(GOLDEN_LOGITS, set);
            if (!file.contains(name)) {
                throw new ModelFormatException(file.path() + ": has golden images, but no tensor " + Json.show(name) + "; add it or remove the golden tensors");
            }
            requireGoldenLogits(file, name, graph, golden.get().count());
            logits = file.floats(name);
        } else if (file.contains(of(GOLDEN_LOGITS, set))) {
            throw new ModelFormatException(file.path() + ": has tensor " + Json.show(of(GOLDEN_LOGITS, set)) + ", but no golden images; add them or remove it");
        }
        return new CutoffSet(set.name(), set.kept(), set.measured(), set.measure(), changes, logits);
    }

    /** A tensor of F32 or F16, or null when it is not there. */
    private static float[] optional(SafetensorsFile file, GraphOp op, String suffix, List<List<Integer>> shapes) throws ModelFormatException {
        if (!file.contains(op.name() + suffix)) {
            return null;
        }
        require(file, op, suffix, List.of(Dtype.F32, Dtype.F16), shapes);
        return file.floats(op.name() + suffix);
    }

    private static void require(SafetensorsFile file, GraphOp op, String suffix, List<Dtype> dtypes, List<List<Integer>> shapes)
            throws ModelFormatException {
        String name = op.name() + suffix;
        String tensor = file.path() + ": tensor " + Json.show(name);
        if (!file.contains(name)) {
            throw new ModelFormatException(tensor + " is missing; op " + Json.show(op.name()) + " needs it, of shape " + or(shapes) + ": add it");
        }
        if (!dtypes.contains(file.dtype(name))) {
            throw new ModelFormatException(tensor + " is " + file.dtype(name) + "; it must be " + or(dtypes) + ": convert it");
        }
        if (!shapes.contains(file.shape(name))) {
            throw new ModelFormatException(tensor + " has shape " + Json.show(file.shape(name)) + ", but op " + Json.show(op.name()) + " in " + GRAPH
                    + " needs " + or(shapes) + "; correct one of them");
        }
    }

    private static String or(List<?> choices) {
        return String.join(" or ", choices.stream().map(Object::toString).toList());
    }

    private static Optional<Golden> golden(SafetensorsFile file, Graph graph) throws ModelFormatException {
        boolean hasInput = file.contains(GOLDEN_INPUT);
        if (!hasInput && !file.contains(GOLDEN_LOGITS)) {
            return Optional.empty();
        }
        if (hasInput != file.contains(GOLDEN_LOGITS)) {
            String there = hasInput ? GOLDEN_INPUT : GOLDEN_LOGITS;
            String missing = hasInput ? GOLDEN_LOGITS : GOLDEN_INPUT;
            throw new ModelFormatException(file.path() + ": has tensor \"" + there + "\" but not \"" + missing + "\"; add the other or remove it");
        }
        requireGoldenDtype(file, GOLDEN_INPUT, Dtype.U8);
        Plane plane = graph.input();
        List<Integer> images = file.shape(GOLDEN_INPUT);
        if (images.size() != 4 || images.get(0) < 1 || !images.subList(1, 4).equals(List.of(plane.height(), plane.width(), plane.channels()))) {
            throw new ModelFormatException(file.path() + ": tensor \"" + GOLDEN_INPUT + "\" has shape " + Json.show(images) + "; it must be [n, "
                    + plane.height() + ", " + plane.width() + ", " + plane.channels() + "] with n of at least 1, the input of " + PREPROCESS);
        }
        requireGoldenLogits(file, GOLDEN_LOGITS, graph, images.get(0));
        return Optional.of(new Golden(images.get(0), file.bytes(GOLDEN_INPUT), file.floats(GOLDEN_LOGITS)));
    }

    private static void requireGoldenLogits(SafetensorsFile file, String name, Graph graph, int images) throws ModelFormatException {
        requireGoldenDtype(file, name, Dtype.F32);
        List<Integer> shape = List.of(images, graph.plane(graph.output().name()).elements());
        if (!file.shape(name).equals(shape)) {
            throw new ModelFormatException(file.path() + ": tensor " + Json.show(name) + " has shape " + Json.show(file.shape(name))
                    + "; it must be " + shape + ", images of \"" + GOLDEN_INPUT + "\" by classes of the graph's output");
        }
    }

    private static void requireGoldenDtype(SafetensorsFile file, String name, Dtype dtype) throws ModelFormatException {
        if (file.dtype(name) != dtype) {
            throw new ModelFormatException(file.path() + ": tensor \"" + name + "\" is " + file.dtype(name) + "; it must be " + dtype + ": convert it");
        }
    }

    /**
     * What {@link #read} asks of a network, for one that was made in memory.
     *
     * @throws IllegalArgumentException when graph, parameters, those of every cutoff set too, labels and pre-processing do not fit together,
     *     or a value is not finite
     */
    public static void requireConsistent(ModelDefinition model) {
        String where = "model from memory";
        try {
            checkNetwork(where, model);
            checkLabels(where, model);
            for (CutoffSet set : model.cutoffSets()) {
                checkChanges(where, model, set);
            }
        } catch (ModelFormatException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static void checkNetwork(String where, ModelDefinition model) throws ModelFormatException {
        if (!model.preprocess().input().equals(model.graph().input())) {
            throw new ModelFormatException(where + ": " + PREPROCESS + " makes an input of " + model.preprocess().input() + ", but the graph's is "
                    + model.graph().input() + "; they must agree");
        }
        for (GraphOp op : model.graph().ops()) {
            List<Integer> shape = weightShape(op);
            if (shape != null) {
                checkParameters(where, op, shape, model.parameters(op));
            }
        }
    }

    /** The rules on values, the same for what is read and for what is to be written. */
    private static void check(String where, ModelDefinition model) throws ModelFormatException {
        checkNetwork(where, model);
        checkLabels(where, model);
        checkCutoffSets(where, model);
        int classes = model.classes();
        if (model.golden().isPresent()) {
            Golden golden = model.golden().get();
            if (golden.count() < 1) {
                throw new ModelFormatException(where + ": golden has " + golden.count() + " images; give at least 1 or no golden at all");
            }
            checkLength(where, GOLDEN_INPUT, golden.images().length, List.of(golden.count(), model.graph().input().elements()));
            checkLength(where, GOLDEN_LOGITS, golden.logits().length, List.of(golden.count(), classes));
            checkFinite(where, GOLDEN_LOGITS, golden.logits());
        }
    }

    private static void checkLabels(String where, ModelDefinition model) throws ModelFormatException {
        if (!model.labels().isEmpty() && model.labels().size() != model.classes()) {
            throw new ModelFormatException(where + ": " + LABELS + " has " + model.labels().size() + " names for " + model.classes()
                    + " classes; give one a class or none");
        }
    }

    private static void checkCutoffSets(String where, ModelDefinition model) throws ModelFormatException {
        for (int s = 0; s < model.cutoffSets().size(); s++) {
            CutoffSet set = model.cutoffSets().get(s);
            String name = where + ": cutoff set " + Json.show(set.name());
            if (s == 0 && (!set.changes().isEmpty() || set.goldenLogits() != null)) {
                throw new ModelFormatException(name + " is the default, but changes parameters; the default's are the model's own: put it later");
            }
            ModelDefinition chosen = checkChanges(where, model, set);
            if (Math.abs(chosen.keptShare() - set.kept()) > KEPT_TOLERANCE) {
                throw new ModelFormatException(name + " states that it keeps " + set.kept() + " of the pointwise multiply-accumulates, but its cutoffs keep "
                        + chosen.keptShare() + "; correct " + CUTOFF_SETS);
            }
            if (set.goldenLogits() != null) {
                checkLength(where, of(GOLDEN_LOGITS, set), set.goldenLogits().length,
                        List.of(model.golden().map(Golden::count).orElse(0), model.classes()));
                checkFinite(where, of(GOLDEN_LOGITS, set), set.goldenLogits());
            } else if (s > 0 && model.golden().isPresent()) {
                throw new ModelFormatException(name + " has no golden logits, but the model has golden images; add them");
            }
        }
    }

    /** What a set changes, and the network that it makes, which is returned. */
    private static ModelDefinition checkChanges(String where, ModelDefinition model, CutoffSet set) throws ModelFormatException {
        String name = where + ": cutoff set " + Json.show(set.name());
        for (Map.Entry<String, CutoffSet.Change> entry : set.changes().entrySet()) {
            GraphOp op = model.graph().ops().stream().filter(each -> each.name().equals(entry.getKey())).findFirst().orElse(null);
            List<Integer> shape = op == null ? null : weightShape(op);
            if (shape == null) {
                throw new ModelFormatException(name + " changes " + Json.show(entry.getKey()) + ", which is no convolution of the graph; remove that");
            }
            CutoffSet.Change change = entry.getValue();
            if (change.scale() != null && change.weight() != null) {
                throw new ModelFormatException(name + " has a weight and a scale for op " + Json.show(op.name()) + "; give one of them");
            }
            if (change.weight() != null) {
                checkLength(where, of(op.name() + WEIGHT, set), change.weight().length, shape);
            }
            if (change.scale() != null) {
                checkLength(where, of(op.name() + SCALE, set), change.scale().length, shape.subList(0, 1));
            }
        }
        ModelDefinition chosen = model.withCutoffs(set.name());
        for (GraphOp op : chosen.graph().ops()) {
            List<Integer> shape = weightShape(op);
            if (shape != null && set.changes().containsKey(op.name())) {
                checkParameters(name, op, shape, chosen.parameters(op));
            }
        }
        return chosen;
    }

    private static void checkParameters(String where, GraphOp op, List<Integer> shape, Parameters parameters) throws ModelFormatException {
        if (parameters == null || parameters.weight() == null || parameters.bias() == null) {
            throw new ModelFormatException(where + ": op " + Json.show(op.name()) + " has no weight or no bias; a convolution needs both: add them");
        }
        checkLength(where, op.name() + WEIGHT, parameters.weight().length, shape);
        checkLength(where, op.name() + BIAS, parameters.bias().length, shape.subList(0, 1));
        checkFinite(where, op.name() + WEIGHT, parameters.weight());
        checkFinite(where, op.name() + BIAS, parameters.bias());
        int block = op instanceof GraphOp.PointwiseConv2d pointwise ? pointwise.block() : 0;
        int[] cutoffs = parameters.cutoffs();
        String tensor = "tensor " + Json.show(op.name() + CUTOFF);
        if (block != 0 && cutoffs == null) {
            throw new ModelFormatException(where + ": op " + Json.show(op.name()) + " has block " + block + " but no " + tensor
                    + "; add the cutoffs or remove the block");
        }
        if (block == 0 && cutoffs != null) {
            throw new ModelFormatException(where + ": " + tensor + " belongs to op " + Json.show(op.name())
                    + ", which has no block; add \"block\" to a pointwise op or remove the cutoffs");
        }
        if (cutoffs == null) {
            return;
        }
        checkLength(where, op.name() + CUTOFF, cutoffs.length, shape.subList(1, 2));
        for (int channel = 0; channel < cutoffs.length; channel++) {
            if (cutoffs[channel] < 0 || cutoffs[channel] > block * block) {
                throw new ModelFormatException(where + ": " + tensor + " holds " + cutoffs[channel] + " at index " + channel + "; with block " + block
                        + " a cutoff is from 0 to " + block * block);
            }
        }
    }

    private static void checkLength(String where, String tensor, int length, List<Integer> shape) throws ModelFormatException {
        long elements = 1;
        for (int size : shape) {
            elements = Math.min(elements * size, 1L << 32); // no array is as long, and the next product stays in a long
        }
        if (length != elements) {
            throw new ModelFormatException(where + ": tensor " + Json.show(tensor) + " has " + length + " values, but its shape is " + shape
                    + "; they must agree");
        }
    }

    private static void checkFinite(String where, String tensor, float[] values) throws ModelFormatException {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new ModelFormatException(where + ": tensor " + Json.show(tensor) + " holds " + values[i] + " at index " + i
                        + "; every value must be finite: export the weights again");
            }
        }
    }

    /**
     * Writes beside the target and moves into place: the target is either the old file or the whole new one. The same model gives
     * the same bytes.
     *
     * @throws ModelFormatException when the model breaks a rule of the format, so that {@link #read} would refuse the file
     * @throws IOException when it cannot be written
     */
    public static void write(ModelDefinition model, Path path, WeightType weights) throws IOException {
        String where = "cannot write " + path;
        check(where, model);
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata(FORMAT, Integer.toString(model.cutoffSets().isEmpty() ? OLDEST_FORMAT : FORMAT_OF_CUTOFF_SETS))
                .metadata(GRAPH, GraphJson.write(model.graph().ops()))
                .metadata(PREPROCESS, PreprocessJson.write(model.preprocess()));
        if (!model.labels().isEmpty()) {
            writer.metadata(LABELS, Json.write(json -> {
                json.writeStartArray();
                for (String label : model.labels()) {
                    json.writeString(label);
                }
                json.writeEndArray();
            }));
        }
        if (!model.provenance().isEmpty()) {
            writer.metadata(PROVENANCE, Json.write(json -> {
                json.writeStartObject();
                for (Map.Entry<String, String> entry : model.provenance().entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }));
        }
        if (!model.cutoffSets().isEmpty()) {
            writer.metadata(CUTOFF_SETS, CutoffSetsJson.write(model.cutoffSets()));
        }
        Set<String> withWeights = new HashSet<>();
        for (GraphOp op : model.graph().ops()) {
            List<Integer> shape = weightShape(op);
            if (shape != null) {
                withWeights.add(op.name());
                add(where, writer, op, shape, model.parameters(op), weights);
            }
        }
        for (String name : model.parameters().keySet()) {
            if (!withWeights.contains(name)) {
                throw new ModelFormatException(where + ": there are parameters for " + Json.show(name) + ", which is no convolution of the graph; remove them");
            }
        }
        if (model.golden().isPresent()) {
            Golden golden = model.golden().get();
            Plane plane = model.graph().input();
            writer.bytes(GOLDEN_INPUT, List.of(golden.count(), plane.height(), plane.width(), plane.channels()), golden.images());
            writer.floats(GOLDEN_LOGITS, List.of(golden.count(), model.classes()), golden.logits());
        }
        for (CutoffSet set : model.cutoffSets()) {
            for (GraphOp op : model.graph().ops()) {
                if (set.changes().containsKey(op.name())) {
                    add(where, writer, op, weightShape(op), set, weights);
                }
            }
            if (set.goldenLogits() != null) {
                writer.floats(of(GOLDEN_LOGITS, set), List.of(model.golden().orElseThrow().count(), model.classes()), set.goldenLogits());
            }
        }
        writer.write(path);
    }

    /**
     * The model as it will be read back: with its weights as the file will hold them, so that what is measured is what is written.
     *
     * @throws ModelFormatException when a weight is too large for the type
     */
    public static ModelDefinition asStored(ModelDefinition model, WeightType weights) throws ModelFormatException {
        if (weights == WeightType.F32) {
            return model;
        }
        Map<String, Parameters> stored = new LinkedHashMap<>();
        for (Map.Entry<String, Parameters> entry : model.parameters().entrySet()) {
            Parameters old = entry.getValue();
            float[] rounded = rounded("cannot store as F16", entry.getKey() + WEIGHT, old.weight());
            stored.put(entry.getKey(), new Parameters(rounded, old.bias(), old.cutoffs()));
        }
        List<CutoffSet> sets = new ArrayList<>();
        for (CutoffSet set : model.cutoffSets()) {
            Map<String, CutoffSet.Change> changes = new LinkedHashMap<>();
            for (Map.Entry<String, CutoffSet.Change> entry : set.changes().entrySet()) {
                CutoffSet.Change old = entry.getValue();
                float[] rounded = old.weight() == null ? null : rounded("cannot store as F16", of(entry.getKey() + WEIGHT, set), old.weight());
                changes.put(entry.getKey(), new CutoffSet.Change(old.cutoffs(), rounded, old.scale(), old.bias()));
            }
            sets.add(new CutoffSet(set.name(), set.kept(), set.measured(), set.measure(), changes, set.goldenLogits()));
        }
        return new ModelDefinition(model.graph(), stored, model.preprocess(), model.labels(), model.provenance(), model.golden(), sets);
    }

    /** Each weight rounded to a half. */
    private static float[] rounded(String where, String name, float[] weight) throws ModelFormatException {
        float[] rounded = new float[weight.length];
        for (int i = 0; i < weight.length; i++) {
            rounded[i] = Half.toFloat(Half.fromFloat(weight[i]));
            if (!Float.isFinite(rounded[i])) {
                throw new ModelFormatException(where + ": tensor " + Json.show(name) + " holds " + weight[i] + " at index " + i
                        + "; F16 ends at " + Half.MAX + ": write F32");
            }
        }
        return rounded;
    }

    private static void add(String where, SafetensorsWriter writer, GraphOp op, List<Integer> shape, Parameters parameters, WeightType weights)
            throws ModelFormatException {
        weight(where, writer, op.name() + WEIGHT, shape, parameters.weight(), weights);
        writer.floats(op.name() + BIAS, shape.subList(0, 1), parameters.bias());
        if (parameters.cutoffs() != null) {
            writer.ints(op.name() + CUTOFF, shape.subList(1, 2), parameters.cutoffs());
        }
    }

    private static void add(String where, SafetensorsWriter writer, GraphOp op, List<Integer> shape, CutoffSet set, WeightType weights) throws ModelFormatException {
        CutoffSet.Change change = set.changes().get(op.name());
        if (change.cutoffs() != null) {
            writer.ints(of(op.name() + CUTOFF, set), shape.subList(1, 2), change.cutoffs());
        }
        if (change.weight() != null) {
            weight(where, writer, of(op.name() + WEIGHT, set), shape, change.weight(), weights);
        }
        if (change.scale() != null) {
            writer.floats(of(op.name() + SCALE, set), shape.subList(0, 1), change.scale());
        }
        if (change.bias() != null) {
            writer.floats(of(op.name() + BIAS, set), shape.subList(0, 1), change.bias());
        }
    }

    private static void weight(String where, SafetensorsWriter writer, String name, List<Integer> shape, float[] values, WeightType weights)
            throws ModelFormatException {
        if (weights == WeightType.F32) {
            writer.floats(name, shape, values);
        } else {
            writer.halves(name, shape, rounded(where, name, values));
        }
    }
}
