// dct_<T>_b<B>, idct_<T>_b<B> (B = 4 to 8) and dct_<T>, idct_<T> (any B from 2 to 16), T = f32 or f16: block DCT between the domains.
//
// Formula: dct.cuh. The forward transform writes the coefficients below each channel's cutoff only; the inverse reads all of
// them and clamps the result (the activation).
//
// Layout: spatial [n][y][x][c], frequency [z][n][block][c].
// Thread mapping of the specialised kernels: one thread a block and channel, the block in its registers. blockIdx.y counts
// tiles of blockDim.x channels, (blockIdx.x, threadIdx.y) counts blocks of all images; neighbouring lanes are neighbouring
// channels, so each access of a warp is whole 32-byte sectors in a row, and truncation masks a suffix of sorted lanes. B*B accesses
// of a thread are independent: with 2 bytes each they still keep memory busy.
// No shared memory. Preconditions: B divides height and width; any number of channels.
#include "dct.cuh"

namespace lowpass {

struct BlockShape {
    int batch;
    int height;
    int width;
    int channels;
    int block;  // for the general kernels
    float low;
    float high;
};

// Which block and channel a thread of the specialised kernels has, and where they lie.
struct BlockPlace {
    bool inside;
    int channel;
    index_t spatial;    // of the block's first element
    index_t frequency;  // of the block's element at z = 0
    index_t row_stride;
    index_t z_stride;
};

template <int B>
LOWPASS_INLINE BlockPlace place_of(const BlockShape& shape) {
    BlockPlace place;
    int columns = shape.width / B;
    int blocks = shape.height / B * columns;
    int channel = blockIdx.y * blockDim.x + threadIdx.x;
    index_t block = static_cast<index_t>(blockIdx.x) * blockDim.y + threadIdx.y;  // [0, batch * blocks)
    place.inside = channel < shape.channels && block < static_cast<index_t>(shape.batch) * blocks;
    place.channel = channel;
    int image = static_cast<int>(block / blocks);
    int within = static_cast<int>(block % blocks);
    index_t y = static_cast<index_t>(image) * shape.height + within / columns * B;
    place.spatial = (y * shape.width + within % columns * B) * shape.channels + channel;
    place.frequency = block * shape.channels + channel;
    place.row_stride = static_cast<index_t>(shape.width) * shape.channels;
    place.z_stride = static_cast<index_t>(shape.batch) * blocks * shape.channels;
    return place;
}

template <int B, typename T>
LOWPASS_INLINE void dct(const T* in, T* out, const int* cutoffs, const BlockShape& shape) {
    BlockPlace place = place_of<B>(shape);
    if (!place.inside) {
        return;
    }
    float block[B * B];
#pragma unroll
    for (int y = 0; y < B; y++) {
#pragma unroll
        for (int x = 0; x < B; x++) {
            block[y * B + x] = to_float(in[place.spatial + y * place.row_stride + x * shape.channels]);
        }
    }
    dct_block<B>(block);
    store_coefficients<B>(block, out + place.frequency, place.z_stride, cutoffs[place.channel]);
}

template <int B, typename T>
LOWPASS_INLINE void idct(const T* in, T* out, const BlockShape& shape) {
    BlockPlace place = place_of<B>(shape);
    if (!place.inside) {
        return;
    }
    float block[B * B];
    load_coefficients<B>(block, in + place.frequency, place.z_stride);
    idct_block<B>(block);
#pragma unroll
    for (int y = 0; y < B; y++) {
#pragma unroll
        for (int x = 0; x < B; x++) {
            out[place.spatial + y * place.row_stride + x * shape.channels] =
                    from_float<T>(clamp(block[y * B + x], shape.low, shape.high));
        }
    }
}

}  // namespace lowpass

#define LOWPASS_DCT_OF(NAME, T, B)                                                                                           \
    LOWPASS_KERNEL __launch_bounds__(128) dct_##NAME##_b##B(const T* __restrict__ in, T* __restrict__ out,                   \
                                                            const int* __restrict__ cutoffs, lowpass::BlockShape shape) {    \
        lowpass::dct<B>(in, out, cutoffs, shape);                                                                            \
    }                                                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(128) idct_##NAME##_b##B(const T* __restrict__ in, T* __restrict__ out,                  \
                                                             lowpass::BlockShape shape) {                                    \
        lowpass::idct<B>(in, out, shape);                                                                                    \
    }
#define LOWPASS_DCT(B)                                                                                                       \
    LOWPASS_DCT_OF(f32, float, B)                                                                                            \
    LOWPASS_DCT_OF(f16, lowpass::Half, B)

LOWPASS_DCT(4)
LOWPASS_DCT(5)
LOWPASS_DCT(6)
LOWPASS_DCT(7)
LOWPASS_DCT(8)

