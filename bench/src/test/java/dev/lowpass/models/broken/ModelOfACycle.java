package dev.lowpass.models.broken;

import dev.lowpass.models.brokencycle.OtherModelOfACycle;

/** Breaks the rule of cycles, for the test of that rule. */
public final class ModelOfACycle {

    OtherModelOfACycle round;
}
