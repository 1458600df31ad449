package dev.lowpass.kernels.cuda;

import jcuda.driver.CUstream;

/** Something that a step enqueues: a kernel, a copy or a product. Prepared once, for one workspace. */
interface Work {

    /** The context must be current. Allocates nothing. */
    void enqueue(int batch, CUstream stream);
}
