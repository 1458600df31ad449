// CUDA C++ for a host compiler: the keywords, built-in variables, vector types and intrinsics that device code uses, so
// that a .cu file compiles with g++ as it stands and runs on the emulated device. build.sh force-includes this file;
// device code never names it. Everything that needs other threads, or an address check that g++ does not insert, is a
// call into the emulated driver (runtime.cpp). What is not here, device code may not use: add it here, with a test.
#pragma once

#define LOWPASS_EMULATOR 1

#ifdef LOWPASS_EMULATOR_LIST
// build.sh's first pass: only the preprocessor runs, and kernels are found by these marks.
#define __global__ @lowpass_kernel@
#define __launch_bounds__(...) @lowpass_bounds@(__VA_ARGS__)@
#else

#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__ __attribute__((visibility("default")))
#define __launch_bounds__(...)
#endif

// __CUDA_ARCH__ and __CUDACC__ stay undefined: what stands under them is PTX.

#define __device__
#define __host__
#define __constant__
// Of the storage classes only thread_local may both stand alone in a function and follow extern: a block runs on one
// thread of the host, so the thread's copy is the block's. build.sh puts guard bytes behind every array.
#define __shared__ thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__

#ifndef LOWPASS_EMULATOR_LIST

// ---- vector types ----

#define LOWPASS_VECTOR(name, type, two, four)                                                     \
    struct name##1 { type x; };                                                                   \
    struct __align__(two) name##2 { type x, y; };                                                 \
    struct name##3 { type x, y, z; };                                                             \
    struct __align__(four) name##4 { type x, y, z, w; };                                          \
    inline name##1 make_##name##1(type x) { return {x}; }                                         \
    inline name##2 make_##name##2(type x, type y) { return {x, y}; }                              \
    inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }                   \
    inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
LOWPASS_VECTOR(char, signed char, 2, 4)
LOWPASS_VECTOR(uchar, unsigned char, 2, 4)
LOWPASS_VECTOR(short, short, 4, 8)
LOWPASS_VECTOR(ushort, unsigned short, 4, 8)
LOWPASS_VECTOR(int, int, 8, 16)
LOWPASS_VECTOR(uint, unsigned, 8, 16)
LOWPASS_VECTOR(longlong, long long, 16, 16)
LOWPASS_VECTOR(ulonglong, unsigned long long, 16, 16)
LOWPASS_VECTOR(float, float, 8, 16)
LOWPASS_VECTOR(double, double, 16, 16)
#undef LOWPASS_VECTOR

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// ---- the emulated device, as kernels see it; defined in runtime.cpp ----

struct lowpass_emulator_built_ins {
    uint3 thread, block, block_size, grid_size;
};

extern "C" {
extern thread_local lowpass_emulator_built_ins lowpass_emulator_current;

// operation: 0 none, 1 and, 2 or, 3 count; the result over the block's threads.
int lowpass_emulator_barrier(int operation, int predicate, const char* file, int line);
void lowpass_emulator_warp_barrier(unsigned mask, const char* file, int line);
// Every lane of mask gives up to 32 bytes and gets all lanes' 32-byte slots, valid until its next exchange.
const unsigned char (*lowpass_emulator_exchange(unsigned mask, const char* what, const void* value, size_t bytes))[32];
// kind: 0 load, 1 store, 2 atomic. Kernels' own accesses are checked without this.
void lowpass_emulator_check(const void* address, size_t bytes, int kind);
void lowpass_emulator_require_shared(const void* address, const char* what);
// Copies sourceBytes and fills up with zeros to bytes, when the group it belongs to is waited for and no earlier.
void lowpass_emulator_copy_async(void* shared, const void* global, size_t bytes, size_t sourceBytes);
void lowpass_emulator_copy_commit(void);
void lowpass_emulator_copy_wait(int pendingGroups);
void lowpass_emulator_trap(const char* reason, const char* file, int line) __attribute__((noreturn));
unsigned lowpass_emulator_lane(void);
unsigned long long lowpass_emulator_clock(void);
}

#define threadIdx (lowpass_emulator_current.thread)
#define blockIdx (lowpass_emulator_current.block)
#define blockDim (lowpass_emulator_current.block_size)
#define gridDim (lowpass_emulator_current.grid_size)
constexpr int warpSize = 32;

