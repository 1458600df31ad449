package dev.lowpass.bench.peers;

import dev.lowpass.bench.latency.Engine;
import dev.lowpass.kernels.Precision;
import dev.lowpass.models.learn.LearnException;
import dev.lowpass.models.learn.LibtorchNetwork;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;

/** libtorch by DJL on the CPU, eager, channels last: what a Java program gets that loads a PyTorch network without more ado. */
public final class Libtorch implements Engine {

    @Override
    public String name() {
        return "libtorch";
    }

    @Override
    public String version() {
        return LibtorchNetwork.version();
    }

    @Override
    public Session open(ModelDefinition model, Options options) throws UnavailableException {
        if (!options.device().equals("cpu")) {
            throw new UnavailableException("the libtorch that Maven brings runs on the CPU only; 'pytorch' is the peer of a GPU");
        }
        if (options.precision() != Precision.FP32) {
            throw new UnavailableException("it runs in single precision only");
        }
        LibtorchNetwork network;
        try {
            network = new LibtorchNetwork(model, options.threads());
        } catch (LearnException e) {
            throw new UnavailableException(e.getMessage(), e);
        }
        return new Session() {
            @Override
            public String device() {
                return "CPU";
            }

            @Override
            public String description() {
                return "eager, channels last, " + options.threads() + " intra-op threads";
            }

            @Override
            public Call newCall(FloatBuffer input) {
                float[] values = new float[options.batch() * model.graph().input().elements()];
                input.get(input.position(), values);
                LibtorchNetwork.Input batch = network.newInput(values, options.batch());
                return new Call() {
                    private float[] logits;

                    @Override
                    public void run() {
                        logits = batch.run();
                    }

                    @Override
                    public float[] logits() {
                        return logits;
                    }

                    @Override
                    public void close() {
                        batch.close();
                    }
                };
            }

            @Override
            public void close() {
                network.close();
            }
        };
    }
}
