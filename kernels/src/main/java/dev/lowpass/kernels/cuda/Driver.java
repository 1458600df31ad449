package dev.lowpass.kernels.cuda;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUmodule;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** The calls of the CUDA driver API that this back end makes, each checked where it is made. */
final class Driver {

    static final int SUCCESS = CUresult.CUDA_SUCCESS;

    /** The one call that JCuda 12 and JCuda 11, which goes with JCufft, spell differently. */
    private static final MethodHandle GRAPH_INSTANTIATE = graphInstantiate();

    private static final int GRAPH_MESSAGE_BYTES = 256;

    private Driver() {}

    /** Of executable graph, graph and, by JCuda 12, flags or, by JCuda 11, room for a node and a message. */
    private static MethodHandle graphInstantiate() {
        for (Class<?>[] more : new Class<?>[][] {{long.class}, {CUgraphNode.class, byte[].class, long.class}}) {
            try {
                return MethodHandles.publicLookup().findStatic(JCudaDriver.class, "cuGraphInstantiate",
                        MethodType.methodType(int.class, CUgraphExec.class, CUgraph.class).appendParameterTypes(more));
            } catch (NoSuchMethodException e) {
                continue;
            } catch (IllegalAccessException e) {
                throw new LinkageError("JCuda's cuGraphInstantiate is not accessible", e);
            }
        }
        throw new LinkageError("JCuda is of an unknown release: it has no known cuGraphInstantiate");
    }

    // ---- start-up ----

    /** Returns the status unchecked: the caller knows what each one means to a user. */
    static int init() {
        return JCudaDriver.cuInit(0);
    }

