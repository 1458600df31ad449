// band_gemm_tf32_<BM>x<BN>, band_gemm_f16_<BM>x<BN> and their variants _gather: band_gemm.cu's product on tensor cores.
//
// Formula, row g of the input being (z, n, block) in storage order and z(g) = g / rows_per_z:
//   out[g][o] = clamp(residual[g][o] + (z(g) == 0 ? bias_scale * bias[o] : 0) + sum over k < prefix[z(g)] of in[g][k] * weight[o][k])
// and for _gather in[g][order[k]] in place of in[g][k]. prefix falls with z, so a tile of rows stops at the prefix of its first
// row; within a tile each row is cut off at its own prefix as it is copied, so that elements beyond a cutoff are never used, whatever
// they hold. Factors are halves, or floats, each split into two TF32 numbers; sums, bias and residual are added in float, and the result is
// rounded once.
//
// Layout: in [rows][channels], out and residual [rows][out_channels], both channels innermost; weight [out_channels][weight_stride], k
// innermost and in the staircase's order, with zeros beyond channels; bias float [out_channels rounded up to a multiple of 8].
//
// Thread mapping: a thread block makes a tile of BM rows by BN output channels, tiles of one row of tiles side by side in
// blockIdx.x, so that blocks that run together share rows of the input. Its WARPS_M x WARPS_N warps hold BM / WARPS_M x BN / WARPS_N sums each; WARPS_K
// such groups share a slice of k between them and add up at the end, which shortens the way of the small tiles through k.
// Dynamic shared memory: STAGES slices of both operands, 64 WARPS_K bytes of k a row and 16 more, which spread the rows that ldmatrix
// reads together over all banks. Slices travel by cp.async, STAGES - 1 ahead; gathered ones through registers.
// The result goes through shared memory, 16 rows of a warp at a time, so that it leaves 16 bytes a lane.
//
// Preconditions: weight_stride elements and its start are multiples of 16 bytes; without _gather channels are too, and in. out and
// residual are 16-byte aligned with out_channels a multiple of 16 bytes, or aligned_out is 0. residual may be out itself; in overlaps neither.
#include "tensor_core.cuh"

namespace lowpass {

extern __shared__ uint4 slices[];

struct TensorGemmShape {
    int rows;          // of all z together
    int rows_per_z;
    int channels;      // stored with each row of the input
    int out_channels;
    int weight_stride;
    int has_residual;
    int aligned_out;   // whether rows of out and residual can be moved 16 bytes at a time
    float bias_scale;
    float low;
    float high;
};

template <typename T, int BM, int BN, int WARPS_M, int WARPS_N, int WARPS_K, int STAGES, bool GATHER>
LOWPASS_INLINE void tensor_gemm(const T* in, const T* weight, const float* bias, const int* prefix, const int* order, const T* residual,
                                T* out, const TensorGemmShape& shape) {
    constexpr int THREADS = 32 * WARPS_M * WARPS_N * WARPS_K;
    constexpr int V = kVector<T>;
    constexpr int CHUNKS = 4 * WARPS_K;  // of 16 bytes: a row of a slice
    constexpr int ROW_BYTES = 16 * CHUNKS + 16;
    constexpr int SLICE = CHUNKS * V;
    constexpr int STAGE_BYTES = (BM + BN) * ROW_BYTES;
    constexpr int ROW_STEP = THREADS / CHUNKS;  // rows apart of a thread's turns
    constexpr int IN_TURNS = BM / ROW_STEP;
    constexpr int WEIGHT_TURNS = BN / ROW_STEP;
    constexpr int MT = BM / WARPS_M / 16;
    constexpr int NT = BN / WARPS_N / 8;
    constexpr int WARP_N = NT * 8;
    static_assert(IN_TURNS * ROW_STEP == BM && WEIGHT_TURNS * ROW_STEP == BN, "a slice is moved in whole turns");
    static_assert(MT * 16 * WARPS_M == BM && NT * 8 * WARPS_N == BN && NT % 2 == 0, "warps hold whole products, two side by side");
    static_assert(STAGES >= 2, "one slice arrives while another is multiplied");

    char* const memory = reinterpret_cast<char*>(slices);
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int warp_m = warp % WARPS_M;
    const int warp_n = warp / WARPS_M % WARPS_N;
    const int warp_k = warp / (WARPS_M * WARPS_N);
    const int tiles_n = (shape.out_channels + BN - 1) / BN;
    const int first_column = static_cast<int>(blockIdx.x % tiles_n) * BN;
    const index_t first_row = static_cast<index_t>(blockIdx.x / tiles_n) * BM;
    const int depth = prefix[first_row / shape.rows_per_z];  // the deepest of the tile's rows

    const int chunk = threadIdx.x % CHUNKS;
    const int turn_row = threadIdx.x / CHUNKS;
    const T* row_of_turn[IN_TURNS];
    int limit_of_turn[IN_TURNS];
#pragma unroll
    for (int turn = 0; turn < IN_TURNS; turn++) {
        const index_t row = first_row + turn_row + turn * ROW_STEP;
        const bool exists = row < shape.rows;
        row_of_turn[turn] = in + (exists ? row : 0) * shape.channels;
        limit_of_turn[turn] = exists ? prefix[row / shape.rows_per_z] : 0;
    }
    const T* const weight_row = weight + static_cast<index_t>(first_column + turn_row) * shape.weight_stride;

    // How many bytes count of the 16 at k.
    auto bytes_at = [](int k, int limit) { return min(max(limit - k, 0), V) * static_cast<int>(sizeof(T)); };
    auto place = [&](int stage, int row) { return memory + stage * STAGE_BYTES + row * ROW_BYTES; };
    auto copy = [&](int slice, int stage) {
        const int k = slice * SLICE + chunk * V;
        if (!GATHER) {
#pragma unroll
            for (int turn = 0; turn < IN_TURNS; turn++) {
                const int bytes = bytes_at(k, limit_of_turn[turn]);
                copy_async(place(stage, turn_row + turn * ROW_STEP) + chunk * 16, bytes > 0 ? row_of_turn[turn] + k : in, bytes);
            }
        }
#pragma unroll
        for (int turn = 0; turn < WEIGHT_TURNS; turn++) {
            const bool exists = first_column + turn_row + turn * ROW_STEP < shape.out_channels && k < shape.weight_stride;
            copy_async(place(stage, BM + turn_row + turn * ROW_STEP) + chunk * 16,
                       exists ? weight_row + static_cast<index_t>(turn * ROW_STEP) * shape.weight_stride + k : weight, exists ? 16 : 0);
        }
    };
    unsigned int gathered[GATHER ? IN_TURNS : 1][4];
    auto gather = [&](int slice) {
        const int k = slice * SLICE + chunk * V;
#pragma unroll
        for (int turn = 0; turn < (GATHER ? IN_TURNS : 0); turn++) {
#pragma unroll
            for (int word = 0; word < 4; word++) {
                gathered[turn][word] = 0u;
#pragma unroll
                for (int i = 0; i < V / 4; i++) {
                    const int at = k + word * (V / 4) + i;
                    if (at < limit_of_turn[turn]) {
                        gathered[turn][word] |= bits_of(row_of_turn[turn][order[at]]) << 16 * i;
                    }
                }
            }
        }
    };
    auto put_gathered = [&](int stage) {
#pragma unroll
        for (int turn = 0; turn < (GATHER ? IN_TURNS : 0); turn++) {
            *reinterpret_cast<uint4*>(place(stage, turn_row + turn * ROW_STEP) + chunk * 16) =
                    make_uint4(gathered[turn][0], gathered[turn][1], gathered[turn][2], gathered[turn][3]);
        }
    };

    float sum[MT][NT][4];
#pragma unroll
    for (int i = 0; i < MT; i++) {
#pragma unroll
        for (int j = 0; j < NT; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                sum[i][j][e] = 0.f;
            }
        }
    }