// Barriers at different source lines are different barriers: threads of a block that wait at two of them have diverged.
#define __syncthreads() ((void) lowpass_emulator_barrier(0, 0, __FILE__, __LINE__))
#define __syncthreads_and(predicate) lowpass_emulator_barrier(1, (predicate) != 0, __FILE__, __LINE__)
#define __syncthreads_or(predicate) lowpass_emulator_barrier(2, (predicate) != 0, __FILE__, __LINE__)
#define __syncthreads_count(predicate) lowpass_emulator_barrier(3, (predicate) != 0, __FILE__, __LINE__)
inline unsigned lowpass_warp_mask(unsigned mask = 0xffffffffu) { return mask; }
#define __syncwarp(...) lowpass_emulator_warp_barrier(lowpass_warp_mask(__VA_ARGS__), __FILE__, __LINE__)
#define __trap() lowpass_emulator_trap("__trap()", __FILE__, __LINE__)
#undef assert
#define assert(condition) ((condition) ? (void) 0 : lowpass_emulator_trap("assertion " #condition " failed", __FILE__, __LINE__))

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) {}
inline long long clock64() { return (long long) lowpass_emulator_clock(); }

// ---- warp exchanges ----

// For functions that read the emulator's own memory or check what they touch themselves.
#define LOWPASS_UNCHECKED __attribute__((no_sanitize("kernel-address", "bounds", "alignment")))

template <class T>
LOWPASS_UNCHECKED inline T lowpass_shuffle(unsigned mask, T value, unsigned source, const char* what) {
    static_assert(sizeof(T) <= 32 && std::is_trivially_copyable<T>::value, "a lane exchanges at most 32 plain bytes");
    const unsigned char(*slots)[32] = lowpass_emulator_exchange(mask, what, &value, sizeof(T));
    T result;
    // As on a GPU, a lane outside the mask has no defined value: give a NaN pattern.
    if (mask >> source & 1) {
        memcpy(&result, slots[source], sizeof(T));
    } else {
        memset(&result, 0xff, sizeof(T));
    }
    return result;
}

template <class T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    unsigned lane = lowpass_emulator_lane();
    return lowpass_shuffle(mask, value, (lane & ~(width - 1u)) | ((unsigned) source & (width - 1u)), "__shfl_sync");
}

template <class T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    unsigned lane = lowpass_emulator_lane();
    return lowpass_shuffle(mask, value, (lane & (width - 1u)) < delta ? lane : lane - delta, "__shfl_up_sync");
}

template <class T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    unsigned lane = lowpass_emulator_lane();
    return lowpass_shuffle(mask, value, (lane & (width - 1u)) + delta >= (unsigned) width ? lane : lane + delta, "__shfl_down_sync");
}

template <class T>
inline T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32) {
    unsigned lane = lowpass_emulator_lane();
    unsigned source = lane ^ (unsigned) laneMask;
    return lowpass_shuffle(mask, value, source / width > lane / width ? lane : source, "__shfl_xor_sync");
}

LOWPASS_UNCHECKED inline unsigned __ballot_sync(unsigned mask, int predicate) {
    unsigned char set = predicate != 0;
    const unsigned char(*slots)[32] = lowpass_emulator_exchange(mask, "__ballot_sync", &set, 1);
    unsigned result = 0;
    for (int lane = 0; lane < 32; lane++) {
        if (mask >> lane & 1) {
            result |= (unsigned) (slots[lane][0] == 1) << lane;
        }
    }
    return result;
}

inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }

inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// ---- atomics; the host's workers may run blocks of one grid at the same time ----

template <class T, class F>
LOWPASS_UNCHECKED inline T lowpass_atomic(T* address, F next) {
    lowpass_emulator_check(address, sizeof(T), 2);
    T old, desired;
    __atomic_load(address, &old, __ATOMIC_RELAXED);
    do {
        desired = next(old);
    } while (!__atomic_compare_exchange(address, &old, &desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return old;
}

template <class T> inline T atomicAdd(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return (T) (old + value); });
}
template <class T> inline T atomicSub(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return (T) (old - value); });
}
template <class T> inline T atomicMax(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return old < value ? value : old; });
}
template <class T> inline T atomicMin(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return value < old ? value : old; });
}
template <class T> inline T atomicOr(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return (T) (old | value); });
}
template <class T> inline T atomicAnd(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return (T) (old & value); });
}
template <class T> inline T atomicExch(T* address, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T) { return (T) value; });
}
template <class T> inline T atomicCAS(T* address, std::common_type_t<T> compare, std::common_type_t<T> value) {
    return lowpass_atomic(address, [=](T old) { return old == compare ? (T) value : old; });
}

