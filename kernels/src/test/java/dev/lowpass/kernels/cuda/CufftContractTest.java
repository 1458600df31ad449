package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.contract.BackendUnderTest;
import dev.lowpass.kernels.contract.DctContract;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The block DCT by cuFFT, held to the contract as our kernels are, and our kernels to it: two ways that share no arithmetic. By JCufft in a
 * build of {@code -Djcuda.version=11.8.0}, by LWJGL in any.
 */
@Tag("cuda")
class CufftContractTest {

    @Nested
    class JCufft extends ByCufft {
        @Override
        void choose() {
            try {
                new JCufftLibrary();
            } catch (ClassNotFoundException e) {
                Assumptions.abort("JCufft is not on the class path: its newest release is 11.8.0 and must be that of JCuda; build with -Djcuda.version=11.8.0");
            } catch (LinkageError e) {
                Assumptions.assumeTrue(EmulatedDevice.isReal(), () -> "JCufft does not load: " + e);
                Assumptions.abort("JCufft does not load: " + CudaDevices.detail(e, "libcufft"));
            }
        }
    }

    @Nested
    class Lwjgl extends ByCufft {
        @Override
        void choose() {
            if (!EmulatedDevice.isReal()) {
                System.setProperty(Cufft.LIBRARY_PROPERTY, EmulatedDevice.library("libcufft.so.11").toString());
            }
        }
    }

    /** The DCT by one binding. */
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    abstract static class ByCufft extends DctContract {

        private Backend cufft;

        /** Makes {@link Cufft#find} find the binding under test, or skips. */
        abstract void choose();

        /** Before each, so that each that is skipped says so. */
        @BeforeEach
        void start() {
            if (cufft != null) {
                return;
            }
            EmulatedDevice.startWithProjectKernels();
            choose();
            try {
                cufft = Backends.cudaWithCufft(0);
            } catch (CudaException e) {
                Assumptions.assumeFalse(EmulatedDevice.isReal() && e.getMessage().startsWith("there is no cuFFT"), e.getMessage());
                throw e;
            }
            System.out.println(cufft.description());
        }

        @AfterAll
        void asItWas() {
            System.clearProperty(Cufft.LIBRARY_PROPERTY);
        }

        @AfterEach
        void nothingIsHeldOrWrong() {
            if (cufft != null) { // else nothing ran, and there may be no device to ask
                CudaUnderTest.requireNothingHeldOrWrong();
            }
        }

        @Override
        protected BackendUnderTest target() {
            return new BackendUnderTest() {
                @Override
                public Backend backend() {
                    return cufft;
                }

                /** A spectrum's numbers are up to as many times as large as coefficients as a block has rows, and are rounded. */
                @Override
                public double roundOff() {
                    return 0x1p-21;
                }
            };
        }

        /** At the planes of MobileNetV2, every block that divides them. */
        @Test
        void ourKernelsAgree() {
            SplittableRandom random = new SplittableRandom(15);
            Backend ours = Backends.cuda(0);
            for (Plane plane : List.of(new Plane(7, 7, 160), new Plane(14, 14, 96), new Plane(28, 28, 32), new Plane(8, 8, 40), new Plane(20, 10, 12), new Plane(12, 6, 9))) {
                for (int block = 2; block <= 16; block++) {
                    if (plane.height() % block != 0 || plane.width() % block != 0) {
                        continue;
                    }
                    float[] in = new float[2 * plane.elements()];
                    for (int i = 0; i < in.length; i++) {
                        in[i] = (float) (2 * random.nextDouble() - 1);
                    }
                    OperationSpec.Dct spec = new OperationSpec.Dct(plane, Staircase.full(block, plane.channels()));
                    float[] expected = dct(cufft, spec, in);
                    float[] actual = dct(ours, spec, in);
                    double largest = 0;
                    for (int i = 0; i < in.length; i++) {
                        largest = Math.max(largest, Math.abs(expected[i]));
                        assertEquals(expected[i], actual[i], 2e-6 * block, plane + ", block " + block + ", element " + i);
                    }
                    assertTrue(largest > 1, "coefficients up to " + largest);
                }
            }
        }

        private static float[] dct(Backend backend, OperationSpec.Dct spec, float[] in) {
            float[] out = new float[in.length];
            try (Operation operation = backend.dct(spec); Workspace workspace = backend.newWorkspace(2, 2L * in.length, operation.scratchElements(2), 1)) {
                workspace.write(0, FloatBuffer.wrap(in), 0, in.length);
                operation.bind(workspace, new Operands(0, in.length)).run(2);
                workspace.read(in.length, FloatBuffer.wrap(out), 0, out.length);
            }
            return out;
        }

        /** Each call fails in turn: one exception that names it, and nothing is left. */
        @Test
        void anyCallMayFail() {
            OperationSpec.Dct spec = new OperationSpec.Dct(new Plane(14, 7, 5), Staircase.full(7, 5));
            float[] in = new float[2 * spec.in().elements()];
            int failures = 0;
            for (int n = 1;; n++) {
                EmulatedDevice.failNth(n, 1, 14);
                String failed;
                try {
                    dct(cufft, spec, in);
                    failed = EmulatedDevice.failedCall();
                    assertEquals("", failed, "call " + n + " failed in silence");
                    break;
                } catch (CudaException e) {
                    failed = EmulatedDevice.failedCall();
                    assertTrue(e.getMessage().contains(e.call() + " failed with " + e.code()), e.getMessage());
                    failures += failed.startsWith("cufft") ? 1 : 0;
                } finally {
                    EmulatedDevice.failNth(0, 0, 0);
                }
                assertEquals(List.of(), EmulatedDevice.live(), "after call " + n + ", " + failed);
            }
            // A plan made, given a stream, executed and destroyed.
            assertEquals(4, failures);
        }
    }

    @Test
    void saysWhatIsMissing() {
        System.setProperty(Cufft.LIBRARY_PROPERTY, "/nowhere/libcufft.so.11");
        try {
            assertEquals("there is no cuFFT (looked for: /nowhere/libcufft.so.11); install the package libcufft of the CUDA toolkit or set dev.lowpass.cufft to its"
                    + " library", assertThrows(CudaException.class, Cufft::find).getMessage());
        } finally {
            System.clearProperty(Cufft.LIBRARY_PROPERTY);
        }
    }

    @Test
    void saysWhyALibraryThatIsThereDoesNotLoad(@TempDir Path folder) throws Exception {
        Path library = Files.writeString(folder.resolve("libcufft.so.11"), "no library");
        System.setProperty(Cufft.LIBRARY_PROPERTY, library.toString());
        try {
            String message = assertThrows(CudaException.class, Cufft::find).getMessage();
            assertTrue(message.matches(".*looked for: " + library + " does not load \\(.*" + library + ": .+\\)\\); install .*"), message);
        } finally {
            System.clearProperty(Cufft.LIBRARY_PROPERTY);
        }
    }
}
