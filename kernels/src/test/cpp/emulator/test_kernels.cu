// Kernels that test the emulated device itself: each uses one feature of the language, or breaks one rule.

extern "C" __global__ void vector_add(const float* a, const float* b, float* sum, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        sum[i] = a[i] + b[i];
    }
}

// Forgets to compare with the count.
extern "C" __global__ void vector_add_unbounded(const float* a, const float* b, float* sum) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    sum[i] = a[i] + b[i];
}

template <class T>
__device__ void block_sum(const T* in, T* out) {
    __shared__ T partial[256];
    unsigned t = threadIdx.x;
    partial[t] = in[blockIdx.x * blockDim.x + t];
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (t < half) {
            partial[t] += partial[t + half];
        }
        __syncthreads();
    }
    if (t == 0) {
        out[blockIdx.x] = partial[0];
    }
}

extern "C" __global__ void __launch_bounds__(256) block_sum_f32(const float* in, float* out) { block_sum(in, out); }

extern "C" __global__ __launch_bounds__(256, 2) void block_sum_i32(const int* in, int* out) { block_sum(in, out); }

extern "C" __global__ void block_sum_racing(const float* in, float* out) {
    __shared__ float partial[256];
    unsigned t = threadIdx.x;
    partial[t] = in[t];
    // No barrier here.
    if (t == 0) {
        out[0] = partial[blockDim.x - 1];
    }
}

// Threads that own two bytes each, read, write and read them without a barrier; with `neighbour`, they read the next one's.
extern "C" __global__ void owners_of_halves(unsigned short* out, int neighbour) {
    __shared__ unsigned short half[64];
    unsigned t = threadIdx.x;
    half[t] = (unsigned short) t;
    __syncthreads();
    unsigned short value = half[(t + (unsigned) neighbour) % 64];
    half[t] = (unsigned short) (value + 1);
    out[t] = half[t];
}

// Warp-wide steps need __syncwarp only.
extern "C" __global__ void warp_reverse(const int* in, int* out) {
    __shared__ int lane[64];
    unsigned t = threadIdx.x;
    lane[t] = in[t];
    __syncwarp();
    out[t] = lane[t ^ 31];
}

extern "C" __global__ void inclusive_scan(const int* in, int* out, unsigned* evens) {
    unsigned t = threadIdx.x;
    int value = in[t];
    for (unsigned delta = 1; delta < 32; delta *= 2) {
        int before = __shfl_up_sync(0xffffffffu, value, delta);
        if (t % 32 >= delta) {
            value += before;
        }
    }
    out[t] = value;
    unsigned ballot = __ballot_sync(0xffffffffu, in[t] % 2 == 0);
    if (t % 32 == 0) {
        evens[t / 32] = ballot;
    }
}

extern __shared__ float4 test_shared[];

// Reverses each block's part through dynamic shared memory.
extern "C" __global__ void reverse(const float* in, float* out) {
    float* stage = reinterpret_cast<float*>(test_shared);
    unsigned t = threadIdx.x, base = blockIdx.x * blockDim.x;
    stage[t] = in[base + t];
    __syncthreads();
    out[base + t] = stage[blockDim.x - 1 - t];
}

// What shared memory holds before it is written.
extern "C" __global__ void fresh_shared(unsigned* dynamic_word, unsigned* static_word) {
    __shared__ unsigned words[4];
    *dynamic_word = reinterpret_cast<unsigned*>(test_shared)[threadIdx.x];
    *static_word = words[threadIdx.x];
    words[threadIdx.x] = 7;
    reinterpret_cast<unsigned*>(test_shared)[threadIdx.x] = 7;
}

extern "C" __global__ void static_shared_overrun(int* out, int at) {
    __shared__ int words[32];
    words[threadIdx.x] = 1;
    __syncthreads();
    const int* start = words;
    out[threadIdx.x] = start[at];
}

extern "C" __global__ void exits_before_barrier(float* out) {
    if (threadIdx.x >= 40) {
        return;
    }
    __syncthreads();
    out[threadIdx.x] = 1;
}

extern "C" __global__ void waits_at_two_barriers(float* out) {
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        out[threadIdx.x] = 1;
        __syncthreads();
    }
}

