package dev.lowpass.models.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX wants a name for each tensor, while ops may have any. */
class OnnxNamesTest {

    /** Every one of them was or could be a name that the exporter gives to a tensor of op "a" or to one of its own. */
    private static final List<String> NAMES = List.of("a", "a/linear", "a/weight", "a/bias", "a/dct-rows", "a/kept", "a/mask", "part/a", "part/a/linear",
            "op/a", "zero", "six", "logits", "dct/4/4", "a/flat", "logits/channels-last");

    /** Truncated layers in a row, with activations of every kind, each reading the one before it. */
    private static ModelDefinition model() {
        Plane plane = new Plane(4, 4, 3);
        List<GraphOp> ops = new ArrayList<>();
        Map<String, Parameters> parameters = new HashMap<>();
        String last = Graph.INPUT;
        for (String name : NAMES) {
            ops.add(new GraphOp.PointwiseConv2d(name, last, 3, 3, 4, Activation.values()[(ops.size() + 1) % Activation.values().length]));
            parameters.put(name, new Parameters(new float[9], new float[3], new int[] {1, 2, 3}));
            last = name;
        }
        return new ModelDefinition(Graph.of(plane, ops), parameters, Preprocess.tensorflow(plane), List.of(), Map.of(), Optional.empty());
    }

    /** The bytes of every occurrence of a field of length-delimited content, in a message's bytes. */
    private static List<byte[]> fields(byte[] message, int field) throws IOException {
        List<byte[]> found = new ArrayList<>();
        CodedInputStream in = CodedInputStream.newInstance(message);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == field) {
                found.add(in.readByteArray());
            } else {
                in.skipField(tag);
            }
        }
        return found;
    }

    /** What the file's graph defines: the results of its nodes (field 1, there 2), its initializers (5, there 8) and inputs (11, there 1). */
    private static List<String> tensors(byte[] file) throws IOException {
        List<String> names = new ArrayList<>();
        byte[] graph = fields(file, 7).get(0);
        for (int[] path : new int[][] {{1, 2}, {5, 8}, {11, 1}}) {
            for (byte[] entry : fields(graph, path[0])) {
                for (byte[] name : fields(entry, path[1])) {
                    names.add(new String(name, StandardCharsets.UTF_8));
                }
            }
        }
        return names;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyTensorHasANameOfItsOwn(boolean truncation) throws IOException {
        List<String> tensors = tensors(OnnxExporter.export(model(), truncation));
        List<String> twice = new ArrayList<>(tensors);
        new TreeSet<>(tensors).forEach(twice::remove);
        assertEquals(List.of(), twice);
        for (String name : NAMES) {
            assertTrue(tensors.contains("op/" + name) && tensors.contains("part/" + name + "/weight"), name + " of " + tensors);
        }
    }
}
