// The part of cuBLAS that the CUDA back end uses, as plain loops that run in the stream's order. Every matrix is checked against
// its allocation when the call is made, and again when it runs.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>
#include <vector>

#include "driver.h"
#include "emulator.h"
#include "include/cuda_host.h"

namespace {

enum Status {
    CUBLAS_SUCCESS = 0,
    CUBLAS_NOT_INITIALIZED = 1,
    CUBLAS_ALLOC_FAILED = 3,
    CUBLAS_INVALID_VALUE = 7,
    CUBLAS_ARCH_MISMATCH = 8,
    CUBLAS_EXECUTION_FAILED = 13,
    CUBLAS_INTERNAL_ERROR = 14,
    CUBLAS_NOT_SUPPORTED = 15
};

constexpr int kHalf = 2, kFloat = 0;  // cudaDataType: CUDA_R_16F, CUDA_R_32F
constexpr int kTf32Math = 3;          // CUBLAS_TF32_TENSOR_OP_MATH
constexpr int kWholeSums = 16;        // CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION
constexpr int kComputeFloat = 68, kComputeFloatPedantic = 69, kComputeFloatTf32 = 77;

struct Handle {
    void* stream = nullptr;
    void* workspace = nullptr;
    size_t workspaceBytes = 0;
    int mathMode = 0;
    int pointerMode = 0;
};

std::mutex& lock() {
    static auto* it = new std::mutex;
    return *it;
}

std::set<void*>& handles() {
    static auto* it = new std::set<void*>;
    return *it;
}

bool known(void* handle) {
    std::lock_guard<std::mutex> guard(lock());
    return handles().count(handle) != 0;
}

int status(emulator::Result result) {
    return result == emulator::SUCCESS ? CUBLAS_SUCCESS : result == emulator::INVALID_HANDLE ? CUBLAS_INVALID_VALUE : CUBLAS_EXECUTION_FAILED;
}

struct Matrix {
    uint64_t address;
    int type;
    long long leading;
    long long stride;
    bool transposed;

    size_t size() const { return type == kHalf ? 2 : 4; }

    float get(long long batch, long long row, long long column) const {
        long long at = batch * stride + (transposed ? row * leading + column : row + column * leading);
        return type == kHalf ? lowpass_half_to_float(((const unsigned short*) address)[at]) : ((const float*) address)[at];
    }

    void set(long long batch, long long row, long long column, float value) const {
        long long at = batch * stride + row + column * leading;
        if (type == kHalf) {
            ((unsigned short*) address)[at] = lowpass_double_to_half(value);
        } else {
            ((float*) address)[at] = value;
        }
    }