    const int count = (depth + SLICE - 1) / SLICE;
#pragma unroll
    for (int slice = 0; slice < STAGES - 1; slice++) {
        if (slice < count) {
            copy(slice, slice);
            gather(slice);
            put_gathered(slice);
        }
        copies_commit();
    }
    for (int slice = 0; slice < count; slice++) {
        copies_wait<STAGES - 2>();
        // The slice is there for all; and all are through with the stage that is filled next.
        __syncthreads();
        const int next = slice + STAGES - 1;
        if (next < count) {
            copy(next, next % STAGES);
            gather(next);
        }
        copies_commit();
        const char* in_rows = place(slice % STAGES, warp_m * (MT * 16) + lane % 16) + warp_k * 64 + lane / 16 * 16;
        const char* weight_rows = place(slice % STAGES, BM + warp_n * WARP_N + lane / 16 * 8 + lane % 8) + warp_k * 64 + lane / 8 % 2 * 16;
#pragma unroll
        for (int step = 0; step < 64 / kStepBytes; step++) {
            unsigned int b[NT][2];
            unsigned int b_low[NT][2];
#pragma unroll
            for (int j = 0; j < NT; j += 2) {
                unsigned int both[4];
                load_matrices(both, weight_rows + j * 8 * ROW_BYTES + step * kStepBytes);
                b[j][0] = both[0];
                b[j][1] = both[1];
                b[j + 1][0] = both[2];
                b[j + 1][1] = both[3];
                split<T>(b[j], b_low[j]);
                split<T>(b[j + 1], b_low[j + 1]);
            }
#pragma unroll
            for (int i = 0; i < MT; i++) {
                unsigned int a[4];
                unsigned int a_low[4];
                load_matrices(a, in_rows + i * 16 * ROW_BYTES + step * kStepBytes);
                split<T>(a, a_low);
#pragma unroll
                for (int j = 0; j < NT; j++) {
                    multiply_split<T>(sum[i][j], a, a_low, b[j], b_low[j]);
                }
            }
        }
        if (next < count) {
            put_gathered(next % STAGES);
        }
    }
    copies_wait<0>();
    __syncthreads();  // nobody reads slices any more

