package dev.lowpass.kernels;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;

/**
 * The one place that validates, for every back end: lengths of weights and biases, bands, operands, batches and use after
 * close. The back end behind it sees only what holds, and asserts.
 */
final class CheckedBackend implements Backend {

    private final Backend backend;

    CheckedBackend(Backend backend) {
        this.backend = backend;
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public String description() {
        return backend.description();
    }

    @Override
    public Precision precision() {
        return backend.precision();
    }

    @Override
    public Set<Precision> precisions() {
        return backend.precisions();
    }

    @Override
    public Backend withPrecision(Precision precision) {
        if (precision == precision()) {
            return this;
        }
        if (!precisions().contains(precision)) {
            throw new IllegalArgumentException("the back end " + name() + " computes in " + new TreeSet<>(precisions()) + " here, not in " + precision
                    + "; choose one of these");
        }
        return new CheckedBackend(backend.withPrecision(precision));
    }

    @Override
    public Backend withTactics(TacticChoice choice) {
        Backend chosen = backend.withTactics(Objects.requireNonNull(choice, "choice"));
        return chosen == backend ? this : new CheckedBackend(chosen);
    }

    @Override
    public BandCost bandCost() {
        return backend.bandCost();
    }

    @Override
    public Optional<Peak> peak(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the peak of " + threads + " threads; it must be at least 1");
        }
        return backend.peak(threads);
    }

