package dev.lowpass.runtime.file;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Zigzag;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The ops of {@code lowpass.graph}, as the package's description states them. */
final class GraphJson {

    private static final String CONV = "conv2d";
    private static final String DEPTHWISE = "depthwise_conv2d";
    private static final String POINTWISE = "pointwise_conv2d";
    private static final String ADD = "add";
    private static final String POOL = "global_average_pool";

    private GraphJson() {}

    static List<GraphOp> parse(String where, String json) throws ModelFormatException {
        Object value = Json.parse(where, json);
        if (!(value instanceof List<?> items)) {
            throw new ModelFormatException(where + " is " + Json.show(value) + "; it must be a JSON list of ops");
        }
        List<GraphOp> ops = new ArrayList<>();
        for (Object item : items) {
            ops.add(op(new JsonObject(where + " op " + ops.size(), item), where));
        }
        return ops;
    }

    private static GraphOp op(JsonObject fields, String where) throws ModelFormatException {
        String name = fields.string("name");
        fields.rename(where + " op " + Json.show(name));
        String kind = fields.string("op");
        GraphOp op = switch (kind) {
            case CONV -> new GraphOp.Conv2d(name, input(fields), positive(fields, "in_channels"), positive(fields, "out_channels"), window(fields),
                    fields.choice("activation", Activation.class));
            case DEPTHWISE -> new GraphOp.DepthwiseConv2d(name, input(fields), positive(fields, "channels"), window(fields),
                    fields.choice("activation", Activation.class));
            case POINTWISE -> new GraphOp.PointwiseConv2d(name, input(fields), positive(fields, "in_channels"), positive(fields, "out_channels"),
                    fields.has("block") ? fields.integer("block", Zigzag.MIN_BLOCK, Zigzag.MAX_BLOCK) : 0, fields.choice("activation", Activation.class));
            case ADD -> {
                List<String> inputs = fields.strings("inputs", "left", "right");
                yield new GraphOp.Add(name, inputs.get(0), inputs.get(1), fields.choice("activation", Activation.class));
            }
            case POOL -> new GraphOp.GlobalAveragePool(name, input(fields));
            default -> throw new ModelFormatException(fields.where() + " is of the unknown kind " + Json.show(kind) + "; use one of "
                    + String.join(", ", CONV, DEPTHWISE, POINTWISE, ADD, POOL));
        };
        fields.close();
        return op;
    }

    private static String input(JsonObject fields) throws ModelFormatException {
        return fields.strings("inputs", "input").get(0);
    }

    private static int positive(JsonObject fields, String field) throws ModelFormatException {
        return fields.integer(field, 1, Integer.MAX_VALUE);
    }

    private static Window window(JsonObject fields) throws ModelFormatException {
        List<Integer> kernel = fields.integers("kernel", 1, "height", "width");
        List<Integer> stride = fields.integers("stride", 1, "y", "x");
        List<Integer> padding = fields.integers("padding", 0, "top", "left", "bottom", "right");
        try {
            return new Window(kernel.get(0), kernel.get(1), stride.get(0), stride.get(1),
                    new Padding(padding.get(0), padding.get(1), padding.get(2), padding.get(3)));
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(fields.where() + " has padding " + padding + " for a kernel of " + kernel
                    + "; each side must be smaller than the kernel's", e);
        }
    }

    static String write(List<GraphOp> ops) {
        return Json.write(json -> {
            json.writeStartArray();
            for (GraphOp op : ops) {
                json.writeStartObject();
                write(json, op);
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    private static void write(JsonGenerator json, GraphOp op) throws IOException {
        if (op instanceof GraphOp.Conv2d conv) {
            head(json, CONV, op);
            json.writeNumberField("in_channels", conv.inChannels());
            json.writeNumberField("out_channels", conv.outChannels());
            window(json, conv.window());
        } else if (op instanceof GraphOp.DepthwiseConv2d depthwise) {
            head(json, DEPTHWISE, op);
            json.writeNumberField("channels", depthwise.channels());
            window(json, depthwise.window());
        } else if (op instanceof GraphOp.PointwiseConv2d pointwise) {
            head(json, POINTWISE, op);
            json.writeNumberField("in_channels", pointwise.inChannels());
            json.writeNumberField("out_channels", pointwise.outChannels());
            if (pointwise.isTruncated()) {
                json.writeNumberField("block", pointwise.block());
            }
        } else if (op instanceof GraphOp.Add) {
            head(json, ADD, op);
        } else {
            head(json, POOL, op);
            return; // a mean has no activation
        }
        json.writeStringField("activation", JsonObject.lowerCase(op.activation()));
    }

    private static void head(JsonGenerator json, String kind, GraphOp op) throws IOException {
        json.writeStringField("op", kind);
        json.writeStringField("name", op.name());
        json.writeArrayFieldStart("inputs");
        for (String input : op.inputs()) {
            json.writeString(input);
        }
        json.writeEndArray();
    }

    private static void window(JsonGenerator json, Window window) throws IOException {
        Padding padding = window.padding();
        list(json, "kernel", window.kernelHeight(), window.kernelWidth());
        list(json, "stride", window.strideY(), window.strideX());
        list(json, "padding", padding.top(), padding.left(), padding.bottom(), padding.right());
    }

    private static void list(JsonGenerator json, String field, int... values) throws IOException {
        json.writeFieldName(field);
        json.writeArray(values, 0, values.length);
    }
}
