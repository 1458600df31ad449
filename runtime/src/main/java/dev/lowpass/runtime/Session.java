package dev.lowpass.runtime;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.DeviceAccess;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Stopwatch;
import dev.lowpass.kernels.TacticChoice;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.runtime.graph.Parameters;
import dev.lowpass.runtime.plan.Plan;
import dev.lowpass.runtime.plan.Planner;
import java.lang.ref.Cleaner;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A model made ready to run on a device: planned, its weights packed, its memory allocated. Thread-safe: each call takes one of the
 * session's contexts, and calls beyond their number wait for one. After warm-up a call allocates nothing.
 */
public final class Session implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Session.class.getName());
    private static final Cleaner CLEANER = Cleaner.create();

    /**
     * Only to ask whether anybody records. While nobody does, {@code isEnabled} is a method that returns false: the Flight Recorder
     * gives it another body when a recording starts, so that asking costs nothing before.
     */
    private static final RunEvent RUN = new RunEvent();

    private static final OpEvent OP = new OpEvent();

    private final String modelName;
    private final SessionOptions options;
    private final Object warmingUp = new Object();
    private final Plan plan;
    /** By step, for events. */
    private final String[] opNames;
    private final String[] kernels;
    private final Preprocess preprocess;
    /** Of 8-bit pixels, where the host normalises them: (channel, value); made when pixels first come. */
    private volatile float[] normalized;
    private final int inputElements;
    private final int classes;
    private final Resources resources;
    private final Cleaner.Cleanable leakReport;

    Session(String modelName, ModelDefinition definition, SessionOptions options) {
        this.modelName = modelName;
        this.options = options;
        ModelDefinition model = definition.withCutoffs(options.cutoffs());
        Backend backend = options.device().backend(options.precision()).withTactics(options.tactics());
        Planner.Planned planned = Planner.plan(model, options.maxBatch(), backend.bandCost(), backend::fuses);
        plan = planned.plan();
        opNames = plan.steps().stream().map(step -> String.join(", ", step.ops())).toArray(String[]::new);
        kernels = plan.steps().stream().map(step -> step.spec().kernelName()).toArray(String[]::new);
        inputElements = model.graph().input().elements();
        preprocess = model.preprocess();
        float[] mean = floats(preprocess.mean());
        float[] deviation = floats(preprocess.std());
        classes = model.classes();
        resources = new Resources(describe(model, options));
        try {
            long scratch = 0;
            for (int i = 0; i < plan.steps().size(); i++) {
                Operation operation = create(backend, plan.steps().get(i), planned.parameters().get(i));
                resources.operations.add(operation);
                scratch = Math.max(scratch, operation.scratchElements(options.maxBatch()));
            }
            for (int i = 0; i < options.contexts(); i++) {
                Workspace workspace = backend.newWorkspace(options.maxBatch(), plan.arenaElements(), scratch, options.threads(), options.executor());
                resources.workspaces.add(workspace);
                Operation.Step[] steps = bind(workspace);
                if (options.tactics() == TacticChoice.MEASURED) {
                    workspace.tune(List.of(steps));
                }
                Context context = new Context(workspace, steps, options.maxBatch());
                resources.contexts.add(context);
                context.deviceAccess = workspace.newDeviceAccess(mean, deviation, options.maxBatch() * inputElements);
                resources.contextBytes = workspace.bytes();
                resources.idle.add(context);
            }
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, resources::free);
            throw e;
        }
        leakReport = CLEANER.register(this, resources::reportLeak);
    }

    private static float[] floats(List<Float> values) {
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }

    private static String describe(ModelDefinition model, SessionOptions options) {
        return "session of a model with input " + model.graph().input() + " on " + options.device();
    }

    private static Operation create(Backend backend, Plan.Step step, List<Parameters> parameters) {
        if (!(step.spec() instanceof OperationSpec.Chain chain)) {
            return create(backend, step.spec(), step.bandsByBatch(), parameters);
        }
        List<Operation> stages = new ArrayList<>();
        for (int i = 0; i < chain.stages().size(); i++) {
            stages.add(create(backend, chain.stages().get(i), List.of(), List.of(parameters.get(i))));
        }
        return backend.chain(chain, stages);
    }

    private static Operation create(Backend backend, OperationSpec spec, List<Bands> bandsByBatch, List<Parameters> all) {
        Parameters parameters = all.get(0);
        float[] weight = parameters == null ? null : parameters.weight();
        float[] bias = parameters == null ? null : parameters.bias();
        if (spec instanceof OperationSpec.Conv2d conv) {
            return backend.conv2d(conv, weight, bias);
        } else if (spec instanceof OperationSpec.Depthwise depthwise) {
            return backend.depthwise(depthwise, weight, bias);
        } else if (spec instanceof OperationSpec.Pointwise pointwise) {
            return backend.pointwise(pointwise, weight, bias);
        } else if (spec instanceof OperationSpec.BandPointwise band) {
            return backend.bandPointwise(band, bandsByBatch.toArray(Bands[]::new), weight, bias);
        } else if (spec instanceof OperationSpec.Dct dct) {
            return backend.dct(dct);
        } else if (spec instanceof OperationSpec.Idct idct) {
            return backend.idct(idct);
        } else if (spec instanceof OperationSpec.IdctDepthwiseDct fused) {
            return backend.idctDepthwiseDct(fused, weight, bias);
        } else if (spec instanceof OperationSpec.ExpandIdctDepthwiseDct whole) {
            Parameters expand = all.get(1);
            return backend.expandIdctDepthwiseDct(whole, expand.weight(), expand.bias(), weight, bias);
        } else if (spec instanceof OperationSpec.Add add) {
            return backend.add(add);
        } else {
            return backend.globalAveragePool((OperationSpec.GlobalAveragePool) spec);
        }
    }

    private Operation.Step[] bind(Workspace workspace) {
        Operation.Step[] steps = new Operation.Step[plan.steps().size()];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = resources.operations.get(i).bind(workspace, plan.steps().get(i).operands());
        }
        return steps;
    }

    /**
     * Runs a batch.
     *
     * @param input {@code [n][y][x][c]}, normalised, from the buffer's position on; heap or direct; position and limit stay
     * @param batch images, 1 to the session's maximum
     * @param logits receives {@code [n][class]} from the buffer's position on; position and limit stay
     * @throws IllegalArgumentException when the batch or a buffer's size does not fit
     * @throws IllegalStateException after close
     */
    public void run(FloatBuffer input, int batch, FloatBuffer logits) {
        requireRun(input, batch, logits);
        RunEvent event = beginRun();
        Context context = resources.take();
        try {
            waited(event);
            context.workspace.write(plan.input(), input, input.position(), batch * inputElements);
            runSteps(context, batch);
            context.workspace.read(plan.output(), logits, logits.position(), batch * classes);
        } finally {
            resources.giveBack(context);
        }
        endRun(event, batch);
    }

    /**
     * Runs a batch as {@link #run(FloatBuffer, int, FloatBuffer)} does, and tells where the time went. Allocates nothing after the
     * first call in each context.
     *
     * @param timing receives the times
     * @throws IllegalArgumentException also when the timing was made for the steps of a session with another number of them
     */
    public void run(FloatBuffer input, int batch, FloatBuffer logits, RunTiming timing) {
        requireRun(input, batch, logits);
        if (timing.steps() != 0 && timing.steps() != plan.steps().size()) {
            throw new IllegalArgumentException("the timing is for " + timing.steps() + " steps, and this session has " + plan.steps().size()
                    + "; make it by RunTiming.ofSteps of this session");
        }
        RunEvent event = beginRun();
        Context context = resources.take();
        try {
            waited(event);
            runTimed(context, input, batch, logits, timing);
        } finally {
            resources.giveBack(context);
        }
        endRun(event, batch);
    }

    /**
     * Runs a batch of 8-bit pixels, which are normalised by the model's mean and standard deviation: on a GPU by the device, so that a
     * quarter of the bytes travel. Allocates nothing after the first call in each context.
     *
     * @param pixels {@code [n][y][x][c]} in the network's channel order, from the buffer's position on; heap or direct; position and limit stay
     * @param batch images, 1 to the session's maximum
     * @param logits receives {@code [n][class]} from the buffer's position on; position and limit stay
     * @throws IllegalArgumentException when the batch or a buffer's size does not fit
     * @throws IllegalStateException after close
     */
    public void run(ByteBuffer pixels, int batch, FloatBuffer logits) {
        Objects.requireNonNull(pixels, "pixels");
        Objects.requireNonNull(logits, "logits");
        requireOpen();
        requireBatch(batch);
        requireRemaining("bytes of pixels", pixels, batch, inputElements);
        requireLogits(batch, logits);
        RunEvent event = beginRun();
        Context context = resources.take();
        try {
            waited(event);
            int count = batch * inputElements;
            if (context.deviceAccess != null) {
                context.deviceAccess.writePixels(plan.input(), pixels, pixels.position(), count);
            } else {
                FloatBuffer input = context.input(options.maxBatch() * inputElements);
                normalize(pixels, count, input);
                context.workspace.write(plan.input(), input, 0, count);
            }
            runSteps(context, batch);
            context.workspace.read(plan.output(), logits, logits.position(), batch * classes);
        } finally {
            resources.giveBack(context);
        }
        endRun(event, batch);
    }

    private void normalize(ByteBuffer pixels, int count, FloatBuffer input) {
        int channels = preprocess.input().channels();
        float[] table = normalized;
        if (table == null) {
            table = new float[channels << 8];
            for (int i = 0; i < table.length; i++) {
                table[i] = preprocess.normalize(i & 0xff, i >> 8);
            }
            normalized = table;
        }
        int from = pixels.position();
        for (int i = 0, channel = 0; i < count; i++, channel = channel + 1 == channels ? 0 : channel + 1) {
            input.put(i, table[channel << 8 | pixels.get(from + i) & 0xff]);
        }
    }

    /**
     * Runs a batch whose input and logits are the caller's device memory. Returns when the work is enqueued, perhaps before it has run:
     * it starts after all that {@code stream} holds when this is called, and all that {@code stream} gets later comes after it. Both
     * memories must stay allocated until then; the caller synchronises with {@code stream}. The context in which they are allocated
     * must be the device's primary one, which is the CUDA runtime's too.
     *
     * @param input the device address of {@code [n][y][x][c]}, floats, normalised
     * @param batch images, 1 to the session's maximum
     * @param logits the device address that receives {@code [n][class]}, floats
     * @param stream a CUstream or cudaStream_t of the caller's, which is not capturing; 0 for the legacy default stream
     * @throws UnsupportedOperationException unless the session runs on a CUDA device
     * @throws IllegalArgumentException when the batch does not fit or an address is no device memory of that size, or another GPU's
     * @throws IllegalStateException after close
     */
    public void runOnDevice(long input, int batch, long logits, long stream) {
        runOnDevice(input, false, batch, logits, stream);
    }

    /**
     * As {@link #runOnDevice}, of 8-bit pixels as {@link #run(ByteBuffer, int, FloatBuffer)} takes them.
     *
     * @param pixels the device address of {@code [n][y][x][c]}, bytes, in the network's channel order
     */
    public void runPixelsOnDevice(long pixels, int batch, long logits, long stream) {
        runOnDevice(pixels, true, batch, logits, stream);
    }

    private void runOnDevice(long input, boolean pixels, int batch, long logits, long stream) {
        requireOpen();
        requireBatch(batch);
        RunEvent event = beginRun();
        Context context = resources.take();
        try {
            waited(event);
            DeviceAccess device = context.deviceAccess;
            if (device == null) {
                throw new UnsupportedOperationException("device addresses need a session on a CUDA device, and this one runs on " + options.device()
                        + "; use run with buffers");
            }
            device.requireMemory("input", input, (pixels ? 1L : 4L) * batch * inputElements);
            device.requireMemory("logits", logits, 4L * batch * classes);
            device.follow(stream);
            if (pixels) {
                device.copyPixelsIn(input, plan.input(), batch * inputElements);
            } else {
                device.copyIn(input, plan.input(), batch * inputElements);
            }
            runSteps(context, batch);
            device.copyOut(plan.output(), logits, batch * classes);
            device.precede(stream);
        } finally {
            resources.giveBack(context);
        }
        endRun(event, batch);
    }

    private void runTimed(Context context, FloatBuffer input, int batch, FloatBuffer logits, RunTiming timing) {
        int steps = context.steps.length;
        Stopwatch stopwatch = context.stopwatch();
        stopwatch.mark(0);
        context.workspace.write(plan.input(), input, input.position(), batch * inputElements);
        stopwatch.mark(1);
        if (timing.steps() == 0) {
            context.run(batch);
            stopwatch.mark(1 + steps);
        } else {
            for (int i = 0; i < steps; i++) {
                context.steps[i].run(batch);
                stopwatch.mark(2 + i);
            }
        }
        context.workspace.read(plan.output(), logits, logits.position(), batch * classes);
        stopwatch.mark(2 + steps);
        timing.take(stopwatch, steps);
    }

    /**
     * Null while nobody records. What is recorded runs through the same calls as what is not, for the compiler may inline two copies of
     * them differently, and their times then differ by more than the events cost.
     */
    private static RunEvent beginRun() {
        if (!RUN.isEnabled() && !OP.isEnabled()) {
            return null;
        }
        RunEvent event = new RunEvent();
        event.begin();
        event.waitingTime = -System.nanoTime();
        return event;
    }

    private static void waited(RunEvent event) {
        if (event != null) {
            event.waitingTime += System.nanoTime();
        }
    }

    private void endRun(RunEvent event, int batch) {
        if (event == null) {
            return;
        }
        event.end();
        if (event.shouldCommit()) {
            event.model = modelName;
            event.device = options.device().name();
            event.batch = batch;
            event.commit();
        }
    }

    /** The whole pass, or step by step where somebody records operations. */
    private void runSteps(Context context, int batch) {
        boolean recorded = OP.isEnabled();
        if (!recorded && context.passes != null) {
            context.runPass(batch);
            return;
        }
        Stopwatch stopwatch = recorded ? context.stopwatch() : null;
        for (int i = 0; i < context.steps.length; i++) {
            OpEvent event = recorded ? beginOp(stopwatch) : null;
            context.steps[i].run(batch);
            if (event != null) {
                endOp(event, stopwatch, context, i, batch);
            }
        }
    }

    private static OpEvent beginOp(Stopwatch stopwatch) {
        OpEvent event = new OpEvent();
        event.begin();
        stopwatch.mark(0);
        return event;
    }

    private void endOp(OpEvent event, Stopwatch stopwatch, Context context, int step, int batch) {
        stopwatch.mark(1);
        event.computeTime = stopwatch.nanos(0, 1); // waits for the step, so that the event covers it
        event.end();
        if (event.shouldCommit()) {
            event.model = modelName;
            event.device = options.device().name();
            event.batch = batch;
            event.step = step;
            event.ops = opNames[step];
            event.kernel = kernels[step];
            event.tactic = context.steps[step].tactic(batch);
            event.commit();
        }
    }

    private void requireRun(FloatBuffer input, int batch, FloatBuffer logits) {
        Objects.requireNonNull(input, "input");
        Objects.requireNonNull(logits, "logits");
        requireOpen();
        requireBatch(batch);
        requireRemaining("floats of input", input, batch, inputElements);
        requireLogits(batch, logits);
    }

    private void requireLogits(int batch, FloatBuffer logits) {
        requireRemaining("floats of logits", logits, batch, classes);
        if (logits.isReadOnly()) {
            throw new IllegalArgumentException("the logits buffer is read-only; give one that can be written");
        }
    }

    private void requireOpen() {
        if (resources.isClosed()) {
            throw closed();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the session is closed; make a new one from the model");
    }

    private void requireBatch(int batch) {
        if (batch < 1 || batch > options.maxBatch()) {
            throw new IllegalArgumentException("batch " + batch + " is out of range; this session takes 1 to " + options.maxBatch()
                    + ": split the batch or create the session with a larger maxBatch");
        }
    }

    private static void requireRemaining(String what, Buffer buffer, int batch, int elements) {
        long needed = (long) batch * elements;
        if (buffer.remaining() < needed) {
            throw new IllegalArgumentException("batch " + batch + " needs " + needed + " " + what + " (" + elements
                    + " an image), but the buffer has " + buffer.remaining() + " remaining");
        }
    }

    /**
     * Runs each batch size until its time has settled: three rounds of a fifth of a second in a row that gain less than 2 %,
     * or at most about ten seconds each; then once in every other context. Without arguments: one image and the largest batch. On a GPU the first
     * pass of each size in a context is recorded into a CUDA graph; CUDA forbids other threads to synchronise the whole device meanwhile
     * (cuCtxSynchronize, cudaDeviceSynchronize), so an application that does so warms up before.
     */
    public void warmUp(int... batches) {
        requireOpen();
        int[] sizes = batches.length == 0 ? Arrays.stream(new int[] {1, options.maxBatch()}).distinct().toArray() : batches;
        for (int batch : sizes) {
            requireBatch(batch);
        }
        for (int batch : sizes) {
            FloatBuffer input = FloatBuffer.allocate(batch * inputElements);
            FloatBuffer logits = FloatBuffer.allocate(batch * classes);
            WarmUp.untilSettled(() -> run(input, batch, logits));
            runInEveryContext(() -> run(input, batch, logits));
        }
    }

    private void runInEveryContext(Runnable once) {
        // One at a time: two that each held back a context that the other waits for would wait for ever.
        synchronized (warmingUp) {
            List<Context> heldBack = new ArrayList<>();
            try {
                for (int i = 1; i < options.contexts(); i++) {
                    heldBack.add(resources.take());
                    once.run();
                }
            } finally {
                heldBack.forEach(resources::giveBack);
            }
        }
    }

    public SessionOptions options() {
        return options;
    }

    /** What runs: steps, domains, bands and memory. */
    public Plan plan() {
        return plan;
    }

    /**
     * For each step of the plan, the name of the way in which the back end runs a batch of that size; empty for a step that runs in
     * one way only.
     */
    public List<String> tactics(int batch) {
        requireBatch(batch);
        Context context = resources.take();
        try {
            return Stream.of(context.steps).map(step -> step.tactic(batch)).toList();
        } finally {
            resources.giveBack(context);
        }
    }

    /** Floats of one image's input. */
    public int inputElements() {
        return inputElements;
    }

    /** Floats of one image's logits. */
    public int classes() {
        return classes;
    }

    /** Bytes that one context holds: arena and scratch, on a GPU staging too. On the CPU the first run of 8-bit pixels adds their floats. */
    public long contextBytes() {
        return resources.contextBytes;
    }

    /**
     * Refuses new calls, waits for running ones, then frees everything; idempotent. The application may capture CUDA streams of its own while
     * sessions are made, run and closed, with one exception: closing one that uses cuBLAS, whose cublasDestroy synchronises the GPU.
     */
    @Override
    public void close() {
        resources.close();
        leakReport.clean();
    }

    /** What one running call needs for itself. */
    private static final class Context {
        private final Workspace workspace;
        private final Operation.Step[] steps;
        /** By batch: the whole pass, recorded when a batch of that size first comes; null where passes are not recorded. */
        private final Workspace.Recording[] passes;
        /** Null where there is no device memory. */
        private DeviceAccess deviceAccess;
        /** Made when pixels first come and the host normalises them. */
        private FloatBuffer input;
        /** Made when times are first asked for. */
        private Stopwatch stopwatch;

        Context(Workspace workspace, Operation.Step[] steps, int maxBatch) {
            this.workspace = workspace;
            this.steps = steps;
            this.passes = workspace.canRecord() ? new Workspace.Recording[maxBatch + 1] : null;
        }

        /** A recorded pass; the first of a batch's size records it. */
        void runPass(int batch) {
            if (passes[batch] == null) {
                passes[batch] = workspace.record(() -> runSteps(batch));
            }
            passes[batch].run();
        }

        /** As a timed run has it: a recorded pass, where there are some. */
        void run(int batch) {
            if (passes == null) {
                runSteps(batch);
            } else {
                runPass(batch);
            }
        }

        private void runSteps(int batch) {
            for (Operation.Step step : steps) {
                step.run(batch);
            }
        }

        /** With a mark before and after each step, and two more. */
        Stopwatch stopwatch() {
            if (stopwatch == null) {
                stopwatch = workspace.newStopwatch(steps.length + 3);
            }
            return stopwatch;
        }

        FloatBuffer input(int elements) {
            if (input == null) {
                input = FloatBuffer.allocate(elements);
            }
            return input;
        }

        void close(Cleanup cleanup) {
            if (deviceAccess != null) {
                cleanup.run(deviceAccess::close);
            }
            if (stopwatch != null) {
                cleanup.run(stopwatch::close);
            }
            if (passes != null) {
                Stream.of(passes).filter(Objects::nonNull).forEach(recording -> cleanup.run(recording::close));
            }
        }
    }

    /** Everything that must be freed; knows nothing of the session, so that a forgotten session can be collected and reported. */
    private static final class Resources {
        private final String description;
        private final List<Operation> operations = new ArrayList<>();
        private final List<Workspace> workspaces = new ArrayList<>();
        private final List<Context> contexts = new ArrayList<>();
        private final ArrayList<Context> idle = new ArrayList<>();
        private long contextBytes;
        private boolean closed;
        private boolean freed;

        Resources(String description) {
            this.description = description;
        }

        synchronized boolean isClosed() {
            return closed;
        }

        synchronized Context take() {
            boolean interrupted = false;
            while (!closed && idle.isEmpty()) {
                interrupted |= waitHere();
            }
            restore(interrupted);
            if (closed) {
                throw closed();
            }
            return idle.remove(idle.size() - 1);
        }

        synchronized void giveBack(Context context) {
            idle.add(context);
            notifyAll();
        }

        synchronized void close() {
            closed = true;
            notifyAll();
            boolean interrupted = false;
            while (!freed && idle.size() < workspaces.size()) {
                interrupted |= waitHere();
            }
            restore(interrupted);
            free();
        }

        /** Waits for a change; an interrupt is remembered, not obeyed: the call that holds the context goes on regardless. */
        private boolean waitHere() {
            try {
                wait();
                return false;
            } catch (InterruptedException e) {
                return true;
            }
        }

        private static void restore(boolean interrupted) {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        synchronized void free() {
            if (!freed) {
                freed = true;
                idle.clear();
                notifyAll();
                Cleanup cleanup = new Cleanup();
                contexts.forEach(context -> context.close(cleanup));
                workspaces.forEach(workspace -> cleanup.run(workspace::close));
                operations.forEach(operation -> cleanup.run(operation::close));
                cleanup.rethrow();
            }
        }

        synchronized void reportLeak() {
            if (!freed) {
                LOG.log(System.Logger.Level.WARNING, "a {0} was never closed; its memory is freed now: close it, or use try-with-resources", description);
                free();
            }
        }
    }
}
