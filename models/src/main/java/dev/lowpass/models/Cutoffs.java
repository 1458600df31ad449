package dev.lowpass.models;

import dev.lowpass.kernels.Zigzag;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFormatException;
import dev.lowpass.runtime.file.SafetensorsFile;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphException;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cutoffs from a safetensors file of their own. Each is a tensor of I32 with a value from 0 to block * block per input channel, named
 * {@code OP.cutoff} by the op, or by the block in MobileNetV2's classic names: {@code cutoffs.expanded_conv_N.expand} and
 * {@code .project} for the blocks N = 1, 2, ..., and {@code cutoffs.Conv2d_18_1} for the head. The metadata's {@code block} begins with
 * the block's side, as in {@code 7} or {@code 7x7 orthonormal DCT-II}. Other tensors are left alone.
 */
public final class Cutoffs {

    private static final Pattern CLASSIC = Pattern.compile("cutoffs\\.expanded_conv_(\\d+)\\.(expand|project)");
    private static final Pattern BLOCK = Pattern.compile("\\s*(\\d{1,4})(?:\\s*x\\s*(\\d{1,4}))?\\b.*", Pattern.DOTALL);

    private Cutoffs() {}

    /**
     * The model with those cutoffs, in place of any that the named ops had. It is another network: golden images, whose logits were of
     * the model as it came, and the choice of {@link ModelDefinition#cutoffSets} are dropped.
     *
     * @throws ModelFormatException when the file cannot be read, names what is no pointwise op of the model, or holds a wrong number of
     *     values, a value out of range or a block that does not divide a plane
     */
    public static ModelDefinition apply(ModelDefinition model, Path path) throws ModelFormatException {
        SafetensorsFile file = SafetensorsFile.open(path);
        int block = block(path, file);
        Map<String, String> tensors = tensors(model, path, file);
        Map<String, Parameters> parameters = new HashMap<>(model.parameters());
        List<GraphOp> ops = new ArrayList<>(model.graph().ops());
        for (int i = 0; i < ops.size(); i++) {
            String tensor = tensors.get(ops.get(i).name());
            if (tensor != null) {
                GraphOp.PointwiseConv2d op = (GraphOp.PointwiseConv2d) ops.get(i);
                parameters.put(op.name(), model.parameters(op).withCutoffs(values(path, file, tensor, op, block)));
                ops.set(i, op.withBlock(block));
            }
        }
        try {
            return new ModelDefinition(Graph.of(model.graph().input(), ops), parameters, model.preprocess(), model.labels(),
                    model.provenance(), Optional.empty());
        } catch (GraphException e) {
            throw new ModelFormatException(path + ": " + e.getMessage(), e);
        }
    }

    private static int block(Path path, SafetensorsFile file) throws ModelFormatException {
        String text = file.metadata().get("block");
        if (text == null) {
            throw new ModelFormatException(path
                    + ": its metadata has no \"block\"; add the side of the DCT block that the cutoffs are for, like \"7\"");
        }
        Matcher matcher = BLOCK.matcher(text);
        if (!matcher.matches() || matcher.group(2) != null && !matcher.group(2).equals(matcher.group(1))) {
            throw new ModelFormatException(path + ": its metadata's block is \"" + text.lines().findFirst().orElse("")
                    + "\"; it must begin with one side of a square, like \"7\" or \"7x7\"");
        }
        int block = Integer.parseInt(matcher.group(1));
        try {
            Zigzag.checkBlock(block);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(path + ": " + e.getMessage(), e);
        }
        return block;
    }

    /** Tensor by op. */
    private static Map<String, String> tensors(ModelDefinition model, Path path, SafetensorsFile file) throws ModelFormatException {
        List<String> pointwise = model.graph().ops().stream().filter(GraphOp.PointwiseConv2d.class::isInstance).map(GraphOp::name).toList();
        Map<String, String> tensors = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        for (String name : file.names()) {
            Matcher classic = CLASSIC.matcher(name);
            String op;
            if (name.endsWith(".cutoff")) {
                op = name.substring(0, name.length() - ".cutoff".length());
            } else if (!name.startsWith("cutoffs.")) {
                continue;
            } else if (classic.matches()) {
                op = "block" + classic.group(1) + "." + classic.group(2);
            } else {
                op = name.equals("cutoffs.Conv2d_18_1") ? "head" : name.substring("cutoffs.".length());
            }
            if (!pointwise.contains(op)) {
                unknown.add(name);
            } else if (tensors.put(op, name) != null) {
                throw new ModelFormatException(path + ": two tensors, \"" + name + "\" among them, hold cutoffs of op \"" + op
                        + "\"; keep one");
            }
        }
        if (!unknown.isEmpty()) {
            throw new ModelFormatException(path + ": no pointwise op belongs to \"" + String.join("\", \"", unknown)
                    + "\"; the network's are "
                    + String.join(", ", pointwise));
        }
        if (tensors.isEmpty()) {
            throw new ModelFormatException(path + ": holds no cutoffs; name its tensors OP.cutoff, where OP is one of "
                    + String.join(", ", pointwise));
        }
        return tensors;
    }

    private static int[] values(Path path, SafetensorsFile file, String tensor, GraphOp.PointwiseConv2d op,
            int block) throws ModelFormatException {
        if (!file.shape(tensor).equals(List.of(op.inChannels()))) {
            throw new ModelFormatException(path + ": tensor \"" + tensor + "\" has shape " + file.shape(tensor) + "; op \"" + op.name()
                    + "\" needs ["
                    + op.inChannels() + "], one cutoff per input channel");
        }
        int[] cutoffs = file.ints(tensor);
        for (int channel = 0; channel < cutoffs.length; channel++) {
            if (cutoffs[channel] < 0 || cutoffs[channel] > block * block) {
                throw new ModelFormatException(path + ": tensor \"" + tensor + "\" has " + cutoffs[channel] + " for channel " + channel
                        + "; with block " + block + " a cutoff is from 0 to " + block * block);
            }
        }
        return cutoffs;
    }
}
