// conv2d_<T>_c<V>, depthwise_<T>_k3_s<S>_c<V>, depthwise_<T>_c<V>, T = f32 or f16: convolutions in the spatial domain; V = 4 (f32) or 8
// (f16) channels a thread, moved 16 bytes at a time, or 1 where the channels or an address do not allow it.
//
// Formula: conv2d      out[y][x][o] = clamp(bias[o] + sum over ky, kx, c of weight[ky][kx][c][o] in[S y + ky - top][S x + kx - left][c])
//          depthwise   out[y][x][c] = clamp(bias[c] + sum over ky, kx of weight[ky][kx][c] in[S y + ky - top][S x + kx - left][c])
// with in = 0 outside the plane.
//
// Layout: [n][y][x][c]; weights as in the formulas, innermost index contiguous.
// Thread mapping: neighbouring lanes are neighbouring groups of V output channels (blockIdx.y, threadIdx.x), then strips of
// kStrip neighbouring outputs of a row, over all rows and images (blockIdx.x, threadIdx.y). The 3x3 depthwise kernels read each input of
// a row once for all outputs of the strip.
// No shared memory: the weights of a thread's channels are few and stay in the first-level cache.
// Preconditions: for V > 1 output channels are a multiple of V and all addresses 16-byte aligned.
#include "lowpass.cuh"

namespace lowpass {

constexpr int kStrip = 4;

struct ConvolutionShape {
    int batch;
    int height;
    int width;
    int channels;
    int out_height;
    int out_width;
    int out_channels;
    int kernel_height;
    int kernel_width;
    int stride_y;
    int stride_x;
    int pad_top;
    int pad_left;
    float low;
    float high;
};

// Which strip of outputs a thread has.
struct Strip {
    bool inside;
    int channel;
    int image;
    int y;
    int x;

    static LOWPASS_INLINE Strip of(const ConvolutionShape& shape, int channels_each) {
        Strip strip;
        const int strips = (shape.out_width + kStrip - 1) / kStrip;
        const index_t at = static_cast<index_t>(blockIdx.x) * blockDim.y + threadIdx.y;
        const index_t row = at / strips;
        strip.channel = (blockIdx.y * blockDim.x + threadIdx.x) * channels_each;
        strip.x = static_cast<int>(at % strips) * kStrip;
        strip.y = static_cast<int>(row % shape.out_height);
        strip.image = static_cast<int>(row / shape.out_height);
        strip.inside = strip.channel < shape.out_channels && strip.image < shape.batch;
        return strip;
    }

