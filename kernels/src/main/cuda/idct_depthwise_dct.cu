// idct_depthwise_dct_<T>_b<B>_k3_s<S>, T = f32 or f16, and its variant _plane: the middle of an inverted-residual block in one pass.
//
// Formula, a channel at a time: x = before(IDCT(X)); y = after(bias + sum over ky, kx of w[ky][kx] x[S oy + ky - top][S ox + kx - left]),
// x being 0 outside its plane; Y^ = DCT(y), of which the coefficients below the channel's cutoff are written. Transforms: dct.cuh.
//
// Layout: in [z][n][block][c] of the input plane, out [z][n][block][c] of the output plane, weight [9][c], bias [c].
//
// _plane: the plane is one block, stride 1, padding 1 all around (7x7 at B = 7): a thread owns a channel's whole plane in
// registers, no shared memory. blockIdx.y counts tiles of blockDim.x channels, (blockIdx.x, threadIdx.y) images.
//
// The other: a thread block owns a tile of tile_y x tile_x output blocks of one image and blockDim.x channels (blockIdx.y).
// Phase 1: its threads restore the input blocks that the tile touches, one block and channel a thread, and leave the pixels
// that the tile needs in shared memory, [rows][columns][blockDim.x] with rows = (tile_y B - 1) S + 3 and columns likewise; pixels outside
// the plane are zeros there. Phase 2: one output block and channel a thread; each row of pixels is read once and
// feeds up to three rows of sums. Where the tile is the whole plane no block is restored twice; else the blocks at the tile's edge are.
// Dynamic shared memory: rows * columns * blockDim.x floats.
//
// Preconditions: B divides both planes; 3x3; stride S in both directions; any padding below 3; any number of channels.
#include "dct.cuh"

