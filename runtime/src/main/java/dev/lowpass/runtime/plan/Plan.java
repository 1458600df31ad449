package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.OperationSpec;
import java.util.List;

/**
 * What a session runs, in order, and where its tensors lie. Immutable.
 *
 * @param steps in the order in which they run
 * @param arenaElements elements of the arena for the largest batch
 */
public record Plan(List<Step> steps, long arenaElements) {

    /** The representation of a tensor. */
    public enum Domain {
        SPATIAL,
        FREQUENCY
    }

    /**
     * One operation of the plan.
     *
     * @param ops the graph ops it carries out, in order; empty for a change of domain
     * @param spec what it computes
     * @param domain the domain in which it computes
     * @param bandsByBatch for a truncated pointwise layer, the bands for a batch of i + 1 images; empty otherwise
     */
    public record Step(List<String> ops, OperationSpec spec, Domain domain, List<Bands> bandsByBatch) {}
}
