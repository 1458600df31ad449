package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import org.junit.jupiter.api.Test;

/** An application that serves depends on this module and what it depends on, and so gets nothing that only learning needs. */
class ServingClassPathTest {

    @Test
    void libtorchAndItsBindingAreNotOnTheClassPath() {
        assertThrows(ClassNotFoundException.class, () -> Class.forName("ai.djl.engine.Engine"));
        assertThrows(ClassNotFoundException.class, () -> Class.forName("dev.lowpass.models.learn.Main"));
        assertNull(ServingClassPathTest.class.getClassLoader().getResource("native/lib/pytorch.properties"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            assertFalse(entry.contains("djl") || entry.contains("torch"), entry);
        }
    }
}
