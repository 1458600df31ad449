package dev.lowpass.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Workspace;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * What the contracts of all operations share. An operation runs in an arena filled with NaN, its tensors apart and a canary around
 * its output: what it must write and does not stays NaN, what it must not read poisons the result, and whatever changes outside
 * its output is found.
 * {@code reference} is held to formulas written in the tests ({@link Naive}), every other back end to {@code reference}.
 */
abstract class Contract {

    /** Elements between the tensors, odd so that they lie unaligned where the back end allows it. */
    private static final int GUARD = 37;

    /** What stands around the output: unlike NaN it also shows an activation that runs too far. */
    private static final float CANARY = -12344;

    private static final IntPredicate EVERYWHERE = i -> true;

    /** Channel counts around the widths of vectors and tiles. */
    static final int[] CHANNELS = {1, 3, 7, 8, 16, 17, 33, 64, 100};

    private final int thin = Integer.getInteger("lowpass.contract.thin", 1);
    private int cases;

    protected abstract BackendUnderTest target();

    final Backend backend() {
        return target().backend();
    }

    /** Whether the next case of a long list is to be run. */
    final boolean picked() {
        return cases++ % thin == 0;
    }

    /** Runs an operation on the back end under test and returns the output of the batch. */
    final float[] run(Function<Backend, Operation> make, Trial trial) {
        return run(backend(), target().alignment(), make, trial);
    }

    static float[] run(Backend backend, int alignment, Function<Backend, Operation> make, Trial trial) {
        try (Operation operation = make.apply(backend)) {
            int maxBatch = trial.batch() + trial.spare();
            int inElements = operation.spec().in().elements();
            int outElements = operation.spec().out().elements();
            int in = place(0, alignment);
            int residual = place(in + maxBatch * inElements, alignment);
            int out = place(residual + maxBatch * outElements, alignment);
            int elements = place(out + maxBatch * outElements, alignment);
            if (trial.alias() == Trial.Alias.RESIDUAL) {
                residual = out;
            } else if (trial.alias() == Trial.Alias.IN) {
                in = out;
            }
            if (trial.residual() == null) {
                residual = -1;
            }
            assertEquals(trial.batch() * inElements, trial.in().length, "the test's input length");
            float[] before = new float[elements];
            Arrays.fill(before, Float.NaN);
            Arrays.fill(before, out - GUARD, out, CANARY);
            Arrays.fill(before, out + trial.batch() * outElements, elements, CANARY);
            System.arraycopy(trial.in(), 0, before, in, trial.in().length);
            if (residual >= 0) {
                System.arraycopy(trial.residual(), 0, before, residual, trial.residual().length);
            }
            try (Workspace workspace = backend.newWorkspace(maxBatch, elements, operation.scratchElements(maxBatch), trial.threads())) {
                workspace.write(0, FloatBuffer.wrap(before), 0, elements);
                operation.bind(workspace, new Operands(in, out, residual)).run(trial.batch());
                float[] after = new float[elements];
                workspace.read(0, FloatBuffer.wrap(after), 0, elements);
                int end = out + trial.batch() * outElements;
                for (int i = 0; i < elements; i++) {
                    if ((i < out || i >= end) && Float.floatToIntBits(before[i]) != Float.floatToIntBits(after[i])) {
                        fail(operation.spec() + ", batch " + trial.batch() + " of " + maxBatch + ": wrote outside its output, elements " + out + " to "
                                + end + ": element " + i + " was " + before[i] + " and is " + after[i]);
                    }
                }
                return Arrays.copyOfRange(after, out, end);
            }
        }
    }

    private static int place(int end, int alignment) {
        return (end + GUARD + alignment - 1) / alignment * alignment;
    }

    /** What the oracle gives: the formula for {@code reference}, {@code reference} for every other back end. */
    final double[] expected(Function<Backend, Operation> make, Trial trial, Supplier<double[]> formula) {
        if (backend() == Backends.reference()) {
            return formula.get();
        }
        // Neither aliasing nor spare room may change a result, so the oracle goes without.
        Trial plain = new Trial(trial.in(), trial.residual(), Trial.Alias.NONE, trial.batch(), 0, 1);
        float[] result = run(Backends.reference(), 1, make, plain);
        double[] doubles = new double[result.length];
        for (int i = 0; i < result.length; i++) {
            doubles[i] = result[i];
        }
        return doubles;
    }

