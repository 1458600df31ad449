package dev.lowpass.bench.profile;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** Profiles as JSON. */
public final class ProfileJson {

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(SerializationFeature.FLUSH_AFTER_WRITE_VALUE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private ProfileJson() {}

    /** Writes the profile as one value. */
    public static void write(Profile profile, JsonGenerator json) throws IOException {
        MAPPER.writeValue(json, profile);
    }

    /** @throws IOException when the value is no profile */
    public static Profile read(JsonNode value) throws IOException {
        return MAPPER.treeToValue(value, Profile.class);
    }
}
