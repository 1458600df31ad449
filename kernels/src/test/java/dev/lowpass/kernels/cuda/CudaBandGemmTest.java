package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
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
        "16, 16, 64, 128x64", "16, 16, 62, 128x64", "12, 20, 31, 128x32", "20, 12, 28, 128x32", "4, 4, 30, 32x32", "4, 8, 24, 32x32",
    })
    void agreesWithTheReference(int height, int width, int outChannels, String tile) {
        SplittableRandom random = new SplittableRandom(outChannels);
        for (int channels : new int[] {1, 7, 8, 40, 75}) {
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
                    boolean gather = !staircase.isSorted() || channels % 4 != 0 || offset != 0;
                    check(spec, offset, "band_gemm_f32_" + tile + (gather ? "_gather," : ","), random);
                }
            }
        }
        assertEquals(List.of(), EmulatedDevice.live());
        assertEquals("", EmulatedDevice.report());
    }

    private static void check(OperationSpec.BandPointwise spec, int offset, String kernel, SplittableRandom random) {
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
        float[] actual = run(Backends.cuda(0), spec, offset, weight, bias, in, residual, kernel);
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
                // The refused launch tells which kernel it was: the second call, after the one that makes the context current.
                EmulatedDevice.failNth(2, 1, 0);
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
