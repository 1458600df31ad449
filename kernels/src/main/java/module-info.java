/**
 * DCT bases and orders, and every operation of a depthwise-separable network behind one interface,
 * {@link dev.lowpass.kernels.Backend}, with several back ends.
 */
module dev.lowpass.kernels {
    // Absent unless the application adds it: the vector back end then runs its scalar lanes.
    requires static jdk.incubator.vector;
    // Absent unless the application adds them: without, the CUDA back end says so.
    requires static jcuda;
    requires static jcublas;
    requires static org.lwjgl;

    exports dev.lowpass.kernels;
    exports dev.lowpass.kernels.cuda;
}
