// The part of cuFFT that the CUDA back end uses: batched real transforms of two dimensions in the advanced data layout, as sums in double
// precision that run in the stream's order. Samples and spectra are checked against their allocations when they are read and written.
#include <cmath>
#include <complex>
#include <map>
#include <mutex>
#include <vector>

#include "driver.h"
#include "emulator.h"

namespace {

enum Status { CUFFT_SUCCESS = 0, CUFFT_INVALID_PLAN = 1, CUFFT_INVALID_TYPE = 3, CUFFT_INVALID_VALUE = 4, CUFFT_SETUP_FAILED = 7, CUFFT_EXEC_FAILED = 6 };

constexpr int kRealToComplex = 0x2a;

struct Layout {
    long long height, width;  // of what is stored
    long long stride, distance;

    long long at(long long batch, long long row, long long column) const { return batch * distance + (row * width + column) * stride; }
    long long elements(long long batches) const { return at(batches - 1, height - 1, width - 1) + 1; }
};

struct Plan {
    int height, width, batches;
    Layout in, out;
    void* stream = nullptr;
};

std::mutex lock;
std::map<int, Plan>& plans() {
    static auto* it = new std::map<int, Plan>;
    return *it;
}
int lastPlan = 0;

bool find(int handle, Plan* plan) {
    std::lock_guard<std::mutex> guard(lock);
    auto found = plans().find(handle);
    if (found == plans().end()) {
        return false;
    }
    *plan = found->second;
    return true;
}

emulator::Result transform(const Plan& plan, uint64_t in, uint64_t out, std::string* report) {
    const struct {
        const char* name;
        uint64_t address;
        size_t bytes;
    } all[] = {{"samples", in, sizeof(float) * (size_t) plan.in.elements(plan.batches)},
            {"spectra", out, 2 * sizeof(float) * (size_t) plan.out.elements(plan.batches)}};
    for (const auto& it : all) {
        if (it.address % 8 != 0 || !emulator::Memory::covers(it.address, it.bytes)) {
            *report = std::string("cufftExecR2C: ") + std::to_string(it.bytes) + " bytes of " + it.name + " at an address that is no multiple of 8, or that"
                    + " leave their allocation: " + emulator::Memory::describe(it.address);
            return emulator::ILLEGAL_ADDRESS;
        }
    }
    const auto* samples = (const float*) in;
    auto* spectra = (std::complex<float>*) out;
    const int height = plan.height, width = plan.width, half = width / 2 + 1;
    auto root = [](int k, int n) { return std::polar(1.0, -2 * M_PI * (k % n) / n); };
    std::vector<std::complex<double>> down((size_t) height), across((size_t) width), rows((size_t) (height * half));
    for (int k = 0; k < height; k++) {
        down[(size_t) k] = root(k, height);
    }
    for (int k = 0; k < width; k++) {
        across[(size_t) k] = root(k, width);
    }
    for (int batch = 0; batch < plan.batches; batch++) {
        for (int y = 0; y < height; y++) {
            for (int v = 0; v < half; v++) {
                std::complex<double> sum = 0;
                for (int x = 0; x < width; x++) {
                    sum += (double) samples[plan.in.at(batch, y, x)] * across[(size_t) (v * x % width)];
                }
                rows[(size_t) (y * half + v)] = sum;
            }
        }
        for (int u = 0; u < height; u++) {
            for (int v = 0; v < half; v++) {
                std::complex<double> sum = 0;
                for (int y = 0; y < height; y++) {
                    sum += rows[(size_t) (y * half + v)] * down[(size_t) (u * y % height)];
                }
                spectra[plan.out.at(batch, u, v)] = std::complex<float>(sum);
            }
        }
    }
    return emulator::SUCCESS;
}

}  // namespace

EMULATOR_EXPORT int cufftPlanMany(int* handle, int rank, int* n, int* inembed, int istride, int idist, int* onembed, int ostride, int odist, int type,
        int batches) {
    if (emulator::enter("cufftPlanMany", true) != 0) {
        return CUFFT_SETUP_FAILED;
    }
    if (type != kRealToComplex) {
        return CUFFT_INVALID_TYPE;
    }
    if (handle == nullptr || rank != 2 || inembed == nullptr || onembed == nullptr || n[0] < 1 || n[1] < 1 || inembed[1] < n[1] || onembed[1] < n[1] / 2 + 1
            || istride < 1 || ostride < 1 || batches < 1) {
        return CUFFT_INVALID_VALUE;
    }
    if (emulator::currentContext() == nullptr) {
        return CUFFT_SETUP_FAILED;
    }
    std::lock_guard<std::mutex> guard(lock);
    *handle = ++lastPlan;
    plans()[*handle] = Plan{n[0], n[1], batches, {n[0], inembed[1], istride, idist}, {n[0], onembed[1], ostride, odist}};
    emulator::count("cuFFT plans", 1);
    return CUFFT_SUCCESS;
}

EMULATOR_EXPORT int cufftSetStream(int handle, void* stream) {
    if (emulator::enter("cufftSetStream", true) != 0) {
        return CUFFT_SETUP_FAILED;
    }
    std::lock_guard<std::mutex> guard(lock);
    auto found = plans().find(handle);
    if (found == plans().end()) {
        return CUFFT_INVALID_PLAN;
    }
    found->second.stream = stream;
    return CUFFT_SUCCESS;
}

EMULATOR_EXPORT int cufftExecR2C(int handle, uint64_t in, uint64_t out) {
    if (emulator::enter("cufftExecR2C", true) != 0) {
        return CUFFT_EXEC_FAILED;
    }
    Plan plan;
    if (!find(handle, &plan)) {
        return CUFFT_INVALID_PLAN;
    }
    auto work = [plan, in, out](std::string* report) { return transform(plan, in, out, report); };
    return emulator::enqueue(plan.stream, "cufftExecR2C", work) == emulator::SUCCESS ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

// A plan is given back even when the call is made to fail.
EMULATOR_EXPORT int cufftDestroy(int handle) {
    int injected = emulator::enter("cufftDestroy", true);
    std::lock_guard<std::mutex> guard(lock);
    if (plans().erase(handle) == 0) {
        return CUFFT_INVALID_PLAN;
    }
    emulator::count("cuFFT plans", -1);
    return injected == 0 ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

// libraryPropertyType: major, minor, patch. As it needs no device, it is neither counted nor failed.
EMULATOR_EXPORT int cufftGetProperty(int type, int* value) {
    if (type < 0 || type > 2 || value == nullptr) {
        return CUFFT_INVALID_VALUE;
    }
    *value = type == 0 ? LOWPASS_CUFFT_MAJOR : 0;
    return CUFFT_SUCCESS;
}
