package dev.lowpass.bench.latency;

import dev.lowpass.bench.output.ProgramVersion;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.SessionOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** This project's own sessions. */
public final class LowpassEngine implements Engine {

    @Override
    public String name() {
        return "lowpass";
    }

    @Override
    public String version() {
        return ProgramVersion.get();
    }

    @Override
    public Session open(ModelDefinition definition, Options options) {
        try (Model model = Model.of(definition)) {
            return new OpenSession(model.newSession(SessionOptions.builder()
                    .device(Device.named(options.device()))
                    .threads(options.threads())
                    .maxBatch(options.batch())
                    .contexts(options.concurrency())
                    .build()), options.batch());
        }
    }

    /** A direct buffer of floats. */
    public static FloatBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(floats, Float.BYTES)).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    private static final class OpenSession implements Session {

        private final dev.lowpass.runtime.Session session;
        private final int batch;

        OpenSession(dev.lowpass.runtime.Session session, int batch) {
            this.session = session;
            this.batch = batch;
        }

        @Override
        public String description() {
            return session.options().device().description();
        }

        @Override
        public Call newCall(FloatBuffer input) {
            FloatBuffer own = direct(batch * session.inputElements()).put(0, input, input.position(), batch * session.inputElements());
            FloatBuffer logits = direct(batch * session.classes());
            return new Call() {
                @Override
                public void run() {
                    session.run(own, batch, logits);
                }

                @Override
                public float[] logits() {
                    float[] values = new float[logits.capacity()];
                    logits.get(0, values);
                    return values;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {
            session.close();
        }
    }
}
