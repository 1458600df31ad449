// What every kernel shares: the entry-point macro, bounded activations, vectors of channels, integer division.
//
// The sources compile with nvcc, with NVRTC (so: no system header) and, for tests without a GPU, with a host compiler that gets
// the CUDA keywords from a header of the test tree and defines LOWPASS_EMULATOR: PTX stands behind that macro.
//
// Layouts, channels innermost: spatial [n][y][x][c]; frequency [z][n][block][c] with z the zigzag index and blocks row by row.
// Kernel parameters are pointers followed by one struct of 32-bit fields, which the launching code packs in declaration order.
#pragma once

// An entry point keeps its name as written: the launching code looks kernels up by it.
#define LOWPASS_KERNEL extern "C" __global__ void

// Everything else is inlined into its entry point, so that register arrays never need an address.
#define LOWPASS_INLINE __device__ __forceinline__

namespace lowpass {

// A clamp that keeps NaN, as the activations of the contract do (fminf and fmaxf would drop it). Neither bound is NaN; without
// an activation they are infinite.
LOWPASS_INLINE float clamp(float x, float low, float high) {
    return x < low ? low : (x > high ? high : x);
}

// V neighbouring channels of one position, moved by one access: V is 4 (16 bytes, address a multiple of 16) or 1.
template <int V>
struct Channels;

template <>
struct Channels<4> {
    float4 lane;

    static LOWPASS_INLINE Channels zero() {
        return {make_float4(0.f, 0.f, 0.f, 0.f)};
    }

    static LOWPASS_INLINE Channels load(const float* from) {
        return {*reinterpret_cast<const float4*>(from)};
    }

    LOWPASS_INLINE void store(float* to) const {
        *reinterpret_cast<float4*>(to) = lane;
    }

    LOWPASS_INLINE void fma(const Channels& a, const Channels& b) {
        lane.x += a.lane.x * b.lane.x;
        lane.y += a.lane.y * b.lane.y;
        lane.z += a.lane.z * b.lane.z;
        lane.w += a.lane.w * b.lane.w;
    }

    LOWPASS_INLINE void fma(float a, const Channels& b) {
        lane.x += a * b.lane.x;
        lane.y += a * b.lane.y;
        lane.z += a * b.lane.z;
        lane.w += a * b.lane.w;
    }

    LOWPASS_INLINE void add(const Channels& a) {
        lane.x += a.lane.x;
        lane.y += a.lane.y;
        lane.z += a.lane.z;
        lane.w += a.lane.w;
    }


    LOWPASS_INLINE void clamp(float low, float high) {
        lane.x = lowpass::clamp(lane.x, low, high);
        lane.y = lowpass::clamp(lane.y, low, high);
        lane.z = lowpass::clamp(lane.z, low, high);
        lane.w = lowpass::clamp(lane.w, low, high);
    }
};

template <>
struct Channels<1> {
    float lane;

    static LOWPASS_INLINE Channels zero() {
        return {0.f};
    }

    static LOWPASS_INLINE Channels load(const float* from) {
        return {*from};
    }

    LOWPASS_INLINE void store(float* to) const {
        *to = lane;
    }

    LOWPASS_INLINE void fma(const Channels& a, const Channels& b) {
        lane += a.lane * b.lane;
    }

    LOWPASS_INLINE void fma(float a, const Channels& b) {
        lane += a * b.lane;
    }

    LOWPASS_INLINE void add(const Channels& a) {
        lane += a.lane;
    }


    LOWPASS_INLINE void clamp(float low, float high) {
        lane = lowpass::clamp(lane, low, high);
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
