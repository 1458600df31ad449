package dev.lowpass.models.brokencycle;

import dev.lowpass.models.broken.ModelOfACycle;

/** Breaks the rule of cycles, for the test of that rule. */
public final class OtherModelOfACycle {

    ModelOfACycle round;
}
