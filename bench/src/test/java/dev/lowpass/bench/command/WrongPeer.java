package dev.lowpass.bench.command;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;

/** A peer that is quick and wrong. */
public class WrongPeer implements Engine {

    /** A call. */
    void run() {}

    @Override
    public String name() {
        return "wrong";
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
                        WrongPeer.this.run();
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
