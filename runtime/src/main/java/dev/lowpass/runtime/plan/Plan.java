package dev.lowpass.runtime.plan;

import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Operands;
import java.util.List;

/**
 * What a session runs, in order, and where its tensors lie. Immutable.
 *
 * @param steps in the order in which they run
 * @param maxBatch the largest batch it is made for
 * @param arenaElements elements of the arena for the largest batch
 * @param input the arena offset of the network's input, {@code [n][y][x][c]}
 * @param output the arena offset of the network's output, {@code [n][class]}
 */
public record Plan(List<Step> steps, int maxBatch, long arenaElements, long input, long output) {

    public Plan {
        steps = List.copyOf(steps);
    }

    /** The domain in which an operation computes. */
    public enum Domain {
        SPATIAL,
        FREQUENCY
    }

    /**
     * One operation of the plan.
     *
     * @param ops the graph ops it carries out, in order; empty for a mere change of domain
     * @param spec what it computes
     * @param domain the domain in which it computes: {@code FREQUENCY} for everything that reads or writes coefficients
     * @param bandsByBatch for a truncated pointwise layer, the bands for a batch of i + 1 images; empty otherwise
     * @param operands where it reads and writes
     */
    public record Step(List<String> ops, OperationSpec spec, Domain domain, List<Bands> bandsByBatch, Operands operands) {
        public Step {
            ops = List.copyOf(ops);
            bandsByBatch = List.copyOf(bandsByBatch);
        }
    }
}
