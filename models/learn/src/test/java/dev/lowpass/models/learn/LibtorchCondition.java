package dev.lowpass.models.learn;

import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Assumptions;

/** Skips a test, and says why, where libtorch has no natives for the platform. */
final class LibtorchCondition {

    private LibtorchCondition() {}

    static NDManager start() {
        boolean bundled = LibtorchCondition.class.getClassLoader().getResource("native/lib/pytorch.properties") != null;
        Assumptions.assumeTrue(bundled, "no libtorch natives for " + System.getProperty("os.name") + " " + System.getProperty("os.arch") + " on the class path");
        return Libtorch.start();
    }
}
