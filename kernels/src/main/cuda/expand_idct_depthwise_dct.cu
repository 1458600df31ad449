// expand_idct_depthwise_dct_<T>_b<B>_k3_s<S>, T = tf32 (S = 1 only) or f16, B = 7 or 8: the wide part of an inverted-residual block in one pass, so
// that the expanded tensor never leaves the multiprocessor.
//
// Formula: E[z][p][o] = (z == 0 ? B * expand_bias[o] : 0) + sum over k < prefix[z] of in[z][p][order[k]] * expand_weight[o][k], p being (n, block);
// then idct_depthwise_dct.cu's of E: x = before(IDCT(E)); y = after(bias + 3x3 depthwise of x, x being 0 outside its plane);
// Y^ = DCT(y), of which the coefficients below the channel's cutoff are written.
//
// Layout: in [z][n][block][c] of the input plane, out likewise of the output plane and the expanded channels; expand_weight
// [expanded][weight_stride], k innermost and in the staircase's order, zeros beyond the input channels; expand_bias [expanded]; weight
// [9][expanded], bias [expanded].
//
// Thread mapping: a thread block of 8 warps owns `images` whole planes and 32 expanded channels; slices of channels of the same
// images lie side by side in blockIdx.x, so that they share the input in the cache.
// Phase 1: a warp makes 16 rows (z, image, block) x 32 channels at a time on the tensor cores. Its operands come from global memory
// straight into registers: a lane reads 16 bytes of k of a row, and of a weight row, so that a product's k are 4 pairs of words that lie 16
// bytes apart; the order of a sum is free, as long as both factors have the same. Results go to shared memory,
// [z][image][block][32 + 8] of T.
// Phase 2: a thread takes one block and channel, restores it in registers and leaves its pixels where its coefficients were.
// Phase 3: a thread makes one output block and channel from the pixels, as idct_depthwise_dct.cu does, and transforms it.
// Dynamic shared memory: B * B * images * blocks * 40 elements.
//
// Preconditions: B divides both planes; 3x3; stride S in both directions; any padding below 3; weight_stride a multiple of 16 bytes;
// in 16-byte aligned with channels a multiple of 16 bytes and order the identity, or gather is 1.
#include "dct.cuh"
#include "tensor_core.cuh"

