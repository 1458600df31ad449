package dev.lowpass.bench.receipt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Receipts as JSON files. */
public final class ReceiptFile {

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(com.fasterxml.jackson.core.JsonGenerator.Feature.AUTO_CLOSE_TARGET)
            // What a later version of this program added does not keep this one from reading the rest.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private ReceiptFile() {}

    /** Writes the whole receipt; does not close the stream. */
    public static void write(Receipt receipt, OutputStream out) throws IOException {
        MAPPER.writeValue(out, receipt);
        out.write('\n');
    }

    /**
     * @throws ReceiptException when the file is no receipt that this program can read
     * @throws IOException when it cannot be read
     */
    public static Receipt read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new ReceiptException(file + ": is a directory; name a file that 'lowpass bench --json' wrote");
        }
        try {
            JsonNode tree = MAPPER.readTree(file.toFile());
            String schema = tree.path("schema").asText("");
            if (!schema.equals(Receipt.SCHEMA)) {
                throw new ReceiptException(file + ": its schema is \"" + schema + "\", and " + Receipt.SCHEMA
                        + " can be read; name a file that 'lowpass bench --json' of this version wrote");
            }
            return requireComplete(file, MAPPER.treeToValue(tree, Receipt.class));
        } catch (JsonProcessingException e) {
            throw new ReceiptException(file + ": is no receipt: " + e.getOriginalMessage() + "; name a file that 'lowpass bench --json' wrote", e);
        } catch (NoSuchFileException | java.io.FileNotFoundException e) {
            throw new ReceiptException(file + ": no such file; check the path", e);
        }
    }

    private static Receipt requireComplete(Path file, Receipt receipt) throws ReceiptException {
        Completeness.require(file, "", receipt);
        for (int i = 0; i < receipt.measurements().size(); i++) {
            Receipt.Measurement one = receipt.measurements().get(i);
            String where = "measurements[" + i + "]";
            if (one.absent() == null) {
                require(file, where + ".summary", one.summary());
                require(file, where + ".turns", one.turns());
                for (int j = 0; j < one.turns().size(); j++) {
                    if (one.turns().get(j).latencyNanos().length == 0) {
                        throw new ReceiptException(file + ": " + where + ".turns[" + j + "].latency_nanos is empty; a turn has at least one call: measure again");
                    }
                }
                if (one.turns().isEmpty()) {
                    throw new ReceiptException(file + ": " + where + ".turns is empty; what was measured has at least one: measure again");
                }
            }
        }
        return receipt;
    }

    private static void require(Path file, String field, Object value) throws ReceiptException {
        if (value == null) {
            throw new ReceiptException(file + ": lacks the field \"" + field + "\"; name a file that lowpass wrote with --json, as it wrote it");
        }
    }
}
