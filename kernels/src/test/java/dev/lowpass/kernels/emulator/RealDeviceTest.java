package dev.lowpass.kernels.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lowpass.kernels.Backends;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How tests run on a GPU of the machine's own; the emulated device in another JVM stands in for it. */
@Tag("cuda")
public class RealDeviceTest {

    private static final String RESULT = "primary context: ";

    /** CudaContractTest alone closes all that it holds some 4,000 times. */
    @Test
    void theContextIsKeptFromTestToTest() throws Exception {
        EmulatedDevice.startWithProjectKernels();
        Path folder = EmulatedDevice.library("");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dlowpass.cuda.real=true",
                "-Ddev.lowpass.cuda.images=" + folder.resolve("images"), "-cp", System.getProperty("java.class.path"), WithEmulatedDevice.class.getName(),
                folder.toString(), RealDeviceTest.class.getName()).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertEquals(RESULT + 1, output.lines().filter(line -> line.startsWith(RESULT)).findFirst().orElse(output));
    }

    /** Says whether the primary context is active (1) or not (0) after a test has closed all that it held. */
    public static void main(String[] arguments) {
        EmulatedDevice.startWithProjectKernels();
        Backends.cuda(0).newWorkspace(1, 64, 0, 1).close();
        CUdevice device = new CUdevice();
        JCudaDriver.cuDeviceGet(device, 0);
        int[] active = {-1};
        JCudaDriver.cuDevicePrimaryCtxGetState(device, new int[1], active);
        System.out.println(RESULT + active[0]);
    }
}
