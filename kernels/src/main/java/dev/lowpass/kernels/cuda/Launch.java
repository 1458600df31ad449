package dev.lowpass.kernels.cuda;

import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUstream;

/**
 * A kernel call, prepared once: pointers fixed, the shape struct and the grid set anew for each batch. Kernel parameters are the
 * pointers in order, then the shape as 32-bit fields.
 */
final class Launch implements Work {

    /** Sets what depends on the batch: fields of the shape, and the grid. */
    interface ForBatch {
        void set(Launch launch, int batch);
    }

    /** Threads along the channels times threads along blocks, pixels or rows. */
    record Threads(int x, int y) {
        /** {@code threads} in all, of which a power of two up to 32 along {@code lanes} neighbouring channels. */
        static Threads of(int lanes, int threads) {
            int x = 4;
            while (x < lanes && x < 32) {
                x *= 2;
            }
            return new Threads(x, threads / x);
        }
    }

    final CUfunction function;
    final Pointer parameters;
    final int blockX;
    final int blockY;
    final int sharedBytes;
    final int[] shape;
    int gridX;
    int gridY = 1;

    private final String name;
    private final ForBatch forBatch;

    /**
     * @param shape the struct's fields; those of the batch are set by {@code forBatch}
     * @param pointers the kernel's pointer arguments
     */
    Launch(CudaContext context, String source, String name, Threads threads, int sharedBytes, int[] shape, ForBatch forBatch, Pointer... pointers) {
        this.function = context.function(source, name, sharedBytes);
        this.name = name;
        this.blockX = threads.x();
        this.blockY = threads.y();
        this.sharedBytes = sharedBytes;
        this.shape = shape;
        this.forBatch = forBatch;
        NativePointerObject[] arguments = new NativePointerObject[pointers.length + 1];
        for (int i = 0; i < pointers.length; i++) {
            arguments[i] = Pointer.to(pointers[i]);
        }
        arguments[pointers.length] = Pointer.to(shape);
        parameters = Pointer.to(arguments);
    }

    @Override
    public void enqueue(int batch, CUstream stream) {
        forBatch.set(this, batch);
        Driver.launch(this, stream);
    }

    static int ceilDiv(long a, int b) {
        return Math.toIntExact((a + b - 1) / b);
    }

    @Override
    public String toString() {
        return "kernel " + name + ", grid " + gridX + "x" + gridY + ", block " + blockX + "x" + blockY + ", shared bytes " + sharedBytes;
    }
}
