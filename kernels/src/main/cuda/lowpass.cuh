// What every kernel shares: the entry-point macro, element types, bounded activations, vectors of channels.
//
// The sources compile with nvcc, with NVRTC (so: no header but ours) and, for tests without a GPU, with a host compiler that gets
// the CUDA keywords from a header of the test tree and defines LOWPASS_EMULATOR: PTX stands behind that macro.
//
// Layouts, channels innermost: spatial [n][y][x][c]; frequency [z][n][block][c] with z the zigzag index and blocks row by row.
// Elements are float or Half in memory and float in all arithmetic outside the tensor cores. Weights that no tensor core reads, and
// biases, are float always.
// Kernel parameters are pointers followed by one struct of 32-bit fields, which the launching code packs in declaration order.
#pragma once

// An entry point keeps its name as written: the launching code looks kernels up by it.
#define LOWPASS_KERNEL extern "C" __global__ void

// Everything else is inlined into its entry point, so that register arrays never need an address.
#define LOWPASS_INLINE __device__ __forceinline__

namespace lowpass {

// An element of 16 bits, IEEE 754 binary16. Not cuda_fp16.h's __half: NVRTC may find no headers on a user's machine.
struct Half {
    unsigned short bits;
};

LOWPASS_INLINE float to_float(float value) {
    return value;
}

LOWPASS_INLINE float to_float(Half value) {
#ifdef LOWPASS_EMULATOR
    return lowpass_half_to_float(value.bits);
#else
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
#endif
}

LOWPASS_INLINE unsigned int bits_of(float value) {
    return __float_as_uint(value);
}

LOWPASS_INLINE unsigned int bits_of(Half value) {
    return value.bits;
}

template <typename T>
LOWPASS_INLINE T from_float(float value);

template <>
LOWPASS_INLINE float from_float<float>(float value) {
    return value;
}

// To nearest, ties to even; beyond 65504 to infinity.
template <>
LOWPASS_INLINE Half from_float<Half>(float value) {
    Half result;
#ifdef LOWPASS_EMULATOR
    result.bits = lowpass_double_to_half(value);
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
#endif
    return result;
}

// Two halves in a register, the first in the lower bits.
LOWPASS_INLINE unsigned int pack(float first, float second) {
    return from_float<Half>(first).bits | static_cast<unsigned int>(from_float<Half>(second).bits) << 16;
}

LOWPASS_INLINE float first_of(unsigned int pair) {
    return to_float(Half{static_cast<unsigned short>(pair)});
}

LOWPASS_INLINE float second_of(unsigned int pair) {
    return to_float(Half{static_cast<unsigned short>(pair >> 16)});
}

// A clamp that keeps NaN, as the activations of the contract do (fminf and fmaxf would drop it). Neither bound is NaN; without
// an activation they are infinite.
LOWPASS_INLINE float clamp(float x, float low, float high) {
    return x < low ? low : (x > high ? high : x);
}

// Elements that one access of 16 bytes moves.
template <typename T>
constexpr int kVector = 16 / static_cast<int>(sizeof(T));

// V neighbouring channels of one position, moved by accesses of 16 bytes (address a multiple of 16) or, where V elements are fewer
// bytes than that, one by one.
template <int V>
struct Channels {
    float lane[V];

    static LOWPASS_INLINE Channels zero() {
        Channels result;
#pragma unroll
        for (int i = 0; i < V; i++) {
            result.lane[i] = 0.f;
        }
        return result;
    }

    static LOWPASS_INLINE Channels load(const float* from) {
        Channels result;
        if (V % 4 == 0) {
#pragma unroll
            for (int i = 0; i < V / 4; i++) {
                const float4 four = reinterpret_cast<const float4*>(from)[i];
                result.lane[4 * i % V] = four.x;
                result.lane[(4 * i + 1) % V] = four.y;
                result.lane[(4 * i + 2) % V] = four.z;
                result.lane[(4 * i + 3) % V] = four.w;
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                result.lane[i] = from[i];
            }
        }
        return result;
    }

    static LOWPASS_INLINE Channels load(const Half* from) {
        Channels result;
        if (V % 8 == 0) {
#pragma unroll
            for (int i = 0; i < V / 8; i++) {
                const uint4 eight = reinterpret_cast<const uint4*>(from)[i];
                const unsigned int pair[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    result.lane[(8 * i + 2 * j) % V] = first_of(pair[j]);
                    result.lane[(8 * i + 2 * j + 1) % V] = second_of(pair[j]);
                }
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                result.lane[i] = to_float(from[i]);
            }
        }
        return result;
    }

    LOWPASS_INLINE void store(float* to) const {
        if (V % 4 == 0) {
#pragma unroll
            for (int i = 0; i < V / 4; i++) {
                reinterpret_cast<float4*>(to)[i] =
                        make_float4(lane[4 * i % V], lane[(4 * i + 1) % V], lane[(4 * i + 2) % V], lane[(4 * i + 3) % V]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                to[i] = lane[i];
            }
        }
    }

    LOWPASS_INLINE void store(Half* to) const {
        if (V % 8 == 0) {
#pragma unroll
            for (int i = 0; i < V / 8; i++) {
                reinterpret_cast<uint4*>(to)[i] = make_uint4(
                        pack(lane[8 * i % V], lane[(8 * i + 1) % V]), pack(lane[(8 * i + 2) % V], lane[(8 * i + 3) % V]),
                        pack(lane[(8 * i + 4) % V], lane[(8 * i + 5) % V]), pack(lane[(8 * i + 6) % V], lane[(8 * i + 7) % V]));
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                to[i] = from_float<Half>(lane[i]);
            }
        }
    }

    LOWPASS_INLINE void fma(const Channels& a, const Channels& b) {
#pragma unroll
        for (int i = 0; i < V; i++) {
            lane[i] += a.lane[i] * b.lane[i];
        }
    }

    LOWPASS_INLINE void fma(float a, const Channels& b) {
#pragma unroll
        for (int i = 0; i < V; i++) {
            lane[i] += a * b.lane[i];
        }
    }

    LOWPASS_INLINE void add(const Channels& a) {
#pragma unroll
        for (int i = 0; i < V; i++) {
            lane[i] += a.lane[i];
        }
    }

    LOWPASS_INLINE void clamp(float low, float high) {
#pragma unroll
        for (int i = 0; i < V; i++) {
            lane[i] = lowpass::clamp(lane[i], low, high);
        }
    }
};

// Positions are 64-bit wherever a batch enters: 128 images of 112x112x96 already pass 2^27 elements.
typedef long long index_t;

// Hides a value's origin from the optimiser: keeps the multiples of a stride, one for each of the B*B coefficients, from being
// computed ahead of a loop, or shared between reads and later writes, and so from holding registers all through a kernel.
LOWPASS_INLINE index_t opaque(index_t value) {
#if defined(__CUDA_ARCH__) && !defined(LOWPASS_EMULATOR)
    asm volatile("" : "+l"(value));
#endif
    return value;
}

}  // namespace lowpass
