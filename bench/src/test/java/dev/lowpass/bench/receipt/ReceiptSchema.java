package dev.lowpass.bench.receipt;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Receipts against their documented layout. */
public final class ReceiptSchema {

    private ReceiptSchema() {}

    /** What in a file breaks the schema. */
    public static List<String> violations(Path receipt) throws IOException {
        try (InputStream in = Receipt.class.getResourceAsStream("bench.schema.json")) {
            JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(in);
            return schema.validate(Files.readString(receipt), InputFormat.JSON, context -> context.getExecutionConfig().setFormatAssertionsEnabled(true))
                    .stream().map(Object::toString).toList();
        }
    }
}
