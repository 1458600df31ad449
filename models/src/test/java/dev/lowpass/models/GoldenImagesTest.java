package dev.lowpass.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Plane;
import dev.lowpass.models.image.RgbImage;
import dev.lowpass.runtime.Preprocess;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GoldenImagesTest {

    private static final Preprocess SMALL = Preprocess.tensorflow(new Plane(32, 24, 3));

    @Test
    void picturesAreDifferentSmoothAndOfContrast() {
        byte[] images = GoldenImages.of(SMALL, 3);
        int elements = 32 * 24 * 3;
        assertEquals(3 * elements, images.length);
        for (int n = 0; n < 3; n++) {
            int low = 255;
            int high = 0;
            long steps = 0;
            for (int i = 0; i < elements; i++) {
                int value = images[n * elements + i] & 0xff;
                low = Math.min(low, value);
                high = Math.max(high, value);
                steps += i % (24 * 3) < 3 ? 0 : Math.abs(value - (images[n * elements + i - 3] & 0xff));
            }
            assertTrue(high - low > 100, "image " + n + " spans " + low + " to " + high);
            assertTrue(steps < 25L * elements, "image " + n + " steps by " + steps / (double) elements + " from pixel to pixel");
        }
        assertArrayEquals(Arrays.copyOf(images, elements), GoldenImages.of(SMALL, 1), "a prefix, whatever the count");
        assertTrue(!Arrays.equals(Arrays.copyOf(images, elements), Arrays.copyOfRange(images, elements, 2 * elements)), "images differ");
    }

    /**
     * Image 0 of 1x1, channel 0: u = v = 1/2, a = 0: 128 + 50 (1/2 - 1/2) + 30 sin(2 pi 1.5) + 20 cos(2 pi (1.5 - 2.5)) = 148; distance to
     * (0.7, 0.5) is 0.2: 1 / (1 + e^-3) = 0.95257; 148 + 0.95257 (228 - 148) = 224.2.
     */
    @Test
    void formulaByHand() {
        assertEquals(224, GoldenImages.of(Preprocess.tensorflow(new Plane(1, 1, 3)), 1)[0] & 0xff);
    }

    @Test
    void ownPicturesArePreprocessed() {
        byte[] grey = new byte[3 * 50 * 40];
        Arrays.fill(grey, (byte) 77);
        byte[] black = new byte[3];
        byte[] images = GoldenImages.of(SMALL, List.of(new RgbImage(50, 40, grey), new RgbImage(1, 1, black)));
        assertEquals(77, images[0]);
        assertEquals(0, images[images.length - 1]);
        assertEquals("asked for 0 golden images; a model needs at least 1",
                assertThrows(IllegalArgumentException.class, () -> GoldenImages.of(SMALL, List.of())).getMessage());
        assertThrows(IllegalArgumentException.class, () -> GoldenImages.of(SMALL, 0));
    }
}
