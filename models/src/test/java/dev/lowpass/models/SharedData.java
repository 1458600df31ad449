package dev.lowpass.models;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The real weights, images and golden results that a checkout may have beside it. */
public final class SharedData {

    private SharedData() {}

    /** That file; where it is absent the test is skipped, and says so. */
    public static Path require(String relative) {
        Path file = Path.of(System.getProperty("lowpass.shared", "../shared")).resolve(relative).normalize();
        assumeTrue(Files.exists(file), file + " is absent: put the shared data beside the checkout to run this test");
        return file;
    }
}