namespace lowpass {

extern __shared__ uint4 expanded_planes[];

struct ExpandShape {
    int batch;
    int height;
    int width;
    int channels;
    int expanded;
    int weight_stride;
    int out_height;
    int out_width;
    int pad_top;
    int pad_left;
    int images;  // of a thread block
    int gather;
    float before_low;
    float before_high;
    float after_low;
    float after_high;
};

constexpr int kExpandWarps = 8;
constexpr int kExpandColumns = 32;
constexpr int kExpandStride = kExpandColumns + 8;  // spreads rows over the banks

LOWPASS_INLINE void store_pair(float* to, float first, float second) {
    *reinterpret_cast<float2*>(to) = make_float2(first, second);
}

LOWPASS_INLINE void store_pair(Half* to, float first, float second) {
    *reinterpret_cast<unsigned int*>(to) = pack(first, second);
}

// 16 bytes of a row from k on, zeros from the limit on.
template <typename T>
LOWPASS_INLINE void load_row(unsigned int (&word)[4], const T* row, const int* order, int k, int limit, bool gather) {
    constexpr int V = kVector<T>;
    if (gather) {
#pragma unroll
        for (int w = 0; w < 4; w++) {
            word[w] = 0u;
#pragma unroll
            for (int i = 0; i < V / 4; i++) {
                const int at = k + w * (V / 4) + i;
                if (at < limit) {
                    word[w] |= bits_of(row[order[at]]) << 16 * i;
                }
            }
        }
        return;
    }
    uint4 four = make_uint4(0u, 0u, 0u, 0u);
    if (k < limit) {
        four = *reinterpret_cast<const uint4*>(row + k);
    }
    word[0] = four.x;
    word[1] = four.y;
    word[2] = four.z;
    word[3] = four.w;
#pragma unroll
    for (int w = 0; w < 4; w++) {
        const int left = (limit - k) * static_cast<int>(sizeof(T)) - 4 * w;  // bytes that count from this word on
        word[w] = left >= 4 ? word[w] : (left == 2 ? word[w] & 0xffffu : 0u);
    }
}

template <int B, int S, typename T>
LOWPASS_INLINE void expand_idct_depthwise_dct(const T* in, const T* expand_weight, const float* expand_bias, const int* prefix,
                                              const int* order, const float* weight, const float* bias, const int* cutoffs, T* out,
                                              const ExpandShape& shape) {
    T* const planes = reinterpret_cast<T*>(expanded_planes);
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int slices = (shape.expanded + kExpandColumns - 1) / kExpandColumns;
    const int first_column = static_cast<int>(blockIdx.x % slices) * kExpandColumns;
    const int first_image = static_cast<int>(blockIdx.x / slices) * shape.images;
    const int images = min(shape.images, shape.batch - first_image);
    const int in_columns = shape.width / B;
    const int blocks = shape.height / B * in_columns;
    const int items = images * blocks;
    const int rows = B * B * items;

    // Phase 1. The rows of a z are items neighbouring ones of the input.
    const int g = lane / 4;
    const int t = lane % 4;
    constexpr int V = kVector<T>;
    for (int first = warp * 16; first < rows; first += kExpandWarps * 16) {
        const T* row[2];
        int limit[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int at = first + g + half * 8;
            const int z = at / items;
            const bool exists = at < rows;
            const index_t position = (static_cast<index_t>(z) * shape.batch + first_image) * blocks + at % items;
            row[half] = in + (exists ? position : 0) * shape.channels;
            limit[half] = exists ? prefix[z] : 0;
        }
        float sum[4][4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                sum[j][e] = 0.f;
            }
        }
        const int depth = prefix[first / items];  // the deepest of the 16 rows
        for (int slice = 0; slice < depth; slice += 4 * V) {
            const int k = slice + t * V;
            unsigned int upper[4];
            unsigned int lower[4];
            load_row(upper, row[0], order, k, limit[0], shape.gather != 0);
            load_row(lower, row[1], order, k, limit[1], shape.gather != 0);
            unsigned int a_first[4] = {upper[0], lower[0], upper[1], lower[1]};
            unsigned int a_second[4] = {upper[2], lower[2], upper[3], lower[3]};
            unsigned int low_first[4];
            unsigned int low_second[4];
            split<T>(a_first, low_first);
            split<T>(a_second, low_second);
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const int column = first_column + j * 8 + g;
                uint4 four = make_uint4(0u, 0u, 0u, 0u);
                if (column < shape.expanded && k < shape.weight_stride) {
                    four = *reinterpret_cast<const uint4*>(expand_weight + static_cast<index_t>(column) * shape.weight_stride + k);
                }
                unsigned int b_first[2] = {four.x, four.y};
                unsigned int b_second[2] = {four.z, four.w};
                unsigned int b_low[2];
                split<T>(b_first, b_low);
                multiply_split<T>(sum[j], a_first, low_first, b_first, b_low);
                split<T>(b_second, b_low);
                multiply_split<T>(sum[j], a_second, low_second, b_second, b_low);
            }
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const int column = j * 8 + 2 * t;
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const int at = first + g + half * 8;
                if (at < rows) {
                    float left = sum[j][2 * half];
                    float right = sum[j][2 * half + 1];
                    if (at < items) {
                        left += first_column + column < shape.expanded ? B * expand_bias[first_column + column] : 0.f;
                        right += first_column + column + 1 < shape.expanded ? B * expand_bias[first_column + column + 1] : 0.f;
                    }
                    store_pair(planes + at * kExpandStride + column, left, right);
                }
            }
        }
    }
    __syncthreads();

    // Phase 2.
    for (int item = warp; item < items; item += kExpandWarps) {
        T* const mine = planes + item * kExpandStride + lane;
        float block[B * B];
        load_coefficients<B>(block, mine, opaque(items * kExpandStride));
        idct_block<B>(block);
        const int pixel_stride = static_cast<int>(opaque(items * kExpandStride));
#pragma unroll
        for (int p = 0; p < B * B; p++) {
            mine[p * pixel_stride] = from_float<T>(clamp(block[p], shape.before_low, shape.before_high));
        }
    }
    __syncthreads();

    // Phase 3.
    // All lanes go on, so that they can wait for one another; one without a channel does the last one's work and writes nothing.
    const int channel = min(first_column + lane, shape.expanded - 1);
    constexpr int WINDOW = (B - 1) * S + 3;
    const int out_columns = shape.out_width / B;
    const int out_blocks = shape.out_height / B * out_columns;
    float w[9];
