package dev.lowpass.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lowpass.kernels.Backends;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class LaneChoiceTest {

    @Test
    @Tag("lanes")
    void describesTheLanesOfThisJvm() {
        String bits = System.getProperty(LaneChoice.BITS);
        String expected = "vector: scalar loops: the module jdk.incubator.vector is absent; add --add-modules jdk.incubator.vector"
                + " to the JVM's options";
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            int lanes = Integer.parseInt(bits) / 32;
            expected = "vector: jdk.incubator.vector, " + lanes + " lanes of 32 bits (" + bits + " bits)";
        }
        assertEquals(expected, Backends.vector().description());
        assertEquals("vector", Backends.vector().name());
    }

    @Test
    void refusesOtherWidths() {
        assertEquals(0, LaneChoice.bits(null));
        assertEquals(512, LaneChoice.bits("512"));
        for (String bad : new String[] {"64", "", "256 ", "wide"}) {
            String message = assertThrows(IllegalArgumentException.class, () -> LaneChoice.bits(bad)).getMessage();
            assertEquals("system property dev.lowpass.vector.bits is \"" + bad
                    + "\"; it must be 128, 256 or 512, or left out for the machine's own width", message);
        }
    }
}
