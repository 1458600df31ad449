package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Precision;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import dev.lowpass.kernels.emulator.EmulatedDevice.Configuration;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every tile of the staircase kernel, with channels in order and not, 16 bytes at a time and not: integers, so the results are exact. */
@Tag("cuda")
class CudaBandGemmTest {

    /** One multiprocessor, so that the number of tiles alone decides which tile is used. */
    @BeforeEach
    void start() {
        EmulatedDevice.startWithProjectKernels();
        Configuration usual = Configuration.DEFAULT;
        EmulatedDevice.configure(new Configuration(1, usual.architecture(), usual.memoryBytes(), usual.driverVersion(), 1, usual.eager()));
    }

    @ParameterizedTest
    @CsvSource({
        "FP32, 16, 16, 64, 128x64", "FP32, 16, 16, 62, 128x64", "FP32, 12, 20, 31, 128x32", "FP32, 20, 12, 28, 128x32", "FP32, 4, 4, 30, 32x32",
        "FP32, 4, 8, 24, 32x32",
        "TF32, 16, 12, 128, 128x128", "TF32, 12, 20, 122, 128x128", "TF32, 16, 16, 64, 128x64", "TF32, 12, 12, 50, 128x64", "TF32, 12, 20, 31, 128x32",
        "TF32, 20, 12, 28, 128x32", "TF32, 4, 4, 30, 32x32", "TF32, 4, 8, 24, 32x32",
        "FP16, 16, 12, 128, 128x128", "FP16, 12, 20, 122, 128x128", "FP16, 16, 16, 64, 128x64", "FP16, 12, 12, 50, 128x64", "FP16, 12, 20, 31, 128x32",
        "FP16, 20, 12, 32, 128x32", "FP16, 4, 4, 30, 32x32", "FP16, 4, 8, 24, 32x32",
    })
    void agreesWithTheReference(Precision precision, int height, int width, int outChannels, String tile) {
        SplittableRandom random = new SplittableRandom(outChannels + 1);
        int vector = 16 / precision.elementBytes();
        for (int channels : new int[] {1, 7, 8, 40, 75, 136}) {
            for (boolean sorted : new boolean[] {true, false}) {
                for (int offset : new int[] {0, 1}) {
                    int[] cutoffs = random.ints(channels, 0, 17).toArray();
                    if (sorted) {
                        Arrays.sort(cutoffs);
                        for (int i = 0; i < channels / 2; i++) {
                            int swapped = cutoffs[i];
                            cutoffs[i] = cutoffs[channels - 1 - i];
                            cutoffs[channels - 1 - i] = swapped;
                        }
                    }
                    Staircase staircase = Staircase.of(4, cutoffs);
                    assertEquals(sorted || channels == 1, staircase.isSorted() || channels == 1);
                    OperationSpec.BandPointwise spec = new OperationSpec.BandPointwise(new Plane(height, width, channels), outChannels, staircase,
                            channels % 2 == 0);
                    boolean gather = !staircase.isSorted() || channels % vector != 0 || offset != 0;
                    check(precision, spec, offset, "band_gemm_" + precision.productDtype() + "_" + tile + (gather ? "_gather," : ","), random);
                }
            }
        }
        assertEquals(List.of(), EmulatedDevice.live());
        assertEquals("", EmulatedDevice.report());
    }

    /** FP16 rounds factors to the nearest half, before any product. */
    @Test
    void halvesAreRoundedToNearest() {
        float[] out = products(Precision.FP16);
        float next = 1 + 0x1p-10f;
        assertEquals(next, out[0]);
        assertEquals(1, out[2]);
        assertEquals(-next, out[4]);
        assertEquals(next, out[9], "the weight");
        assertEquals(0, out[10]);
    }

    /** TF32 keeps 21 bits and more of a product's factors, far beyond the 11 of one TF32 number. */
    @Test
    void floatsAreSplitRatherThanRounded() {
        float[] out = products(Precision.TF32);
        for (int i = 0; i < 8; i++) {
            assertEquals(FACTORS[i], out[2 * i], 0x1p-20, "factor " + i);
            assertEquals(FACTORS[i] * (double) FACTORS[0], out[2 * i + 1], 0x1p-20, "factor " + i + " times a weight");
        }
    }

