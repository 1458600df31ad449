// band_gemm_f32_<BM>x<BN> and its variant _gather: one launch for a whole staircase; with a single step, a pointwise convolution.
//
// Formula, row g of the input being (z, n, block) in storage order and z(g) = g / rows_per_z:
//   out[g][o] = clamp(residual[g][o] + (z(g) == 0 ? bias_scale * bias[o] : 0) + sum over k < prefix[z(g)] of in[g][k] * weight[k][o])
// and for _gather in[g][order[k]] in place of in[g][k]. prefix falls with z, so a tile of rows stops at the prefix of its first
// row; within a tile each row is masked at its own prefix, so that elements beyond a cutoff are never used, whatever they hold.
//
// Layout: in [rows][channels], out and residual [rows][out_channels], both channels innermost; weight [channels][out_stride] with
// out_stride a multiple of 4 and zeros beyond out_channels, its rows in the staircase's order; bias [out_stride].
//
// Thread mapping: a thread block makes a tile of BM rows (blockIdx.x) by BN output channels (blockIdx.y); (BM / TM) * (BN / TN) threads
// hold TM x TN sums each: TM neighbouring rows, and TN columns as TN / 4 groups of 4 that lie BN / (TN / 4) apart, so that
// neighbouring lanes read and write neighbouring 16 bytes.
// Shared memory: two stages of BK slices of both operands, input transposed to [k][row]; the next slice travels through registers
// while the current one is multiplied.
//
// Preconditions: without _gather channels is a multiple of 4 and in is 16-byte aligned; out and residual are 16-byte aligned or
// out_channels is not a multiple of 4 or aligned_out is 0. residual may be out itself; in overlaps neither.
// Source: the register-blocked GEMM of Volkov and Demmel, "Benchmarking GPUs to tune dense linear algebra", 2008.
#include "lowpass.cuh"