#pragma unroll
    for (int k = 0; k < 9; k++) {
        w[k] = weight[k * shape.expanded + channel];
    }
    const float b = bias[channel];
    const int cutoff = first_column + lane < shape.expanded ? cutoffs[channel] : 0;
    const index_t out_stride = static_cast<index_t>(shape.batch) * out_blocks * shape.expanded;
    for (int item = warp; item < images * out_blocks; item += kExpandWarps) {
        const int image = item / out_blocks;
        const int out_block = item % out_blocks;
        const int top = out_block / out_columns * (B * S) - shape.pad_top;
        const int left = out_block % out_columns * (B * S) - shape.pad_left;
        const T* const plane = planes + image * blocks * kExpandStride + lane;
        float block[B * B];
#pragma unroll
        for (int i = 0; i < B * B; i++) {
            block[i] = b;
        }
#pragma unroll
        for (int row = 0; row < WINDOW; row++) {
            __syncwarp();  // for the compiler: or it reads rows far ahead, and spills
            const int y = top + row;
            const int first_x = static_cast<int>(opaque(left));  // or the places of all columns would hold registers from row to row
            const bool row_inside = y >= 0 && y < shape.height;
            // Pixel (y, x) is pixel (y % B, x % B) of block (y / B, x / B).
            const T* const from = plane + (y % B * B * items + y / B * in_columns) * kExpandStride;
            float line[WINDOW];
#pragma unroll
            for (int column = 0; column < WINDOW; column++) {
                const int x = first_x + column;
                const bool inside = row_inside && x >= 0 && x < shape.width;
                line[column] = inside ? to_float(from[(x % B * items + x / B) * kExpandStride]) : 0.f;
            }
#pragma unroll
            for (int ky = 0; ky < 3; ky++) {
                // Output row y reads the input rows S y + ky.
                if (row >= ky && (row - ky) % S == 0 && (row - ky) / S < B) {
                    const int to = (row - ky) / S;
#pragma unroll
                    for (int i = 0; i < B; i++) {
#pragma unroll
                        for (int kx = 0; kx < 3; kx++) {
                            block[to * B + i] += w[ky * 3 + kx] * line[i * S + kx];
                        }
                    }
                }
            }
        }
#pragma unroll
        for (int i = 0; i < B * B; i++) {
            block[i] = clamp(block[i], shape.after_low, shape.after_high);
        }
        dct_block<B>(block);
        const index_t to = (static_cast<index_t>(first_image + image) * out_blocks + out_block) * shape.expanded + channel;
        store_coefficients<B>(block, out + to, opaque(out_stride), cutoff);
    }
}

}  // namespace lowpass

// BOUNDS are those of __launch_bounds__ by which ptxas was found to spill nothing. Stride 2 in TF32 is missing: split factors and its wide window want more
// registers than a thread has.
#define LOWPASS_EXPAND(DTYPE, T, B, S, BOUNDS)                                                                               \
    LOWPASS_KERNEL __launch_bounds__ BOUNDS expand_idct_depthwise_dct_##DTYPE##_b##B##_k3_s##S(                              \
        const T* __restrict__ in, const T* __restrict__ expand_weight, const float* __restrict__ expand_bias,                \
        const int* __restrict__ prefix, const int* __restrict__ order, const float* __restrict__ weight,                     \
        const float* __restrict__ bias, const int* __restrict__ cutoffs, T* __restrict__ out, lowpass::ExpandShape shape) {  \
        lowpass::expand_idct_depthwise_dct<B, S>(in, expand_weight, expand_bias, prefix, order, weight, bias, cutoffs, out,  \
                                                 shape);                                                                     \
    }

LOWPASS_EXPAND(tf32, float, 7, 1, (256, 2))
LOWPASS_EXPAND(tf32, float, 8, 1, (256, 1))
LOWPASS_EXPAND(f16, lowpass::Half, 7, 1, (256, 2))
LOWPASS_EXPAND(f16, lowpass::Half, 7, 2, (256, 2))
LOWPASS_EXPAND(f16, lowpass::Half, 8, 1, (256, 2))
LOWPASS_EXPAND(f16, lowpass::Half, 8, 2, (256, 2))
