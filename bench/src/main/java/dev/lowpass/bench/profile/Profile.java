package dev.lowpass.bench.profile;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lowpass.bench.receipt.MayBeAbsent;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Measured times of a model, the field {@code measured} of the report of {@code lowpass explain --measure}: components are the fields in
 * snake case. Times are medians in nanoseconds for the whole batch; multiply-accumulates and bytes too are the batch's. Where the model
 * has no cutoffs there are no truncated times.
 *
 * @param precision {@code fp32}, ...
 * @param runs timed passes of each network, half of them step by step
 * @param peak what the machine could do at most; null where it cannot be told
 * @param denseNanos a pass without cutoffs, not timed step by step
 * @param truncatedNanos a pass with the model's cutoffs
 * @param stepwiseNanos a pass of the network as it is, timed step by step: the sum of {@code steps} but for medians
 * @param steps of the network as it is, by falling loss, or time where the peak is unknown
 * @param blocks every op and change of domain belongs to one: the fair comparison
 * @param layers pointwise layers, in the order of the graph
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Profile(
        String device,
        String deviceDescription,
        String precision,
        int threads,
        int batch,
        int runs,
        @MayBeAbsent Roof peak,
        long denseNanos,
        @MayBeAbsent Long truncatedNanos,
        long stepwiseNanos,
        List<Step> steps,
        List<Block> blocks,
        List<Layer> layers) {

    /** How far the steps' medians may be from the median of a pass of them, as a share of their sum. */
    private static final double DISTURBED = 0.2;

    /** Why the figures are doubtful; empty when nothing is seen. */
    public Optional<String> doubt() {
        Optional<String> own = doubt("the steps", steps.stream().mapToLong(Step::nanos).sum(), stepwiseNanos);
        // A GPU's whole pass is one graph, which its steps one by one do not come to.
        return own.isPresent() || device.startsWith("cuda") ? own : doubt("the dense network's steps", blocks.stream().mapToLong(Block::denseNanos).sum(), denseNanos);
    }

    private static Optional<String> doubt(String what, long sum, long pass) {
        return Math.abs(pass - sum) <= DISTURBED * sum ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "the medians of %s come to %.3f ms, and a pass of them takes %.3f ms: most passes were disturbed, so whole passes do not "
                        + "compare; measure longer or on an idle machine", what, sum / 1e6, pass / 1e6));
    }

    /** {@link dev.lowpass.kernels.Peak}: the roof of the machine with that many threads. */
    public record Roof(double flops, List<Level> levels, String method) {}

    /** Reading a working set of that size. */
    public record Level(long bytes, double bytesPerSecond) {}

    /**
     * One step of the plan.
     *
     * @param step its number in the plan, from 0
     * @param ops of the graph that it carries out
     * @param covers the same in words, with the changes of domain that are fused into it or that it is
     * @param kernel by the grammar of kernel names
     * @param tactic the back end's choice among its ways; empty where it has one only
     * @param domain {@code spatial} or {@code frequency}
     * @param macs by the network's definition, below the cutoffs; transforms are not counted
     * @param bytes read and written: input and output below the cutoffs, weights, residual
     * @param floorNanos the least time for these by the peak; null without one
     * @param denseNanos of the steps of the dense network that carry out the same ops; null where there are none, as for a change of
     *     domain, where the network is dense, and where {@code denseStep} has them
     * @param denseOps what {@code denseNanos} is the time of, where a step of the dense network runs more than {@code ops} as one; else null
     * @param denseStep the step whose {@code denseOps} this one's ops are among; else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Step(
            int step,
            List<String> ops,
            String covers,
            String kernel,
            String tactic,
            String domain,
            long macs,
            long bytes,
            long nanos,
            @MayBeAbsent Double floorNanos,
            @MayBeAbsent Long denseNanos,
            @MayBeAbsent List<String> denseOps,
            @MayBeAbsent Integer denseStep) {

        /** Time beyond the floor, or all of it where that is unknown. */
        public double lostNanos() {
            return floorNanos == null ? nanos : Math.max(0, nanos - floorNanos);
        }
    }

    /**
     * Ops of one name up to its last dot, with the changes of domain that they need. Where a step of either network carries out ops of
     * several names, these are one block, whose name lists them.
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Block(String name, List<String> ops, long denseMacs, long keptMacs, long denseNanos, @MayBeAbsent Long truncatedNanos) {}

    /**
     * A pointwise layer: what a model of costs needs.
     *
     * @param block the one that it belongs to
     * @param side of its DCT blocks; 0 without cutoffs
     * @param keptCoefficients the sum of its cutoffs
     * @param coefficients of all channels: what that would be if nothing were cut off
     * @param denseNanos of its step in the dense network, a residual that it adds included
     * @param denseOps what else that step carries out; empty where its time is this layer's alone
     * @param truncatedNanos of its step, without changes of domain: these are in {@code transformNanos} where they are steps of their
     *     own, and in the block's time where they are fused into a depthwise convolution
     * @param truncatedOps what else that step carries out; null without cutoffs
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Layer(
            String name,
            String block,
            int side,
            long keptCoefficients,
            long coefficients,
            long denseMacs,
            long keptMacs,
            long denseNanos,
            List<String> denseOps,
            @MayBeAbsent Long truncatedNanos,
            @MayBeAbsent List<String> truncatedOps,
            @MayBeAbsent Long transformNanos) {}
}
