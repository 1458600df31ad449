// add_<T>_c<V>, global_average_pool_<T>, normalize_u8_<T>, convert_f32_f16, convert_f16_f32, T = f32 or f16: what remains of a network.
//
// add: out[i] = clamp(a[i] + b[i]), count elements, V a thread and turn (V = 4 or, of f16, 8: addresses 16-byte aligned, count a
// multiple of V); out may be a or b. Grid-stride.
// global_average_pool: out[n][c] = (sum over the area positions p of in[n][p][c]) / area. blockIdx.x is the image; a thread block owns
// blockDim.x = 32 channels (blockIdx.y), its 8 rows of threads share the positions and add up through shared memory, [8][32] floats.
// normalize: out[n][y][x][c] = (in[n][y][x][c] - mean[c]) / std[c] from 8-bit values 0 to 255. One element a thread, grid-stride.
// convert: out[i] = in[i], count elements, one a thread, grid-stride; to f16 rounded to nearest, ties to even.
#include "lowpass.cuh"

namespace lowpass {

struct AddShape {
    int count_low;   // the count's low and high 32 bits
    int count_high;
    float low;
    float high;
};

struct PoolShape {
    int batch;
    int area;
    int channels;
};

struct NormalizeShape {
    int batch;
    int elements;  // of one image
    int channels;
};

struct ConvertShape {
    int count;
};

constexpr int kPoolRows = 8;
constexpr int kPoolChannels = 32;

template <int V, typename T>
LOWPASS_INLINE void add(const T* a, const T* b, T* out, const AddShape& shape) {
    const index_t count = (static_cast<index_t>(shape.count_high) << 32) | static_cast<unsigned int>(shape.count_low);
    for (index_t at = (static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V; at < count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x * V) {
        Channels<V> sum = Channels<V>::load(a + at);
        sum.add(Channels<V>::load(b + at));
        sum.clamp(shape.low, shape.high);
        sum.store(out + at);
    }
}

template <typename T>
LOWPASS_INLINE void global_average_pool(const T* in, T* out, const PoolShape& shape) {
    __shared__ float partial[kPoolRows][kPoolChannels];
    const int channel = blockIdx.y * kPoolChannels + threadIdx.x;
    const index_t image = blockIdx.x;
    float sum = 0.f;
    if (channel < shape.channels) {
        for (int position = threadIdx.y; position < shape.area; position += kPoolRows) {
            sum += to_float(in[(image * shape.area + position) * shape.channels + channel]);
        }
    }
    partial[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && channel < shape.channels) {
#pragma unroll
        for (int row = 1; row < kPoolRows; row++) {
            sum += partial[row][threadIdx.x];
        }
        out[image * shape.channels + channel] = from_float<T>(sum / static_cast<float>(shape.area));
    }
}

template <typename T>
LOWPASS_INLINE void normalize(const unsigned char* in, const float* mean, const float* deviation, T* out, const NormalizeShape& shape) {
    const index_t count = static_cast<index_t>(shape.batch) * shape.elements;
    for (index_t at = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x) {
        const int channel = static_cast<int>(at % shape.channels);
        out[at] = from_float<T>((static_cast<float>(in[at]) - mean[channel]) / deviation[channel]);
    }
}

template <typename From, typename To>
LOWPASS_INLINE void convert(const From* in, To* out, const ConvertShape& shape) {
    for (index_t at = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < shape.count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x) {
        out[at] = from_float<To>(to_float(in[at]));
    }
}

}  // namespace lowpass

#define LOWPASS_ADD(DTYPE, T, V)                                                                                             \
    LOWPASS_KERNEL __launch_bounds__(256) add_##DTYPE##_c##V(const T* a, const T* b, T* out, lowpass::AddShape shape) {      \
        lowpass::add<V>(a, b, out, shape);                                                                                   \
    }
#define LOWPASS_ELEMENTWISE(DTYPE, T)                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(256) global_average_pool_##DTYPE(const T* __restrict__ in, T* __restrict__ out,         \
                                                                      lowpass::PoolShape shape) {                            \
        lowpass::global_average_pool(in, out, shape);                                                                        \
    }                                                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(256) normalize_u8_##DTYPE(                                                              \
        const unsigned char* __restrict__ in, const float* __restrict__ mean, const float* __restrict__ deviation,           \
        T* __restrict__ out, lowpass::NormalizeShape shape) {                                                                \
        lowpass::normalize(in, mean, deviation, out, shape);                                                                 \
    }

LOWPASS_ADD(f32, float, 1)
LOWPASS_ADD(f32, float, 4)
LOWPASS_ADD(f16, lowpass::Half, 1)
LOWPASS_ADD(f16, lowpass::Half, 8)
LOWPASS_ELEMENTWISE(f32, float)
LOWPASS_ELEMENTWISE(f16, lowpass::Half)

LOWPASS_KERNEL __launch_bounds__(256) convert_f32_f16(const float* __restrict__ in, lowpass::Half* __restrict__ out,
                                                      lowpass::ConvertShape shape) {
    lowpass::convert(in, out, shape);
}

LOWPASS_KERNEL __launch_bounds__(256) convert_f16_f32(const lowpass::Half* __restrict__ in, float* __restrict__ out,
                                                      lowpass::ConvertShape shape) {
    lowpass::convert(in, out, shape);
}