    /** The CUDA version that the driver supports, 1000 * major + 10 * minor. */
    static int version() {
        int[] version = new int[1];
        check(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
        return version[0];
    }

    static int deviceCount() {
        int[] count = new int[1];
        check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
        return count[0];
    }

    static CUdevice device(int ordinal) {
        CUdevice device = new CUdevice();
        checkSized(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet", "ordinal", ordinal);
        return device;
    }

    static String name(CUdevice device) {
        byte[] name = new byte[256];
        check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, java.nio.charset.StandardCharsets.UTF_8);
    }

    static int multiprocessors(CUdevice device) {
        return attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    /** Shared memory that a block of threads can have, where the kernel asks for it. */
    static int sharedBytes(CUdevice device) {
        return attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    }

    /** 10 * major + minor: 75 for sm_75. */
    static int computeCapability(CUdevice device) {
        return 10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    /** Of the multiprocessors, in hertz. */
    static double clock(CUdevice device) {
        return 1e3 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    }

    /** Bytes a second that the memory bus carries: its width times its clock, twice a cycle. */
    static double memoryBandwidth(CUdevice device) {
        return 2e3 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE)
                * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH) / 8;
    }

    private static int attribute(CUdevice device, int attribute) {
        int[] value = new int[1];
        checkSized(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute", "attribute", attribute);
        return value[0];
    }

    // ---- contexts ----

    static CUcontext retainPrimaryContext(CUdevice device) {
        CUcontext context = new CUcontext();
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    static void releasePrimaryContext(CUdevice device) {
        check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
    }

    static void push(CUcontext context) {
        check(JCudaDriver.cuCtxPushCurrent(context), "cuCtxPushCurrent");
    }

    /** @param popped receives the context that was current; given by the caller so that nothing is allocated */
    static void pop(CUcontext popped) {
        check(JCudaDriver.cuCtxPopCurrent(popped), "cuCtxPopCurrent");
    }

    /** Swaps this thread's mode of dealing with stream captures for another; returns the status unchecked, as none but the caller can mend it. */
    static int exchangeCaptureMode(int[] mode) {
        return JCudaDriver.cuThreadExchangeStreamCaptureMode(mode);
    }

    // ---- memory ----

    static CUdeviceptr allocate(long bytes) {
        CUdeviceptr memory = new CUdeviceptr();
        checkSized(JCudaDriver.cuMemAlloc(memory, bytes), "cuMemAlloc", "bytes", bytes);
        return memory;
    }

    static void free(CUdeviceptr memory) {
        check(JCudaDriver.cuMemFree(memory), "cuMemFree");
    }

    static Pointer allocateHost(long bytes) {
        Pointer memory = new Pointer();
        checkSized(JCudaDriver.cuMemAllocHost(memory, bytes), "cuMemAllocHost", "bytes", bytes);
        return memory;
    }

    static void freeHost(Pointer memory) {
        check(JCudaDriver.cuMemFreeHost(memory), "cuMemFreeHost");
    }

    /** Free and total bytes of the current context's device. */
    static long[] memoryInfo() {
        long[] free = new long[1];
        long[] total = new long[1];
        check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        return new long[] {free[0], total[0]};
    }

    /** @param host pinned, or else copied aside before this returns */
    static void uploadAsync(CUdeviceptr to, Pointer host, long bytes, CUstream stream) {
        checkSized(JCudaDriver.cuMemcpyHtoDAsync(to, host, bytes, stream), "cuMemcpyHtoDAsync", "bytes", bytes);
    }

    static void downloadAsync(Pointer pinned, CUdeviceptr from, long bytes, CUstream stream) {
        checkSized(JCudaDriver.cuMemcpyDtoHAsync(pinned, from, bytes, stream), "cuMemcpyDtoHAsync", "bytes", bytes);
    }

    /** Start and size of the allocation that holds an address, or null when there is none. */
    static long[] addressRange(CUdeviceptr address) {
        CUdeviceptr start = new CUdeviceptr();
        long[] size = new long[1];
        int status = JCudaDriver.cuMemGetAddressRange(start, size, address);
        if (status == CUresult.CUDA_ERROR_INVALID_VALUE || status == CUresult.CUDA_ERROR_NOT_FOUND) {
            return null;
        }
        check(status, "cuMemGetAddressRange");
        return new long[] {Addresses.of(start), size[0]};
    }

    /** The ordinal of the GPU that an address was allocated on, or that it was pinned for; -1 for an address that the driver does not know. */
    static int ordinalOf(CUdeviceptr address) {
        int[] ordinal = new int[1];
        int status = JCudaDriver.cuPointerGetAttribute(Pointer.to(ordinal), CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, address);
        if (status == CUresult.CUDA_ERROR_INVALID_VALUE) {
            return -1;
        }
        check(status, "cuPointerGetAttribute");
        return ordinal[0];
    }

    /** Whether an address that the driver knows is reached from every context: of pinned host memory or managed memory, not of one GPU's own. */
    static boolean isReachedEverywhere(CUdeviceptr address) {
        int[] type = new int[1];
        check(JCudaDriver.cuPointerGetAttribute(Pointer.to(type), CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, address), "cuPointerGetAttribute");
        int[] managed = new int[1];
        check(JCudaDriver.cuPointerGetAttribute(Pointer.to(managed), CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_MANAGED, address), "cuPointerGetAttribute");
        return type[0] == CUmemorytype.CU_MEMORYTYPE_HOST || managed[0] != 0;
    }

    /** The handle of the context that an address was allocated in; 0 where it belongs to none, as that of a memory pool. */
    static long contextOf(CUdeviceptr address) {
        long[] context = new long[1];
        int status = JCudaDriver.cuPointerGetAttribute(Pointer.to(context), CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT, address);
        if (status == CUresult.CUDA_ERROR_INVALID_VALUE) {
            return 0;
        }
        check(status, "cuPointerGetAttribute");
        return context[0];
    }

    static void copyAsync(CUdeviceptr to, CUdeviceptr from, long bytes, CUstream stream) {
        checkSized(JCudaDriver.cuMemcpyDtoDAsync(to, from, bytes, stream), "cuMemcpyDtoDAsync", "bytes", bytes);
    }

    /** Zeros. */
    static void fillAsync(CUdeviceptr memory, long bytes, CUstream stream) {
        checkSized(JCudaDriver.cuMemsetD8Async(memory, (byte) 0, bytes, stream), "cuMemsetD8Async", "bytes", bytes);
    }

    // ---- modules ----

    /** Returns the status unchecked: an image that does not suit a driver is no failure yet. */
    static int load(CUmodule module, byte[] image) {
        return JCudaDriver.cuModuleLoadData(module, image);
    }

    static void unload(CUmodule module) {
        check(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
    }

    static CUfunction function(CUmodule module, String name) {
        CUfunction function = new CUfunction();
        int status = JCudaDriver.cuModuleGetFunction(function, module, name);
        if (status != SUCCESS) {
            throw failure(status, "cuModuleGetFunction", "kernel " + name);
        }
        return function;
    }

    /** Lets a kernel have more dynamic shared memory than the 48 KiB that need no asking. */
    static void allowShared(CUfunction function, String name, int bytes) {
        int status = JCudaDriver.cuFuncSetAttribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes);
        if (status != SUCCESS) {
            throw failure(status, "cuFuncSetAttribute", "kernel " + name + ", shared bytes " + bytes);
        }
    }

    // ---- streams and graphs ----

    /** A stream that does not wait for the legacy default stream: a host application may use that one. */
    static CUstream createStream() {
        CUstream stream = new CUstream();
        check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        return stream;
    }

    static void destroy(CUstream stream) {
        check(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy");
    }

    static void synchronize(CUstream stream) {
        check(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize");
    }

    /** Lets a stream wait for what an event has recorded. */
    static void await(CUstream stream, CUevent event) {
        check(JCudaDriver.cuStreamWaitEvent(stream, event, 0), "cuStreamWaitEvent");
    }

    static void launch(Launch launch, CUstream stream) {
        int status = JCudaDriver.cuLaunchKernel(launch.function, launch.gridX, launch.gridY, 1, launch.blockX, launch.blockY, 1,
                launch.sharedBytes, stream, launch.parameters, null);
        if (status != SUCCESS) {
            throw failure(status, "cuLaunchKernel", launch.toString());
        }
    }

    static void beginCapture(CUstream stream) {
        check(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "cuStreamBeginCapture");
    }

    /** Ends a capture. {@code graph} stays without a graph when the capture failed. */
    static void endCapture(CUstream stream, CUgraph graph) {
        check(JCudaDriver.cuStreamEndCapture(stream, graph), "cuStreamEndCapture");
    }

    static CUgraphExec instantiate(CUgraph graph) {
        CUgraphExec exec = new CUgraphExec();
        int status;
        try {
            status = GRAPH_INSTANTIATE.type().parameterCount() == 3 ? (int) GRAPH_INSTANTIATE.invokeExact(exec, graph, 0L)
                    : (int) GRAPH_INSTANTIATE.invokeExact(exec, graph, new CUgraphNode(), new byte[GRAPH_MESSAGE_BYTES], (long) GRAPH_MESSAGE_BYTES);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // it declares no exception
        }
        check(status, "cuGraphInstantiate");
        return exec;
    }

    static void launch(CUgraphExec exec, CUstream stream) {
        check(JCudaDriver.cuGraphLaunch(exec, stream), "cuGraphLaunch");
    }

    static void destroy(CUgraph graph) {
        check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
    }

    static void destroy(CUgraphExec exec) {
        check(JCudaDriver.cuGraphExecDestroy(exec), "cuGraphExecDestroy");
    }

    // ---- events ----

    static CUevent createEvent() {
        CUevent event = new CUevent();
        check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DEFAULT), "cuEventCreate");
        return event;
    }

    static void destroy(CUevent event) {
        check(JCudaDriver.cuEventDestroy(event), "cuEventDestroy");
    }

    static void record(CUevent event, CUstream stream) {
        check(JCudaDriver.cuEventRecord(event, stream), "cuEventRecord");
    }

    /** Waits for {@code to}; the time since {@code from} in milliseconds, to half a microsecond. */
    static float milliseconds(CUevent from, CUevent to) {
        check(JCudaDriver.cuEventSynchronize(to), "cuEventSynchronize");
        float[] milliseconds = new float[1];
        check(JCudaDriver.cuEventElapsedTime(milliseconds, from, to), "cuEventElapsedTime");
        return milliseconds[0];
    }

    // ---- statuses ----

    static void check(int status, String call) {
        if (status != SUCCESS) {
            throw failure(status, call, "");
        }
    }

    private static void checkSized(int status, String call, String what, long size) {
        if (status != SUCCESS) {
            throw failure(status, call, what + " " + size);
        }
    }

    /** @param detail the sizes of the call, or empty */
    static CudaException failure(int status, String call, String detail) {
        String code = CUresult.stringFor(status);
        return new CudaException(call, code, call + " failed with " + code + " (" + status + ")" + (detail.isEmpty() ? "" : ", " + detail)
                + remedy(status));
    }

    private static String remedy(int status) {
        return switch (status) {
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY -> "; free device memory, or use a smaller maxBatch or fewer contexts";
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_LAUNCH_FAILED, CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION, CUresult.CUDA_ERROR_ECC_UNCORRECTABLE ->
                    "; the device's context is lost for this process: close every session, and restart the process to use the device again";
            case CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED ->
                    "; perhaps another thread synchronised the whole device while a pass was recorded: call again, or record beforehand by warmUp";
            default -> "";
        };
    }
}
