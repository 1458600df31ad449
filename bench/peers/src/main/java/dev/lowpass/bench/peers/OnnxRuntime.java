package dev.lowpass.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.lowpass.bench.latency.Engine;
import dev.lowpass.bench.latency.LowpassEngine;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.models.onnx.OnnxExporter;
import dev.lowpass.runtime.ModelDefinition;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * ONNX Runtime at its best: every graph optimisation, as many intra-op threads as ours, spinning as by default, the batch known when the
 * session is made, input and output in memory that it need not copy, and the input in the order [n][c][y][x] that its graph wants.
 */
public final class OnnxRuntime implements Engine {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public String version() {
        return environment.getVersion();
    }

    @Override
    public Session open(ModelDefinition model, Options options) throws UnavailableException {
        return open(model, false, options);
    }

    /** @param truncation whether the network runs with its cutoffs, which ONNX can only state as products with whole matrices */
    Session open(ModelDefinition model, boolean truncation, Options options) throws UnavailableException {
        boolean cuda = options.device().startsWith("cuda:");
        requireSupport(options, cuda);
        try (OrtSession.SessionOptions settings = new OrtSession.SessionOptions()) {
            settings.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            settings.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            settings.setIntraOpNumThreads(options.threads());
            settings.setInterOpNumThreads(1);
            settings.setSymbolicDimensionValue(OnnxExporter.BATCH, options.batch());
            if (cuda) {
                try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(Integer.parseInt(options.device().substring("cuda:".length())))) {
                    // Its own default allows TF32 in what is called single precision.
                    provider.add("use_tf32", options.precision() == Precision.TF32 ? "1" : "0");
                    provider.add("cudnn_conv_algo_search", "EXHAUSTIVE");
                    settings.addCUDA(provider);
                }
            }
            return new OpenSession(environment.createSession(OnnxExporter.export(model, truncation), settings), model, options, cuda);
        } catch (OrtException e) {
            throw new UnavailableException("ONNX Runtime refuses: " + e.getMessage(), e);
        }
    }

    private static void requireSupport(Options options, boolean cuda) throws UnavailableException {
        if (!cuda && !options.device().equals("cpu")) {
            throw new UnavailableException("ONNX Runtime has no device " + options.device());
        }
        if (cuda && !OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
            throw new UnavailableException("these libraries of ONNX Runtime have no CUDA provider; for those of onnxruntime_gpu in a folder set "
                    + "LOWPASS_JAVA_OPTS=-Donnxruntime.native.path=FOLDER");
        }
        if (options.precision() == Precision.FP16 || options.precision() == Precision.TF32 && !cuda) {
            throw new UnavailableException("the exported network runs in single precision" + (cuda ? " or TF32" : "") + " only");
        }
    }

    /** A call to ONNX Runtime that failed. */
    private static IllegalStateException failure(OrtException e) {
        return new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
    }

    private final class OpenSession implements Session {

        private final OrtSession session;
        private final ModelDefinition model;
        private final Options options;
        private final boolean cuda;

        OpenSession(OrtSession session, ModelDefinition model, Options options, boolean cuda) {
            this.cuda = cuda;
            this.session = session;
            this.model = model;
            this.options = options;
        }

        @Override
        public String device() {
            return cuda ? "CUDA provider" : "CPU provider";
        }

        @Override
        public String description() {
            return "all graph optimisations, batch fixed, " + (cuda ? "exhaustive search of convolutions" : options.threads() + " intra-op threads, spinning");
        }

        @Override
        public Call newCall(FloatBuffer input) {
            try {
                return new BoundCall(channelsFirst(input));
            } catch (OrtException e) {
                throw failure(e);
            }
        }

        private FloatBuffer channelsFirst(FloatBuffer input) {
            Plane plane = model.graph().input();
            FloatBuffer transposed = LowpassEngine.direct(options.batch() * plane.elements());
            for (int n = 0; n < options.batch(); n++) {
                for (int c = 0; c < plane.channels(); c++) {
                    for (int i = 0; i < plane.area(); i++) {
                        transposed.put((n * plane.channels() + c) * plane.area() + i,
                                input.get(input.position() + (n * plane.area() + i) * plane.channels() + c));
                    }
                }
            }
            return transposed;
        }

        @Override
        public void close() {
            try {
                session.close();
            } catch (OrtException e) {
                throw failure(e);
            }
        }

        private final class BoundCall implements Call {

            private final FloatBuffer logits = LowpassEngine.direct(options.batch() * model.classes());
            private final Map<String, OnnxTensor> inputs;
            private final Map<String, OnnxTensor> outputs;

            BoundCall(FloatBuffer input) throws OrtException {
                Plane plane = model.graph().input();
                inputs = Map.of(OnnxExporter.INPUT,
                        OnnxTensor.createTensor(environment, input, new long[] {options.batch(), plane.channels(), plane.height(), plane.width()}));
                outputs = Map.of(OnnxExporter.LOGITS, OnnxTensor.createTensor(environment, logits, new long[] {options.batch(), model.classes()}));
            }

            @Override
            public void run() {
                try {
                    session.run(inputs, outputs).close();
                } catch (OrtException e) {
                    throw failure(e);
                }
            }

            @Override
            public float[] logits() {
                float[] values = new float[logits.capacity()];
                logits.get(0, values);
                return values;
            }

            @Override
            public void close() {
                inputs.values().forEach(OnnxTensor::close);
                outputs.values().forEach(OnnxTensor::close);
            }
        }
    }
}