namespace lowpass {

struct GemmShape {
    int rows;          // of all z together
    int rows_per_z;
    int channels;      // stored with each row of the input
    int out_channels;
    int out_stride;    // of the weights
    int has_residual;
    int aligned_out;   // whether rows of out and residual can be moved 16 bytes at a time
    float bias_scale;
    float low;
    float high;
};

template <int BM, int BN, int BK, int TM, int TN, bool GATHER>
LOWPASS_INLINE void band_gemm(const float* in, const float* weight, const float* bias, const int* prefix, const int* order,
                              const float* residual, float* out, const GemmShape& shape) {
    constexpr int THREADS = (BM / TM) * (BN / TN);
    constexpr int GROUPS = TN / 4;
    constexpr int GROUP_STEP = BN / GROUPS;
    // 4 elements of k for each thread and turn; rows of a turn are THREADS / (BK / 4) apart.
    constexpr int IN_TURNS = BM * BK / 4 / THREADS;
    constexpr int IN_ROW_STEP = THREADS / (BK / 4);
    constexpr int WEIGHT_TURNS = BK * BN / 4 / THREADS;
    constexpr int WEIGHT_K_STEP = THREADS / (BN / 4);
    static_assert(IN_TURNS * THREADS * 4 == BM * BK && WEIGHT_TURNS * THREADS * 4 == BK * BN, "a slice is moved in whole turns");
    static_assert(TM % 4 == 0 && TN % 4 == 0, "operands are read 4 at a time");

    // Four more columns keep rows 16-byte aligned and spread the transposed stores over the banks.
    __shared__ float4 in_slice[2][BK][BM / 4 + 1];
    __shared__ float4 weight_slice[2][BK][BN / 4];

    const int thread = threadIdx.x;
    const index_t first_row = static_cast<index_t>(blockIdx.x) * BM;
    const int first_column = blockIdx.y * BN;
    const int depth = prefix[first_row / shape.rows_per_z];  // the deepest of the tile's rows

    const int in_row = thread / (BK / 4);
    const int in_k = thread % (BK / 4) * 4;
    const float* row_of_turn[IN_TURNS];
    int depth_of_turn[IN_TURNS];
#pragma unroll
    for (int turn = 0; turn < IN_TURNS; turn++) {
        index_t row = first_row + in_row + turn * IN_ROW_STEP;
        bool exists = row < shape.rows;
        row_of_turn[turn] = in + (exists ? row : 0) * shape.channels;
        depth_of_turn[turn] = exists ? prefix[row / shape.rows_per_z] : 0;
    }
    const int weight_k = thread / (BN / 4);
    const int weight_column = first_column + thread % (BN / 4) * 4;
    const bool weight_exists = weight_column < shape.out_stride;

    float4 in_next[IN_TURNS];
    float4 weight_next[WEIGHT_TURNS];
    auto fetch = [&](int slice) {
        const int k = slice + in_k;
#pragma unroll
        for (int turn = 0; turn < IN_TURNS; turn++) {
            float4 value = make_float4(0.f, 0.f, 0.f, 0.f);
            const int limit = depth_of_turn[turn];
            if (GATHER) {
                const float* row = row_of_turn[turn];
                value.x = k < limit ? row[order[k]] : 0.f;
                value.y = k + 1 < limit ? row[order[k + 1]] : 0.f;
                value.z = k + 2 < limit ? row[order[k + 2]] : 0.f;
                value.w = k + 3 < limit ? row[order[k + 3]] : 0.f;
            } else if (k < limit) {
                value = *reinterpret_cast<const float4*>(row_of_turn[turn] + k);
                value.y = k + 1 < limit ? value.y : 0.f;
                value.z = k + 2 < limit ? value.z : 0.f;
                value.w = k + 3 < limit ? value.w : 0.f;
            }
            in_next[turn] = value;
        }
#pragma unroll
        for (int turn = 0; turn < WEIGHT_TURNS; turn++) {
            const int row = slice + weight_k + turn * WEIGHT_K_STEP;
            weight_next[turn] = weight_exists && row < depth
                    ? *reinterpret_cast<const float4*>(weight + static_cast<index_t>(row) * shape.out_stride + weight_column)
                    : make_float4(0.f, 0.f, 0.f, 0.f);
        }
    };
    auto stage = [&](int buffer) {
        float* to = reinterpret_cast<float*>(in_slice[buffer]);
        constexpr int STRIDE = BM + 4;
#pragma unroll
        for (int turn = 0; turn < IN_TURNS; turn++) {
            const int row = in_row + turn * IN_ROW_STEP;
            to[(in_k + 0) * STRIDE + row] = in_next[turn].x;
            to[(in_k + 1) * STRIDE + row] = in_next[turn].y;
            to[(in_k + 2) * STRIDE + row] = in_next[turn].z;
            to[(in_k + 3) * STRIDE + row] = in_next[turn].w;
        }
#pragma unroll
        for (int turn = 0; turn < WEIGHT_TURNS; turn++) {
            weight_slice[buffer][weight_k + turn * WEIGHT_K_STEP][thread % (BN / 4)] = weight_next[turn];
        }
    };

    const int tile_row = thread / (BN / TN);
    const int tile_column = thread % (BN / TN);
    float sum[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++) {
#pragma unroll
        for (int j = 0; j < TN; j++) {
            sum[i][j] = 0.f;
        }
    }

    if (depth > 0) {
        fetch(0);
        stage(0);
        __syncthreads();
        int buffer = 0;
        for (int slice = 0; slice < depth; slice += BK) {
            const bool more = slice + BK < depth;
            if (more) {
                fetch(slice + BK);
            }
#pragma unroll
            for (int k = 0; k < BK; k++) {
                float a[TM];
                float b[TN];
#pragma unroll
                for (int i = 0; i < TM / 4; i++) {
                    const float4 four = in_slice[buffer][k][tile_row * (TM / 4) + i];
                    a[4 * i] = four.x;
                    a[4 * i + 1] = four.y;
                    a[4 * i + 2] = four.z;
                    a[4 * i + 3] = four.w;
                }
#pragma unroll
                for (int j = 0; j < GROUPS; j++) {
                    const float4 four = weight_slice[buffer][k][j * (GROUP_STEP / 4) + tile_column];
                    b[4 * j] = four.x;
                    b[4 * j + 1] = four.y;
                    b[4 * j + 2] = four.z;
                    b[4 * j + 3] = four.w;
                }
#pragma unroll
                for (int i = 0; i < TM; i++) {
#pragma unroll
                    for (int j = 0; j < TN; j++) {
                        sum[i][j] += a[i] * b[j];
                    }
                }
            }
            if (more) {
                buffer ^= 1;
                stage(buffer);  // the other stage was last read before the previous barrier
                __syncthreads();
            }
        }
    }

#pragma unroll
    for (int i = 0; i < TM; i++) {
        const index_t row = first_row + tile_row * TM + i;
        if (row < shape.rows) {
            const float scale = row < shape.rows_per_z ? shape.bias_scale : 0.f;
#pragma unroll
            for (int j = 0; j < GROUPS; j++) {
                const int column = first_column + j * GROUP_STEP + tile_column * 4;
                if (column < shape.out_channels) {
                    const float4 b = *reinterpret_cast<const float4*>(bias + column);
                    float4 value = make_float4(sum[i][4 * j] + scale * b.x, sum[i][4 * j + 1] + scale * b.y,
                                               sum[i][4 * j + 2] + scale * b.z, sum[i][4 * j + 3] + scale * b.w);
                    const index_t at = row * shape.out_channels + column;
                    if (shape.aligned_out) {
                        if (shape.has_residual) {
                            const float4 r = *reinterpret_cast<const float4*>(residual + at);
                            value = make_float4(value.x + r.x, value.y + r.y, value.z + r.z, value.w + r.w);
                        }
                        *reinterpret_cast<float4*>(out + at) =
                                make_float4(clamp(value.x, shape.low, shape.high), clamp(value.y, shape.low, shape.high),
                                            clamp(value.z, shape.low, shape.high), clamp(value.w, shape.low, shape.high));
                    } else {
                        const int left = shape.out_channels - column;
                        out[at] = clamp(value.x + (shape.has_residual ? residual[at] : 0.f), shape.low, shape.high);
                        if (left > 1) {
                            out[at + 1] = clamp(value.y + (shape.has_residual ? residual[at + 1] : 0.f), shape.low, shape.high);
                        }
                        if (left > 2) {
                            out[at + 2] = clamp(value.z + (shape.has_residual ? residual[at + 2] : 0.f), shape.low, shape.high);
                        }
                        if (left > 3) {
                            out[at + 3] = clamp(value.w + (shape.has_residual ? residual[at + 3] : 0.f), shape.low, shape.high);
                        }
                    }
                }
            }
        }
    }
}

}  // namespace lowpass