// The general kernels: one thread block (blockDim 16 x B) a DCT block (blockIdx.x) and 16 channels (blockIdx.y); threadIdx.y is the line, first of the rows,
// then of the columns. The block stands in shared memory twice, [2][B*B][16] floats of which B <= 16 fills 32 KiB.
// basis is D row by row and order[u * B + v] the zigzag index of (u, v), both B*B long, made by the launching code.
// These serve block sizes that no network of this kind asks for speed with: plain loops, each result a sum of B products.

namespace lowpass {

constexpr int kGeneralChannels = 16;
constexpr int kGeneralBlock = 16;

template <typename T>
LOWPASS_INLINE void general_dct(const T* in, T* out, const int* cutoffs, const float* basis, const int* order, const BlockShape& shape) {
    __shared__ float stage[2][kGeneralBlock * kGeneralBlock][kGeneralChannels];
    int b = shape.block;
    int columns = shape.width / b;
    int blocks = shape.height / b * columns;
    int lane = threadIdx.x;
    int line = threadIdx.y;
    int channel = blockIdx.y * kGeneralChannels + lane;
    bool inside = channel < shape.channels;
    index_t block = blockIdx.x;
    int image = static_cast<int>(block / blocks);
    int within = static_cast<int>(block % blocks);
    index_t y = static_cast<index_t>(image) * shape.height + within / columns * b + line;
    index_t from = (y * shape.width + within % columns * b) * shape.channels + channel;
    for (int x = 0; x < b; x++) {
        stage[0][line * b + x][lane] = inside ? to_float(in[from + static_cast<index_t>(x) * shape.channels]) : 0.f;
    }
    __syncthreads();
    for (int v = 0; v < b; v++) {
        float sum = 0.f;
        for (int x = 0; x < b; x++) {
            sum += basis[v * b + x] * stage[0][line * b + x][lane];
        }
        stage[1][line * b + v][lane] = sum;
    }
    __syncthreads();
    index_t z_stride = static_cast<index_t>(shape.batch) * blocks * shape.channels;
    int cutoff = inside ? cutoffs[channel] : 0;
    for (int u = 0; u < b; u++) {
        int z = order[u * b + line];
        if (z < cutoff) {
            float sum = 0.f;
            for (int i = 0; i < b; i++) {
                sum += basis[u * b + i] * stage[1][i * b + line][lane];
            }
            out[z * z_stride + block * shape.channels + channel] = from_float<T>(sum);
        }
    }
}

template <typename T>
LOWPASS_INLINE void general_idct(const T* in, T* out, const float* basis, const int* order, const BlockShape& shape) {
    __shared__ float stage[2][kGeneralBlock * kGeneralBlock][kGeneralChannels];
    int b = shape.block;
    int columns = shape.width / b;
    int blocks = shape.height / b * columns;
    int lane = threadIdx.x;
    int line = threadIdx.y;
    int channel = blockIdx.y * kGeneralChannels + lane;
    bool inside = channel < shape.channels;
    index_t block = blockIdx.x;
    index_t z_stride = static_cast<index_t>(shape.batch) * blocks * shape.channels;
    for (int u = 0; u < b; u++) {
        index_t at = order[u * b + line] * z_stride + block * shape.channels + channel;
        stage[0][u * b + line][lane] = inside ? to_float(in[at]) : 0.f;
    }
    __syncthreads();
    for (int i = 0; i < b; i++) {
        float sum = 0.f;
        for (int u = 0; u < b; u++) {
            sum += basis[u * b + i] * stage[0][u * b + line][lane];
        }
        stage[1][i * b + line][lane] = sum;
    }
    __syncthreads();
    if (!inside) {
        return;
    }
    int image = static_cast<int>(block / blocks);
    int within = static_cast<int>(block % blocks);
    index_t y = static_cast<index_t>(image) * shape.height + within / columns * b + line;
    index_t to = (y * shape.width + within % columns * b) * shape.channels + channel;
    for (int x = 0; x < b; x++) {
        float sum = 0.f;
        for (int v = 0; v < b; v++) {
            sum += basis[v * b + x] * stage[1][line * b + v][lane];
        }
        out[to + static_cast<index_t>(x) * shape.channels] = from_float<T>(clamp(sum, shape.low, shape.high));
    }
}

}  // namespace lowpass

#define LOWPASS_GENERAL_DCT(NAME, T)                                                                                         \
    LOWPASS_KERNEL __launch_bounds__(256) dct_##NAME(                                                                        \
        const T* __restrict__ in, T* __restrict__ out, const int* __restrict__ cutoffs, const float* __restrict__ basis,     \
        const int* __restrict__ order, lowpass::BlockShape shape) {                                                          \
        lowpass::general_dct(in, out, cutoffs, basis, order, shape);                                                         \
    }                                                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(256) idct_##NAME(const T* __restrict__ in, T* __restrict__ out,                         \
                                                      const float* __restrict__ basis, const int* __restrict__ order,        \
                                                      lowpass::BlockShape shape) {                                           \
        lowpass::general_idct(in, out, basis, order, shape);                                                                 \
    }

LOWPASS_GENERAL_DCT(f32, float)
LOWPASS_GENERAL_DCT(f16, lowpass::Half)
