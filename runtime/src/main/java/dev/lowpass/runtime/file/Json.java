package dev.lowpass.runtime.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as values: {@code Map} (in the text's order), {@code List}, {@code String}, {@link Literal} for a number, {@code Boolean}
 * and null. A key that stands twice in an object is refused.
 */
final class Json {

    private static final int MAX_SHOWN = 80;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            // Buffers kept for a thread would keep this class's loader, and with it an application that a server has replaced.
            .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Nothing in a model file nests deeper than 4; the bound keeps the recursion below from running out of stack.
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(32).build())
            .build();

    private Json() {}

    /**
     * A number as it is written, so that each reader converts it to its own type in one rounding.
     *
     * @param whole whether it has neither a fraction nor an exponent
     */
    record Literal(String text, boolean whole) {
        @Override
        public String toString() {
            return text;
        }
    }

    /** What a writer of JSON does. */
    interface Content {
        void write(JsonGenerator json) throws IOException;
    }

    /**
     * @param where names the text in a refusal
     * @throws ModelFormatException when the text is not exactly one JSON value
     */
    static Object parse(String where, String text) throws ModelFormatException {
        try (JsonParser parser = FACTORY.createParser(text)) {
            JsonToken token = parser.nextToken();
            if (token == null) {
                throw new ModelFormatException(where + " is empty; it must be JSON");
            }
            Object value = value(parser, token);
            if (parser.nextToken() != null) {
                throw new ModelFormatException(where + " goes on after its JSON value, at character " + parser.currentTokenLocation().getCharOffset()
                        + "; it must be one value");
            }
            return value;
        } catch (JsonProcessingException e) {
            String at = e.getLocation() == null ? "" : " at character " + e.getLocation().getCharOffset();
            // The parser names its source there, which says nothing of ours.
            String reason = e.getOriginalMessage().replaceFirst(" \\(start marker at .*", "");
            throw new ModelFormatException(where + " is not valid JSON" + at + ": " + shorten(reason, 200)
                    + "; keys must be unique and the text complete", e);
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException e) {
            throw new ModelFormatException(where + " is not valid JSON: " + shorten(String.valueOf(e.getMessage()), 200), e);
        }
    }

    private static Object value(JsonParser parser, JsonToken token) throws IOException {
        switch (token) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    object.put(key, value(parser, parser.nextToken()));
                }
                return object;
            }
            case START_ARRAY -> {
                List<Object> array = new ArrayList<>();
                for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                    array.add(value(parser, next));
                }
                return array;
            }
            case VALUE_STRING -> {
                return parser.getText();
            }
            case VALUE_NUMBER_INT -> {
                return new Literal(parser.getText(), true);
            }
            case VALUE_NUMBER_FLOAT -> {
                return new Literal(parser.getText(), false);
            }
            case VALUE_TRUE -> {
                return true;
            }
            case VALUE_FALSE -> {
                return false;
            }
            default -> {
                return null; // null is the only value left
            }
        }
    }

    static String write(Content content) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            content.write(generator);
        } catch (IOException e) {
            throw new AssertionError("writing to memory failed", e);
        }
        return text.toString();
    }

    /** A value for a message: compact JSON, cut short when it is long. */
    static String show(Object value) {
        if (value instanceof String string) {
            return '"' + shorten(string, MAX_SHOWN) + '"';
        }
        StringBuilder text = new StringBuilder();
        show(value, text);
        return shorten(text.toString(), MAX_SHOWN);
    }

    private static void show(Object value, StringBuilder text) {
        if (text.length() > MAX_SHOWN) {
            return;
        }
        if (value instanceof String) {
            text.append(show(value));
        } else if (value instanceof List<?> list) {
            text.append('[');
            for (int i = 0; i < list.size() && text.length() <= MAX_SHOWN; i++) {
                text.append(i == 0 ? "" : ", ");
                show(list.get(i), text);
            }
            text.append(']');
        } else if (value instanceof Map<?, ?> map) {
            text.append('{');
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                text.append(text.charAt(text.length() - 1) == '{' ? "" : ", ");
                show(entry.getKey(), text);
                text.append(": ");
                show(entry.getValue(), text);
                if (text.length() > MAX_SHOWN) {
                    break;
                }
            }
            text.append('}');
        } else {
            text.append(value);
        }
    }

    private static String shorten(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length) + "...";
    }
}