    float* const floats = reinterpret_cast<float*>(memory);
    constexpr int SUMS = MT * NT * 4;
    if (WARPS_K > 1) {
        const int group = warp % (WARPS_M * WARPS_N);
        auto partial = [&](int k_group, int element) {
            return floats + (((k_group - 1) * WARPS_M * WARPS_N + group) * SUMS + element) * 32 + lane;
        };
        if (warp_k > 0) {
#pragma unroll
            for (int element = 0; element < SUMS; element++) {
                *partial(warp_k, element) = sum[element / (NT * 4)][element / 4 % NT][element % 4];
            }
        }
        __syncthreads();
        if (warp_k > 0) {
            return;
        }
#pragma unroll
        for (int k_group = 1; k_group < WARPS_K; k_group++) {
#pragma unroll
            for (int element = 0; element < SUMS; element++) {
                sum[element / (NT * 4)][element / 4 % NT][element % 4] += *partial(k_group, element);
            }
        }
    }

    // 16 rows of the warp's sums; 4 more floats a row keep it 16-byte aligned and spread rows over the banks.
    constexpr int STRIDE = WARP_N + 4;
    constexpr int PER_ROW = WARP_N / V;
    float* const window = floats + (WARPS_K - 1) * WARPS_M * WARPS_N * SUMS * 32 + warp * 16 * STRIDE;
#pragma unroll
    for (int i = 0; i < MT; i++) {
        __syncwarp();  // the previous 16 rows have been read
#pragma unroll
        for (int j = 0; j < NT; j++) {
            float* const to = window + lane / 4 * STRIDE + j * 8 + lane % 4 * 2;
            *reinterpret_cast<float2*>(to) = make_float2(sum[i][j][0], sum[i][j][1]);
            *reinterpret_cast<float2*>(to + 8 * STRIDE) = make_float2(sum[i][j][2], sum[i][j][3]);
        }
        __syncwarp();
#pragma unroll
        for (int turn = 0; turn < PER_ROW / 2; turn++) {
            const int at_lane = lane + 32 * turn;
            const index_t row = first_row + warp_m * (MT * 16) + i * 16 + at_lane / PER_ROW;
            const int column = first_column + warp_n * WARP_N + at_lane % PER_ROW * V;
            if (row < shape.rows && column < shape.out_channels) {
                Channels<V> value = Channels<V>::load(window + at_lane / PER_ROW * STRIDE + at_lane % PER_ROW * V);
                if (row < shape.rows_per_z) {
                    value.fma(shape.bias_scale, Channels<V>::load(bias + column));
                }
                const index_t at = row * shape.out_channels + column;
                if (shape.aligned_out) {
                    if (shape.has_residual) {
                        value.add(Channels<V>::load(residual + at));
                    }
                    value.clamp(shape.low, shape.high);
                    value.store(out + at);
                } else {
#pragma unroll
                    for (int e = 0; e < V; e++) {
                        if (column + e < shape.out_channels) {
                            const float plus = shape.has_residual ? to_float(residual[at + e]) : 0.f;
                            out[at + e] = from_float<T>(clamp(value.lane[e] + plus, shape.low, shape.high));
                        }
                    }
                }
            }
        }
    }
}

}  // namespace lowpass

// BLOCKS of them, when they gather at most 2, fit a multiprocessor's registers together: without a number ptxas may spill a little
// for a few blocks more.
#define LOWPASS_TENSOR_GEMM_OF(NAME, T, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS, GATHER)                           \
    LOWPASS_KERNEL __launch_bounds__(32 * WARPS_M * WARPS_N * WARPS_K, BLOCKS) NAME(                                         \
        const T* __restrict__ in, const T* __restrict__ weight, const float* __restrict__ bias,                              \
        const int* __restrict__ prefix, const int* __restrict__ order, const T* residual, T* out,                            \
        lowpass::TensorGemmShape shape) {                                                                                    \
        lowpass::tensor_gemm<T, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, GATHER>(in, weight, bias, prefix, order,          \
                                                                                   residual, out, shape);                    \
    }
#define LOWPASS_TENSOR_GEMM_FOR(DTYPE, T, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS)                                 \
    LOWPASS_TENSOR_GEMM_OF(band_gemm_##DTYPE##_##BM##x##BN, T, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS, false)     \
    LOWPASS_TENSOR_GEMM_OF(band_gemm_##DTYPE##_##BM##x##BN##_gather, T, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES,           \
                           (BLOCKS < 2 ? BLOCKS : 2), true)
#define LOWPASS_TENSOR_GEMM(BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS)                                               \
    LOWPASS_TENSOR_GEMM_FOR(tf32, float, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS)                                  \
    LOWPASS_TENSOR_GEMM_FOR(f16, lowpass::Half, BM, BN, WARPS_M, WARPS_N, WARPS_K, STAGES, BLOCKS)

LOWPASS_TENSOR_GEMM(128, 128, 2, 4, 1, 3, 1)
LOWPASS_TENSOR_GEMM(128, 64, 2, 2, 1, 3, 3)
LOWPASS_TENSOR_GEMM(128, 32, 4, 1, 1, 3, 4)
LOWPASS_TENSOR_GEMM(32, 32, 1, 1, 4, 3, 4)