    /** Runs and compares everything. */
    final void check(Function<Backend, Operation> make, Trial trial, Layout layout, double tolerance, Supplier<double[]> formula) {
        check(make, trial, layout, tolerance, EVERYWHERE, formula);
    }

    /** Runs and compares where {@code specified} holds. */
    final void check(Function<Backend, Operation> make, Trial trial, Layout layout, double tolerance, IntPredicate specified, Supplier<double[]> formula) {
        compare(expected(make, trial, formula), run(make, trial), layout, tolerance, specified);
    }

    final void compare(double[] expected, float[] actual, Layout layout, double tolerance) {
        compare(expected, actual, layout, tolerance, EVERYWHERE);
    }

    /** @param tolerance absolute, of the sums that gave the results; 0 demands that the results are the expected ones, stored */
    final void compare(double[] expected, float[] actual, Layout layout, double tolerance, IntPredicate specified) {
        assertEquals(expected.length, actual.length, layout + ": length");
        for (int i = 0; i < expected.length; i++) {
            // A sum that is off by the tolerance may be stored as the next number.
            double allowed = tolerance == 0 ? 0 : tolerance + 2 * storageTolerance(Math.abs(expected[i]));
            double stored = tolerance == 0 ? target().stored(expected[i]) : expected[i];
            if (specified.test(i) && !(Math.abs(stored - actual[i]) <= allowed)) {
                fail("index " + i + " " + layout.describe(i) + ": expected " + expected[i] + " but was " + actual[i] + ", tolerance " + tolerance
                        + ", shape " + layout);
            }
        }
    }

    /** The bits must not depend on how many threads share the work. */
    final void checkThreads(Function<Backend, Operation> make, Trial trial, Layout layout, IntPredicate specified) {
        float[] alone = run(make, trial.withThreads(1));
        for (int threads : new int[] {2, 3, 5}) {
            float[] shared = run(make, trial.withThreads(threads));
            for (int i = 0; i < alone.length; i++) {
                if (specified.test(i) && Float.floatToIntBits(alone[i]) != Float.floatToIntBits(shared[i])) {
                    fail("index " + i + " " + layout.describe(i) + ": " + alone[i] + " with one thread but " + shared[i] + " with " + threads
                            + ", shape " + layout);
                }
            }
        }
    }

    final void checkThreads(Function<Backend, Operation> make, Trial trial, Layout layout) {
        checkThreads(make, trial, layout, EVERYWHERE);
    }

    /**
     * An absolute bound on the rounding of a sum of {@code terms} products whose magnitude is up to {@code scale}: four times the
     * sum's own round-off, far below what any wrong, missing or doubled term would change.
     */
    final double tolerance(int terms, double scale) {
        return 4 * target().roundOff() * (terms + 4) * scale;
    }

    /** What storing numbers of that magnitude once, on the way to a result or as the result, may change. */
    final double storageTolerance(double magnitude) {
        return target().storageRoundOff() * magnitude;
    }

    /** Below the cutoff, which is where a truncating operation must have written. */
    static IntPredicate below(Staircase staircase, Layout layout) {
        return i -> layout.z(i) < staircase.cutoff(layout.channel(i));
    }

    /** Replaces what lies at or beyond the cutoffs by NaN. */
    static float[] poisonBeyond(float[] values, Staircase staircase, Layout layout) {
        IntPredicate kept = below(staircase, layout);
        for (int i = 0; i < values.length; i++) {
            if (!kept.test(i)) {
                values[i] = Float.NaN;
            }
        }
        return values;
    }

    /** Whole numbers from {@code -bound} to {@code bound}. */
    static float[] integers(SplittableRandom random, int count, int bound) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(-bound, bound + 1);
        }
        return values;
    }

    /** Numbers from {@code -bound} to {@code bound}, exact as operands of the back end under test. */
    final float[] reals(SplittableRandom random, int count, double bound) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = target().operand((float) ((2 * random.nextDouble() - 1) * bound));
        }
        return values;
    }

    static int elements(Plane plane, int batch) {
        return plane.elements() * batch;
    }
}
