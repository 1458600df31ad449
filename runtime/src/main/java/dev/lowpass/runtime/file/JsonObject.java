package dev.lowpass.runtime.file;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Takes an object's fields one by one, each with its type and range, and refuses what is missing, wrong or left over. */
final class JsonObject {

    private final Map<String, Object> left = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();
    private String where;

    /**
     * @param where names the object in a refusal
     * @throws ModelFormatException when the value is no object
     */
    JsonObject(String where, Object value) throws ModelFormatException {
        if (!(value instanceof Map<?, ?> map)) {
            throw new ModelFormatException(where + " is " + Json.show(value) + "; it must be a JSON object");
        }
        this.where = where;
        map.forEach((key, field) -> left.put((String) key, field));
    }

    /** Names the object more closely from here on. */
    void rename(String where) {
        this.where = where;
    }

    String where() {
        return where;
    }

    /** Whether an optional field is there. */
    boolean has(String field) {
        known.add(field);
        return left.containsKey(field);
    }

    String string(String field) throws ModelFormatException {
        String rule = "a string";
        if (take(field, rule) instanceof String text) {
            return text;
        }
        throw wrong(field, rule);
    }

    /** One of the names of an enum's values, in lower case. */
    <T extends Enum<T>> T choice(String field, Class<T> type) throws ModelFormatException {
        List<String> names = new ArrayList<>();
        for (T constant : type.getEnumConstants()) {
            names.add('"' + lowerCase(constant) + '"');
        }
        String rule = "one of " + String.join(", ", names);
        Object value = take(field, rule);
        for (T constant : type.getEnumConstants()) {
            if (lowerCase(constant).equals(value)) {
                return constant;
            }
        }
        throw wrong(field, rule);
    }

    static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** Every field's name, in the text's order. */
    List<String> names() {
        return List.copyOf(left.keySet());
    }

    /** A field of any type. */
    Object value(String field) throws ModelFormatException {
        return take(field, "a value");
    }

    int integer(String field, int min, int max) throws ModelFormatException {
        String rule = "a whole number from " + min + " to " + max;
        Long value = whole(take(field, rule), min, max);
        if (value == null) {
            throw wrong(field, rule);
        }
        return value.intValue();
    }

    /** A list of ints: as many as there are names, which say what they mean; without names, any number of them. */
    List<Integer> integers(String field, int min, String... names) throws ModelFormatException {
        return wholes(field, min, Integer.MAX_VALUE, names).stream().map(Long::intValue).toList();
    }

    /** A list of longs of at least 0, one a name. */
    List<Long> longs(String field, String... names) throws ModelFormatException {
        return wholes(field, 0, Long.MAX_VALUE, names);
    }

    private List<Long> wholes(String field, long min, long max, String... names) throws ModelFormatException {
        String rule = (names.length == 0 ? "a list of" : "[" + String.join(", ", names) + "],") + " whole numbers from " + min + " to " + max;
        if (!(take(field, rule) instanceof List<?> list) || names.length != 0 && list.size() != names.length) {
            throw wrong(field, rule);
        }
        List<Long> values = new ArrayList<>();
        for (Object item : list) {
            Long value = whole(item, min, max);
            if (value == null) {
                throw wrong(field, rule);
            }
            values.add(value);
        }
        return List.copyOf(values);
    }

    double number(String field) throws ModelFormatException {
        String rule = "a number";
        if (take(field, rule) instanceof Json.Literal number) {
            return Double.parseDouble(number.text());
        }
        throw wrong(field, rule);
    }

    List<Float> floats(String field) throws ModelFormatException {
        String rule = "a list of numbers";
        if (!(take(field, rule) instanceof List<?> list)) {
            throw wrong(field, rule);
        }
        List<Float> values = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof Json.Literal number)) {
                throw wrong(field, rule);
            }
            values.add(Float.parseFloat(number.text()));
        }
        return values;
    }

    /** A list of strings; a list of exactly {@code names.length} of them where names are given. */
    List<String> strings(String field, String... names) throws ModelFormatException {
        String rule = names.length == 0 ? "a list of strings" : "[" + String.join(", ", names) + "], strings";
        if (!(take(field, rule) instanceof List<?> list) || names.length > 0 && list.size() != names.length) {
            throw wrong(field, rule);
        }
        List<String> values = new ArrayList<>();
        for (Object item : list) {
            if (!(item instanceof String text)) {
                throw wrong(field, rule);
            }
            values.add(text);
        }
        return values;
    }

    /** Refuses any field that nothing asked for. */
    void close() throws ModelFormatException {
        for (Map.Entry<String, Object> field : left.entrySet()) {
            if (!known.contains(field.getKey())) {
                throw new ModelFormatException(where + " has an unknown field " + Json.show(field.getKey()) + " = " + Json.show(field.getValue())
                        + "; remove it, known are " + String.join(", ", known));
            }
        }
    }

    private Object take(String field, String rule) throws ModelFormatException {
        known.add(field);
        if (!left.containsKey(field)) {
            throw new ModelFormatException(where + " lacks the field \"" + field + "\"; add it, " + rule);
        }
        return left.get(field);
    }

    private ModelFormatException wrong(String field, String rule) {
        return new ModelFormatException(where + " has \"" + field + "\" = " + Json.show(left.get(field)) + "; it must be " + rule);
    }

    private static Long whole(Object value, long min, long max) {
        if (!(value instanceof Json.Literal number) || !number.whole()) {
            return null;
        }
        try {
            long parsed = Long.parseLong(number.text());
            return parsed >= min && parsed <= max ? parsed : null;
        } catch (NumberFormatException e) {
            return null; // more digits than a long has
        }
    }
}
