package dev.lowpass.models.learn;

import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** A checksum of what a command works on, by which a checkpoint tells whether it is of the same. */
final class Fingerprint {

    private final CRC32C sum = new CRC32C();

    Fingerprint add(Graph graph) {
        sum.update((graph.input() + " " + graph.ops()).getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** The ops and what they compute with; not what the model says of itself. */
    Fingerprint add(ModelDefinition model) {
        for (GraphOp op : model.graph().ops()) {
            sum.update(op.toString().getBytes(StandardCharsets.UTF_8));
            Parameters parameters = model.parameters(op);
            if (parameters != null) {
                add(parameters.weight());
                add(parameters.bias());
            }
        }
        return this;
    }

    Fingerprint add(PhotoSet photos) {
        sum.update(photos.pixels());
        if (photos.labels() != null) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * photos.labels().length);
            bytes.asIntBuffer().put(photos.labels());
            sum.update(bytes);
        }
        return this;
    }

    private void add(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        bytes.asFloatBuffer().put(values);
        sum.update(bytes);
    }

    @Override
    public String toString() {
        return String.format("%08x", sum.getValue());
    }
}
