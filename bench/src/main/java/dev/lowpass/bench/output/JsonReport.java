package dev.lowpass.bench.output;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.lowpass.bench.machine.Machine;
import dev.lowpass.runtime.file.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A command's results as one JSON object: {@code schema} first, with the version of the command's own layout, then the command's
 * fields, then {@code machine}.
 */
public final class JsonReport {

    /** A command's fields. */
    public interface Body {
        void write(JsonGenerator json) throws IOException;
    }

    private static final JsonFactory FACTORY = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

    private final String target;
    private final PrintWriter standardOutput;

    /**
     * @param target a file, {@code -} for the standard output, or null for no report
     * @throws OutputException when the file cannot be written: before the work, not after it
     */
    public JsonReport(String target, PrintWriter standardOutput) {
        this.target = target;
        this.standardOutput = standardOutput;
        if (target != null && !toStandardOutput()) {
            OutputFile.requireWritable(Path.of(target));
            requireReport(Path.of(target));
        }
    }

    /** A report replaces a report, never a model or a picture that was named by mistake. */
    private static void requireReport(Path file) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            int first = in.read();
            if (first != -1 && first != '{') {
                throw new OutputException("cannot write " + file + ": it exists and is not a JSON report; choose another name or delete it");
            }
        } catch (IOException e) {
            throw new OutputException("cannot write " + file + ": " + Reason.of(e) + "; choose another path", e);
        }
    }

    /** Whether the report takes the standard output, which then carries nothing else. */
    public boolean toStandardOutput() {
        return "-".equals(target) || "/dev/stdout".equals(target);
    }

    /**
     * Writes a report whose content is all its own, in UTF-8.
     *
     * @throws OutputException when it cannot be written
     */
    public void write(OutputFile.Content content) {
        if (target == null) {
            return;
        }
        if (!toStandardOutput()) {
            OutputFile.write(Path.of(target), content);
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            content.writeTo(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        standardOutput.print(bytes.toString(StandardCharsets.UTF_8));
    }

    /**
     * @param schema {@code lowpass.<command>/<version>}; the version rises when a field changes its meaning or goes
     * @throws OutputException when the file cannot be written
     */
    public void write(String schema, Body body) {
        if (target == null) {
            return;
        }
        if (toStandardOutput()) {
            try {
                write(FACTORY.createGenerator(standardOutput), schema, body);
            } catch (IOException e) {
                throw new OutputException("cannot write to the standard output: " + Reason.of(e) + "; redirect it elsewhere", e);
            }
            standardOutput.println();
        } else {
            OutputFile.write(Path.of(target), out -> {
                write(FACTORY.createGenerator(out), schema, body);
                out.write('\n');
            });
        }
    }

    private static void write(JsonGenerator generator, String schema, Body body) throws IOException {
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        try (JsonGenerator json = generator.setPrettyPrinter(new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines))) {
            json.writeStartObject();
            json.writeStringField("schema", schema);
            body.write(json);
            machine(json, Machine.current());
            json.writeEndObject();
        }
    }

    private static void machine(JsonGenerator json, Machine machine) throws IOException {
        json.writeObjectFieldStart("machine");
        json.writeStringField("java", machine.java());
        json.writeStringField("os", machine.os());
        json.writeStringField("cpu", machine.cpu());
        json.writeNumberField("processors", machine.processors());
        json.writeNumberField("memory_bytes", machine.memory());
        json.writeNumberField("max_heap_bytes", machine.maxHeap());
        json.writeArrayFieldStart("jvm_options");
        for (String option : machine.jvmOptions()) {
            json.writeString(option);
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
