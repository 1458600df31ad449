package dev.lowpass.kernels.cuda;

import dev.lowpass.kernels.Cleanup;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;

/**
 * A device's primary context, shared with whatever else in the process uses it: retained while any operation or workspace lives,
 * released with the last of them, and current on a thread only for as long as a call needs it. Thread-safe.
 */
final class CudaContext {

    /** Dynamic shared memory that every kernel may have. */
    static final int SHARED_BYTES = 48 << 10;

    /**
     * Held while a stream captures and by calls that synchronise the whole device, in any context object of the process: CUDA forbids the
     * latter during the former (CUDA C++ Programming Guide, "Prohibited and Unhandled Operations"), and both would fail.
     */
    static final ReentrantLock CAPTURE = new ReentrantLock();

    private final CUdevice device;
    private final int computeCapability;

    private int users;
    private CUcontext context;
    private final Map<String, CUmodule> modules = new LinkedHashMap<>();
    private final Map<String, CUfunction> functions = new HashMap<>();
    /** By kernel: the dynamic shared memory that it was allowed, where that is more than {@link #SHARED_BYTES}. */
    private final Map<String, Integer> allowed = new HashMap<>();

    CudaContext(CUdevice device, int computeCapability) {
        this.device = device;
        this.computeCapability = computeCapability;
    }

    /** One more user; the first retains the context. */
    synchronized void retain() {
        if (users == 0) {
            context = Driver.retainPrimaryContext(device);
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
                modules.values().forEach(module -> unloading.run(() -> Driver.unload(module)));
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

    /** Makes the context current on this thread; {@link #leave} undoes it. */
    void enter() {
        Driver.push(context);
    }

    /** @param popped any object to take the context that was current */
    void leave(CUcontext popped) {
        Driver.pop(popped);
    }

    /** Runs something with the context current. */
    void with(Runnable action) {
        enter();
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            try {
                leave(new CUcontext());
            } catch (CudaException secondary) {
                e.addSuppressed(secondary);
            }
            throw e;
        }
        leave(new CUcontext());
    }

    /**
     * Runs something that frees, with the context current. Memory hangs on it, so a failure to make the context current is tried
     * once again; it is reported all the same, after {@code action} has run.
     */
    void tidy(Runnable action) {
        Cleanup cleanup = new Cleanup();
        boolean[] entered = new boolean[1];
        for (int attempt = 0; attempt < 2 && !entered[0]; attempt++) {
            cleanup.run(() -> {
                enter();
                entered[0] = true;
            });
        }
        if (entered[0]) {
            cleanup.run(action);
            cleanup.run(() -> leave(new CUcontext()));
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

    /** Device memory that holds a copy of {@code content}. The context must be current. */
    static CUdeviceptr upload(ByteBuffer content) {
        long bytes = content.remaining();
        CUdeviceptr memory = Driver.allocate(bytes);
        try {
            Driver.upload(memory, content, bytes);
        } catch (RuntimeException | Error e) {
            Cleanup cleanup = new Cleanup();
            cleanup.run(() -> Driver.free(memory));
            cleanup.suppressInto(e);
            throw e;
        }
        return memory;
    }
}
