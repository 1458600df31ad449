// The block DCT of one channel, wholly in the registers of one thread.
//
// Formula: orthonormal DCT-II, X^ = D X D', D[u][i] = a(u) cos(pi (2i+1) u / 2B), a(0) = sqrt(1/B), else sqrt(2/B)
// (Ahmed, Natarajan, Rao, 1974); the inverse is X = D' X^ D. Coefficients leave in JPEG's zigzag order.
//
// A line of B points is folded first: s[i] = x[i] + x[B-1-i] feeds the even frequencies, d[i] = x[i] - x[B-1-i] the odd ones,
// since cos((2(B-1-i)+1) u pi / 2B) = (-1)^u cos((2i+1) u pi / 2B). That halves the products.
//
// Block arrays are indexed by unrolled loops only, so that they live in registers: (B*B) of them.
#pragma once

#include "lowpass.cuh"

namespace lowpass {

// cos(pi k / 2B) to double precision, at compile time: the angle is folded into [0, pi/2], then Taylor's series to x^24, whose
// remainder there is below 1e-20.
__host__ __device__ constexpr double cos_of(int k, int block) {
    k %= 4 * block;
    if (k > 2 * block) {
        k = 4 * block - k;
    }
    bool negative = k > block;
    if (negative) {
        k = 2 * block - k;
    }
    double x = 3.14159265358979323846 * k / (2.0 * block);
    double term = 1;
    double sum = 1;
    for (int i = 1; i <= 12; i++) {
        term *= -x * x / ((2 * i - 1) * (2 * i));
        sum += term;
    }
    return negative ? -sum : sum;
}

// sqrt by Newton's iteration, for 1/16 <= x <= 1: six steps from 1 pass double precision.
__host__ __device__ constexpr double sqrt_of(double x) {
    double root = 1;
    for (int i = 0; i < 8; i++) {
        root = 0.5 * (root + x / root);
    }
    return root;
}

// D[u][i], computed by the compiler.
template <int B>
struct Basis {
    float at[B][B];

    __host__ __device__ constexpr Basis() : at() {
        for (int u = 0; u < B; u++) {
            for (int i = 0; i < B; i++) {
                at[u][i] = static_cast<float>(sqrt_of((u == 0 ? 1.0 : 2.0) / B) * cos_of((2 * i + 1) * u, B));
            }
        }
    }
};

// The zigzag index of the coefficient in row u and column v, computed by the compiler: diagonal d = u + v runs downwards (row
// rising) when d is odd and upwards when it is even.
template <int B>
struct ZigzagIndex {
    int at[B][B];

    __host__ __device__ constexpr ZigzagIndex() : at() {
        int z = 0;
        for (int d = 0; d < 2 * B - 1; d++) {
            int first = d < B ? 0 : d - B + 1;
            int last = d < B ? d : B - 1;
            for (int i = first; i <= last; i++) {
                int row = d % 2 == 1 ? i : first + last - i;
                at[row][d - row] = z++;
            }
        }
    }
};

// The DCT of the line x[0], x[STRIDE], ...: in place.
template <int B, int STRIDE>
LOWPASS_INLINE void dct_line(float* x) {
    constexpr Basis<B> basis;
    constexpr int H = B / 2;
    float sum[H + B % 2];
    float difference[H];
#pragma unroll
    for (int i = 0; i < H; i++) {
        sum[i] = x[i * STRIDE] + x[(B - 1 - i) * STRIDE];
        difference[i] = x[i * STRIDE] - x[(B - 1 - i) * STRIDE];
    }
    if (B % 2 == 1) {
        sum[H + B % 2 - 1] = x[H * STRIDE];
    }
    // Frequency 0 is a plain sum: one product.
    float mean = sum[0];
#pragma unroll
    for (int i = 1; i < H + B % 2; i++) {
        mean += sum[i];
    }
    x[0] = mean * basis.at[0][0];
#pragma unroll
    for (int u = 1; u < B; u++) {
        float value = 0.f;
        if (u % 2 == 0) {
#pragma unroll
            for (int i = 0; i < H + B % 2; i++) {
                value += basis.at[u][i] * sum[i];
            }
        } else {
            // An odd frequency vanishes in the middle of an odd line.
#pragma unroll
            for (int i = 0; i < H; i++) {
                value += basis.at[u][i] * difference[i];
            }
        }
        x[u * STRIDE] = value;
    }
}

// The inverse of dct_line, in place: x[i] = e + o and x[B-1-i] = e - o, where e sums the even and o the odd frequencies.
template <int B, int STRIDE>
LOWPASS_INLINE void idct_line(float* x) {
    constexpr Basis<B> basis;
    constexpr int H = B / 2;
    float even[H + B % 2];
    float odd[H];
    float mean = x[0] * basis.at[0][0];
#pragma unroll
    for (int i = 0; i < H + B % 2; i++) {
        float value = mean;
#pragma unroll
        for (int u = 2; u < B; u += 2) {
            value += basis.at[u][i] * x[u * STRIDE];
        }
        even[i] = value;
    }
#pragma unroll
    for (int i = 0; i < H; i++) {
        float value = 0.f;
#pragma unroll
        for (int u = 1; u < B; u += 2) {
            value += basis.at[u][i] * x[u * STRIDE];
        }
        odd[i] = value;
    }
#pragma unroll
    for (int i = 0; i < H; i++) {
        x[i * STRIDE] = even[i] + odd[i];
        x[(B - 1 - i) * STRIDE] = even[i] - odd[i];
    }
    if (B % 2 == 1) {
        x[H * STRIDE] = even[H + B % 2 - 1];
    }
}

// Spatial block[y * B + x] to coefficients block[u * B + v].
template <int B>
LOWPASS_INLINE void dct_block(float* block) {
#pragma unroll
    for (int y = 0; y < B; y++) {
        dct_line<B, 1>(block + y * B);
    }
#pragma unroll
    for (int x = 0; x < B; x++) {
        dct_line<B, B>(block + x);
    }
}

// Coefficients block[u * B + v] to spatial block[y * B + x].
template <int B>
LOWPASS_INLINE void idct_block(float* block) {
#pragma unroll
    for (int v = 0; v < B; v++) {
        idct_line<B, B>(block + v);
    }
#pragma unroll
    for (int y = 0; y < B; y++) {
        idct_line<B, 1>(block + y * B);
    }
}

// Reads all coefficients of one block and channel: from points at z = 0, the next z stands z_stride further.
template <int B, typename T>
LOWPASS_INLINE void load_coefficients(float* block, const T* from, index_t z_stride) {
    constexpr ZigzagIndex<B> zigzag;
#pragma unroll
    for (int u = 0; u < B; u++) {
#pragma unroll
        for (int v = 0; v < B; v++) {
            block[u * B + v] = to_float(from[zigzag.at[u][v] * z_stride]);
        }
    }
}

// Writes the coefficients below the channel's cutoff; the others stay as they are.
template <int B, typename T>
LOWPASS_INLINE void store_coefficients(const float* block, T* to, index_t z_stride, int cutoff) {
    constexpr ZigzagIndex<B> zigzag;
#pragma unroll
    for (int u = 0; u < B; u++) {
#pragma unroll
        for (int v = 0; v < B; v++) {
            if (zigzag.at[u][v] < cutoff) {
                to[zigzag.at[u][v] * z_stride] = from_float<T>(block[u * B + v]);
            }
        }
    }
}

}  // namespace lowpass
