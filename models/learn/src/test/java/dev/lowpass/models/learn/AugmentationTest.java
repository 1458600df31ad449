package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Preprocess;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AugmentationTest {

    private static final int HEIGHT = 12;
    private static final int WIDTH = 16;
    private static final Plane PLANE = new Plane(HEIGHT, WIDTH, 3);
    /** Red tells the column, green the row. */
    private final Augmentation augmentation = augmentation(0);

    private static Augmentation augmentation(float mean) {
        return new Augmentation(new PhotoSet(PLANE, ramps(), new int[1], List.of("a")),
                new Preprocess(PLANE, Preprocess.Resize.SHORTEST_SIDE, WIDTH, Preprocess.Interpolation.BILINEAR, List.of(mean, mean, mean), List.of(1f, 1f, 1f),
                        Preprocess.ChannelOrder.RGB));
    }

    private static byte[] ramps() {
        byte[] pixels = new byte[PLANE.elements()];
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                pixels[(y * WIDTH + x) * 3] = (byte) (10 * x);
                pixels[(y * WIDTH + x) * 3 + 1] = (byte) (10 * y);
            }
        }
        return pixels;
    }

    @Test
    void withoutMovesAndCropsAPhotoIsOnlyMirrored() {
        float[] plain = augmentation.plain(0);
        float[] mirrored = new float[plain.length];
        for (int i = 0; i < plain.length; i++) {
            int pixel = i / 3;
            mirrored[(pixel / WIDTH * WIDTH + WIDTH - 1 - pixel % WIDTH) * 3 + i % 3] = plain[i];
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 20; round++) {
            float[] out = new float[plain.length];
            boolean mirror = round % 2 == 1;
            augmentation.random(0, HEIGHT, WIDTH, new Augmentation.Strength(0, 1), mirror, random, out, 0);
            assertArrayEquals(mirror ? mirrored : plain, out);
        }
    }

    @Test
    void cutoutGreysASquareAnywhere() {
        SplittableRandom random = new SplittableRandom(4);
        int whole = 0;
        double row = 0;
        for (int round = 0; round < 400; round++) {
            float[] out = new float[PLANE.elements()];
            Arrays.fill(out, -1);
            augmentation(1).random(0, HEIGHT, WIDTH, new Augmentation.Strength(0, 1, 0.5), false, random, out, 0);
            int top = HEIGHT;
            int bottom = -1;
            int left = WIDTH;
            int right = -1;
            int grey = 0;
            for (int i = 0; i < HEIGHT * WIDTH; i++) {
                boolean isGrey = out[3 * i + 2] == 0; // blue is -1 elsewhere
                assertEquals(isGrey ? 0 : (float) (10 * (i % WIDTH) - 1), out[3 * i], 1e-6f);
                if (isGrey) {
                    grey++;
                    top = Math.min(top, i / WIDTH);
                    bottom = Math.max(bottom, i / WIDTH);
                    left = Math.min(left, i % WIDTH);
                    right = Math.max(right, i % WIDTH);
                }
            }
            assertEquals((bottom - top + 1) * (right - left + 1), grey, "a rectangle");
            assertTrue(bottom - top < 6 && right - left < 6 && grey >= 9, grey + " pixels are grey");
            whole += grey == 36 ? 1 : 0;
            row += (top + bottom) / 2.0 / 400;
        }
        assertTrue(whole > 100 && whole < 300, whole + " squares are whole");
        assertEquals((HEIGHT - 1) / 2.0, row, 0.5);
    }

    /** Crops of at least half a side, of any place, stretched by up to e^0.25, and never beyond the border. */
    @Test
    void cropsAreOfTheSizeAskedFor() {
        SplittableRandom random = new SplittableRandom(2);
        double least = 1;
        double most = 0;
        double first = WIDTH;
        double last = 0;
        for (int round = 0; round < 500; round++) {
            float[] out = new float[PLANE.elements()];
            augmentation.random(0, HEIGHT, WIDTH, new Augmentation.Strength(0, 0.5), random.nextBoolean(), random, out, 0);
            int middle = HEIGHT / 2 * WIDTH + WIDTH / 2;
            double shareX = Math.abs(out[3 * (middle + 1)] - out[3 * middle]) / 10;
            double shareY = (out[3 * (middle + WIDTH) + 1] - out[3 * middle + 1]) / 10;
            double stretch = Math.sqrt(shareX / shareY);
            assertTrue(stretch < Math.exp(0.25) + 1e-3 && stretch > Math.exp(-0.25) - 1e-3, shareX + " by " + shareY);
            least = Math.min(least, Math.sqrt(shareX * shareY));
            most = Math.max(most, Math.sqrt(shareX * shareY));
            for (int x = 0; x < WIDTH; x++) {
                first = Math.min(first, out[3 * x] / 10);
                last = Math.max(last, out[3 * x] / 10);
            }
        }
        assertEquals(0.5, least, 0.02);
        assertEquals(1, most, 0.02);
        assertEquals(0, first, 0.02);
        assertEquals(WIDTH - 1, last, 0.02);
    }

    @Test
    void mixPastesARectangleOfTheNextPhotoAtItsPlace() {
        int photos = 400;
        int elements = PLANE.elements();
        float[] batch = new float[photos * elements];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = i;
        }
        SplittableRandom[] randoms = IntStream.range(0, photos).mapToObj(SplittableRandom::new).toArray(SplittableRandom[]::new);
        Augmentation.Mixed mixed = Augmentation.mix(batch, PLANE, 0.75, randoms);
        int some = 0;
        double covered = 0;
        for (int photo = 0; photo < photos; photo++) {
            int other = (photo + 1) % photos;
            assertEquals(other, mixed.with()[photo]);
            int pasted = 0;
            int top = HEIGHT;
            int bottom = -1;
            int left = WIDTH;
            int right = -1;
            for (int i = 0; i < elements; i++) {
                if (batch[photo * elements + i] != photo * elements + i) {
                    assertEquals(other * elements + i, batch[photo * elements + i]);
                    pasted++;
                    int pixel = i / 3;
                    top = Math.min(top, pixel / WIDTH);
                    bottom = Math.max(bottom, pixel / WIDTH);
                    left = Math.min(left, pixel % WIDTH);
                    right = Math.max(right, pixel % WIDTH);
                }
            }
            assertEquals(pasted == 0 ? 0 : (bottom - top + 1) * (right - left + 1) * 3, pasted, "a rectangle");
            assertEquals((double) pasted / elements, mixed.share()[photo], 1e-12);
            some += pasted > 0 ? 1 : 0;
            covered += mixed.share()[photo];
        }
        assertEquals(0.75 * photos, some, 40);
        assertEquals(0.33, covered / some, 0.05); // 0.5 had nothing been cut off
        float[] same = batch.clone();
        assertEquals(0, Arrays.stream(Augmentation.mix(same, PLANE, 0, randoms).share()).sum());
        assertArrayEquals(batch, same);
    }
}
