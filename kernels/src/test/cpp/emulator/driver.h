// The tests' side of the emulated driver; control.cpp gives it to Java.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

struct Configuration {
    int devices = 1;
    int architecture = 90;  // compute capability, 10 * major + minor
    uint64_t memoryBytes = 4ull << 30;
    int driverVersion = 12060;
    int multiprocessors = 8;
    /** Whether work in a stream runs at once instead of at the next synchronising call. */
    bool eager = false;
};

/** What the device pretends to be; read by each call. */
Configuration& configuration();

/** Makes the n-th call from now fail, or none (n = 0), with one code for the driver API and one for cuBLAS. */
void failNth(long n, int code, int cublasCode);

/** The call that was made to fail, or empty. */
std::string failedCall();

/** Names of all calls since the last clearCalls or reset. */
std::vector<std::string> calls();
void clearCalls();

/** What was wrong with the kernel that failed, or with the last call that was refused. */
std::string report();

uint64_t deviceBytes();

/** What is still held, and what was freed twice or left to the end of its context: a line each. */
std::vector<std::string> live();

/** Frees everything and forgets everything, as in a new process. */
void reset();

/** The calling thread's context, or null. */
void* currentContext();

}  // namespace emulator
