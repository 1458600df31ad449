package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
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

    /** Scratch starts at a multiple of this many elements, so that 16-byte accesses suit it. */
    private static final long SCRATCH_ALIGNMENT = 64;

    private final CudaContext context;
    private final int maxBatch;
    private final long elements;
    private final long deviceBytes;
    private final int stagingElements;
    private final CUcontext popped = new CUcontext();

    private CUstream stream;
    private CUdeviceptr arena;
    private CUdeviceptr scratch;
    private Pointer pinned;
    private FloatBuffer staging;
    /** Whether a copy from the staging buffer may still be under way. */
    private boolean stagingBusy;
    private final Turns written = new Turns();
    private final Turns read = new Turns();
    private boolean closed;

    CudaWorkspace(CudaContext context, int maxBatch, long elements, long scratchElements) {
        this.context = context;
        this.maxBatch = maxBatch;
        this.elements = elements;
        long scratchStart = (elements + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
        deviceBytes = 4 * (scratchStart + scratchElements);
        stagingElements = Math.toIntExact(Math.min(elements, MOST_STAGING_BYTES / 4));
        context.retain();
        try {
            context.with(() -> {
                stream = Driver.createStream();
                arena = allocate();
                scratch = arena.withByteOffset(4 * scratchStart);
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

    /** The device address of an element of the arena. */
    CUdeviceptr at(long offset) {
        return arena.withByteOffset(4 * offset);
    }

    /** The device address of an element of the scratch memory. */
    CUdeviceptr scratch(long offset) {
        return scratch.withByteOffset(4 * offset);
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
                Driver.uploadAsync(written.at(offset, turn), pinned, 4L * part, stream);
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
                Driver.downloadAsync(pinned, read.at(offset, turn), 4L * part, stream);
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

    /** The places of the arena at which the turns of a transfer start, kept for the next one, since JCuda makes an object for each. */
    private final class Turns {
        private long offset = -1;
        private final ArrayList<CUdeviceptr> places = new ArrayList<>(1);

        CUdeviceptr at(long start, int turn) {
            if (start != offset) {
                offset = start;
                places.clear();
            }
            while (places.size() <= turn) {
                places.add(CudaWorkspace.this.at(start + (long) places.size() * stagingElements));
            }
            return places.get(turn);
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
