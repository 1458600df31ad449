package dev.lowpass.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdeviceptr;

/**
 * What an operation holds on the device: weights, biases and tables, in one allocation, each at a multiple of 256 bytes. Filled
 * by {@code add}, then uploaded once.
 */
final class Constants {

    private static final int ALIGNMENT = 256;

    private final List<Object> arrays = new ArrayList<>();
    private final List<Long> offsets = new ArrayList<>();
    private long bytes;
    private CUdeviceptr memory;

    /** Adds an array and returns its index. */
    int add(float[] values) {
        return add(values, 4L * values.length);
    }

    int add(int[] values) {
        return add(values, 4L * values.length);
    }

    /** Halves, as their bits. */
    int add(short[] values) {
        return add(values, 2L * values.length);
    }

    private int add(Object array, long length) {
        arrays.add(array);
        offsets.add(bytes);
        bytes += (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return arrays.size() - 1;
    }

    /** The context must be current. */
    void upload() {
        if (bytes == 0) {
            return;
        }
        ByteBuffer content = ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
        for (int i = 0; i < arrays.size(); i++) {
            ByteBuffer place = content.duplicate().order(ByteOrder.nativeOrder()).position(Math.toIntExact(offsets.get(i)));
            if (arrays.get(i) instanceof float[] floats) {
                place.asFloatBuffer().put(floats);
            } else if (arrays.get(i) instanceof short[] halves) {
                place.asShortBuffer().put(halves);
            } else {
                place.asIntBuffer().put((int[]) arrays.get(i));
            }
        }
        memory = CudaContext.upload(content);
        arrays.clear();
    }

    /** The device address of the array of that index. */
    CUdeviceptr at(int index) {
        return memory.withByteOffset(offsets.get(index));
    }

    boolean isUploaded() {
        return memory != null;
    }

    /** The context must be current; does nothing when nothing was uploaded. */
    void free() {
        if (memory != null) {
            CUdeviceptr freed = memory;
            memory = null;
            Driver.free(freed);
        }
    }
}
