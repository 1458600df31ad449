// Warp-level matrix products, transposed shared-memory loads and asynchronous copies, as a GPU does them with one PTX
// instruction each. Device code has inline PTX under `#ifdef __CUDA_ARCH__` and calls these in the other branch; here every
// lane gives its registers and computes its own results. Which lane holds which
// element is PTX's: with g = lane / 4 and t = lane % 4,
//   C, D (16 x 8, f32)     c0 (g, 2t)  c1 (g, 2t + 1)  c2 (g + 8, 2t)  c3 (g + 8, 2t + 1)
//   A 16 x 8 tf32          a0 (g, t)   a1 (g + 8, t)   a2 (g, t + 4)   a3 (g + 8, t + 4)
//   B 8 x 8 tf32           b0 (t, g)   b1 (t + 4, g)                              as (k, n)
//   A 16 x 16 f16 pairs    a0 (g, 2t..)  a1 (g + 8, 2t..)  a2 (g, 2t + 8..)  a3 (g + 8, 2t + 8..)
//   B 16 x 8 f16 pairs     b0 (2t.., g)  b1 (2t + 8.., g)
//   A 16 x 8 f16 pairs     a0 (g, 2t..)  a1 (g + 8, 2t..);   B 8 x 8 f16 pairs  b0 (2t.., g)
// (PTX ISA, "Matrix Fragments for mma.m16n8k8 / m16n8k16".) The lower half of a pair is the lower index.
// Products are exact and each D element is rounded once to float; a GPU's own summation order is unspecified.
#pragma once

#include "cuda_fp16.h"

/** cvt.rna.tf32.f32: the nearest value of 10 fraction bits, ties away from zero. */
inline unsigned to_tf32(float value) {
    unsigned bits = lowpass_bits<unsigned>(value);
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}

// The instruction reads 19 bits of a TF32 register, whatever was put into the rest.
inline float lowpass_read_tf32(unsigned bits) { return lowpass_bits<float>(bits & 0xffffe000u); }

template <int K, int Pack, int ARegisters, int BRegisters, class Read>
LOWPASS_UNCHECKED inline void lowpass_mma(float (&d)[4], const unsigned (&a)[ARegisters], const unsigned (&b)[BRegisters], const char* what, Read read) {
    unsigned mine[8] = {};
    for (int i = 0; i < ARegisters; i++) {
        mine[i] = a[i];
    }
    for (int i = 0; i < BRegisters; i++) {
        mine[4 + i] = b[i];
    }
    const unsigned char(*slots)[32] = lowpass_emulator_exchange(0xffffffffu, what, mine, sizeof mine);
    unsigned g = lowpass_emulator_lane() / 4, t = lowpass_emulator_lane() % 4;
    for (int element = 0; element < 4; element++) {
        int half = element / 2;                 // rows g and g + 8
        unsigned column = 2 * t + element % 2;  // n
        double sum = d[element];
        for (int k = 0; k < K; k++) {
            int lane = k / Pack % 4;            // t of the lane that holds this k
            int group = k / (4 * Pack);         // and which of its registers
            unsigned aBits, bBits;
            memcpy(&aBits, slots[g * 4 + lane] + 4 * (2 * group + half), 4);
            memcpy(&bBits, slots[column * 4 + lane] + 4 * (4 + group), 4);
            sum += (double) read(aBits, k % Pack) * read(bBits, k % Pack);
        }
        d[element] = (float) sum;
    }
}

/** d (16x8) += a (16x8) b (8x8), TF32 inputs. */
inline void mma_m16n8k8_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    lowpass_mma<8, 1>(d, a, b, "mma_m16n8k8_tf32", [](unsigned bits, int) { return lowpass_read_tf32(bits); });
}

/** d (16x8) += a (16x4) b (4x8), TF32 inputs. */
inline void mma_m16n8k4_tf32(float (&d)[4], const unsigned (&a)[2], const unsigned (&b)[1]) {
    lowpass_mma<4, 1>(d, a, b, "mma_m16n8k4_tf32", [](unsigned bits, int) { return lowpass_read_tf32(bits); });
}

