package dev.lowpass.bench.receipt;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * All that one run of {@code lowpass bench} measured, and what somebody needs to know to measure it again. Components are the fields of
 * the JSON file in snake case; {@code bench.schema.json} beside this class says what each means. What does not apply is null and left out
 * of the file.
 *
 * @param createdAt when the run began, ISO 8601
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Receipt(
        String schema,
        String createdAt,
        Program program,
        Host machine,
        @MayBeAbsent Clocks clocksBefore,
        @MayBeAbsent Clocks clocksAfter,
        ModelFile model,
        Settings settings,
        List<Library> engines,
        List<Measurement> measurements,
        @MayBeAbsent List<String> warnings) {

    /** The layout that this program writes and reads. The number rises when a field changes its meaning or goes. */
    public static final String SCHEMA = "lowpass.bench/1";

    /** The name of the cutoff set that keeps everything. */
    public static final String DENSE = "dense";

    /** What a model's cutoffs are called when it has only one set, which has no name. */
    public static final String UNNAMED = "cutoffs";

    /**
     * What measured.
     *
     * @param commit of the checkout, or null where it is none
     * @param changed whether the checkout had changes besides
     * @param commandLine the words after {@code lowpass}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Program(String version, @MayBeAbsent String commit, @MayBeAbsent Boolean changed, List<String> commandLine) {}

    /** What it ran on. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Host(
            String java,
            String os,
            String cpu,
            int processors,
            @MayBeAbsent Double cpuLimit,
            long memoryBytes,
            long maxHeapBytes,
            List<String> jvmOptions,
            List<Gpu> gpus) {}

    /** A GPU by its driver. */
    public record Gpu(String name, String uuid, String driver, long memoryBytes) {}

    /**
     * How fast the machine was clocked and how busy it was.
     *
     * @param cpuMegahertz by processor, as the system tells
     * @param loadAverage processes that ran or waited to, mean of the last minute
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Clocks(@MayBeAbsent List<Double> cpuMegahertz, @MayBeAbsent Double loadAverage, @MayBeAbsent List<GpuClocks> gpus) {}

    /** The state of a GPU, in the order of {@link Host#gpus}; null for what its driver does not tell. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record GpuClocks(@MayBeAbsent Double smMegahertz, @MayBeAbsent Double memoryMegahertz, @MayBeAbsent Double celsius, @MayBeAbsent Double watts) {}

    /**
     * What was run.
     *
     * @param input height, width and channels
     * @param cutoffSets that were measured, {@value #DENSE} among them
     */
    public record ModelFile(String file, String sha256, List<Integer> input, int classes, List<CutoffSet> cutoffSets) {}

    /**
     * Multiply-accumulates of one image with a set of cutoffs; pointwise without a classifier, which cannot be truncated.
     *
     * @param measured the share of answers that were right when the set was made, 0 to 1, as the model's file says; null where it does not
     * @param measure what a right answer was, and on how many photos of what; null where {@code measured} is
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record CutoffSet(String name, long macs, long pointwiseMacs, long keptPointwiseMacs, @MayBeAbsent Double measured, @MayBeAbsent String measure) {}

    /**
     * How it was measured.
     *
     * @param timerNanos what two readings of the clock, one right after the other, are apart: the median; it is in every sample
     */
    public record Settings(
            double warmUpMillis, double durationSeconds, int iterations, double turnMillis, double settleMillis, double tolerance, long timerNanos) {}

    /** An engine by its library. */
    public record Library(String name, String version) {}

    /**
     * One engine in one setting.
     *
     * @param precision {@code fp32}, ...
     * @param cutoffs the name of a set of the model
     * @param requestRate requests a second that arrived at random; null where each call followed the one before
     * @param description what the engine says of itself, such as its options
     * @param absent why there is nothing measured; null where there is
     * @param outputError the largest difference of a logit from the reference's, over the largest magnitude of those
     * @param openNanos making the network ready
     * @param firstCallNanos the first call after that
     * @param turns in the order in which they were measured
     * @param phases null for an engine that cannot take its calls apart
     * @param profile where {@code --dumpProfile} asked for it, the steps of a call in the order in which they run; else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Measurement(
            String engine,
            String device,
            @MayBeAbsent String deviceDescription,
            String precision,
            String cutoffs,
            int threads,
            int batch,
            int concurrency,
            @MayBeAbsent Double requestRate,
            @MayBeAbsent String description,
            @MayBeAbsent String absent,
            @MayBeAbsent Double outputError,
            @MayBeAbsent Long openNanos,
            @MayBeAbsent Long firstCallNanos,
            @MayBeAbsent List<Turn> turns,
            @MayBeAbsent Phases phases,
            @MayBeAbsent List<Step> profile,
            @MayBeAbsent Summary summary) {

        /** The calls' times by turn, for statistics. */
        public List<long[]> latencies() {
            return turns.stream().map(Turn::latencyNanos).toList();
        }
    }

    /**
     * Calls that were timed without another engine's in between.
     *
     * @param startNanos since the first turn of the measurement
     * @param elapsedNanos from the first timed call's begin to the last one's end
     * @param latencyNanos every call; of requests at random times, from the moment the request was due
     * @param queueingNanos of requests at random times: how much of that passed before the call began
     * @param collections of garbage, with the milliseconds they took
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Turn(long startNanos, long elapsedNanos, long[] latencyNanos, @MayBeAbsent long[] queueingNanos, long collections, long collectionMillis) {}

    /** The parts of calls, measured in calls of their own. */
    public record Phases(long[] hostToDeviceNanos, long[] computeNanos, long[] deviceToHostNanos) {}

    /**
     * One step of a call, measured in calls of their own.
     *
     * @param ops of the graph that it carries out; empty for a mere change of domain
     * @param tactic the way in which the back end runs it; empty where there is only one
     */
    public record Step(List<String> ops, String kernel, String tactic, long[] nanos) {}

    /**
     * Computed from the turns.
     *
     * @param percentiles by their number, like {@code "99"}
     * @param windowMedians the median of each third of the turns
     * @param stable whether these are within 10 % of one another
     */
    public record Summary(
            double imagesPerSecond,
            long minNanos,
            double meanNanos,
            long medianNanos,
            long maxNanos,
            Map<String, Long> percentiles,
            List<Long> windowMedians,
            boolean stable) {}

    /** All timed calls of all measurements. */
    public long calls() {
        return measurements.stream().filter(one -> one.turns() != null).flatMapToLong(one -> LongStream.of(one.latencies().stream().mapToLong(turn -> turn.length).sum())).sum();
    }
}