    private static final float[] FACTORS = {1 + 0x1p-11f + 0x1p-20f, 1 + 0x1p-11f - 0x1p-20f, -1 - 0x1p-11f - 0x1p-20f, 1.2345678f, 1, 0, 1, 1};

    /** {@link #FACTORS} times 1 and times the first of them. */
    private static float[] products(Precision precision) {
        OperationSpec.Pointwise spec = new OperationSpec.Pointwise(new Plane(2, 4, 1), 2, Activation.NONE, false);
        Backend backend = Backends.cuda(0).withPrecision(precision);
        float[] out = new float[16];
        try (Operation operation = backend.pointwise(spec, new float[] {1, FACTORS[0]}, null);
                Workspace workspace = backend.newWorkspace(1, 256, operation.scratchElements(1), 1)) {
            workspace.write(0, FloatBuffer.wrap(FACTORS), 0, 8);
            operation.bind(workspace, new Operands(0, 128)).run(1);
            workspace.read(128, FloatBuffer.wrap(out), 0, 16);
        }
        return out;
    }

    @Test
    void weightsThatAHalfCannotHoldAreRefused() {
        OperationSpec.Pointwise spec = new OperationSpec.Pointwise(new Plane(2, 4, 2), 1, Activation.NONE, false);
        Backend backend = Backends.cuda(0).withPrecision(Precision.FP16);
        assertEquals("pointwise_f16 on 2x4x2: weight[0][1] is -70000.0, and FP16 ends at 65504.0; use the precision TF32 or FP32",
                assertThrows(IllegalArgumentException.class, () -> backend.pointwise(spec, new float[] {1, -70000}, null)).getMessage());
        assertEquals(List.of(), EmulatedDevice.live());
    }

    @Test
    void turingHasNoTf32() {
        EmulatedDevice.configure(Configuration.DEFAULT.withArchitecture(75));
        assertEquals("the back end cuda computes in [FP32, FP16] here, not in TF32; choose one of these",
                assertThrows(IllegalArgumentException.class, () -> Backends.cuda(0).withPrecision(Precision.TF32)).getMessage());
    }

    private static void check(Precision precision, OperationSpec.BandPointwise spec, int offset, String kernel, SplittableRandom random) {
        float[] weight = integers(random, spec.outChannels() * spec.in().channels());
        float[] bias = integers(random, spec.outChannels());
        float[] in = integers(random, spec.in().elements());
        float[] residual = integers(random, spec.out().elements());
        int perCoefficient = spec.in().blocks(4) * spec.in().channels();
        for (int i = 0; i < in.length; i++) {
            if (i / perCoefficient >= spec.staircase().cutoff(i % spec.in().channels())) {
                in[i] = Float.NaN;
            }
        }
        float[] expected = run(Backends.reference(), spec, offset, weight, bias, in, residual, null);
        float[] actual = run(Backends.cuda(0).withPrecision(precision), spec, offset, weight, bias, in, residual, kernel);
        assertArrayEquals(expected, actual, 0f, spec.toString());
    }

    private static float[] run(Backend backend, OperationSpec.BandPointwise spec, int offset, float[] weight, float[] bias, float[] in, float[] residual,
            String kernel) {
        Bands[] bands = {new Bands(spec.staircase(), 16)};
        int out = in.length + offset;
        out = (out + 63) / 64 * 64 + offset;
        int third = (out + residual.length + 63) / 64 * 64 + offset;
        float[] result = new float[residual.length];
        try (Operation operation = backend.bandPointwise(spec, bands, weight, bias);
                Workspace workspace = backend.newWorkspace(1, third + residual.length, operation.scratchElements(1), 1)) {
            Operation.Step step = operation.bind(workspace, new Operands(offset, out, third));
            workspace.write(offset, FloatBuffer.wrap(in), 0, in.length);
            workspace.write(third, FloatBuffer.wrap(residual), 0, residual.length);
            if (kernel != null) {
                // The refused launch tells which kernel it was: the third call, after those that make the context current.
                EmulatedDevice.failNth(3, 1, 0);
                String refusal = assertThrows(CudaException.class, () -> step.run(1)).getMessage();
                assertTrue(refusal.contains("kernel " + kernel), () -> refusal + " should be " + kernel);
            }
            step.run(1);
            workspace.read(out, FloatBuffer.wrap(result), 0, result.length);
        }
        return result;
    }

    private static float[] integers(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(-4, 5);
        }
        return values;
    }
}