#define LOWPASS_BAND_GEMM(BM, BN, BK, TM, TN)                                                                                \
    LOWPASS_KERNEL __launch_bounds__((BM / TM) * (BN / TN)) band_gemm_f32_##BM##x##BN(                                       \
        const float* __restrict__ in, const float* __restrict__ weight, const float* __restrict__ bias,                      \
        const int* __restrict__ prefix, const int* __restrict__ order, const float* residual, float* out,                    \
        lowpass::GemmShape shape) {                                                                                          \
        lowpass::band_gemm<BM, BN, BK, TM, TN, false>(in, weight, bias, prefix, order, residual, out, shape);                \
    }                                                                                                                        \
    LOWPASS_KERNEL __launch_bounds__((BM / TM) * (BN / TN)) band_gemm_f32_##BM##x##BN##_gather(                              \
        const float* __restrict__ in, const float* __restrict__ weight, const float* __restrict__ bias,                      \
        const int* __restrict__ prefix, const int* __restrict__ order, const float* residual, float* out,                    \
        lowpass::GemmShape shape) {                                                                                          \
        lowpass::band_gemm<BM, BN, BK, TM, TN, true>(in, weight, bias, prefix, order, residual, out, shape);                 \
    }

LOWPASS_BAND_GEMM(128, 64, 16, 8, 8)
LOWPASS_BAND_GEMM(128, 32, 16, 8, 4)
LOWPASS_BAND_GEMM(32, 32, 32, 4, 4)
