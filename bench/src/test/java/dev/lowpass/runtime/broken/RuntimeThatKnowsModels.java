package dev.lowpass.runtime.broken;

import dev.lowpass.models.broken.ModelOfACycle;

/** Breaks the rule of arrows, for the test of that rule. */
public final class RuntimeThatKnowsModels {

    ModelOfACycle upwards;
}
