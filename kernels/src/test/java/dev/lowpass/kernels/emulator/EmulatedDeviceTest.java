package dev.lowpass.kernels.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The emulated device through unmodified JCuda: what runs, and what it finds when a kernel or its host code is wrong. */
@Tag("cuda")
class EmulatedDeviceTest {

    private static final int OK = CUresult.CUDA_SUCCESS;
    private static final int HALF = cudaDataType.CUDA_R_16F;
    private static final int FLOAT = cudaDataType.CUDA_R_32F;
    private static final Pointer ONE = Pointer.to(new float[] {1});
    private static final Pointer TWO = Pointer.to(new float[] {2});
    private static final Pointer ZERO = Pointer.to(new float[] {0});

    private CUdevice device;
    private CUmodule module;
    private CUstream stream;

    @BeforeEach
    void open() {
        EmulatedDevice.start(EmulatedDevice.testKernels());
        JCudaDriver.setExceptionsEnabled(false);
        JCublas2.setExceptionsEnabled(false);
        ok(JCudaDriver.cuInit(0));
        device = new CUdevice();
        ok(JCudaDriver.cuDeviceGet(device, 0));
        CUcontext context = new CUcontext();
        ok(JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
        ok(JCudaDriver.cuCtxPushCurrent(context));
        module = new CUmodule();
        ok(JCudaDriver.cuModuleLoadData(module, EmulatedDevice.image()));
        stream = new CUstream();
        ok(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    }

    @AfterEach
    void forget() {
        if (device != null) {
            EmulatedDevice.reset();
        }
    }

    private static void ok(int result) {
        assertEquals("CUDA_SUCCESS", CUresult.stringFor(result), EmulatedDevice::report);
    }

    private static CUdeviceptr allocate(long bytes) {
        CUdeviceptr address = new CUdeviceptr();
        ok(JCudaDriver.cuMemAlloc(address, bytes));
        return address;
    }

    private static CUdeviceptr upload(float... values) {
        CUdeviceptr address = allocate(values.length * 4L);
        ok(JCudaDriver.cuMemcpyHtoD(address, Pointer.to(values), values.length * 4L));
        return address;
    }

    private static CUdeviceptr upload(int... values) {
        CUdeviceptr address = allocate(values.length * 4L);
        ok(JCudaDriver.cuMemcpyHtoD(address, Pointer.to(values), values.length * 4L));
        return address;
    }

    private static float[] floats(CUdeviceptr address, int count) {
        float[] values = new float[count];
        ok(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), address, count * 4L));
        return values;
    }

