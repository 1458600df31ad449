package dev.lowpass.bench.latency;

import dev.lowpass.bench.output.ProgramVersion;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.RunTiming;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.plan.Plan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** This project's own sessions. */
public final class LowpassEngine implements Engine {

    public static final String NAME = "lowpass";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String version() {
        return ProgramVersion.get();
    }

    @Override
    public Session open(ModelDefinition definition, Options options) throws UnavailableException {
        Device device = Device.named(options.device());
        if (!device.precisions().contains(options.precision())) {
            throw new UnavailableException("the device " + device + " computes in " + device.precisions() + " only");
        }
        try (Model model = Model.of(definition)) {
            return new OpenSession(model.newSession(SessionOptions.builder()
                    .device(device)
                    .precision(options.precision())
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
        public String device() {
            return session.options().device().description();
        }

        @Override
        public String description() {
            return "";
        }

        @Override
        public Call newCall(FloatBuffer input) {
            FloatBuffer own = direct(batch * session.inputElements()).put(0, input, input.position(), batch * session.inputElements());
            FloatBuffer logits = direct(batch * session.classes());
            RunTiming phases = RunTiming.ofPhases();
            return new Call() {
                @Override
                public void run() {
                    session.run(own, batch, logits);
                }

                @Override
                public Optional<Phases> runInPhases() {
                    session.run(own, batch, logits, phases);
                    return Optional.of(new Phases(phases.writeNanos(), phases.computeNanos(), phases.readNanos()));
                }

                @Override
                public List<Receipt.Step> runInSteps(int times) {
                    RunTiming timing = RunTiming.ofSteps(session);
                    List<Plan.Step> steps = session.plan().steps();
                    long[][] nanos = new long[steps.size()][times];
                    for (int i = 0; i < times; i++) {
                        session.run(own, batch, logits, timing);
                        for (int step = 0; step < nanos.length; step++) {
                            nanos[step][i] = timing.stepNanos(step);
                        }
                    }
                    List<String> tactics = session.tactics(batch);
                    return IntStream.range(0, nanos.length)
                            .mapToObj(i -> new Receipt.Step(steps.get(i).ops(), steps.get(i).spec().kernelName(), tactics.get(i), nanos[i]))
                            .toList();
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
