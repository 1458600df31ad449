package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import dev.lowpass.kernels.DeviceAccess;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.Stopwatch;
import dev.lowpass.kernels.Workspace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import jcuda.Pointer;
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
    private final CudaDevices.Found device;
    private final Precision precision;
    private final int maxBatch;
    private final long elements;
    private final long deviceBytes;
    private final int stagingElements;
    private final CudaContext.Entry entry = new CudaContext.Entry();

    private CUstream stream;
    private CUdeviceptr arena;
    private CUdeviceptr scratch;
    /** Where the kernels' elements are not floats: as many floats as {@link #staging} has, to be converted on the device. */
    private CUdeviceptr floats;
    private Pointer pinned;
    private ByteBuffer stagingBytes;
    private FloatBuffer staging;
    /** Of device memory that device accesses hold. */
    private long accessBytes;
    /** Whether a copy from the staging buffer may still be under way. */
    private boolean stagingBusy;
    private final Turns written = new Turns(true);
    private final Turns read = new Turns(false);
    private boolean closed;

    /** Whether a step may use cuBLAS. */
    private boolean mayUseCublas;
    private CublasHandle cublas;
    private CUdeviceptr cublasMemory;

    CudaWorkspace(CudaContext context, CudaDevices.Found device, Precision precision, int maxBatch, long elements, long scratchElements) {
        this.context = context;
        this.device = device;
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
                stagingBytes = bytes;
                staging = bytes.order(ByteOrder.nativeOrder()).asFloatBuffer();
            });
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, this::free);
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
        return deviceBytes + 4L * stagingElements + accessBytes + (cublasMemory == null ? 0 : CublasHandle.memoryBytes(device.computeCapability()));
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

    // ---- cuBLAS ----

    /** Says that a step may use cuBLAS. */
    void expectCublas() {
        mayUseCublas = true;
    }

    /** A handle for this workspace's stream, made on first use. The context must be current, and the stream not be capturing. */
    CublasHandle cublas() {
        if (cublas == null) {
            cublas = CudaContext.alone(() -> Cublas.choice(device.driverVersion()).library().newHandle()); // may synchronise the device
        }
        if (cublasMemory == null) {
            long bytes = CublasHandle.memoryBytes(device.computeCapability());
            CUdeviceptr memory = Driver.allocate(bytes);
            try {
                cublas.use(stream, memory, bytes);
            } catch (RuntimeException | Error e) {
                Cleanup.after(e, () -> Driver.free(memory));
                throw e;
            }
            cublasMemory = memory;
        }
        return cublas;
    }

    /** The context must be current. */
    private void freeCublas() {
        Cleanup cleanup = new Cleanup();
        if (cublas != null) {
            CublasHandle destroyed = cublas;
            cublas = null;
            cleanup.run(() -> CudaContext.alone(destroyed::destroy)); // synchronises the device
        }
        if (cublasMemory != null) {
            CUdeviceptr freed = cublasMemory;
            cublasMemory = null;
            cleanup.run(() -> Driver.free(freed));
        }
        cleanup.rethrow();
    }

    @Override
    public void tune(List<Operation.Step> steps) {
        List<CudaOperation.CudaStep> all = steps.stream().map(step -> (CudaOperation.CudaStep) step).toList();
        List<CudaOperation.CudaStep> choosing = all.stream().filter(step -> step.tactics().names().size() > 1).toList();
        if (choosing.isEmpty() && !mayUseCublas) {
            return;
        }
        context.with(() -> {
            if (!choosing.isEmpty()) {
                Tuner.tune(stream, this::capture, choosing, maxBatch, device, precision);
                mayUseCublas = choosing.stream().anyMatch(step -> IntStream.rangeClosed(1, maxBatch).anyMatch(batch -> usesCublas(step, batch)));
            }
            if (mayUseCublas) {
                cublas();
                warmCublas(all);
            } else {
                freeCublas();
            }
        });
    }

    private static boolean usesCublas(CudaOperation.CudaStep step, int batch) {
        return step.tactic(batch).startsWith("cublas");
    }

    /**
     * Runs the products that cuBLAS does, on whatever stands in the arena, for the smallest and the largest batch: it loads its kernels when they
     * are first called, which is better not done while a stream captures.
     */
    private void warmCublas(List<CudaOperation.CudaStep> steps) {
        for (CudaOperation.CudaStep step : steps) {
            IntStream.of(1, maxBatch).distinct().filter(batch -> usesCublas(step, batch)).forEach(batch -> {
                for (Work work : step.work(step.tactics().of(batch))) {
                    work.enqueue(batch, stream);
                }
            });
        }
        Driver.synchronize(stream);
    }

    void enqueue(Work[] works, int batch) {
        context.enter(entry);
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
        context.enter(entry);
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
        context.enter(entry);
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

        /** From other device memory. */
        void copyIn(CUdeviceptr from, int count) {
            Driver.copyAsync(place, from, 4L * count, stream);
            if (convert != null) {
                convert.enqueue(count, stream);
            }
        }

        /** To other device memory. */
        void copyOut(CUdeviceptr to, int count) {
            if (convert != null) {
                convert.enqueue(count, stream);
            }
            Driver.copyAsync(to, place, 4L * count, stream);
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

    @Override
    public DeviceAccess newDeviceAccess(float[] mean, float[] deviation, int pixels) {
        CudaAccess access = new CudaAccess(mean, deviation, pixels);
        try {
            context.with(access::create);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, access::close);
            throw e;
        }
        accessBytes += access.bytes;
        return access;
    }

    private final class CudaAccess implements DeviceAccess {
        private static final int THREADS = 256;

        private final int channels;
        private final long bytes;
        private final Constants constants = new Constants();
        private final int means;
        private final int deviations;
        private CUdeviceptr held;
        /** Where the turns of an upload go. */
        private final List<CUdeviceptr> places = new ArrayList<>(1);
        private CUevent event;
        private Normalize fromHost;
        private Normalize fromDevice;

        CudaAccess(float[] mean, float[] deviation, int pixels) {
            channels = mean.length;
            bytes = pixels;
            means = constants.add(mean);
            deviations = constants.add(deviation);
        }

        /** Pixels at an address, normalised to an offset. */
        private final class Normalize {
            private final long address;
            private final long offset;
            private final Launch launch;

            Normalize(long address, long offset) {
                this.address = address;
                this.offset = offset;
                launch = new Launch(context, "elementwise", "normalize_u8_" + precision.dtype(), new Launch.Threads(THREADS, 1), 0, new int[] {1, 0, channels},
                        (launch, count) -> {
                            launch.shape[1] = count;
                            launch.gridX = Launch.ceilDiv(count, THREADS);
                        }, Addresses.pointer(address), constants.at(means), constants.at(deviations), at(offset));
            }

            boolean is(long otherAddress, long otherOffset) {
                return address == otherAddress && offset == otherOffset;
            }
        }

        void create() {
            constants.upload();
            held = Driver.allocate(bytes);
            event = Driver.createEvent();
        }

        @Override
        public void writePixels(long offset, ByteBuffer source, int from, int count) {
            context.enter(entry);
            boolean done = false;
            try {
                int most = 4 * stagingElements;
                for (int turn = 0, moved = 0; moved < count; turn++) {
                    if (stagingBusy) {
                        Driver.synchronize(stream);
                        stagingBusy = false;
                    }
                    int part = Math.min(most, count - moved);
                    stagingBytes.put(0, source, from + moved, part);
                    stagingBusy = true;
                    if (turn == places.size()) {
                        places.add(held.withByteOffset(moved));
                    }
                    Driver.uploadAsync(places.get(turn), pinned, part, stream);
                    moved += part;
                }
                if (fromHost == null || fromHost.offset != offset) {
                    fromHost = new Normalize(Addresses.of(held), offset);
                }
                fromHost.launch.enqueue(count, stream);
                done = true;
            } finally {
                leave(done);
            }
        }

        @Override
        public void requireMemory(String what, long address, long size) {
            inContext(() -> {
                CUdeviceptr pointer = Addresses.pointer(address);
                int gpu = Driver.ordinalOf(pointer);
                boolean own = gpu == device.ordinal() && context.owns(pointer);
                boolean reached = gpu >= 0 && (own || Driver.isReachedEverywhere(pointer));
                if (!reached && gpu >= 0 && gpu != device.ordinal()) {
                    throw new IllegalArgumentException(what + " at 0x" + Long.toHexString(address) + " is memory of GPU " + gpu + ", and this session runs on GPU "
                            + device.ordinal() + "; copy it there, or use a session on the device cuda:" + gpu);
                }
                long[] range = reached ? Driver.addressRange(pointer) : null;
                if (range == null) {
                    throw new IllegalArgumentException(what + " at 0x" + Long.toHexString(address)
                            + " is no device memory of the GPU's primary context; give an address that cuMemAlloc or cudaMalloc returned there");
                }
                long left = range[0] + range[1] - address;
                if (left < size) {
                    throw new IllegalArgumentException(what + " at 0x" + Long.toHexString(address) + " needs " + size + " bytes, and its allocation of "
                            + range[1] + " bytes ends after " + left + "; allocate more");
                }
            });
        }

        @Override
        public void copyIn(long address, long offset, int count) {
            inContext(() -> {
                for (int turn = 0, moved = 0; moved < count; turn++) {
                    int part = Math.min(stagingElements, count - moved);
                    written.at(offset, turn).copyIn(Addresses.pointer(address + 4L * moved), part);
                    moved += part;
                }
            });
        }

        @Override
        public void copyPixelsIn(long address, long offset, int count) {
            inContext(() -> {
                if (fromDevice == null || !fromDevice.is(address, offset)) {
                    fromDevice = new Normalize(address, offset);
                }
                fromDevice.launch.enqueue(count, stream);
            });
        }

        @Override
        public void copyOut(long offset, long address, int count) {
            inContext(() -> {
                for (int turn = 0, moved = 0; moved < count; turn++) {
                    int part = Math.min(stagingElements, count - moved);
                    read.at(offset, turn).copyOut(Addresses.pointer(address + 4L * moved), part);
                    moved += part;
                }
            });
        }

        @Override
        public void follow(long other) {
            inContext(() -> {
                Driver.record(event, Addresses.stream(other));
                Driver.await(stream, event);
            });
        }

        @Override
        public void precede(long other) {
            inContext(() -> {
                Driver.record(event, stream);
                Driver.await(Addresses.stream(other), event);
            });
        }

        @Override
        public void close() {
            if (event != null || held != null || constants.isUploaded()) {
                context.tidy(() -> {
                    Cleanup cleanup = new Cleanup();
                    // Nothing may still be running in memory that is about to go.
                    cleanup.run(() -> Driver.synchronize(stream));
                    cleanup.run(constants::free);
                    if (held != null) {
                        CUdeviceptr freed = held;
                        held = null;
                        cleanup.run(() -> Driver.free(freed));
                    }
                    if (event != null) {
                        CUevent destroyed = event;
                        event = null;
                        cleanup.run(() -> Driver.destroy(destroyed));
                    }
                    cleanup.rethrow();
                });
            }
        }
    }

    /** Runs something that enqueues, with the context current. */
    private void inContext(Runnable action) {
        context.enter(entry);
        boolean done = false;
        try {
            action.run();
            done = true;
        } finally {
            leave(done);
        }
    }

    /** Pops the context; where something has failed already, a failure to pop must not hide it. */
    private void leave(boolean done) {
        try {
            context.leave(entry);
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
            context.with(() -> {
                if (mayUseCublas) {
                    cublas(); // not while capturing, for it allocates
                }
                exec[0] = capture(pass);
            });
        } catch (RuntimeException | Error e) {
            if (exec[0] != null) {
                // Captured, but the context could not be left.
                Cleanup.after(e, () -> context.tidy(() -> Driver.destroy(exec[0])));
            }
            throw e;
        }
        return new GraphRecording(exec[0]);
    }

    private CUgraphExec capture(Runnable pass) {
        return CudaContext.alone(() -> captureAlone(pass));
    }

    private CUgraphExec captureAlone(Runnable pass) {
        CUgraph graph = new CUgraph();
        Driver.beginCapture(stream);
        try {
            pass.run();
        } catch (RuntimeException | Error e) {
            // Also where the capture itself has failed: the stream must leave capture mode.
            Cleanup.after(e, () -> {
                Driver.endCapture(stream, graph);
                Driver.destroy(graph);
            });
            throw e;
        }
        Driver.endCapture(stream, graph);
        CUgraphExec exec;
        try {
            exec = Driver.instantiate(graph);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Driver.destroy(graph));
            throw e;
        }
        try {
            Driver.destroy(graph);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Driver.destroy(exec));
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
            Cleanup.after(e, stopwatch::close);
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
            context.enter(entry);
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
            context.enter(entry);
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
            context.enter(entry);
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
                freeing.run(this::freeCublas);
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
