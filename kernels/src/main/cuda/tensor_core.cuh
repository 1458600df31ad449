// Tensor-core products, and the ways in which their operands reach registers: one warp-wide PTX instruction each.
//
// Operands are rows of bytes with k innermost, for both factors: a step of 32 bytes is 16 halves or 8 floats of k, and ldmatrix hands
// out its 16-byte pieces just as mma wants them, whichever the type (PTX ISA, "Matrix Fragments for mma.m16n8k8 / m16n8k16"). With g = lane / 4 and
// t = lane % 4, lane holds of the 16 x 8 result d[0], d[1] in row g, columns 2t and 2t + 1, and d[2], d[3] in row g + 8.
//
// sm_75 has no asynchronous copies, no TF32 and half as deep products of halves: it copies at once, traps and multiplies twice.
#pragma once

#include "lowpass.cuh"

namespace lowpass {

// Bytes of k that one product takes.
constexpr int kStepBytes = 32;

#ifndef LOWPASS_EMULATOR
LOWPASS_INLINE unsigned int shared_address(const void* pointer) {
    return static_cast<unsigned int>(__cvta_generic_to_shared(pointer));
}
#endif

// Brings 16 bytes to shared memory: the first `bytes` (0 to 16) of global memory, then zeros. Both addresses are multiples of 16,
// and all 16 bytes must lie in memory that may be read if `bytes` is not 0. They are there after copies_wait and a barrier.
LOWPASS_INLINE void copy_async(void* shared, const void* global, int bytes) {
#if defined(LOWPASS_EMULATOR)
    cp_async_16(shared, global, bytes);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    uint4 value = make_uint4(0u, 0u, 0u, 0u);
    if (bytes > 0) {
        value = *static_cast<const uint4*>(global);
    }
    // A word of which `left` bytes count.
    auto part = [](unsigned int word, int left) { return left >= 4 ? word : (left <= 0 ? 0u : word & ((1u << 8 * left) - 1)); };
    *static_cast<uint4*>(shared) =
            make_uint4(part(value.x, bytes), part(value.y, bytes - 4), part(value.z, bytes - 8), part(value.w, bytes - 12));
#else
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(bytes) : "memory");
#endif
}

// Closes a group of this thread's copies.
LOWPASS_INLINE void copies_commit() {
#if defined(LOWPASS_EMULATOR)
    cp_async_commit();
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most PENDING of this thread's groups are under way.
template <int PENDING>
LOWPASS_INLINE void copies_wait() {
#if defined(LOWPASS_EMULATOR)
    cp_async_wait<PENDING>();
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
#endif
}

// Four 8 x 16-byte matrices; lane 8 i + r gives the address of row r of matrix i. Lane 4 r + c gets the c-th word of row r of each.
LOWPASS_INLINE void load_matrices(unsigned int (&to)[4], const void* row) {
#ifdef LOWPASS_EMULATOR
    ldmatrix_x4(to, row);
#else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(row))
                 : "memory");
#endif
}

// Whether factors have more bits than a product takes: floats have 24, TF32 has 11. A network of 50 layers that rounds them so is off by
// 2e-3 of its largest logit, so each is split into a high and a low part, and three products of parts make one of floats, all but 2^-22 of it.
template <typename T>
constexpr bool kSplit = sizeof(T) == 4;

// Words as they come from memory to what products take: high, and for floats low, such that their sum is the word's value.
template <typename T, int N>
LOWPASS_INLINE void split(unsigned int (&high)[N], unsigned int (&low)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        low[i] = 0u;
        if (kSplit<T>) {
            const float value = __uint_as_float(high[i]);
#if defined(LOWPASS_EMULATOR)
            high[i] = to_tf32(value);
            low[i] = to_tf32(value - __uint_as_float(high[i]));
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
            asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(high[i]) : "f"(value));
            asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(low[i]) : "f"(value - __uint_as_float(high[i])));
#endif
        }
    }
}

// d += a b over 32 bytes of k: a is 16 x k as load_matrices gives rows 0-7 and 8-15 of the first, then of the last 16 bytes; b is k x 8,
// stored as 8 rows: their first, then their last 16 bytes.
template <typename T>
LOWPASS_INLINE void multiply(float (&d)[4], const unsigned int (&a)[4], const unsigned int (&b)[2]);

template <>
LOWPASS_INLINE void multiply<float>(float (&d)[4], const unsigned int (&a)[4], const unsigned int (&b)[2]) {
#if defined(LOWPASS_EMULATOR)
    mma_m16n8k8_tf32(d, a, b);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
    __trap();
#else
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

template <>
LOWPASS_INLINE void multiply<Half>(float (&d)[4], const unsigned int (&a)[4], const unsigned int (&b)[2]) {
#if defined(LOWPASS_EMULATOR)
    mma_m16n8k16_f16(d, a, b);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#pragma unroll
    for (int half = 0; half < 2; half++) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                     : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
    }
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// d += a b of factors that split has split.
template <typename T>
LOWPASS_INLINE void multiply_split(float (&d)[4], const unsigned int (&a)[4], const unsigned int (&a_low)[4], const unsigned int (&b)[2],
                                   const unsigned int (&b_low)[2]) {
    if (kSplit<T>) {
        multiply<T>(d, a_low, b);
        multiply<T>(d, a, b_low);
    }
    multiply<T>(d, a, b);
}

}  // namespace lowpass
