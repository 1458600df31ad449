// add_f32_c<V>, global_average_pool_f32, normalize_u8_f32: what remains of a network.
//
// add: out[i] = clamp(a[i] + b[i]), count elements, V a thread and turn (V = 4: addresses 16-byte aligned, count a multiple of 4); out may be
// a or b. Grid-stride.
// global_average_pool: out[n][c] = (sum over the area positions p of in[n][p][c]) / area. blockIdx.x is the image; a thread block owns
// blockDim.x = 32 channels (blockIdx.y), its 8 rows of threads share the positions and add up through shared memory, [8][32] floats.
// normalize: out[n][y][x][c] = (in[n][y][x][c] - mean[c]) / std[c] from 8-bit values 0 to 255. One element a thread, grid-stride.
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

constexpr int kPoolRows = 8;
constexpr int kPoolChannels = 32;

template <int V>
LOWPASS_INLINE void add(const float* a, const float* b, float* out, const AddShape& shape) {
    const index_t count = (static_cast<index_t>(shape.count_high) << 32) | static_cast<unsigned int>(shape.count_low);
    for (index_t at = (static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V; at < count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x * V) {
        Channels<V> sum = Channels<V>::load(a + at);
        sum.add(Channels<V>::load(b + at));
        sum.clamp(shape.low, shape.high);
        sum.store(out + at);
    }
}

}  // namespace lowpass

LOWPASS_KERNEL __launch_bounds__(256) add_f32_c4(const float* a, const float* b, float* out, lowpass::AddShape shape) {
    lowpass::add<4>(a, b, out, shape);
}

LOWPASS_KERNEL __launch_bounds__(256) add_f32_c1(const float* a, const float* b, float* out, lowpass::AddShape shape) {
    lowpass::add<1>(a, b, out, shape);
}

LOWPASS_KERNEL __launch_bounds__(256) global_average_pool_f32(const float* __restrict__ in, float* __restrict__ out,
                                                              lowpass::PoolShape shape) {
    using lowpass::index_t;
    __shared__ float partial[lowpass::kPoolRows][lowpass::kPoolChannels];
    const int channel = blockIdx.y * lowpass::kPoolChannels + threadIdx.x;
    const index_t image = blockIdx.x;
    float sum = 0.f;
    if (channel < shape.channels) {
        for (int position = threadIdx.y; position < shape.area; position += lowpass::kPoolRows) {
            sum += in[(image * shape.area + position) * shape.channels + channel];
        }
    }
    partial[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && channel < shape.channels) {
#pragma unroll
        for (int row = 1; row < lowpass::kPoolRows; row++) {
            sum += partial[row][threadIdx.x];
        }
        out[image * shape.channels + channel] = sum / static_cast<float>(shape.area);
    }
}

LOWPASS_KERNEL __launch_bounds__(256) normalize_u8_f32(const unsigned char* __restrict__ in, const float* __restrict__ mean,
                                                       const float* __restrict__ deviation, float* __restrict__ out,
                                                       lowpass::NormalizeShape shape) {
    using lowpass::index_t;
    const index_t count = static_cast<index_t>(shape.batch) * shape.elements;
    for (index_t at = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += static_cast<index_t>(gridDim.x) * blockDim.x) {
        const int channel = static_cast<int>(at % shape.channels);
        out[at] = (static_cast<float>(in[at]) - mean[channel]) / deviation[channel];
    }
}
