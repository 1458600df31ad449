package dev.lowpass.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Backends;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What is said without a driver or without JCuda. Not tagged: its JVM must not have loaded the emulated device. */
class CudaAbsentTest {

    @Test
    void noDriver() {
        for (int attempt = 1; attempt <= 2; attempt++) { // the second finds JCuda's class broken by the first
            CudaException failure;
            try {
                Backends.cuda(0);
                Assumptions.abort("this machine has an NVIDIA driver and a GPU");
                return;
            } catch (CudaException e) {
                failure = e;
            }
            Assumptions.assumeTrue(failure.code().isEmpty() && failure.getMessage().startsWith("no NVIDIA driver"), "this machine has an NVIDIA driver");
            assertTrue(failure.getMessage().matches("no NVIDIA driver: libcuda\\.so\\.1 could not be loaded \\(.*libcuda\\.so\\.1.*\\); install the driver of"
                    + " the GPU, or use the device cpu"), failure.getMessage());
        }
    }

    @Test
    void noJCuda() throws Exception {
        URL classes = Backends.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader alone = new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader())) {
            Class<?> backends = alone.loadClass(Backends.class.getName());
            assertEquals(false, backends.getMethod("hasJCuda").invoke(null));
            Method cuda = backends.getMethod("cuda", int.class);
            Throwable failure = assertThrows(InvocationTargetException.class, () -> cuda.invoke(null, 0)).getCause();
            assertEquals(CudaException.class.getName(), failure.getClass().getName());
            assertEquals("CUDA needs the JCuda library, which is not on the class path; add org.jcuda:jcuda with its natives, or use the device cpu",
                    failure.getMessage());
        }
    }
}
