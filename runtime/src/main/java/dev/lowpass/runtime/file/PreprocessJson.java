package dev.lowpass.runtime.file;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Preprocess;
import java.io.IOException;
import java.util.List;

/** The object of {@code lowpass.preprocess}, as the package's description states it. */
final class PreprocessJson {

    /** What is cut from the resized photo. */
    private enum Crop {
        NONE,
        CENTER
    }

    private PreprocessJson() {}

    static Preprocess parse(String where, String json) throws ModelFormatException {
        JsonObject fields = new JsonObject(where, Json.parse(where, json));
        List<Integer> input = fields.integers("input", 1, "height", "width", "channels");
        Preprocess.Resize resize = fields.choice("resize", Preprocess.Resize.class);
        // A stretched photo has the input's size already, so a side to resize to would mean nothing: it stays unknown.
        int resizeTo = resize == Preprocess.Resize.SHORTEST_SIDE ? fields.integer("resize_to", 1, Integer.MAX_VALUE) : 0;
        Crop crop = fields.choice("crop", Crop.class);
        if (crop != cropOf(resize)) {
            throw new ModelFormatException(where + " has \"crop\" = \"" + JsonObject.lowerCase(crop) + "\" with \"resize\" = \""
                    + JsonObject.lowerCase(resize) + "\"; there it must be \"" + JsonObject.lowerCase(cropOf(resize)) + '"');
        }
        Preprocess.Interpolation interpolation = fields.choice("interpolation", Preprocess.Interpolation.class);
        List<Float> mean = fields.floats("mean");
        List<Float> std = fields.floats("std");
        Preprocess.ChannelOrder order = fields.choice("channel_order", Preprocess.ChannelOrder.class);
        fields.close();
        try {
            return new Preprocess(new Plane(input.get(0), input.get(1), input.get(2)), resize, resizeTo, interpolation, mean, std, order);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(where + ": " + e.getMessage(), e);
        }
    }

    private static Crop cropOf(Preprocess.Resize resize) {
        return resize == Preprocess.Resize.SHORTEST_SIDE ? Crop.CENTER : Crop.NONE;
    }

    static String write(Preprocess preprocess) {
        Plane input = preprocess.input();
        return Json.write(json -> {
            json.writeStartObject();
            json.writeFieldName("input");
            json.writeArray(new int[] {input.height(), input.width(), input.channels()}, 0, 3);
            json.writeStringField("resize", JsonObject.lowerCase(preprocess.resize()));
            if (preprocess.resize() == Preprocess.Resize.SHORTEST_SIDE) {
                json.writeNumberField("resize_to", preprocess.resizeTo());
            }
            json.writeStringField("interpolation", JsonObject.lowerCase(preprocess.interpolation()));
            json.writeStringField("crop", JsonObject.lowerCase(cropOf(preprocess.resize())));
            floats(json, "mean", preprocess.mean());
            floats(json, "std", preprocess.std());
            json.writeStringField("channel_order", JsonObject.lowerCase(preprocess.channelOrder()));
            json.writeEndObject();
        });
    }

    private static void floats(JsonGenerator json, String field, List<Float> values) throws IOException {
        json.writeArrayFieldStart(field);
        for (float value : values) {
            json.writeNumber(value);
        }
        json.writeEndArray();
    }
}