    template <int V, typename T>
    LOWPASS_INLINE void store(Channels<V>* sum, T* out, const ConvolutionShape& shape) const {
        const index_t row = (static_cast<index_t>(image) * shape.out_height + y) * shape.out_width;
#pragma unroll
        for (int i = 0; i < kStrip; i++) {
            if (x + i < shape.out_width) {
                sum[i].clamp(shape.low, shape.high);
                sum[i].store(out + (row + x + i) * shape.out_channels + channel);
            }
        }
    }
};

template <int V, typename T>
LOWPASS_INLINE void conv2d(const T* in, const float* weight, const float* bias, T* out, const ConvolutionShape& shape) {
    const Strip strip = Strip::of(shape, V);
    if (!strip.inside) {
        return;
    }
    Channels<V> sum[kStrip];
#pragma unroll
    for (int i = 0; i < kStrip; i++) {
        sum[i] = Channels<V>::load(bias + strip.channel);
    }
    for (int ky = 0; ky < shape.kernel_height; ky++) {
        const int y = strip.y * shape.stride_y + ky - shape.pad_top;
        if (y < 0 || y >= shape.height) {
            continue;
        }
        const T* row = in + (static_cast<index_t>(strip.image) * shape.height + y) * shape.width * shape.channels;
        for (int kx = 0; kx < shape.kernel_width; kx++) {
            const int x = strip.x * shape.stride_x + kx - shape.pad_left;
            const float* w = weight + static_cast<index_t>((ky * shape.kernel_width + kx) * shape.channels) * shape.out_channels + strip.channel;
            // Unrolled, one channel a thread (the fallback) and eight would want more registers than ptxas grants them on sm_120.
#pragma unroll(V == 4 ? 4 : 1)
            for (int c = 0; c < shape.channels; c++) {
                const Channels<V> filter = Channels<V>::load(w + static_cast<index_t>(c) * shape.out_channels);
#pragma unroll
                for (int i = 0; i < kStrip; i++) {
                    const int column = x + i * shape.stride_x;
                    if (column >= 0 && column < shape.width) {
                        sum[i].fma(to_float(row[static_cast<index_t>(column) * shape.channels + c]), filter);
                    }
                }
            }
        }
    }
    strip.store<V>(sum, out, shape);
}

template <int V, typename T>
LOWPASS_INLINE void depthwise(const T* in, const float* weight, const float* bias, T* out, const ConvolutionShape& shape) {
    const Strip strip = Strip::of(shape, V);
    if (!strip.inside) {
        return;
    }
    Channels<V> sum[kStrip];
#pragma unroll
    for (int i = 0; i < kStrip; i++) {
        sum[i] = Channels<V>::load(bias + strip.channel);
    }
    for (int ky = 0; ky < shape.kernel_height; ky++) {
        const int y = strip.y * shape.stride_y + ky - shape.pad_top;
        if (y < 0 || y >= shape.height) {
            continue;
        }
        const T* row = in + (static_cast<index_t>(strip.image) * shape.height + y) * shape.width * shape.channels + strip.channel;
        for (int kx = 0; kx < shape.kernel_width; kx++) {
            const Channels<V> filter = Channels<V>::load(weight + (ky * shape.kernel_width + kx) * shape.channels + strip.channel);
#pragma unroll
            for (int i = 0; i < kStrip; i++) {
                const int column = (strip.x + i) * shape.stride_x + kx - shape.pad_left;
                if (column >= 0 && column < shape.width && strip.x + i < shape.out_width) {
                    sum[i].fma(filter, Channels<V>::load(row + static_cast<index_t>(column) * shape.channels));
                }
            }
        }
    }
    strip.store<V>(sum, out, shape);
}

template <int S, int V, typename T>
LOWPASS_INLINE void depthwise3x3(const T* in, const float* weight, const float* bias, T* out, const ConvolutionShape& shape) {
    const Strip strip = Strip::of(shape, V);
    if (!strip.inside) {
        return;
    }
    constexpr int COLUMNS = (kStrip - 1) * S + 3;
    Channels<V> sum[kStrip];
#pragma unroll
    for (int i = 0; i < kStrip; i++) {
        sum[i] = Channels<V>::load(bias + strip.channel);
    }
    const int left = strip.x * S - shape.pad_left;
    // One channel a thread is the fallback: ptxas grants it few registers, and all rows at once would not fit on sm_80.
#pragma unroll(V == 1 ? 1 : 3)
    for (int ky = 0; ky < 3; ky++) {
        const int y = strip.y * S + ky - shape.pad_top;
        if (y >= 0 && y < shape.height) {
            const T* row = in + (static_cast<index_t>(strip.image) * shape.height + y) * shape.width * shape.channels + strip.channel;
            Channels<V> line[COLUMNS];
#pragma unroll
            for (int column = 0; column < COLUMNS; column++) {
                const int x = left + column;
                line[column] = x >= 0 && x < shape.width ? Channels<V>::load(row + static_cast<index_t>(x) * shape.channels)
                                                         : Channels<V>::zero();
            }
#pragma unroll
            for (int kx = 0; kx < 3; kx++) {
                const Channels<V> filter = Channels<V>::load(weight + (ky * 3 + kx) * shape.channels + strip.channel);
#pragma unroll
                for (int i = 0; i < kStrip; i++) {
                    sum[i].fma(filter, line[i * S + kx]);
                }
            }
        }
    }
    strip.store<V>(sum, out, shape);
}

}  // namespace lowpass

#define LOWPASS_CONVOLUTION(NAME, T, FUNCTION)                                                                               \
    LOWPASS_KERNEL __launch_bounds__(128) NAME(const T* __restrict__ in, const float* __restrict__ weight,                   \
                                               const float* __restrict__ bias, T* __restrict__ out,                          \
                                               lowpass::ConvolutionShape shape) {                                            \
        FUNCTION(in, weight, bias, out, shape);                                                                              \
    }
#define LOWPASS_CONVOLUTIONS(DTYPE, T, V)                                                                                    \
    LOWPASS_CONVOLUTION(conv2d_##DTYPE##_c##V, T, lowpass::conv2d<V>)                                                        \
    LOWPASS_CONVOLUTION(depthwise_##DTYPE##_c##V, T, lowpass::depthwise<V>)                                                  \
    LOWPASS_CONVOLUTION(depthwise_##DTYPE##_k3_s1_c##V, T, (lowpass::depthwise3x3<1, V>))                                    \
    LOWPASS_CONVOLUTION(depthwise_##DTYPE##_k3_s2_c##V, T, (lowpass::depthwise3x3<2, V>))

LOWPASS_CONVOLUTIONS(f32, float, 1)
LOWPASS_CONVOLUTIONS(f32, float, 4)
LOWPASS_CONVOLUTIONS(f16, lowpass::Half, 1)
LOWPASS_CONVOLUTIONS(f16, lowpass::Half, 8)
