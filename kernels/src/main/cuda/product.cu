// band_pack_<T>, bias_activation_<T>, T = f32 or f16: what goes before and after a product that cuBLAS computes.
//
// band_pack: gathers what a staircase keeps into one dense matrix a band, so that elements beyond a cutoff, which may hold anything, are
// zeros. Row g of the input being (z, n, block) in storage order and z = g / rows_per_z:
//   out[rows_per_z * base(z) + (g % rows_per_z) * width(z) + k] = k < prefix(z) ? in[g][order[k]] : 0,  0 <= k < width(z)
// with layout[z] = (prefix, width, base), base(z) the sum of the widths before z; the rows of a band, whose widths are equal, so follow one
// another. A row of 32 threads owns a row (blockIdx.x, threadIdx.y) and goes over k.
// bias_activation: out[g][o] = clamp(out[g][o] + bias_scale * bias[o]) for the first rows of out. One element a thread, grid-stride.
#include "lowpass.cuh"

namespace lowpass {

struct PackShape {
    int rows;  // of all z together
    int rows_per_z;
    int channels;
};

struct BiasShape {
    int rows;
    int channels;
    float bias_scale;
    float low;
    float high;
};

template <typename T>
LOWPASS_INLINE void band_pack(const T* in, const int* order, const int* layout, T* out, const PackShape& shape) {
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= shape.rows) {
        return;
    }
    const int z = row / shape.rows_per_z;
    const int prefix = layout[3 * z];
    const int width = layout[3 * z + 1];
    const index_t base = layout[3 * z + 2];
    const T* from = in + static_cast<index_t>(row) * shape.channels;
    T* to = out + shape.rows_per_z * base + static_cast<index_t>(row - z * shape.rows_per_z) * width;
    for (int k = threadIdx.x; k < width; k += blockDim.x) {
        to[k] = k < prefix ? from[order[k]] : from_float<T>(0.f);
    }
}

template <typename T>
LOWPASS_INLINE void bias_activation(const float* bias, T* out, const BiasShape& shape) {
    const index_t count = static_cast<index_t>(shape.rows) * shape.channels;
    for (index_t at = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x) {
        const float biased = to_float(out[at]) + shape.bias_scale * bias[at % shape.channels];
        out[at] = from_float<T>(clamp(biased, shape.low, shape.high));
    }
}

}  // namespace lowpass

#define LOWPASS_PRODUCT(DTYPE, T)                                                                                            \
    LOWPASS_KERNEL __launch_bounds__(256) band_pack_##DTYPE(const T* __restrict__ in, const int* __restrict__ order,         \
                                                            const int* __restrict__ layout, T* __restrict__ out,             \
                                                            lowpass::PackShape shape) {                                      \
        lowpass::band_pack(in, order, layout, out, shape);                                                                   \
    }                                                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(256) bias_activation_##DTYPE(const float* __restrict__ bias, T* __restrict__ out,       \
                                                                  lowpass::BiasShape shape) {                                \
        lowpass::bias_activation(bias, out, shape);                                                                          \
    }

LOWPASS_PRODUCT(f32, float)
LOWPASS_PRODUCT(f16, lowpass::Half)
