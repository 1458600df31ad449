package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.Stopwatch;
import dev.lowpass.kernels.Workspace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;

/**
 * One stream, one allocation of device memory (arena, then scratch) and one pinned buffer through which data come and go. Steps
 * are enqueued and run in order; {@link #read} waits for them.
 */
final class CudaWorkspace implements Workspace {

    /** Data larger than this come and go in several turns: pinned memory is dear. */
    private static final long MOST_STAGING_BYTES = 16L << 20;

    /** Each part starts at a multiple of this, so that 16-byte accesses suit it. */
    private static final long ALIGNMENT = 64;

    /** Elements that a thread block converts in a turn; see elementwise.cu. */
    private static final int CONVERTED = 256;

    private final CudaContext context;
    private final Precision precision;
    private final int maxBatch;
    private final long elements;
    private final long deviceBytes;
    private final int stagingElements;
    private final CUcontext popped = new CUcontext();

    private CUstream stream;
    private CUdeviceptr arena;
    private CUdeviceptr scratch;
    /** Where the kernels' elements are not floats: as many floats as {@link #staging} has, to be converted on the device. */
    private CUdeviceptr floats;
    private Pointer pinned;
    private FloatBuffer staging;
    /** Whether a copy from the staging buffer may still be under way. */
    private boolean stagingBusy;
    private final Turns written = new Turns(true);
    private final Turns read = new Turns(false);
    private boolean closed;

    CudaWorkspace(CudaContext context, Precision precision, int maxBatch, long elements, long scratchElements) {
        this.context = context;
        this.precision = precision;
        this.maxBatch = maxBatch;
        this.elements = elements;
        long scratchStart = roundUp(elements);
        stagingElements = Math.toIntExact(Math.min(elements, MOST_STAGING_BYTES / 4));
        long floatsStart = roundUp(precision.elementBytes() * (scratchStart + scratchElements));
        deviceBytes = floatsStart + (precision.elementBytes() == Float.BYTES ? 0 : 4L * stagingElements);
        context.retain();
        try {
            context.with(() -> {
                stream = Driver.createStream();
                arena = allocate();
                scratch = arena.withByteOffset(precision.elementBytes() * scratchStart);
                floats = arena.withByteOffset(floatsStart);
                pinned = Driver.allocateHost(4L * stagingElements);
                ByteBuffer bytes = pinned.getByteBuffer(0, 4L * stagingElements);
                staging = bytes.order(ByteOrder.nativeOrder()).asFloatBuffer();
            });
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            cleanup.run(this::free);
            cleanup.suppressInto(e);
            throw e;
        }
    }

    private CUdeviceptr allocate() {
        try {
            return Driver.allocate(deviceBytes);
        } catch (CudaException e) {
            if (!e.code().equals(CUresult.stringFor(CUresult.CUDA_ERROR_OUT_OF_MEMORY))) {
                throw e;
            }
            long[] info = Driver.memoryInfo();
            long fits = info[0] / Math.max(1, deviceBytes / maxBatch);
            throw new CudaException("the device is out of memory: cuMemAlloc failed with " + e.code() + " for a workspace of " + deviceBytes
                    + " bytes (maxBatch " + maxBatch + "), " + info[0] + " of " + info[1] + " bytes are free; "
                    + (fits >= 1 && fits < maxBatch ? "a maxBatch of " + fits + " would fit"
                            : "free device memory, or use fewer contexts or another device"), e);
        }
    }

    @Override
    public int maxBatch() {
        return maxBatch;
    }

    @Override
    public long elements() {
        return elements;
    }

    @Override
    public long bytes() {
        return deviceBytes + 4L * stagingElements;
    }