    /** Whether rows x columns of each of the batch's matrices lie in one allocation. */
    bool covered(long long rows, long long columns, long long batch) const {
        if (rows == 0 || columns == 0 || batch == 0) {
            return true;
        }
        long long high = transposed ? columns : rows, wide = transposed ? rows : columns;
        size_t bytes = (size_t) ((batch - 1) * stride + (wide - 1) * leading + high) * size();
        return address % size() == 0 && emulator::Memory::covers(address, bytes);
    }
};

struct Gemm {
    const char* name;
    long long m, n, k, batch;
    float alpha, beta;
    Matrix a, b, c;
    bool tf32;
    /** Whether sums of halves are added up as halves, which cuBLAS may do unless it is forbidden. */
    bool halfSums;
};

emulator::Result check(const Gemm& g, std::string* report) {
    const struct {
        const char* name;
        const Matrix* matrix;
        long long rows, columns;
    } all[] = {{"A", &g.a, g.m, g.k}, {"B", &g.b, g.k, g.n}, {"C", &g.c, g.m, g.n}};
    for (const auto& it : all) {
        if (!it.matrix->covered(it.rows, it.columns, g.batch)) {
            *report = std::string(g.name) + ": matrix " + it.name + " of " + std::to_string(it.rows) + " x " + std::to_string(it.columns)
                    + ", leading dimension " + std::to_string(it.matrix->leading) + ", stride " + std::to_string(it.matrix->stride) + ", batch "
                    + std::to_string(g.batch) + " leaves its allocation: " + emulator::Memory::describe(it.matrix->address);
            return emulator::ILLEGAL_ADDRESS;
        }
    }
    return emulator::SUCCESS;
}

emulator::Result multiply(const Gemm& g, std::string* report) {
    emulator::Result checked = check(g, report);
    if (checked != emulator::SUCCESS) {
        return checked;
    }
    // Rounded as the tensor cores' operands are; row by row of A in a plain array, for the sake of speed.
    auto operand = [&](float value) { return g.tf32 ? lowpass_bits<float>(to_tf32(value)) : value; };
    std::vector<float> a((size_t) (g.m * g.k)), b((size_t) g.k);
    for (long long batch = 0; batch < g.batch; batch++) {
        for (long long i = 0; i < g.m; i++) {
            for (long long p = 0; p < g.k; p++) {
                a[(size_t) (p * g.m + i)] = operand(g.a.get(batch, i, p));
            }
        }
        std::vector<float> sums((size_t) g.m);
        for (long long j = 0; j < g.n; j++) {
            std::fill(sums.begin(), sums.end(), 0.0f);
            for (long long p = 0; p < g.k; p++) {
                float value = operand(g.b.get(batch, p, j));
                const float* column = a.data() + p * g.m;
                for (long long i = 0; i < g.m; i++) {
                    sums[(size_t) i] += column[i] * value;
                }
                if (g.halfSums) {
                    for (float& sum : sums) {
                        sum = lowpass_half_to_float(lowpass_double_to_half(sum));
                    }
                }
            }
            for (long long i = 0; i < g.m; i++) {
                // With beta 0, C is not read: it may be NaN.
                float before = g.beta == 0 ? 0 : g.beta * g.c.get(batch, i, j);
                g.c.set(batch, i, j, g.alpha * sums[(size_t) i] + before);
            }
        }
    }
    return emulator::SUCCESS;
}

int gemm(const char* name, void* handle, int transposeA, int transposeB, long long m, long long n, long long k, const float* alpha,
        uint64_t a, int typeA, long long lda, long long strideA, uint64_t b, int typeB, long long ldb, long long strideB, const float* beta,
        uint64_t c, int typeC, long long ldc, long long strideC, long long batch, int compute) {
    int injected = emulator::enter(name, true);
    if (injected != 0) {
        return injected;
    }
    if (!known(handle)) {
        return CUBLAS_NOT_INITIALIZED;
    }
    auto* it = static_cast<Handle*>(handle);
    if (m < 0 || n < 0 || k < 0 || batch < 0 || alpha == nullptr || beta == nullptr || transposeA < 0 || transposeA > 2 || transposeB < 0
            || transposeB > 2 || lda < std::max(1ll, transposeA ? k : m) || ldb < std::max(1ll, transposeB ? n : k) || ldc < std::max(1ll, m)) {
        return CUBLAS_INVALID_VALUE;
    }
    auto supported = [](int type) { return type == kHalf || type == kFloat; };
    if (!supported(typeA) || typeA != typeB || !supported(typeC)
            || (compute != kComputeFloat && compute != kComputeFloatPedantic && compute != kComputeFloatTf32) || it->pointerMode != 0) {
        return CUBLAS_NOT_SUPPORTED;
    }
    if (m == 0 || n == 0 || batch == 0) {
        return CUBLAS_SUCCESS;
    }
    Gemm work{name, m, n, k, batch, *alpha, *beta, {a, typeA, lda, strideA, transposeA != 0}, {b, typeB, ldb, strideB, transposeB != 0},
            {c, typeC, ldc, strideC, false},
            typeA == kFloat && (compute == kComputeFloatTf32 || (compute == kComputeFloat && (it->mathMode & ~kWholeSums) == kTf32Math)),
            typeA == kHalf && (it->mathMode & kWholeSums) == 0};
    return status(emulator::enqueue(it->stream, name, [work](std::string* report) { return multiply(work, report); }));
}

}  // namespace

EMULATOR_EXPORT int cublasCreate_v2(void** handle) {
    int injected = emulator::enter("cublasCreate_v2", true);
    if (injected != 0) {
        return injected;
    }
    if (handle == nullptr) {
        return CUBLAS_INVALID_VALUE;
    }
    if (emulator::currentContext() == nullptr) {
        return CUBLAS_NOT_INITIALIZED;
    }
    *handle = new Handle;
    std::lock_guard<std::mutex> guard(lock());
    handles().insert(*handle);
    emulator::count("cuBLAS handles", 1);
    return CUBLAS_SUCCESS;
}

EMULATOR_EXPORT int cublasDestroy_v2(void* handle) {
    int injected = emulator::enter("cublasDestroy_v2", true);
    bool synchronized = emulator::synchronizeAll();  // as the manual says: cudaDeviceSynchronize
    std::lock_guard<std::mutex> guard(lock());
    if (handles().erase(handle) == 0) {
        return CUBLAS_NOT_INITIALIZED;
    }
    delete static_cast<Handle*>(handle);
    emulator::count("cuBLAS handles", -1);
    return injected != 0 || synchronized ? injected : CUBLAS_EXECUTION_FAILED;
}