    @Override
    public Operation conv2d(OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        Window window = spec.window();
        requireWeight(spec, weight, "[out][kernelY][kernelX][in]", spec.outChannels(), window.kernelHeight(), window.kernelWidth(), spec.in().channels());
        requireBias(spec, bias);
        return new CheckedOperation(backend.conv2d(spec, weight, bias), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation depthwise(OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        Window window = spec.window();
        requireWeight(spec, weight, "[kernelY][kernelX][c]", window.kernelHeight(), window.kernelWidth(), spec.in().channels());
        requireBias(spec, bias);
        return new CheckedOperation(backend.depthwise(spec, weight, bias), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation pointwise(OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        requireWeight(spec, weight, "[out][in]", spec.outChannels(), spec.in().channels());
        requireBias(spec, bias);
        return new CheckedOperation(backend.pointwise(spec, weight, bias), spec.residual(), Integer.MAX_VALUE);
    }

    @Override
    public Operation bandPointwise(OperationSpec.BandPointwise spec, Bands[] bandsByBatch, float[] weight, float[] bias) {
        requireWeight(spec, weight, "[out][rank]", spec.outChannels(), spec.in().channels());
        requireBias(spec, bias);
        if (bandsByBatch.length == 0) {
            throw new IllegalArgumentException(of(spec) + ": no bands; give one Bands for every batch, from 1 image on");
        }
        Bands[] bands = bandsByBatch.clone();
        for (int i = 0; i < bands.length; i++) {
            requireBands(spec, bands[i], i + 1);
        }
        return new CheckedOperation(backend.bandPointwise(spec, bands, weight, bias), spec.residual(), bands.length);
    }

    @Override
    public Operation dct(OperationSpec.Dct spec) {
        return new CheckedOperation(backend.dct(spec), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation idct(OperationSpec.Idct spec) {
        return new CheckedOperation(backend.idct(spec), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation idctDepthwiseDct(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        Window window = spec.window();
        requireWeight(spec, weight, "[kernelY][kernelX][c]", window.kernelHeight(), window.kernelWidth(), spec.in().channels());
        requireBias(spec, bias);
        return new CheckedOperation(backend.idctDepthwiseDct(spec, weight, bias), false, Integer.MAX_VALUE);
    }

    @Override
    public boolean fuses(OperationSpec spec) {
        return backend.fuses(spec);
    }

    @Override
    public Operation expandIdctDepthwiseDct(
            OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        OperationSpec.BandPointwise expand = spec.expand();
        Window window = spec.middle().window();
        requireWeight(expand, expandWeight, "[out][rank]", expand.outChannels(), expand.in().channels());
        requireBias(expand, expandBias);
        requireWeight(spec.middle(), weight, "[kernelY][kernelX][c]", window.kernelHeight(), window.kernelWidth(), expand.outChannels());
        requireBias(spec.middle(), bias);
        return new CheckedOperation(backend.expandIdctDepthwiseDct(spec, expandWeight, expandBias, weight, bias), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation add(OperationSpec.Add spec) {
        return new CheckedOperation(backend.add(spec), true, Integer.MAX_VALUE);
    }

    @Override
    public Operation globalAveragePool(OperationSpec.GlobalAveragePool spec) {
        return new CheckedOperation(backend.globalAveragePool(spec), false, Integer.MAX_VALUE);
    }

    @Override
    public Operation chain(OperationSpec.Chain spec, List<Operation> stages) {
        List<Operation> inner = new ArrayList<>();
        for (Operation stage : stages) {
            if (!(stage instanceof CheckedOperation checked) || checked.owner() != this) {
                throw new IllegalArgumentException(of(spec) + " of back end " + name() + ": stage " + inner.size()
                        + " is another back end's; make it with this one");
            }
            checked.requireOpen();
            inner.add(checked.operation);
        }
        if (!inner.stream().map(Operation::spec).toList().equals(spec.stages())) {
            throw new IllegalArgumentException(of(spec) + ": the stages given are " + inner.stream().map(Operation::spec).toList()
                    + "; give one for each of " + spec.stages());
        }
        return new CheckedOperation(backend.chain(spec, inner), spec.residual(), Integer.MAX_VALUE);
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads) {
        return newWorkspace(maxBatch, elements, scratchElements, threads, null);
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads, Executor executor) {
        require(maxBatch >= 1, "maxBatch", maxBatch, 1);
        require(elements >= 1, "arena elements", elements, 1);
        require(scratchElements >= 0, "scratch elements", scratchElements, 0);
        require(threads >= 1, "threads", threads, 1);
        return new CheckedWorkspace(this, backend.newWorkspace(maxBatch, elements, scratchElements, threads, executor), scratchElements);
    }

    private static void require(boolean holds, String what, long value, long least) {
        if (!holds) {
            throw new IllegalArgumentException("a workspace with " + what + " of " + value + "; it must be at least " + least);
        }
    }

    private void requireWeight(OperationSpec spec, float[] weight, String layout, int... shape) {
        spec.out(); // the output's shape must exist before weights for it can
        long needed = 1;
        StringBuilder text = new StringBuilder();
        for (int side : shape) {
            needed *= side;
            text.append(text.isEmpty() ? "" : "x").append(side);
        }
        if (weight.length != needed) {
            throw new IllegalArgumentException(of(spec) + ": weight has " + weight.length + " values; " + layout + " of " + text
                    + " needs " + needed);
        }
    }

    private void requireBias(OperationSpec spec, float[] bias) {
        int channels = spec.out().channels();
        if (bias != null && bias.length != channels) {
            throw new IllegalArgumentException(of(spec) + ": bias has " + bias.length + " values; give null or one for each of "
                    + channels + " output channels");
        }
    }

    private void requireBands(OperationSpec.BandPointwise spec, Bands bands, int batch) {
        Staircase staircase = spec.staircase();
        int coefficients = staircase.block() * staircase.block();
        boolean fit = bands.end(bands.count() - 1) == coefficients;
        for (int band = 0; fit && band < bands.count(); band++) {
            int depth = bands.depth(band);
            fit = depth >= staircase.prefix(bands.start(band)) && depth <= staircase.channels();
        }
        if (!fit) {
            throw new IllegalArgumentException(of(spec) + ": the bands for batch " + batch + ", " + bands
                    + ", do not cover its staircase; make them from the specification's own staircase");
        }
    }

    /** Name and input of an operation, for messages. */
    private String of(OperationSpec spec) {
        return spec.kernelName(precision()) + " on " + spec.in();
    }

    /** @param bandBatches the largest batch that bands were given for */
    private final class CheckedOperation implements Operation {

        private final Operation operation;
        private final boolean residual;
        private final int bandBatches;
        private volatile boolean closed;

        CheckedOperation(Operation operation, boolean residual, int bandBatches) {
            this.operation = operation;
            this.residual = residual;
            this.bandBatches = bandBatches;
        }

        CheckedBackend owner() {
            return CheckedBackend.this;
        }

        @Override
        public OperationSpec spec() {
            return operation.spec();
        }

        @Override
        public long scratchElements(int maxBatch) {
            if (maxBatch < 1) {
                throw new IllegalArgumentException(of(spec()) + ": maxBatch is " + maxBatch + "; it must be at least 1");
            }
            return operation.scratchElements(maxBatch);
        }

        @Override
        public Step bind(Workspace workspace, Operands operands) {
            requireOpen();
            if (!(workspace instanceof CheckedWorkspace checked) || checked.owner != CheckedBackend.this) {
                throw new IllegalArgumentException(of(spec()) + " of back end " + name()
                        + ": the workspace is another back end's; make it with this one's newWorkspace");
            }
            checked.requireOpen();
            long scratch = operation.scratchElements(checked.maxBatch());
            if (checked.scratchElements < scratch) {
                throw new IllegalArgumentException(of(spec()) + ": the workspace has " + checked.scratchElements + " scratch elements; this needs "
                        + scratch + " for batches of " + checked.maxBatch());
            }
            requireOperands(checked, operands);
            Step step = operation.bind(checked.workspace, operands);
            int maxBatch = Math.min(checked.maxBatch(), bandBatches);
            return new CheckedStep(step, checked, maxBatch);
        }

        /** A step of this operation. */
        private final class CheckedStep implements Step {
            private final Step step;
            private final CheckedWorkspace workspace;
            private final int maxBatch;

            CheckedStep(Step step, CheckedWorkspace workspace, int maxBatch) {
                this.step = step;
                this.workspace = workspace;
                this.maxBatch = maxBatch;
            }

            @Override
            public void run(int batch) {
                requireBatch(batch);
                requireOpen();
                workspace.requireOpen();
                step.run(batch);
            }

            @Override
            public String tactic(int batch) {
                requireBatch(batch);
                return step.tactic(batch);
            }

            private void requireBatch(int batch) {
                if (batch < 1 || batch > maxBatch) {
                    throw new IllegalArgumentException(of(spec()) + ": batch is " + batch + "; it must be from 1 to " + maxBatch);
                }
            }
        }

        private void requireOperands(CheckedWorkspace workspace, Operands operands) {
            long in = (long) spec().in().elements() * workspace.maxBatch();
            long out = (long) spec().out().elements() * workspace.maxBatch();
            requireInside(workspace, "in", operands.in(), in);
            requireInside(workspace, "out", operands.out(), out);
            if (!(spec() instanceof OperationSpec.Add) || operands.in() != operands.out()) {
                requireApart("in", operands.in(), in, operands.out(), out);
            }
            if (residual) {
                requireInside(workspace, "residual", operands.residual(), out);
                if (operands.residual() != operands.out()) {
                    requireApart("residual", operands.residual(), out, operands.out(), out);
                }
            }
        }

        private void requireInside(Workspace workspace, String operand, long offset, long count) {
            if (offset < 0 || offset > workspace.elements() - count) {
                throw new IllegalArgumentException(of(spec()) + ": operand " + operand + " of " + count + " elements at " + offset
                        + " leaves the arena of " + workspace.elements() + " elements; move it inside");
            }
        }

        private void requireApart(String operand, long offset, long count, long out, long outCount) {
            if (offset < out + outCount && out < offset + count) {
                throw new IllegalArgumentException(of(spec()) + ": operand " + operand + " of " + count + " elements at " + offset
                        + " overlaps out of " + outCount + " at " + out + "; keep them apart");
            }
        }

        private void requireOpen() {
            if (closed) {
                throw new IllegalStateException(of(spec()) + ": the operation is closed; create it again");
            }
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                operation.close();
            }
        }
    }

    private static final class CheckedWorkspace implements Workspace {

        private final CheckedBackend owner;
        private final Workspace workspace;
        private final long scratchElements;
        private boolean closed;

        CheckedWorkspace(CheckedBackend owner, Workspace workspace, long scratchElements) {
            this.owner = owner;
            this.workspace = workspace;
            this.scratchElements = scratchElements;
        }

        @Override
        public int maxBatch() {
            return workspace.maxBatch();
        }

        @Override
        public long elements() {
            return workspace.elements();
        }

        @Override
        public long bytes() {
            return workspace.bytes();
        }

        @Override
        public void write(long offset, FloatBuffer source, int from, int count) {
            requireRange("write", offset, source, from, count);
            workspace.write(offset, source, from, count);
        }

        @Override
        public void read(long offset, FloatBuffer target, int to, int count) {
            requireRange("read", offset, target, to, count);
            workspace.read(offset, target, to, count);
        }

        /** Its caller, the session, has checked what comes in. */
        @Override
        public DeviceAccess newDeviceAccess(float[] mean, float[] deviation, int pixels) {
            requireOpen();
            return workspace.newDeviceAccess(mean, deviation, pixels);
        }

        @Override
        public void tune(List<Operation.Step> steps) {
            requireOpen();
            List<Operation.Step> inner = new ArrayList<>(steps.size());
            for (Operation.Step step : steps) {
                if (!(step instanceof CheckedOperation.CheckedStep checked) || checked.workspace != this) {
                    throw new IllegalArgumentException("a step of another workspace cannot be tuned in this one; bind the operation to it");
                }
                inner.add(checked.step);
            }
            workspace.tune(inner);
        }

        @Override
        public boolean canRecord() {
            return workspace.canRecord();
        }

        @Override
        public Recording record(Runnable pass) {
            requireOpen();
            Recording recording = workspace.record(Objects.requireNonNull(pass, "pass"));
            return new Recording() {
                @Override
                public void run() {
                    requireOpen();
                    recording.run();
                }

                @Override
                public void close() {
                    recording.close();
                }
            };
        }

        @Override
        public Stopwatch newStopwatch(int marks) {
            requireOpen();
            return workspace.newStopwatch(marks);
        }

        private void requireRange(String access, long offset, FloatBuffer buffer, int index, int count) {
            requireOpen();
            Objects.requireNonNull(buffer, "buffer");
            if (offset < 0 || count < 0 || offset > elements() - count) {
                throw new IllegalArgumentException(access + " of " + count + " elements at " + offset + " leaves the arena of " + elements()
                        + " elements; stay inside");
            }
            if (index < 0 || index > buffer.limit() - count) {
                throw new IllegalArgumentException(access + " of " + count + " elements at index " + index + " leaves the buffer, whose limit is "
                        + buffer.limit() + "; stay below it");
            }
        }

        private void requireOpen() {
            if (closed) {
                throw new IllegalStateException("the workspace is closed; make a new one");
            }
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                workspace.close();
            }
        }
    }
}