    private static long roundUp(long value) {
        return (value + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The device address of an element of the arena. */
    CUdeviceptr at(long offset) {
        return arena.withByteOffset(precision.elementBytes() * offset);
    }

    /** The device address of an element of the scratch memory. */
    CUdeviceptr scratch(long offset) {
        return scratch.withByteOffset(precision.elementBytes() * offset);
    }

    void enqueue(Work[] works, int batch) {
        context.enter();
        boolean done = false;
        try {
            for (Work work : works) {
                work.enqueue(batch, stream);
            }
            done = true;
        } finally {
            leave(done);
        }
    }

    @Override
    public void write(long offset, FloatBuffer source, int from, int count) {
        context.enter();
        boolean done = false;
        try {
            for (int turn = 0, moved = 0; moved < count; turn++) {
                if (stagingBusy) {
                    Driver.synchronize(stream);
                    stagingBusy = false;
                }
                int part = Math.min(stagingElements, count - moved);
                staging.put(0, source, from + moved, part);
                stagingBusy = true;
                written.at(offset, turn).upload(part);
                moved += part;
            }
            done = true;
        } finally {
            leave(done);
        }
    }

    @Override
    public void read(long offset, FloatBuffer target, int to, int count) {
        context.enter();
        boolean done = false;
        try {
            for (int turn = 0, moved = 0; moved < count; turn++) {
                int part = Math.min(stagingElements, count - moved);
                read.at(offset, turn).download(part);
                Driver.synchronize(stream);
                stagingBusy = false;
                target.put(to + moved, staging, 0, part);
                moved += part;
            }
            done = true;
        } finally {
            leave(done);
        }
    }

    /** One turn of a transfer: a part of the arena, and the conversion between it and floats, if one is needed. */
    private final class Part {
        private final CUdeviceptr place;
        private final Launch convert;

        Part(long start, boolean in) {
            CUdeviceptr elements = at(start);
            boolean same = precision.elementBytes() == Float.BYTES;
            place = same ? elements : floats;
            convert = same ? null : new Launch(context, "elementwise", in ? "convert_f32_" + precision.dtype() : "convert_" + precision.dtype() + "_f32",
                    new Launch.Threads(CONVERTED, 1), 0, new int[1], (launch, count) -> {
                        launch.shape[0] = count;
                        launch.gridX = Launch.ceilDiv(count, CONVERTED);
                    }, in ? floats : elements, in ? elements : floats);
        }

        void upload(int count) {
            Driver.uploadAsync(place, pinned, 4L * count, stream);
            if (convert != null) {
                convert.enqueue(count, stream);
            }
        }

        void download(int count) {
            if (convert != null) {
                convert.enqueue(count, stream);
            }
            Driver.downloadAsync(pinned, place, 4L * count, stream);
        }
    }

    /** The turns of the last transfer in one direction, kept for the next one, since each takes objects. */
    private final class Turns {
        private final boolean in;
        private long offset = -1;
        private final ArrayList<Part> parts = new ArrayList<>(1);

        Turns(boolean in) {
            this.in = in;
        }

        Part at(long start, int turn) {
            if (start != offset) {
                offset = start;
                parts.clear();
            }
            while (parts.size() <= turn) {
                parts.add(new Part(start + (long) parts.size() * stagingElements, in));
            }
            return parts.get(turn);
        }
    }

    /** Pops the context; where something has failed already, a failure to pop must not hide it. */
    private void leave(boolean done) {
        try {
            context.leave(popped);
        } catch (CudaException e) {
            if (done) {
                throw e;
            }
        }
    }

    @Override
    public boolean canRecord() {
        return true;
    }

    /** Captures what {@code pass} enqueues into a CUDA graph. */
    @Override
    public Recording record(Runnable pass) {
        CUgraphExec[] exec = new CUgraphExec[1];
        try {
            context.with(() -> exec[0] = capture(pass));
        } catch (RuntimeException | Error e) {
            if (exec[0] != null) {
                // Captured, but the context could not be left.
                Cleanup cleanup = new Cleanup();
                cleanup.run(() -> context.tidy(() -> Driver.destroy(exec[0])));
                cleanup.suppressInto(e);
            }
            throw e;
        }
        return new GraphRecording(exec[0]);
    }

    private CUgraphExec capture(Runnable pass) {
        CUgraph graph = new CUgraph();
        Driver.beginCapture(stream);
        try {
            pass.run();
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            // Also where the capture itself has failed: the stream must leave capture mode.
            cleanup.run(() -> {
                Driver.endCapture(stream, graph);
                Driver.destroy(graph);
            });
            cleanup.suppressInto(e);
            throw e;
        }
        Driver.endCapture(stream, graph);
        CUgraphExec exec;
        try {
            exec = Driver.instantiate(graph);
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            cleanup.run(() -> Driver.destroy(graph));
            cleanup.suppressInto(e);
            throw e;
        }
        try {
            Driver.destroy(graph);
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            cleanup.run(() -> Driver.destroy(exec));
            cleanup.suppressInto(e);
            throw e;
        }
        return exec;
    }

    @Override
    public Stopwatch newStopwatch(int marks) {
        EventStopwatch stopwatch = new EventStopwatch(marks);
        try {
            context.with(stopwatch::create);
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            cleanup.run(stopwatch::close);
            cleanup.suppressInto(e);
            throw e;
        }
        return stopwatch;
    }

    /** Marks are CUDA events of this workspace's stream. */
    private final class EventStopwatch implements Stopwatch {
        private final CUevent[] events;

        EventStopwatch(int marks) {
            events = new CUevent[marks];
        }

        void create() {
            for (int i = 0; i < events.length; i++) {
                events[i] = Driver.createEvent();
            }
        }

        @Override
        public void mark(int index) {
            context.enter();
            boolean done = false;
            try {
                Driver.record(events[index], stream);
                done = true;
            } finally {
                leave(done);
            }
        }

        @Override
        public long nanos(int from, int to) {
            context.enter();
            boolean done = false;
            try {
                long nanos = Math.round(1e6 * Driver.milliseconds(events[from], events[to]));
                done = true;
                return nanos;
            } finally {
                leave(done);
            }
        }

        @Override
        public void close() {
            context.tidy(() -> {
                Cleanup cleanup = new Cleanup();
                for (int i = 0; i < events.length; i++) {
                    if (events[i] != null) {
                        CUevent freed = events[i];
                        events[i] = null;
                        cleanup.run(() -> Driver.destroy(freed));
                    }
                }
                cleanup.rethrow();
            });
        }
    }

    private final class GraphRecording implements Recording {
        private CUgraphExec exec;

        GraphRecording(CUgraphExec exec) {
            this.exec = exec;
        }

        @Override
        public void run() {
            context.enter();
            boolean done = false;
            try {
                Driver.launch(exec, stream);
                done = true;
            } finally {
                leave(done);
            }
        }

        @Override
        public void close() {
            if (exec != null) {
                CUgraphExec freed = exec;
                exec = null;
                context.tidy(() -> Driver.destroy(freed));
            }
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            free();
        }
    }

    private void free() {
        Cleanup cleanup = new Cleanup();
        if (stream != null) {
            cleanup.run(() -> context.tidy(() -> {
                Cleanup freeing = new Cleanup();
                // Nothing may still be running in memory that is about to go.
                freeing.run(() -> Driver.synchronize(stream));
                if (pinned != null) {
                    freeing.run(() -> Driver.freeHost(pinned));
                }
                if (arena != null) {
                    freeing.run(() -> Driver.free(arena));
                }
                freeing.run(() -> Driver.destroy(stream));
                freeing.rethrow();
            }));
        }
        cleanup.run(context::release);
        cleanup.rethrow();
    }
}