// ---- loads and stores with cache hints ----

template <class T> inline T __ldg(const T* address) { return *address; }
template <class T> inline T __ldcs(const T* address) { return *address; }
template <class T> inline T __ldcg(const T* address) { return *address; }
template <class T> inline T __ldca(const T* address) { return *address; }
template <class T> inline void __stcs(T* address, T value) { *address = value; }
template <class T> inline void __stcg(T* address, T value) { *address = value; }
template <class T> inline void __stwt(T* address, T value) { *address = value; }

// ---- arithmetic ----

#define LOWPASS_MIN_MAX(type)                                                                     \
    inline constexpr type min(type a, type b) { return b < a ? b : a; }                           \
    inline constexpr type max(type a, type b) { return a < b ? b : a; }
LOWPASS_MIN_MAX(int)
LOWPASS_MIN_MAX(unsigned)
LOWPASS_MIN_MAX(long)
LOWPASS_MIN_MAX(unsigned long)
LOWPASS_MIN_MAX(long long)
LOWPASS_MIN_MAX(unsigned long long)
#undef LOWPASS_MIN_MAX
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
// Volatile keeps the host compiler from contracting these into an fma, which they promise not to be.
inline float __fmul_rn(float a, float b) { volatile float r = a * b; return r; }
inline float __fadd_rn(float a, float b) { volatile float r = a + b; return r; }
inline float __fsub_rn(float a, float b) { volatile float r = a - b; return r; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1 / a; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float rsqrtf(float a) { return 1 / sqrtf(a); }
inline float __expf(float a) { return expf(a); }
inline float __logf(float a) { return logf(a); }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }
inline int __float2int_rn(float a) { return (int) lrintf(a); }
inline int __float2int_rz(float a) { return (int) a; }
inline int __float2int_rd(float a) { return (int) floorf(a); }
inline float __int2float_rn(int a) { return (float) a; }
inline float __uint2float_rn(unsigned a) { return (float) a; }
inline int __popc(unsigned a) { return __builtin_popcount(a); }
inline int __clz(int a) { return a ? __builtin_clz((unsigned) a) : 32; }
inline int __ffs(int a) { return __builtin_ffs(a); }
inline int __mul24(int a, int b) { return a * b; }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned) ((unsigned long long) a * b >> 32); }

template <class To, class From>
inline To lowpass_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
inline int __float_as_int(float a) { return lowpass_bits<int>(a); }
inline unsigned __float_as_uint(float a) { return lowpass_bits<unsigned>(a); }
inline float __int_as_float(int a) { return lowpass_bits<float>(a); }
inline float __uint_as_float(unsigned a) { return lowpass_bits<float>(a); }

inline size_t __cvta_generic_to_shared(const void* address) {
    lowpass_emulator_require_shared(address, "__cvta_generic_to_shared");
    return (size_t) address;
}

#include "warp_matrix.h"

// ---- the registry: build.sh appends one line per extern "C" __global__ function of a source ----

#include "registry.h"

template <auto Function> struct lowpass_emulator_typed;

template <class... P, void (*Function)(P...)>
struct lowpass_emulator_typed<Function> {
    static constexpr int count = (int) sizeof...(P);
    // The closing 1 keeps the arrays from being empty.
    static constexpr size_t sizes[] = {sizeof(P)..., 1};
    static constexpr size_t alignments[] = {alignof(P)..., 1};

    template <size_t... I>
    LOWPASS_UNCHECKED static void spread(void** parameters, std::index_sequence<I...>) {
        Function(*static_cast<std::remove_cv_t<P>*>(parameters[I])...);
    }
    LOWPASS_UNCHECKED static void call(void** parameters) { spread(parameters, std::make_index_sequence<sizeof...(P)>()); }
};

constexpr int lowpass_emulator_bound(int threads = 1024, int = 0, int = 0) { return threads; }

#define LOWPASS_EMULATOR_KERNEL(name, ...)                                                                        \
    static lowpass_emulator_kernel lowpass_emulator_kernel_##name = {#name, lowpass_emulator_typed<&name>::call,  \
            lowpass_emulator_typed<&name>::count, lowpass_emulator_typed<&name>::sizes,                           \
            lowpass_emulator_typed<&name>::alignments, lowpass_emulator_bound(__VA_ARGS__), nullptr};             \
    __attribute__((constructor)) static void lowpass_emulator_register_##name() {                                 \
        lowpass_emulator_register(&lowpass_emulator_kernel_##name);                                               \
    }

#endif