/** d (16x8) += a (16x16) b (16x8), FP16 inputs, float sums; sm_80 and later. */
inline void mma_m16n8k16_f16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    lowpass_mma<16, 2>(d, a, b, "mma_m16n8k16_f16",
            [](unsigned bits, int i) { return __half2float(__ushort_as_half((unsigned short) (bits >> 16 * i))); });
}

/** d (16x8) += a (16x8) b (8x8), FP16 inputs, float sums; sm_75 and later. */
inline void mma_m16n8k8_f16(float (&d)[4], const unsigned (&a)[2], const unsigned (&b)[1]) {
    lowpass_mma<8, 2>(d, a, b, "mma_m16n8k8_f16",
            [](unsigned bits, int i) { return __half2float(__ushort_as_half((unsigned short) (bits >> 16 * i))); });
}

// ldmatrix: lanes 8i to 8i + 7 give the rows (8 x 16 bits, aligned to 16 bytes) of matrix i. Lane 4r + c gets the pair
// (r, 2c..) of each matrix; transposed, (2c.., r).
template <int Matrices>
LOWPASS_UNCHECKED inline void lowpass_ldmatrix(unsigned (&r)[Matrices], const void* row, bool transposed, const char* what) {
    unsigned lane = lowpass_emulator_lane();
    unsigned char mine[32] = {};
    if (lane < 8 * Matrices) {
        lowpass_emulator_require_shared(row, what);
        lowpass_emulator_check(row, 16, 0);
        if ((uintptr_t) row % 16 != 0) {
            lowpass_emulator_trap("ldmatrix of a row that is not aligned to 16 bytes", what, 0);
        }
        memcpy(mine, row, 16);
    }
    const unsigned char(*slots)[32] = lowpass_emulator_exchange(0xffffffffu, what, mine, 16);
    for (int i = 0; i < Matrices; i++) {
        unsigned short pair[2];
        for (unsigned j = 0; j < 2; j++) {
            unsigned major = lane / 4, minor = lane % 4 * 2 + j;
            memcpy(&pair[j], slots[8 * i + (transposed ? minor : major)] + 2 * (transposed ? major : minor), 2);
        }
        r[i] = pair[0] | (unsigned) pair[1] << 16;
    }
}
inline void ldmatrix_x1(unsigned (&r)[1], const void* row) { lowpass_ldmatrix(r, row, false, "ldmatrix_x1"); }
inline void ldmatrix_x2(unsigned (&r)[2], const void* row) { lowpass_ldmatrix(r, row, false, "ldmatrix_x2"); }
inline void ldmatrix_x4(unsigned (&r)[4], const void* row) { lowpass_ldmatrix(r, row, false, "ldmatrix_x4"); }
inline void ldmatrix_x1_trans(unsigned (&r)[1], const void* row) { lowpass_ldmatrix(r, row, true, "ldmatrix_x1_trans"); }
inline void ldmatrix_x2_trans(unsigned (&r)[2], const void* row) { lowpass_ldmatrix(r, row, true, "ldmatrix_x2_trans"); }
inline void ldmatrix_x4_trans(unsigned (&r)[4], const void* row) { lowpass_ldmatrix(r, row, true, "ldmatrix_x4_trans"); }

// cp.async: the bytes arrive at the wait, not before, so that a missing wait shows.
inline void cp_async_4(void* shared, const void* global) { lowpass_emulator_copy_async(shared, global, 4, 4); }
inline void cp_async_8(void* shared, const void* global) { lowpass_emulator_copy_async(shared, global, 8, 8); }
inline void cp_async_16(void* shared, const void* global) { lowpass_emulator_copy_async(shared, global, 16, 16); }
/** The first `bytes` (0 to 16) of the 16 are read, the others become zero. */
inline void cp_async_16(void* shared, const void* global, int bytes) { lowpass_emulator_copy_async(shared, global, 16, (size_t) bytes); }
inline void cp_async_commit() { lowpass_emulator_copy_commit(); }
template <int Pending> inline void cp_async_wait() { lowpass_emulator_copy_wait(Pending); }
inline void cp_async_wait_all() { lowpass_emulator_copy_commit(); lowpass_emulator_copy_wait(0); }