namespace lowpass {

extern __shared__ float4 tile_pixels[];

struct FusedShape {
    int batch;
    int height;
    int width;
    int channels;
    int out_height;
    int out_width;
    int pad_top;
    int pad_left;
    int tile_y;   // output blocks
    int tile_x;
    int tiles_y;  // tiles of a plane
    int tiles_x;
    float before_low;
    float before_high;
    float after_low;
    float after_high;
};

template <int B, int S, typename T>
LOWPASS_INLINE void idct_depthwise_dct(const T* in, const float* weight, const float* bias, const int* cutoffs, T* out,
                                       const FusedShape& shape) {
    float* pixels = reinterpret_cast<float*>(tile_pixels);
    const int lanes = blockDim.x;
    const int lane = threadIdx.x;
    const int channel = blockIdx.y * lanes + lane;
    const bool inside = channel < shape.channels;
    const int tile = blockIdx.x % (shape.tiles_y * shape.tiles_x);
    const int image = blockIdx.x / (shape.tiles_y * shape.tiles_x);
    const int out_block_y = tile / shape.tiles_x * shape.tile_y;
    const int out_block_x = tile % shape.tiles_x * shape.tile_x;
    // The tile's window on the input plane; it may begin above or left of the plane.
    const int rows = (shape.tile_y * B - 1) * S + 3;
    const int columns = (shape.tile_x * B - 1) * S + 3;
    const int top = out_block_y * B * S - shape.pad_top;
    const int left = out_block_x * B * S - shape.pad_left;

    for (int at = threadIdx.y; at < rows * columns; at += blockDim.y) {
        int y = top + at / columns;
        int x = left + at % columns;
        if (y < 0 || y >= shape.height || x < 0 || x >= shape.width) {
            pixels[at * lanes + lane] = 0.f;
        }
    }

    const int in_columns = shape.width / B;
    const int in_blocks = shape.height / B * in_columns;
    const index_t in_stride = static_cast<index_t>(shape.batch) * in_blocks * shape.channels;
    const int first_y = max(top, 0) / B;
    const int first_x = max(left, 0) / B;
    const int touched_y = (min(top + rows, shape.height) - 1) / B - first_y + 1;
    const int touched_x = (min(left + columns, shape.width) - 1) / B - first_x + 1;
    if (inside) {
        for (int item = threadIdx.y; item < touched_y * touched_x; item += blockDim.y) {
            int block_y = first_y + item / touched_x;
            int block_x = first_x + item % touched_x;
            float block[B * B];
            index_t from = (static_cast<index_t>(image) * in_blocks + block_y * in_columns + block_x) * shape.channels + channel;
            load_coefficients<B>(block, in + from, opaque(in_stride));
            idct_block<B>(block);
#pragma unroll
            for (int y = 0; y < B; y++) {
                int row = block_y * B + y - top;
#pragma unroll
                for (int x = 0; x < B; x++) {
                    int column = block_x * B + x - left;
                    if (row >= 0 && row < rows && column >= 0 && column < columns) {
                        pixels[(row * columns + column) * lanes + lane] = clamp(block[y * B + x], shape.before_low, shape.before_high);
                    }
                }
            }
        }
    }
    __syncthreads();
    if (!inside) {
        return;
    }

    float w[9];
#pragma unroll
    for (int k = 0; k < 9; k++) {
        w[k] = weight[k * shape.channels + channel];
    }
    const float b = bias[channel];
    const int cutoff = cutoffs[channel];
    const int out_columns = shape.out_width / B;
    const int out_blocks = shape.out_height / B * out_columns;
    const index_t out_stride = static_cast<index_t>(shape.batch) * out_blocks * shape.channels;
    for (int item = threadIdx.y; item < shape.tile_y * shape.tile_x; item += blockDim.y) {
        int tile_row = item / shape.tile_x;
        int tile_column = item % shape.tile_x;
        int block_y = out_block_y + tile_row;
        int block_x = out_block_x + tile_column;
        if (block_y >= shape.out_height / B || block_x >= out_columns) {
            continue;  // the last tile of a row or column may hang over
        }
        const float* corner = pixels + (tile_row * B * S * columns + tile_column * B * S) * lanes + lane;
        float block[B * B];
#pragma unroll
        for (int i = 0; i < B * B; i++) {
            block[i] = b;
        }
#pragma unroll
        for (int row = 0; row < (B - 1) * S + 3; row++) {
            float line[(B - 1) * S + 3];
#pragma unroll
            for (int column = 0; column < (B - 1) * S + 3; column++) {
                line[column] = corner[(row * columns + column) * lanes];
            }
#pragma unroll
            for (int ky = 0; ky < 3; ky++) {
                // Output row y reads the input rows S y + ky.
                if (row >= ky && (row - ky) % S == 0 && (row - ky) / S < B) {
                    const int y = (row - ky) / S;
#pragma unroll
                    for (int x = 0; x < B; x++) {
#pragma unroll
                        for (int kx = 0; kx < 3; kx++) {
                            block[y * B + x] += w[ky * 3 + kx] * line[x * S + kx];
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
        index_t to = (static_cast<index_t>(image) * out_blocks + block_y * out_columns + block_x) * shape.channels + channel;
        store_coefficients<B>(block, out + to, opaque(out_stride), cutoff);
    }
}

template <int B, typename T>
LOWPASS_INLINE void idct_depthwise_dct_plane(const T* in, const float* weight, const float* bias, const int* cutoffs, T* out,
                                             const FusedShape& shape) {
    const int channel = blockIdx.y * blockDim.x + threadIdx.x;
    const int image = blockIdx.x * blockDim.y + threadIdx.y;
    if (channel >= shape.channels || image >= shape.batch) {
        return;
    }
    const index_t stride = static_cast<index_t>(shape.batch) * shape.channels;
    const index_t at = static_cast<index_t>(image) * shape.channels + channel;
    float block[B * B];
    load_coefficients<B>(block, in + at, stride);
    idct_block<B>(block);
#pragma unroll
    for (int i = 0; i < B * B; i++) {
        block[i] = clamp(block[i], shape.before_low, shape.before_high);
    }
    float w[9];
#pragma unroll
    for (int k = 0; k < 9; k++) {
        w[k] = weight[k * shape.channels + channel];
    }
    const float b = bias[channel];
    // In place: row y of the result needs rows y - 1 to y + 1 as they were, so the row that is overwritten is carried along.
    float above[B];
#pragma unroll
    for (int x = 0; x < B; x++) {
        above[x] = 0.f;
    }
#pragma unroll
    for (int y = 0; y < B; y++) {
        float here[B];
#pragma unroll
        for (int x = 0; x < B; x++) {
            here[x] = block[y * B + x];
        }
#pragma unroll
        for (int x = 0; x < B; x++) {
            float sum = b;
#pragma unroll
            for (int kx = 0; kx < 3; kx++) {
                const int column = x + kx - 1;
                if (column >= 0 && column < B) {
                    sum += w[kx] * above[column];
                    sum += w[3 + kx] * here[column];
                    if (y + 1 < B) {
                        sum += w[6 + kx] * block[(y + 1) * B + column];
                    }
                }
            }
            block[y * B + x] = clamp(sum, shape.after_low, shape.after_high);
        }
#pragma unroll
        for (int x = 0; x < B; x++) {
            above[x] = here[x];
        }
    }
    dct_block<B>(block);
    store_coefficients<B>(block, out + at, opaque(stride), cutoffs[channel]);
}

}  // namespace lowpass

#define LOWPASS_FUSED_KERNEL(NAME, T, FUNCTION)                                                                              \
    NAME(const T* __restrict__ in, const float* __restrict__ weight, const float* __restrict__ bias,                         \
         const int* __restrict__ cutoffs, T* __restrict__ out, lowpass::FusedShape shape) {                                  \
        FUNCTION(in, weight, bias, cutoffs, out, shape);                                                                     \
    }
#define LOWPASS_FUSED_OF(DTYPE, T, B)                                                                                        \
    LOWPASS_KERNEL __launch_bounds__(256, 2)                                                                                 \
    LOWPASS_FUSED_KERNEL(idct_depthwise_dct_##DTYPE##_b##B##_k3_s1, T, (lowpass::idct_depthwise_dct<B, 1>))                  \
    LOWPASS_KERNEL __launch_bounds__(256, 2)                                                                                 \
    LOWPASS_FUSED_KERNEL(idct_depthwise_dct_##DTYPE##_b##B##_k3_s2, T, (lowpass::idct_depthwise_dct<B, 2>))                  \
    LOWPASS_KERNEL __launch_bounds__(128, 4)                                                                                 \
    LOWPASS_FUSED_KERNEL(idct_depthwise_dct_##DTYPE##_b##B##_k3_s1_plane, T, (lowpass::idct_depthwise_dct_plane<B>))
#define LOWPASS_FUSED(B)                                                                                                     \
    LOWPASS_FUSED_OF(f32, float, B)                                                                                          \
    LOWPASS_FUSED_OF(f16, lowpass::Half, B)

LOWPASS_FUSED(4)
LOWPASS_FUSED(5)
LOWPASS_FUSED(6)
LOWPASS_FUSED(7)
LOWPASS_FUSED(8)