#define SETTER(name, parameters, statement)                   \
    EMULATOR_EXPORT int name parameters {                     \
        int injected = emulator::enter(#name, true);          \
        if (injected != 0) {                                  \
            return injected;                                  \
        }                                                     \
        if (!known(handle)) {                                 \
            return CUBLAS_NOT_INITIALIZED;                    \
        }                                                     \
        [[maybe_unused]] auto* it = static_cast<Handle*>(handle); \
        statement;                                            \
        return CUBLAS_SUCCESS;                                \
    }
// As in cuBLAS, another stream brings the default workspace back.
SETTER(cublasSetStream_v2, (void* handle, void* stream), it->stream = stream; it->workspace = nullptr; it->workspaceBytes = 0)
SETTER(cublasGetStream_v2, (void* handle, void** stream), *stream = it->stream)
SETTER(cublasSetWorkspace_v2, (void* handle, void* workspace, size_t bytes),
        if (bytes > 0 && ((uint64_t) workspace % 256 != 0 || !emulator::Memory::covers((uint64_t) workspace, bytes))) { return CUBLAS_INVALID_VALUE; }
        it->workspace = workspace; it->workspaceBytes = bytes)
SETTER(cublasSetMathMode, (void* handle, int mode), it->mathMode = mode)
SETTER(cublasGetMathMode, (void* handle, int* mode), *mode = it->mathMode)
SETTER(cublasSetPointerMode_v2, (void* handle, int mode), it->pointerMode = mode)
SETTER(cublasGetPointerMode_v2, (void* handle, int* mode), *mode = it->pointerMode)
SETTER(cublasSetAtomicsMode, (void* handle, int mode), (void) mode)

// libraryPropertyType: major, minor, patch. As it needs no device, it is neither counted nor failed.
EMULATOR_EXPORT int cublasGetProperty(int type, int* value) {
    if (type < 0 || type > 2 || value == nullptr) {
        return CUBLAS_INVALID_VALUE;
    }
    *value = type == 0 ? LOWPASS_CUBLAS_MAJOR : 0;
    return CUBLAS_SUCCESS;
}

EMULATOR_EXPORT int cublasGetVersion_v2(void*, int* version) {
    int injected = emulator::enter("cublasGetVersion_v2", true);
    if (injected != 0) {
        return injected;
    }
    *version = 120600;
    return CUBLAS_SUCCESS;
}

EMULATOR_EXPORT int cublasSgemm_v2(void* handle, int transposeA, int transposeB, int m, int n, int k, const float* alpha, uint64_t a, int lda,
        uint64_t b, int ldb, const float* beta, uint64_t c, int ldc) {
    return gemm("cublasSgemm_v2", handle, transposeA, transposeB, m, n, k, alpha, a, kFloat, lda, 0, b, kFloat, ldb, 0, beta, c, kFloat, ldc, 0, 1,
            kComputeFloat);
}

EMULATOR_EXPORT int cublasSgemmStridedBatched(void* handle, int transposeA, int transposeB, int m, int n, int k, const float* alpha, uint64_t a,
        int lda, long long strideA, uint64_t b, int ldb, long long strideB, const float* beta, uint64_t c, int ldc, long long strideC, int batch) {
    return gemm("cublasSgemmStridedBatched", handle, transposeA, transposeB, m, n, k, alpha, a, kFloat, lda, strideA, b, kFloat, ldb, strideB, beta,
            c, kFloat, ldc, strideC, batch, kComputeFloat);
}

EMULATOR_EXPORT int cublasGemmEx(void* handle, int transposeA, int transposeB, int m, int n, int k, const float* alpha, uint64_t a, int typeA,
        int lda, uint64_t b, int typeB, int ldb, const float* beta, uint64_t c, int typeC, int ldc, int compute, int) {
    return gemm("cublasGemmEx", handle, transposeA, transposeB, m, n, k, alpha, a, typeA, lda, 0, b, typeB, ldb, 0, beta, c, typeC, ldc, 0, 1, compute);
}

EMULATOR_EXPORT int cublasGemmStridedBatchedEx(void* handle, int transposeA, int transposeB, int m, int n, int k, const float* alpha, uint64_t a,
        int typeA, int lda, long long strideA, uint64_t b, int typeB, int ldb, long long strideB, const float* beta, uint64_t c, int typeC, int ldc,
        long long strideC, int batch, int compute, int) {
    return gemm("cublasGemmStridedBatchedEx", handle, transposeA, transposeB, m, n, k, alpha, a, typeA, lda, strideA, b, typeB, ldb, strideB, beta, c,
            typeC, ldc, strideC, batch, compute);
}

// Never counted and never failed, as error handling itself calls it.
EMULATOR_EXPORT const char* cublasGetStatusString(int code) {
    switch (code) {
        case CUBLAS_SUCCESS: return "success";
        case CUBLAS_NOT_INITIALIZED: return "the library was not initialized";
        case CUBLAS_ALLOC_FAILED: return "the resource allocation failed";
        case CUBLAS_INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
        case CUBLAS_ARCH_MISMATCH: return "the function requires an architectural feature absent from the architecture of the device";
        case CUBLAS_EXECUTION_FAILED: return "the function failed to launch on the GPU";
        case CUBLAS_INTERNAL_ERROR: return "an internal operation failed";
        case CUBLAS_NOT_SUPPORTED: return "the functionality requested is not supported";
        default: return "unknown";
    }
}
EMULATOR_EXPORT const char* cublasGetStatusName(int code) {
    switch (code) {
        case CUBLAS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case CUBLAS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case CUBLAS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case CUBLAS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case CUBLAS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
        case CUBLAS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case CUBLAS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case CUBLAS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "unknown";
    }
}