    private static int[] ints(CUdeviceptr address, int count) {
        int[] values = new int[count];
        ok(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), address, count * 4L));
        return values;
    }

    private CUfunction function(String name) {
        CUfunction function = new CUfunction();
        ok(JCudaDriver.cuModuleGetFunction(function, module, name));
        return function;
    }

    private int enqueue(String kernel, int blocks, int threads, int shared, Object... parameters) {
        Pointer[] pointers = new Pointer[parameters.length];
        for (int i = 0; i < parameters.length; i++) {
            pointers[i] = parameters[i] instanceof Integer value ? Pointer.to(new int[] {value})
                    : parameters[i] instanceof CUdeviceptr address ? Pointer.to(address) : (Pointer) parameters[i];
        }
        return JCudaDriver.cuLaunchKernel(function(kernel), blocks, 1, 1, threads, 1, 1, shared, stream, Pointer.to(pointers), null);
    }

    /** Enqueues and waits. */
    private int run(String kernel, int blocks, int threads, int shared, Object... parameters) {
        ok(enqueue(kernel, blocks, threads, shared, parameters));
        return JCudaDriver.cuStreamSynchronize(stream);
    }

    private void fails(int expected, int result, String... report) {
        assertEquals(CUresult.stringFor(expected), CUresult.stringFor(result), EmulatedDevice::report);
        for (String part : report) {
            assertTrue(EmulatedDevice.report().contains(part), () -> "\"" + part + "\" is not in: " + EmulatedDevice.report());
        }
    }

    private static float[] ramp(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        return values;
    }

    // ---- the device ----

    @Test
    void deviceIsWhatItWasConfiguredToBe() {
        EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withArchitecture(75).withMemoryBytes(1 << 20).withDriverVersion(11040).withDevices(2));
        int[] count = new int[1];
        int[] version = new int[1];
        int[] major = new int[1];
        int[] minor = new int[1];
        int[] optIn = new int[1];
        byte[] name = new byte[64];
        ok(JCudaDriver.cuDeviceGetCount(count));
        ok(JCudaDriver.cuDriverGetVersion(version));
        ok(JCudaDriver.cuDeviceGetAttribute(major, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
        ok(JCudaDriver.cuDeviceGetAttribute(minor, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device));
        ok(JCudaDriver.cuDeviceGetAttribute(optIn, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device));
        ok(JCudaDriver.cuDeviceGetName(name, 64, device));
        assertArrayEquals(new int[] {2, 11040, 7, 5, 65536}, new int[] {count[0], version[0], major[0], minor[0], optIn[0]});
        assertEquals("Emulated device (sm_75)", new String(name).trim());
        long[] free = new long[1];
        long[] total = new long[1];
        allocate(1000);
        ok(JCudaDriver.cuMemGetInfo(free, total));
        assertEquals((1 << 20) - 1000, free[0]);
        assertEquals(1 << 20, total[0]);
        fails(CUresult.CUDA_ERROR_OUT_OF_MEMORY, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 1 << 20));
    }

    @Test
    void noDeviceAndNoInitialisationAreErrors() {
        EmulatedDevice.reset();
        fails(CUresult.CUDA_ERROR_NOT_INITIALIZED, JCudaDriver.cuDeviceGetCount(new int[1]));
        EmulatedDevice.configure(EmulatedDevice.Configuration.DEFAULT.withDevices(0));
        fails(CUresult.CUDA_ERROR_NO_DEVICE, JCudaDriver.cuInit(0));
    }

    @Test
    void imagesOfOtherKindsAndUnknownFunctionsAreRefused() {
        fails(CUresult.CUDA_ERROR_INVALID_IMAGE, JCudaDriver.cuModuleLoadData(new CUmodule(), new byte[64]));
        ok(JCudaDriver.cuModuleLoadData(new CUmodule(), "//\n.version 8.0\n.target sm_75\n\0".getBytes()));
        fails(CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, JCudaDriver.cuModuleLoadData(new CUmodule(), ".version 8.5\n.target sm_120\n\0".getBytes()));
        // Version 8.7 came with CUDA 12.8, and the driver is of 12.6.
        fails(CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, JCudaDriver.cuModuleLoadData(new CUmodule(), ".version 8.7\n.target sm_75\n\0".getBytes()));
        fails(CUresult.CUDA_ERROR_NOT_FOUND, JCudaDriver.cuModuleGetFunction(new CUfunction(), module, "no_such_kernel"));
    }

    // ---- what runs ----

    @Test
    void vectorAdd() {
        int count = 1000;
        CUdeviceptr sum = allocate(count * 4);
        CUdeviceptr a = upload(ramp(count));
        ok(run("vector_add", 8, 128, 0, a, a, sum, count));
        float[] expected = ramp(count);
        for (int i = 0; i < count; i++) {
            expected[i] *= 2;
        }
        assertArrayEquals(expected, floats(sum, count));
    }

    @Test
    void blockSumWithBarriers() {
        CUdeviceptr sums = allocate(3 * 4);
        ok(run("block_sum_f32", 3, 256, 0, upload(ramp(768)), sums));
        assertArrayEquals(new float[] {32640, 98176, 163712}, floats(sums, 3));
        int[] ones = new int[512];
        Arrays.fill(ones, 1);
        ok(run("block_sum_i32", 2, 256, 0, upload(ones), sums));
        assertArrayEquals(new int[] {256, 256}, ints(sums, 2));
    }

    @Test
    void warpScanByShuffles() {
        int[] in = new Random(1).ints(64, 0, 100).toArray();
        CUdeviceptr out = allocate(64 * 4);
        CUdeviceptr evens = allocate(2 * 4);
        ok(run("inclusive_scan", 1, 64, 0, upload(in), out, evens));
        int[] expected = new int[64];
        int[] expectedEvens = new int[2];
        for (int i = 0; i < 64; i++) {
            expected[i] = in[i] + (i % 32 == 0 ? 0 : expected[i - 1]);
            expectedEvens[i / 32] |= (1 - in[i] % 2) << i % 32;
        }
        assertArrayEquals(expected, ints(out, 64));
        assertArrayEquals(expectedEvens, ints(evens, 2));
    }

    @Test
    void warpBarrierOrdersAWarp() {
        int[] in = new Random(2).ints(64).toArray();
        CUdeviceptr out = allocate(64 * 4);
        ok(run("warp_reverse", 1, 64, 0, upload(in), out));
        int[] expected = new int[64];
        for (int i = 0; i < 64; i++) {
            expected[i] = in[i ^ 31];
        }
        assertArrayEquals(expected, ints(out, 64));
    }

    @Test
    void dynamicSharedMemoryUpToWhatWasAskedFor() {
        CUdeviceptr out = allocate(128 * 4);
        ok(run("reverse", 2, 64, 64 * 4, upload(ramp(128)), out));
        float[] result = floats(out, 128);
        assertEquals(63, result[0]);
        assertEquals(64, result[127]);
        // Four bytes too few.
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("reverse", 1, 64, 63 * 4, out, out), "illegal shared memory store of 4 bytes in kernel reverse",
                "thread (63,0,0)", "offset 252 of the 252-byte dynamic shared array test_shared");
    }

    @Test
    void moreDynamicSharedMemoryThanTheDefaultNeedsTheAttribute() {
        CUdeviceptr out = allocate(128);
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, enqueue("reverse", 1, 32, 50000, out, out), "the function permits 49152");
        CUfunction reverse = function("reverse");
        int attribute = CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuFuncSetAttribute(reverse, attribute, 232449));
        ok(JCudaDriver.cuFuncSetAttribute(reverse, attribute, 232448));
        ok(enqueue("reverse", 1, 32, 232448, out, out));
        ok(JCudaDriver.cuStreamSynchronize(stream));
    }

    @Test
    void atomicsAndReducingBarriers() {
        int[] in = new Random(3).ints(1000, 0, 1000).toArray();
        int[] expected = new int[8];
        for (int value : in) {
            expected[value % 8]++;
        }
        CUdeviceptr bins = upload(new int[8]);
        ok(run("histogram", 4, 256, 0, upload(in), bins, 1000));
        assertArrayEquals(expected, ints(bins, 8));
        CUdeviceptr counts = allocate(40 * 4);
        float[] signs = new float[40];
        Arrays.fill(signs, 0, 13, 1);
        ok(run("count_positive", 1, 40, 0, upload(signs), counts));
        assertArrayEquals(new int[] {13, 13}, Arrays.copyOf(ints(counts, 40), 2));
    }

    @Test
    void parametersOfAllTypes() {
        ByteBuffer shape = ByteBuffer.allocateDirect(24).order(ByteOrder.nativeOrder());
        shape.putInt(0, -3).putLong(8, 1L << 40).putFloat(16, 0.25f);
        CUdeviceptr out = allocate(64);
        ok(JCudaDriver.cuLaunchKernel(function("mixed_parameters"), 1, 1, 3, 1, 2, 1, 0, stream,
                Pointer.to(Pointer.to(new byte[] {(byte) 200}), Pointer.to(new double[] {0.1}), Pointer.to(shape), Pointer.to(new float[] {1, 2, 3}),
                        Pointer.to(new short[] {0x3e00}), Pointer.to(out)), null));
        ok(JCudaDriver.cuStreamSynchronize(stream));
        double[] expected = {200, 0.1, -3, 1L << 40, 0.25, 3, 1.5, 203};
        double[] result = new double[8];
        ok(JCudaDriver.cuMemcpyDtoH(Pointer.to(result), out, 64));
        assertArrayEquals(expected, result);
    }

    @Test
    void matrixProductsOnAWarp() {
        Random random = new Random(4);
        float[] a = new float[16 * 16];
        float[] b = new float[16 * 8];
        for (int i = 0; i < a.length; i++) {
            a[i] = random.nextInt(17) - 8;
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = random.nextInt(17) - 8;
        }
        CUdeviceptr c = allocate(16 * 8 * 4);
        ok(run("matrix_tf32", 1, 32, 0, upload(a), upload(b), c));
        assertArrayEquals(product(a, b, 8, 1), floats(c, 128));

        short[] halves = new short[a.length + b.length];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = integerAsHalf((int) (i < a.length ? a[i] : b[i - a.length]));
        }
        CUdeviceptr half = allocate(halves.length * 2L);
        ok(JCudaDriver.cuMemcpyHtoD(half, Pointer.to(halves), halves.length * 2L));
        ok(run("matrix_f16", 1, 32, 0, half, half.withByteOffset(a.length * 2L), c));
        assertArrayEquals(product(a, b, 16, 0), floats(c, 128));
    }

    private static float[] product(float[] a, float[] b, int depth, float start) {
        float[] c = new float[128];
        for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 8; j++) {
                c[i * 8 + j] = start;
                for (int k = 0; k < depth; k++) {
                    c[i * 8 + j] += a[i * depth + k] * b[k * 8 + j];
                }
            }
        }
        return c;
    }

    private static short integerAsHalf(int value) {
        if (value == 0) {
            return 0;
        }
        int exponent = 31 - Integer.numberOfLeadingZeros(Math.abs(value));
        return (short) ((value < 0 ? 0x8000 : 0) | exponent + 15 << 10 | (Math.abs(value) << 10 - exponent & 1023));
    }

    @Test
    void tf32RoundsItsOperands() {
        float[] a = new float[128];
        float[] b = new float[64];
        a[0] = 1 + 0x1p-11f;  // halfway to the next TF32 value, away from zero
        a[8] = 1 + 0x1p-12f;
        b[0] = 1;
        CUdeviceptr c = allocate(128 * 4);
        ok(run("matrix_tf32", 1, 32, 0, upload(a), upload(b), c));
        float[] result = floats(c, 128);
        assertEquals(2 + 0x1p-10f, result[0]);
        assertEquals(2f, result[8]);
    }

    @Test
    void halvesRoundToNearestEven() {
        float[] in = {0, -0f, 1, 65504, 65519.99f, 65520, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, 0x1p-14f, 1 + 0x1p-11f, 1 + 0x1.8p-10f,
            Float.NEGATIVE_INFINITY, -0x1.004p-14f, 0x1.ff8p-15f, 2049};
        int[] expected = {0, 0x8000, 0x3c00, 0x7bff, 0x7bff, 0x7c00, 1, 0, 1, 0x400, 0x3c00, 0x3c02, 0xfc00, 0x8401, 0x3ff, 0x6800};
        CUdeviceptr bits = allocate(in.length * 2L);
        CUdeviceptr out = allocate(in.length * 4L);
        ok(run("half_round_trip", 1, in.length, 0, upload(in), bits, out));
        short[] result = new short[in.length];
        ok(JCudaDriver.cuMemcpyDtoH(Pointer.to(result), bits, in.length * 2L));
        for (int i = 0; i < in.length; i++) {
            assertEquals(Integer.toHexString(expected[i]), Integer.toHexString(result[i] & 0xffff), "of " + in[i]);
        }
        float[] back = floats(out, in.length);
        assertEquals(0x1p-24f, back[6]);
        assertEquals(2048f, back[15]);
    }

    // ---- what is found ----

    @Test
    void accessBeyondAnAllocationIsFound() {
        CUdeviceptr sum = allocate(100 * 4);
        CUdeviceptr a = upload(ramp(128));
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("vector_add_unbounded", 4, 32, 0, a, a, sum), "illegal store of 4 bytes in kernel vector_add_unbounded",
                "block (3,0,0) of (4,1,1)", "thread (4,0,0) of (32,1,1)", "offset 400 from the start of the 400-byte device allocation");
        // The context stays failed, as on a GPU, until it ends.
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 4));
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuCtxSynchronize());
        ok(JCudaDriver.cuDevicePrimaryCtxReset(device));
        assertEquals(0, EmulatedDevice.deviceBytes());
    }

    @Test
    void accessToFreedMemoryAndThroughNullIsFound() {
        CUdeviceptr freed = upload(ramp(32));
        CUdeviceptr sum = allocate(128);
        ok(JCudaDriver.cuMemFree(freed));
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("vector_add", 1, 32, 0, freed, freed, sum, 32), "illegal load of 4 bytes in kernel vector_add",
                "offset 0 from the start of the 128-byte freed allocation");
        EmulatedDevice.reset();
        open();
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("vector_add", 1, 32, 0, new CUdeviceptr(), allocate(128), allocate(128), 32),
                "address 0x0, a null pointer");
    }

    @Test
    void hostMemoryIsNoDeviceMemory() {
        ByteBuffer host = ByteBuffer.allocateDirect(128);
        CUdeviceptr sum = allocate(128);
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("vector_add", 1, 32, 0, Pointer.to(Pointer.to(host)), sum, sum, 32), "which is no device address");
    }

    @Test
    void overrunOfAStaticSharedArrayIsFound() {
        CUdeviceptr out = allocate(128);
        ok(run("static_shared_overrun", 1, 32, 0, out, 31));
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, run("static_shared_overrun", 1, 32, 0, out, 32), "illegal shared memory load of 4 bytes",
                "offset 128 of the 128-byte static shared array", "words");
    }

    @Test
    void misalignedAccessIsFound() {
        fails(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, run("misaligned_load", 1, 1, 0, upload(ramp(8)), allocate(16)),
                "misaligned access in kernel misaligned_load", "16 bytes' alignment", "test_kernels.cu:");
    }

    @Test
    void barrierThatSomeThreadsDoNotReachIsFound() {
        fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, run("exits_before_barrier", 1, 64, 0, allocate(256)), "divergent barrier in kernel exits_before_barrier",
                "24 of 64 threads have exited (first: thread 40)", "40 of 64 threads wait in __syncthreads at test_kernels.cu:");
    }

    @Test
    void twoBarriersThatDivergedThreadsWaitAtAreFound() {
        fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, run("waits_at_two_barriers", 1, 64, 0, allocate(256)),
                "divergent barrier in kernel waits_at_two_barriers", "32 of 64 threads wait in __syncthreads at test_kernels.cu:");
    }

    @Test
    void shuffleThatALaneDoesNotReachIsFound() {
        fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, run("partial_shuffle", 1, 32, 0, allocate(128)), "divergent barrier in kernel partial_shuffle",
                "31 of 32 threads wait in __shfl_sync with mask 0xffffffff", "1 of 32 threads have exited (first: thread 5)");
    }

    @Test
    void raceInSharedMemoryIsFound() {
        CUdeviceptr in = upload(ramp(256));
        fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, run("block_sum_racing", 1, 256, 0, in, allocate(4)), "shared memory race: ",
                "in kernel block_sum_racing", "thread 255 of the block", "at offset 1020 of");
        EmulatedDevice.reset();
        open();
        EmulatedDevice.checkRaces(false);
        ok(run("block_sum_racing", 1, 256, 0, upload(ramp(256)), allocate(4)));
    }

    /** Two threads may own the halves of a word: only a thread that touches the other's half races. */
    @Test
    void racesAreToldApartWithinAWord() {
        ok(run("owners_of_halves", 1, 64, 0, allocate(128), 0));
        fails(CUresult.CUDA_ERROR_LAUNCH_FAILED, run("owners_of_halves", 1, 64, 0, allocate(128), 1), "shared memory race: ", "in kernel owners_of_halves");
    }

    @Test
    void asynchronousCopyArrivesAtItsWait() {
        CUdeviceptr out = allocate(32 * 16);
        ok(run("copy_without_wait", 1, 32, 0, upload(ramp(128)), out));
        assertTrue(Float.isNaN(floats(out, 128)[0]));
    }

    @Test
    void freshMemoryIsPoisoned() {
        assertEquals(-1, ints(allocate(10), 2)[1]);
        CUdeviceptr dynamicWord = allocate(4);
        CUdeviceptr staticWord = allocate(4);
        for (int i = 0; i < 2; i++) {
            ok(run("fresh_shared", 2, 1, 16, dynamicWord, staticWord));
            assertEquals(-1, ints(dynamicWord, 1)[0]);
            assertEquals(-1, ints(staticWord, 1)[0]);
        }
    }

    @Test
    void impossibleLaunchesAreRefused() {
        CUdeviceptr out = allocate(16);
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, enqueue("block_sum_f32", 1, 257, 0, out, out), "1 to 256 threads");
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, enqueue("vector_add", 0, 32, 0, out, out, out, 1), "a grid has");
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, enqueue("vector_add", 1, 1025, 0, out, out, out, 1), "1 to 1024 threads");
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuLaunchKernel(function("vector_add"), 1, 1, 1, 1, 1, 1, 0, stream, null, null),
                "parameter 0 of 4 is missing");
    }

    @Test
    void copiesBeyondAnAllocationAreRefused() {
        CUdeviceptr small = allocate(16);
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemcpyDtoH(Pointer.to(new float[5]), small, 20), "offset 0 from the start of the 16-byte device");
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemsetD32(small, 0, 5));
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemcpyDtoD(small.withByteOffset(8), small, 16));
    }

    @Test
    void doubleFreesAndLeaksAreListed() {
        CUdeviceptr freed = allocate(64);
        CUdeviceptr kept = allocate(128);
        ok(JCudaDriver.cuMemFree(freed));
        fails(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuMemFree(freed));
        assertEquals(128, EmulatedDevice.deviceBytes());
        List<String> live = EmulatedDevice.live();
        assertTrue(live.get(0).startsWith("cuMemFree of what is no live allocation's start"), live::toString);
        assertEquals(List.of("device allocation of 128 bytes", "1 streams", "1 modules", "1 references to the primary context"),
                live.subList(1, live.size()));
        EmulatedDevice.reset();
        open();
        kept = allocate(128);
        ok(JCudaDriver.cuMemFree(kept));
        ok(JCudaDriver.cuStreamDestroy(stream));
        ok(JCudaDriver.cuModuleUnload(module));
        ok(JCudaDriver.cuCtxPopCurrent(new CUcontext()));
        ok(JCudaDriver.cuDevicePrimaryCtxRelease(device));
        assertEquals(List.of(), EmulatedDevice.live());
    }

    // ---- streams, events, graphs ----

    private static FloatBuffer pinned(Pointer pointer, int count) {
        ok(JCudaDriver.cuMemHostAlloc(pointer, count * 4L, 0));
        return pointer.getByteBuffer(0, count * 4L).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    @Test
    void workRunsWhenItIsWaitedForAndNotBefore() {
        Pointer host = new Pointer();
        FloatBuffer values = pinned(host, 32);
        CUdeviceptr a = upload(ramp(32));
        CUdeviceptr sum = allocate(128);
        ok(enqueue("vector_add", 1, 32, 0, a, a, sum, 32));
        ok(JCudaDriver.cuMemcpyDtoHAsync(host, sum, 128, stream));
        assertTrue(Float.isNaN(values.get(31)));
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertEquals(62, values.get(31));
        ok(JCudaDriver.cuMemFreeHost(host));
    }

    @Test
    void eventsOrderStreams() {
        CUstream other = new CUstream();
        ok(JCudaDriver.cuStreamCreate(other, CUstream_flags.CU_STREAM_NON_BLOCKING));
        CUevent done = new CUevent();
        CUevent start = new CUevent();
        ok(JCudaDriver.cuEventCreate(done, 0));
        ok(JCudaDriver.cuEventCreate(start, 0));
        Pointer host = new Pointer();
        FloatBuffer values = pinned(host, 32);
        CUdeviceptr a = upload(ramp(32));
        CUdeviceptr sum = allocate(128);
        ok(JCudaDriver.cuEventRecord(start, stream));
        ok(enqueue("vector_add", 1, 32, 0, a, a, sum, 32));
        ok(JCudaDriver.cuEventRecord(done, stream));
        // Without the event, the other stream's copy does not wait for this stream's kernel.
        ok(JCudaDriver.cuMemcpyDtoHAsync(host, sum, 128, other));
        ok(JCudaDriver.cuStreamSynchronize(other));
        assertTrue(Float.isNaN(values.get(31)));
        ok(JCudaDriver.cuStreamWaitEvent(other, done, 0));
        ok(JCudaDriver.cuMemcpyDtoHAsync(host, sum, 128, other));
        ok(JCudaDriver.cuStreamSynchronize(other));
        assertEquals(62, values.get(31));
        float[] milliseconds = new float[1];
        ok(JCudaDriver.cuEventElapsedTime(milliseconds, start, done));
        assertTrue(milliseconds[0] >= 0);
    }

    @Test
    void graphsReplayWhatWasCaptured() throws ReflectiveOperationException {
        CUdeviceptr value = upload(1f, 1f, 1f, 1f);
        CUgraph graph = new CUgraph();
        int count = 4;
        ok(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
        ok(enqueue("vector_add", 1, 4, 0, value, value, value, count));
        ok(enqueue("vector_add", 1, 4, 0, value, value, value, count));
        ok(JCudaDriver.cuStreamEndCapture(stream, graph));
        assertArrayEquals(new float[] {1, 1, 1, 1}, floats(value, 4));
        CUgraphExec exec = new CUgraphExec();
        ok(instantiate(exec, graph));
        ok(JCudaDriver.cuGraphDestroy(graph));
        for (int i = 0; i < 3; i++) {
            ok(JCudaDriver.cuGraphLaunch(exec, stream));
        }
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertArrayEquals(new float[] {64, 64, 64, 64}, floats(value, 4));
        ok(JCudaDriver.cuGraphExecDestroy(exec));
        fails(CUresult.CUDA_ERROR_INVALID_HANDLE, JCudaDriver.cuGraphLaunch(exec, stream));
    }

    @Test
    void callsThatACaptureDoesNotPermitEndIt() {
        CUdeviceptr value = upload(1f, 2f);
        ok(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
        fails(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, JCudaDriver.cuMemAlloc(new CUdeviceptr(), 16));
        fails(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, enqueue("vector_add", 1, 2, 0, value, value, value, 2));
        fails(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, JCudaDriver.cuStreamEndCapture(stream, new CUgraph()));
        ok(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
        fails(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, JCudaDriver.cuStreamSynchronize(stream));
        fails(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, JCudaDriver.cuStreamEndCapture(stream, new CUgraph()));
        ok(run("vector_add", 1, 2, 0, value, value, value, 2));
        assertArrayEquals(new float[] {2, 4}, floats(value, 2));
    }

    // ---- cuBLAS ----

    private cublasHandle cublas() {
        cublasHandle handle = new cublasHandle();
        assertEquals(0, JCublas2.cublasCreate(handle));
        assertEquals(0, JCublas2.cublasSetStream(handle, new cudaStream_t(stream)));
        return handle;
    }

    @Test
    void gemmIsColumnMajorWithTransposesAndLeadingDimensions() {
        cublasHandle handle = cublas();
        // A is 2 x 3, columns 4 apart; B is 3 x 2, given as its transpose; C is 2 x 2, columns 3 apart.
        CUdeviceptr a = upload(1f, 2, 99, 99, 3, 4, 99, 99, 5, 6);
        CUdeviceptr b = upload(1f, -1, 10, 0, 100, 1);
        CUdeviceptr c = upload(1f, 2, 77, 3, 4);
        int status = JCublas2.cublasSgemm(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_T, 2, 2, 3, TWO, a, 4, b, 2, ONE, c, 3);
        assertEquals(0, status);
        assertArrayEquals(new float[] {1, 2, 77, 3, 4}, floats(c, 5));
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertArrayEquals(new float[] {1 + 2 * 531, 2 + 2 * 642, 77, 3 + 2 * 4, 4 + 2 * 4}, floats(c, 5));
        assertEquals(0, JCublas2.cublasDestroy(handle));
        assertEquals(cublasStatus.CUBLAS_STATUS_NOT_INITIALIZED, JCublas2.cublasDestroy(handle));
    }

    @Test
    void stridedBatchesInHalvesDoNotReadWhatBetaZeroDrops() {
        cublasHandle handle = cublas();
        short[] halves = {integerAsHalf(2), integerAsHalf(3), integerAsHalf(5), integerAsHalf(7)};
        CUdeviceptr in = allocate(8);
        ok(JCudaDriver.cuMemcpyHtoD(in, Pointer.to(halves), 8));
        CUdeviceptr out = allocate(8);
        // Two products of 1 x 1 matrices; what C holds is NaN.
        int status = JCublas2.cublasGemmStridedBatchedEx_new(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N, 1, 1, 1, ONE, in, HALF, 1, 2, in,
                HALF, 1, 1, ZERO, out, FLOAT, 1, 1, 2, cublasComputeType.CUBLAS_COMPUTE_32F, 0);
        assertEquals(0, status);
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertArrayEquals(new float[] {2 * 2, 5 * 3}, floats(out, 2));
    }

    @Test
    void tf32IsUsedOnlyWhereItIsAskedFor() {
        cublasHandle handle = cublas();
        CUdeviceptr in = upload(1 + 0x1p-12f, 1f);
        CUdeviceptr out = allocate(8);
        for (int i = 0; i < 2; i++) {
            int compute = i == 0 ? cublasComputeType.CUBLAS_COMPUTE_32F : cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32;
            assertEquals(0, JCublas2.cublasGemmEx_new(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N, 1, 1, 1, ONE, in, FLOAT, 1,
                    in.withByteOffset(4), FLOAT, 1, ZERO, out.withByteOffset(4L * i), FLOAT, 1, compute, 0));
        }
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertArrayEquals(new float[] {1 + 0x1p-12f, 1}, floats(out, 2));
    }

    @Test
    void gemmBeyondAnAllocationIsFoundAndBadShapesAreRefused() {
        cublasHandle handle = cublas();
        CUdeviceptr small = upload(1f, 2, 3);
        assertEquals(cublasStatus.CUBLAS_STATUS_INVALID_VALUE, JCublas2.cublasSgemm(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N,
                2, 2, 2, ONE, small, 1, small, 2, ZERO, small, 2));
        assertEquals(0, JCublas2.cublasSgemm(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N, 2, 2, 1, ONE, small, 2, small, 1, ZERO,
                small, 2));
        fails(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuStreamSynchronize(stream), "cublasSgemm_v2: matrix C of 2 x 2",
                "leaves its allocation: offset 0 from the start of the 12-byte device allocation");
    }

    @Test
    void gemmIsCapturedWithItsStream() throws ReflectiveOperationException {
        cublasHandle handle = cublas();
        CUdeviceptr value = upload(3f);
        ok(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
        assertEquals(0, JCublas2.cublasSgemm(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N, 1, 1, 1, ONE, value, 1, value, 1, ZERO,
                value, 1));
        CUgraph graph = new CUgraph();
        ok(JCudaDriver.cuStreamEndCapture(stream, graph));
        CUgraphExec exec = new CUgraphExec();
        ok(instantiate(exec, graph));
        ok(JCudaDriver.cuGraphLaunch(exec, stream));
        ok(JCudaDriver.cuGraphLaunch(exec, stream));
        ok(JCudaDriver.cuStreamSynchronize(stream));
        assertArrayEquals(new float[] {81}, floats(value, 1));
    }

    // ---- faults ----

    /** A life of a small program; returns the first status that is not success, and gives everything back either way. */
    private int life() {
        CUcontext context = new CUcontext();
        int status = JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
        if (status != OK) {
            return status;
        }
        CUdeviceptr memory = new CUdeviceptr();
        CUmodule image = new CUmodule();
        boolean pushed = false;
        boolean allocated = false;
        boolean loaded = false;
        cublasHandle handle = new cublasHandle();
        boolean created = false;
        try {
            pushed = (status = JCudaDriver.cuCtxPushCurrent(context)) == OK;
            if (!pushed || !(allocated = (status = JCudaDriver.cuMemAlloc(memory, 64)) == OK)
                    || !(loaded = (status = JCudaDriver.cuModuleLoadData(image, EmulatedDevice.image())) == OK)
                    || (status = JCudaDriver.cuMemsetD32(memory, 0x3f800000, 16)) != OK) {
                return status;
            }
            int cublas = JCublas2.cublasCreate(handle);
            created = cublas == cublasStatus.CUBLAS_STATUS_SUCCESS;
            if (!created) {
                return cublas;
            }
            return JCublas2.cublasSgemm(handle, cublasOperation.CUBLAS_OP_N, cublasOperation.CUBLAS_OP_N, 2, 2, 2, Pointer.to(new float[] {1}),
                    memory, 2, memory, 2, Pointer.to(new float[] {0}), memory.withByteOffset(32), 2);
        } finally {
            released(created ? JCublas2.cublasDestroy(handle) : 0);
            released(loaded ? JCudaDriver.cuModuleUnload(image) : 0);
            released(allocated ? JCudaDriver.cuMemFree(memory) : 0);
            released(pushed ? JCudaDriver.cuCtxPopCurrent(new CUcontext()) : 0);
            released(JCudaDriver.cuDevicePrimaryCtxRelease(device));
        }
    }

    private int releaseFailures;

    private void released(int status) {
        releaseFailures += status != 0 ? 1 : 0;
    }

    @Test
    void everyCallCanBeMadeToFail() {
        ok(JCudaDriver.cuStreamDestroy(stream));
        ok(JCudaDriver.cuModuleUnload(module));
        ok(JCudaDriver.cuCtxPopCurrent(new CUcontext()));
        ok(JCudaDriver.cuDevicePrimaryCtxRelease(device));
        EmulatedDevice.clearCalls();
        assertEquals(0, life());
        List<String> calls = EmulatedDevice.calls();
        assertEquals(List.of("cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemAlloc_v2", "cuModuleLoadData", "cuMemsetD32_v2",
                "cublasCreate_v2", "cublasSgemm_v2", "cublasDestroy_v2", "cuModuleUnload", "cuMemFree_v2", "cuCtxPopCurrent_v2",
                "cuDevicePrimaryCtxRelease_v2"), calls);
        for (int n = 1; n <= calls.size(); n++) {
            releaseFailures = 0;
            EmulatedDevice.clearCalls();
            EmulatedDevice.failNth(n, CUresult.CUDA_ERROR_UNKNOWN, cublasStatus.CUBLAS_STATUS_INTERNAL_ERROR);
            int status = life();
            assertEquals(calls.get(n - 1), EmulatedDevice.failedCall());
            int expected = calls.get(n - 1).startsWith("cublas") ? cublasStatus.CUBLAS_STATUS_INTERNAL_ERROR : CUresult.CUDA_ERROR_UNKNOWN;
            assertEquals(n <= 7 ? expected : 0, status, calls.get(n - 1));
            assertEquals(n <= 7 ? 0 : 1, releaseFailures, calls.get(n - 1));
            assertEquals(List.of(), EmulatedDevice.live(), calls.get(n - 1));
        }
    }

    /** JCuda 12 wants flags besides, JCuda 11 room for a node and a message. */
    private static int instantiate(CUgraphExec exec, CUgraph graph) throws ReflectiveOperationException {
        for (Method method : JCudaDriver.class.getMethods()) {
            if (method.getName().equals("cuGraphInstantiate")) {
                return (int) (method.getParameterCount() == 3 ? method.invoke(null, exec, graph, 0L) : method.invoke(null, exec, graph, new CUgraphNode(), new byte[16], 16L));
            }
        }
        throw new NoSuchMethodException("cuGraphInstantiate");
    }
}
