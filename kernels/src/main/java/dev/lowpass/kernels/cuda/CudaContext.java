package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;

/**
 * A device's primary context, shared with whatever else in the process uses it: retained while any operation or workspace lives,
 * released with the last of them, and current on a thread only for as long as a call needs it. Thread-safe.
 *
 * <p>The host application may capture streams of its own at the same time, in CUDA's default mode, in which calls that allocate, made by
 * any thread, fail and spoil the capture. Ours are no part of what it captures; so while the context is current for us, the thread
 * is in the relaxed mode, for which cuThreadExchangeStreamCaptureMode is made ("in a push-pop fashion"). And none of our work
 * is put into the legacy default stream, which may not be used while a stream that waits for it captures.
 */
final class CudaContext {

    /** Dynamic shared memory that every kernel may have. */
    static final int SHARED_BYTES = 48 << 10;

    /**
     * Held while a stream captures and by calls that synchronise the whole device or may, in any context object of the process: CUDA forbids
     * the latter during the former (CUDA C++ Programming Guide, "Prohibited and Unhandled Operations"), and both would fail.
     */
    private static final ReentrantLock CAPTURE = new ReentrantLock();

    private final CUdevice device;
    private final int computeCapability;

    private int users;
    private CUcontext context;
    private final Map<String, CUmodule> modules = new LinkedHashMap<>();
    private final Map<String, CUfunction> functions = new HashMap<>();
    /** By kernel: the dynamic shared memory that it was allowed, where that is more than {@link #SHARED_BYTES}. */
    private final Map<String, Integer> allowed = new HashMap<>();

    /** One use of the context by one thread, from {@link #enter} to {@link #leave}; may serve again after that. */
    static final class Entry {
        private final CUcontext popped = new CUcontext();
        private final int[] captureMode = new int[1];

        private void relax() {
            captureMode[0] = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED;
            Driver.check(Driver.exchangeCaptureMode(captureMode), EXCHANGE);
        }

        /** Tried twice, for a thread that stays in another mode misleads its owner. Returns the first status. */
        private int restore() {
            int status = Driver.exchangeCaptureMode(captureMode);
            if (status != Driver.SUCCESS) {
                Driver.exchangeCaptureMode(captureMode);
            }
            return status;
        }
    }

    private static final String EXCHANGE = "cuThreadExchangeStreamCaptureMode";

    CudaContext(CUdevice device, int computeCapability) {
        this.device = device;
        this.computeCapability = computeCapability;
    }

    /** One more user; the first retains the context. */
    synchronized void retain() {
        if (users == 0) {
            Entry entry = new Entry();
            entry.relax();
            CUcontext retained;
            try {
                retained = Driver.retainPrimaryContext(device);
            } catch (RuntimeException | Error e) {
                entry.restore();
                throw e;
            }
            int restored = entry.restore();
            if (restored != Driver.SUCCESS) {
                Cleanup cleanup = new Cleanup();
                cleanup.run(() -> Driver.check(restored, EXCHANGE));
                cleanup.run(() -> Driver.releasePrimaryContext(device));
                cleanup.rethrow();
            }
            context = retained;
        }
        users++;
    }

    /** One user less; the last unloads the kernels and releases the context. */
    synchronized void release() {
        users--;
        if (users > 0) {
            return;
        }
        Cleanup cleanup = new Cleanup();
        if (!modules.isEmpty()) {
            cleanup.run(() -> tidy(() -> {
                Cleanup unloading = new Cleanup();
                alone(() -> modules.values().forEach(module -> unloading.run(() -> Driver.unload(module)))); // may synchronise the device
                unloading.rethrow();
            }));
        }
        modules.clear();
        functions.clear();
        allowed.clear();
        context = null;
        cleanup.run(() -> Driver.releasePrimaryContext(device));
        cleanup.rethrow();
    }

    /** Whether memory was allocated in this context, or in none in particular. */
    boolean owns(CUdeviceptr address) {
        long owner = Driver.contextOf(address);
        return owner == 0 || owner == Addresses.of(context);
    }

    /** Makes the context current on this thread; {@link #leave} with the same object undoes it. */
    void enter(Entry entry) {
        Driver.push(context);
        try {
            entry.relax();
        } catch (CudaException e) {
            Cleanup.after(e, () -> Driver.pop(entry.popped));
            throw e;
        }
    }

    void leave(Entry entry) {
        int restored = entry.restore();
        Driver.pop(entry.popped);
        Driver.check(restored, EXCHANGE);
    }

    /** Captures a stream, or makes calls that synchronise the whole device or may, while nothing else in the process does either. */
    static <T> T alone(Supplier<T> action) {
        CAPTURE.lock();
        try {
            return action.get();
        } finally {
            CAPTURE.unlock();
        }
    }

    static void alone(Runnable action) {
        alone(() -> {
            action.run();
            return null;
        });
    }

    /** Runs something with the context current. */
    void with(Runnable action) {
        Entry entry = new Entry();
        enter(entry);
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> leave(entry));
            throw e;
        }
        leave(entry);
    }

    /**
     * Runs something that frees, with the context current. Memory hangs on it, so a failure to make the context current is tried
     * once again; it is reported all the same, after {@code action} has run.
     */
    void tidy(Runnable action) {
        Cleanup cleanup = new Cleanup();
        Entry entry = new Entry();
        boolean[] entered = new boolean[1];
        for (int attempt = 0; attempt < 2 && !entered[0]; attempt++) {
            cleanup.run(() -> {
                enter(entry);
                entered[0] = true;
            });
        }
        if (entered[0]) {
            cleanup.run(action);
            cleanup.run(() -> leave(entry));
        }
        cleanup.rethrow();
    }

    /**
     * A kernel of one of the sources, loaded on first use, and allowed as much dynamic shared memory as any of its users asked for.
     * The context must be current.
     *
     * @param sharedBytes dynamic shared memory that it will be launched with at most
     */
    synchronized CUfunction function(String source, String name, int sharedBytes) {
        CUfunction function = functions.get(name);
        if (function == null) {
            CUmodule module = modules.get(source);
            if (module == null) {
                module = KernelImages.load(source, computeCapability);
                modules.put(source, module);
            }
            function = Driver.function(module, name);
            functions.put(name, function);
        }
        if (sharedBytes > allowed.getOrDefault(name, SHARED_BYTES)) {
            Driver.allowShared(function, name, sharedBytes);
            allowed.put(name, sharedBytes);
        }
        return function;
    }

    /** Device memory that holds a copy of {@code content}, which has arrived when this returns. The context must be current. */
    static CUdeviceptr upload(ByteBuffer content) {
        long bytes = content.remaining();
        CUdeviceptr memory = Driver.allocate(bytes);
        Cleanup cleanup = new Cleanup();
        try {
            CUstream stream = Driver.createStream();
            cleanup.run(() -> Driver.uploadAsync(memory, Pointer.toBuffer(content), bytes, stream));
            cleanup.run(() -> Driver.synchronize(stream));
            cleanup.run(() -> Driver.destroy(stream));
            cleanup.rethrow();
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Driver.free(memory));
            throw e;
        }
        return memory;
    }
}
