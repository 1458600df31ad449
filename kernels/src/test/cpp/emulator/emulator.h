// What the parts of the emulated driver share: runtime.cpp runs grids and checks addresses, driver.cpp is the driver API,
// cublas.cpp stands on both, control.cpp is the tests' way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "include/registry.h"

#define EMULATOR_EXPORT extern "C" __attribute__((visibility("default")))

namespace emulator {

// CUDA driver API result codes, as cuda.h numbers them.
enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    DEINITIALIZED = 4,
    STUB_LIBRARY = 34,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NO_BINARY_FOR_GPU = 209,
    UNSUPPORTED_PTX_VERSION = 222,
    INVALID_SOURCE = 300,
    FILE_NOT_FOUND = 301,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_OUT_OF_RESOURCES = 701,
    PRIMARY_CONTEXT_ACTIVE = 708,
    CONTEXT_IS_DESTROYED = 709,
    HOST_MEMORY_ALREADY_REGISTERED = 712,
    HOST_MEMORY_NOT_REGISTERED = 713,
    ILLEGAL_INSTRUCTION = 715,
    MISALIGNED_ADDRESS = 716,
    LAUNCH_FAILED = 719,
    SYSTEM_DRIVER_MISMATCH = 803,
    NOT_SUPPORTED = 801,
    STREAM_CAPTURE_UNSUPPORTED = 900,
    STREAM_CAPTURE_INVALIDATED = 901,
    STREAM_CAPTURE_UNMATCHED = 903,
    STREAM_CAPTURE_UNJOINED = 904,
    STREAM_CAPTURE_ISOLATION = 905,
    STREAM_CAPTURE_IMPLICIT = 906,
    STREAM_CAPTURE_WRONG_THREAD = 908,
    UNKNOWN = 999
};

// ---- device memory: one window of addresses, a shadow byte for every 8 of them ----

struct Memory {
    /** Addresses of `bytes` bytes full of 0xff, or 0 where the window has no room. */
    static uint64_t allocate(size_t bytes);
    /** False when no live allocation starts at `address`. */
    static bool release(uint64_t address);
    /** Whether all of the range lies in one live allocation or in a loaded kernel library's data. */
    static bool covers(uint64_t address, size_t bytes);
    /** The live allocation that holds `address`: its start and size. */
    static bool find(uint64_t address, uint64_t* start, size_t* bytes);
    /** Where `address` lies relative to the nearest allocation, live or freed. */
    static std::string describe(uint64_t address);
};

// ---- kernels ----

/** Loads a library of kernels that build.sh made; its kernels register themselves. Empty, or what went wrong. */
std::string loadKernels(const char* path);

const lowpass_emulator_kernel* findKernel(const char* name);

struct Launch {
    const lowpass_emulator_kernel* kernel;
    unsigned grid[3];
    unsigned block[3];
    size_t dynamicShared;
    void** parameters;
};

/** Runs a whole grid. On failure the report says what happened where. */
Result run(const Launch& launch, std::string* report);

/** Whether two threads' unordered use of shared memory is an error. */
extern bool checkRaces;

// ---- the driver, for cublas.cpp ----

/**
 * Puts work into a stream of the calling thread's context, or into the graph that the stream captures.
 * `work` returns a result and, on failure, fills in a report.
 */
Result enqueue(void* stream, const char* what, std::function<Result(std::string*)> work);

/**
 * Counts a call by name and says whether it is the one to fail: 0, or the code to return. `cublas` picks which of the two
 * injected codes.
 */
int enter(const char* name, bool cublas);

/**
 * Waits for all streams of the calling thread's context. False where one of them captures: CUDA then forbids it, and the capture is spoilt
 * (CUDA C++ Programming Guide, "Prohibited and Unhandled Operations").
 */
bool synchronizeAll();

/** For leak reports. */
void count(const char* kind, long change);

}  // namespace emulator
