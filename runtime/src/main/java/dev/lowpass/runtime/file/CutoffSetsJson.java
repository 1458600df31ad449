package dev.lowpass.runtime.file;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.runtime.CutoffSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The list of {@code lowpass.cutoffs}, as the package's description states it. What the tensors hold is not in it. */
final class CutoffSetsJson {

    private CutoffSetsJson() {}

    static List<CutoffSet> parse(String where, String json) throws ModelFormatException {
        if (!(Json.parse(where, json) instanceof List<?> items) || items.isEmpty()) {
            throw new ModelFormatException(where + " is no list of cutoff sets; give one object a set, the default first, or leave the key out");
        }
        List<CutoffSet> sets = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Object item : items) {
            String at = where + "[" + sets.size() + "]";
            JsonObject fields = new JsonObject(at, item);
            String name = fields.string("name");
            double kept = fields.number("kept_pointwise_macs");
            double measured = fields.number("measured");
            String measure = fields.string("measure");
            fields.close();
            if (!names.add(name)) {
                throw new ModelFormatException(at + " is a second set of the name " + Json.show(name) + "; names are unique: rename one");
            }
            try {
                sets.add(new CutoffSet(name, kept, measured, measure, Map.of(), null));
            } catch (IllegalArgumentException e) {
                throw new ModelFormatException(at + ": " + e.getMessage(), e);
            }
        }
        return sets;
    }

    static String write(List<CutoffSet> sets) {
        return Json.write((JsonGenerator json) -> {
            json.writeStartArray();
            for (CutoffSet set : sets) {
                json.writeStartObject();
                json.writeStringField("name", set.name());
                json.writeNumberField("kept_pointwise_macs", set.kept());
                json.writeNumberField("measured", set.measured());
                json.writeStringField("measure", set.measure());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }
}