extern "C" __global__ void partial_shuffle(int* out) {
    int value = 0;
    if (threadIdx.x != 5) {
        value = __shfl_sync(0xffffffffu, (int) threadIdx.x, 0);
    }
    out[threadIdx.x] = value;
}

extern "C" __global__ void misaligned_load(const float* in, float4* out) {
    *out = *reinterpret_cast<const float4*>(in + 1);
}

extern "C" __global__ void histogram(const int* in, unsigned* bins, int count) {
    __shared__ unsigned local[8];
    if (threadIdx.x < 8) {
        local[threadIdx.x] = 0;
    }
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        atomicAdd(&local[in[i] % 8], 1);
    }
    __syncthreads();
    if (threadIdx.x < 8) {
        atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
    }
}

extern "C" __global__ void count_positive(const float* in, int* out) { out[threadIdx.x] = __syncthreads_count(in[threadIdx.x] > 0); }

// A row of structs by value and mixed types: what the packing of parameters must get right.
struct Shape {
    int rows;
    long long stride;
    float scale;
};

extern "C" __global__ void mixed_parameters(unsigned char flag, double weight, Shape shape, float3 triple, half small, double* out) {
    out[0] = flag;
    out[1] = weight;
    out[2] = shape.rows;
    out[3] = (double) shape.stride;
    out[4] = shape.scale;
    out[5] = triple.z;
    out[6] = __half2float(small);
    out[7] = blockDim.y * 100 + gridDim.z;
}

// One 16 x 8 = (16 x 8)(8 x 8) product on a warp: a and b row by row.
extern "C" __global__ void matrix_tf32(const float* a, const float* b, float* c) {
    unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
    unsigned fa[4] = {to_tf32(a[g * 8 + t]), to_tf32(a[(g + 8) * 8 + t]), to_tf32(a[g * 8 + t + 4]), to_tf32(a[(g + 8) * 8 + t + 4])};
    unsigned fb[2] = {to_tf32(b[t * 8 + g]), to_tf32(b[(t + 4) * 8 + g])};
    float d[4] = {1, 1, 1, 1};
    mma_m16n8k8_tf32(d, fa, fb);
    c[g * 8 + 2 * t] = d[0];
    c[g * 8 + 2 * t + 1] = d[1];
    c[(g + 8) * 8 + 2 * t] = d[2];
    c[(g + 8) * 8 + 2 * t + 1] = d[3];
}

// One 16 x 8 = (16 x 16)(16 x 8) product in FP16: operands by cp.async and ldmatrix.
extern "C" __global__ void matrix_f16(const half* a, const half* b, float* c) {
    __shared__ __align__(16) half sa[16][16];
    __shared__ __align__(16) half sb[16][8];
    unsigned lane = threadIdx.x;
    cp_async_16(&sa[lane / 2][lane % 2 * 8], a + lane * 8);
    if (lane < 16) {
        cp_async_16(&sb[lane][0], b + lane * 8);
    }
    cp_async_commit();
    cp_async_wait<0>();
    __syncthreads();
    unsigned fa[4], fb[2];
    ldmatrix_x4(fa, &sa[lane % 16][lane / 16 * 8]);
    ldmatrix_x2_trans(fb, &sb[lane % 16][0]);
    float d[4] = {};
    mma_m16n8k16_f16(d, fa, fb);
    unsigned g = lane / 4, t = lane % 4;
    c[g * 8 + 2 * t] = d[0];
    c[g * 8 + 2 * t + 1] = d[1];
    c[(g + 8) * 8 + 2 * t] = d[2];
    c[(g + 8) * 8 + 2 * t + 1] = d[3];
}

// Reads what cp.async was to bring without waiting for it.
extern "C" __global__ void copy_without_wait(const float4* in, float4* out) {
    __shared__ float4 stage[32];
    cp_async_16(&stage[threadIdx.x], in + threadIdx.x);
    cp_async_commit();
    out[threadIdx.x] = stage[threadIdx.x];
}

extern "C" __global__ void half_round_trip(const float* in, unsigned short* bits, float* out) {
    half value = __float2half(in[threadIdx.x]);
    bits[threadIdx.x] = __half_as_ushort(value);
    out[threadIdx.x] = __half2float(value);
}
