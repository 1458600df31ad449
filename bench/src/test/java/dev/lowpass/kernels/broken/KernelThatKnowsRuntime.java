package dev.lowpass.kernels.broken;

import dev.lowpass.kernels.Backends;
import dev.lowpass.runtime.broken.RuntimeThatKnowsModels;

/** Breaks the rules of arrows and facades, for the test of those rules. */
final class KernelThatKnowsRuntime {

    RuntimeThatKnowsModels upwards;
    Backends above;
}
