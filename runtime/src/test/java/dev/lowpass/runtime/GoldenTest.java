package dev.lowpass.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class GoldenTest {

    @Test
    void logitsAreThoseOfTheNaiveNetwork() {
        ModelDefinition model = RandomNetwork.of(5);
        int elements = model.graph().input().elements();
        byte[] images = new byte[3 * elements];
        new Random(4).nextBytes(images);
        Golden golden = Golden.of(model, images);
        assertEquals(3, golden.count());
        assertSame(images, golden.images());
        for (int n = 0; n < 3; n++) {
            double[] input = new double[elements];
            for (int i = 0; i < elements; i++) {
                input[i] = ((images[n * elements + i] & 0xff) - 127.5) / 127.5;
                assertEquals(input[i], golden.input(model.preprocess()).get(n * elements + i), 1e-6);
            }
            double[] expected = NaiveNetwork.run(model, input);
            for (int c = 0; c < expected.length; c++) {
                assertEquals(expected[c], golden.logits()[n * expected.length + c], 1e-5 * (1 + Math.abs(expected[c])), "image " + n + " class " + c);
            }
        }
    }

    @Test
    void refusesHalfAnImage() {
        assertEquals("433 bytes are no whole number of images of 12x12x3; give 432 an image",
                assertThrows(IllegalArgumentException.class, () -> Golden.of(RandomNetwork.of(5), new byte[433])).getMessage());
    }
}
