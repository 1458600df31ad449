package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;

/** A peer that opens and then does not run. */
public final class FailingPeer implements Engine {

    @Override
    public String name() {
        return "failing";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Session open(ModelDefinition model, Options options) {
        return new Session() {
            @Override
            public String device() {
                return "none";
            }

            @Override
            public String description() {
                return "";
            }

            @Override
            public Call newCall(FloatBuffer input) {
                return new Call() {
                    @Override
                    public void run() {
                        throw new IllegalStateException("out of memory");
                    }

                    @Override
                    public float[] logits() {
                        return new float[options.batch() * model.classes()];
                    }

                    @Override
                    public void close() {}
                };
            }

            @Override
            public void close() {}
        };
    }
}
