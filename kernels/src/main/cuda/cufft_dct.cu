// cufft_dct_pack_f32, cufft_dct_unpack_f32: what goes before and after cuFFT in a block DCT that it computes. No network runs these: they
// check the DCT kernels by other means, and are what those are measured against.
//
// Formula (J. Makhoul, A fast cosine transform in one and two dimensions, IEEE Trans. ASSP 28(1), 1980), for a block of side B:
//   r(n) = 2n for 2n < B, else 2 (B - n) - 1                        the even samples, then the odd ones backwards
//   V = FFT2 of x[r(i)][r(j)],  w = exp(-i pi / 2B)
//   X^(u, v) = a(u) a(v) / 2 * Re(w^(u+v) V(u, v) + w^(u-v) V(u, -v))
// V of real samples is stored for v <= B/2; V(u, v) = conj V(-u, -v) gives the rest. Indices of V are modulo B.
//
// Layout: spatial [n][y][x][c] and frequency [z][n][block][c]; between them samples [i][j][m] and spectra [u][v <= B/2][m] with m
// counting (n, block, c) as the frequency domain does, so that neighbouring lanes are neighbouring channels everywhere.
// Thread mapping: one thread a block and channel; blockIdx.y counts tiles of blockDim.x channels, (blockIdx.x, threadIdx.y) blocks of all images.
// tables: cos(pi j / 2B) for j < 2B, the same of the sine, then a(u) for u < B.
#include "lowpass.cuh"

namespace lowpass {

struct SpectrumShape {
    int batch;
    int height;
    int width;
    int channels;
    int block;
};

LOWPASS_INLINE int reordered(int n, int block) {
    return 2 * n < block ? 2 * n : 2 * (block - n) - 1;
}

LOWPASS_INLINE float2 spectrum_at(const float2* from, index_t lanes, int block, int u, int v) {
    const int half = block / 2 + 1;
    if (v < half) {
        return from[(u * half + v) * lanes];
    }
    const float2 mirrored = from[((block - u) % block * half + block - v) * lanes];
    return make_float2(mirrored.x, -mirrored.y);
}

}  // namespace lowpass

LOWPASS_KERNEL __launch_bounds__(128) cufft_dct_pack_f32(const float* __restrict__ in, float* __restrict__ samples, lowpass::SpectrumShape shape) {
    using lowpass::index_t;
    const int b = shape.block;
    const int columns = shape.width / b;
    const int blocks = shape.height / b * columns;
    const int channel = blockIdx.y * blockDim.x + threadIdx.x;
    const index_t block = static_cast<index_t>(blockIdx.x) * blockDim.y + threadIdx.y;  // [0, batch * blocks)
    if (channel >= shape.channels || block >= static_cast<index_t>(shape.batch) * blocks) {
        return;
    }
    const int within = static_cast<int>(block % blocks);
    const index_t y = block / blocks * shape.height + within / columns * b;
    const float* from = in + (y * shape.width + within % columns * b) * shape.channels + channel;
    const index_t lanes = static_cast<index_t>(shape.batch) * blocks * shape.channels;
    float* to = samples + block * shape.channels + channel;
    for (int i = 0; i < b; i++) {
        for (int j = 0; j < b; j++) {
            const index_t at = static_cast<index_t>(lowpass::reordered(i, b)) * shape.width + lowpass::reordered(j, b);
            to[(i * b + j) * lanes] = from[at * shape.channels];
        }
    }
}

LOWPASS_KERNEL __launch_bounds__(128) cufft_dct_unpack_f32(const float2* __restrict__ spectra, float* __restrict__ out, const int* __restrict__ cutoffs,
                                                           const float* __restrict__ tables, const int* __restrict__ order,
                                                           lowpass::SpectrumShape shape) {
    using lowpass::index_t;
    const int b = shape.block;
    const int channel = blockIdx.y * blockDim.x + threadIdx.x;
    const index_t blocks = static_cast<index_t>(shape.batch) * (shape.height / b) * (shape.width / b);
    const index_t block = static_cast<index_t>(blockIdx.x) * blockDim.y + threadIdx.y;
    if (channel >= shape.channels || block >= blocks) {
        return;
    }
    const index_t lanes = blocks * shape.channels;
    const index_t lane = block * shape.channels + channel;
    const float* cosines = tables;
    const float* sines = tables + 2 * b;
    const float* scales = tables + 4 * b;
    const int cutoff = cutoffs[channel];
    for (int u = 0; u < b; u++) {
        for (int v = 0; v < b; v++) {
            const int z = order[u * b + v];
            if (z < cutoff) {
                const float2 plus = lowpass::spectrum_at(spectra + lane, lanes, b, u, v);
                const float2 minus = lowpass::spectrum_at(spectra + lane, lanes, b, u, (b - v) % b);
                // Re(exp(-i t) (x + i y)) = x cos t + y sin t; the sine is odd.
                const int apart = u < v ? v - u : u - v;
                const float sine = u < v ? -sines[apart] : sines[apart];
                const float sum = plus.x * cosines[u + v] + plus.y * sines[u + v] + minus.x * cosines[apart] + minus.y * sine;
                out[z * lanes + lane] = 0.5f * scales[u] * scales[v] * sum;
            }
        }
    }
}
