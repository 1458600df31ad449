// How a library of kernels and the emulated driver know each other.
#pragma once

#include <cstddef>

extern "C" {

struct lowpass_emulator_kernel {
    const char* name;
    /** Runs one thread: reads each parameter through its pointer and calls the kernel. */
    void (*call)(void** parameters);
    int parameter_count;
    const size_t* parameter_sizes;
    const size_t* parameter_alignments;
    int max_threads;  // from __launch_bounds__, or 1024
    lowpass_emulator_kernel* next;
};

void lowpass_emulator_register(lowpass_emulator_kernel* kernel);
}
