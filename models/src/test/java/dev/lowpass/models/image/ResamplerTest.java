package dev.lowpass.models.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.Preprocess.Interpolation;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ResamplerTest {

    /** A picture of one row whose three channels are the values, their complement to 255 and a constant 7. */
    private static RgbImage row(int... values) {
        byte[] rgb = new byte[3 * values.length];
        for (int i = 0; i < values.length; i++) {
            rgb[3 * i] = (byte) values[i];
            rgb[3 * i + 1] = (byte) (255 - values[i]);
            rgb[3 * i + 2] = 7;
        }
        return new RgbImage(values.length, 1, rgb);
    }

    private static RgbImage transposed(RgbImage image) {
        return image.oriented(5);
    }

    private static int[] red(RgbImage image) {
        int[] values = new int[image.width() * image.height()];
        for (int i = 0; i < values.length; i++) {
            values[i] = image.rgb()[3 * i] & 0xff;
            assertEquals(7, image.rgb()[3 * i + 2], "constant channel");
        }
        return values;
    }

    /** Both axes must do the same, whichever comes first. */
    private static void assertResizes(int[] expected, RgbImage in, Interpolation interpolation) {
        assertArrayEquals(expected, red(Resampler.resize(in, expected.length, 1, interpolation)), "columns");
        assertArrayEquals(expected, red(Resampler.resize(transposed(in), 1, expected.length, interpolation)), "rows");
    }

    /**
     * 2 to 4: scale 0.5, centres 0.25, 0.75, 1.25, 1.75; inputs 0.5 and 1.5. Centre 0.25: distances 0.25 and 1.25, weights 0.75 and 0,
     * so the first alone. Centre 0.75: distances 0.25 and 0.75, weights 0.75 and 0.25: 100 * 0.75 + 200 * 0.25 = 125. Then by symmetry
     * 175 and 200.
     */
    @Test
    void bilinearEnlarges() {
        assertResizes(new int[] {100, 125, 175, 200}, row(100, 200), Interpolation.BILINEAR);
    }

    /**
     * 4 to 2: scale 2, support 2, centres 1 and 3; inputs 0.5, 1.5, 2.5, 3.5. Centre 1: offsets / 2 of 0.25, 0.25, 0.75, 1.25, weights
     * 0.75, 0.75, 0.25, 0 of a sum of 1.75: (0.75 * 0 + 0.75 * 40 + 0.25 * 100) / 1.75 = 55 / 1.75 = 31.43. Centre 3: (0.25 * 40 + 0.75 *
     * 100 + 0.75 * 240) / 1.75 = 265 / 1.75 = 151.43.
     */
    @Test
    void bilinearReducesWithAntialiasing() {
        assertResizes(new int[] {31, 151}, row(0, 40, 100, 240), Interpolation.BILINEAR);
    }

    /** 3 to 1: scale 3, centre 1.5, offsets / 3 of 1/3, 0, 1/3: weights 2/3, 1, 2/3 of 7/3: (2 * 10 + 3 * 20 + 2 * 60) / 7 = 28.57. */
    @Test
    void bilinearReducesToOne() {
        assertResizes(new int[] {29}, row(10, 20, 60), Interpolation.BILINEAR);
    }

    /**
     * 2 to 4, a = -0.5: f(x) = 1.5 x^3 - 2.5 x^2 + 1 up to 1, -0.5 x^3 + 2.5 x^2 - 4 x + 2 up to 2. f(0.25) = 0.8671875, f(0.75) =
     * 0.2265625, f(1.25) = -0.0703125. Centre 0.25: (0.8671875 * 100 - 0.0703125 * 200) / 0.796875 = 72.65625 / 0.796875 = 91.18. Centre
     * 0.75: (0.8671875 * 100 + 0.2265625 * 200) / 1.09375 = 132.03125 / 1.09375 = 120.71. Then 300 less these: 179.29 and 208.82.
     */
    @Test
    void bicubicEnlarges() {
        assertResizes(new int[] {91, 121, 179, 209}, row(100, 200), Interpolation.BICUBIC);
    }

    /**
     * 4 to 2: scale 2, support 4, centre 1: offsets / 2 of 0.25, 0.25, 0.75, 1.25, weights 0.8671875 twice, 0.2265625, -0.0703125 of a
     * sum of 1.890625: (0.8671875 * 40 + 0.2265625 * 100 - 0.0703125 * 240) / 1.890625 = 40.46875 / 1.890625 = 21.40. Centre 3:
     * (-0.0703125 * 0 + 0.2265625 * 40 + 0.8671875 * 340) / 1.890625 = 303.90625 / 1.890625 = 160.74.
     */
    @Test
    void bicubicReducesWithAntialiasing() {
        assertResizes(new int[] {21, 161}, row(0, 40, 100, 240), Interpolation.BICUBIC);
    }

    /** As above with 0 and 255: centre 0.25 gives -0.0703125 * 255 / 0.796875 = -22.5 and 277.5 opposite. Both are clipped. */
    @Test
    void bicubicOvershootIsClipped() {
        assertResizes(new int[] {0, 53, 202, 255}, row(0, 255), Interpolation.BICUBIC);
    }

    /**
     * Columns come first and are rounded to 8 bits: 2x2 to 1x1 averages. Rows (0, 1) and (0, 2): 0.5 rounds to 1, 1 stays; their mean 1
     * (of unrounded rows: 0.75, also 1); rows (0, 1) and (0, 0): 1 and 0 give 0.5, so 1, where the unrounded 0.25 would give 0.
     */
    @Test
    void columnsAreRoundedBeforeRows() {
        RgbImage in = new RgbImage(2, 2, new byte[] {0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0});
        assertArrayEquals(new byte[] {1, 1, 1}, Resampler.resize(in, 1, 1, Interpolation.BILINEAR).rgb());
    }

    @ParameterizedTest
    @EnumSource
    void sameSizeIsUnchanged(Interpolation interpolation) {
        RgbImage in = noise(13, 9);
        assertArrayEquals(in.rgb(), Resampler.resize(in, 13, 9, interpolation).rgb());
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 224, 224", "20000, 1, 224, 224", "1, 20000, 224, 224", "227, 227, 224, 224", "640, 480, 7, 5", "3, 5, 64, 2"})
    void constantPicturesStayConstant(int width, int height, int outWidth, int outHeight) {
        for (Interpolation interpolation : Interpolation.values()) {
            for (int value : new int[] {0, 1, 127, 254, 255}) {
                byte[] rgb = new byte[3 * width * height];
                Arrays.fill(rgb, (byte) value);
                byte[] out = Resampler.resize(new RgbImage(width, height, rgb), outWidth, outHeight, interpolation).rgb();
                byte[] expected = new byte[out.length];
                Arrays.fill(expected, (byte) value);
                assertArrayEquals(expected, out, interpolation + " of " + value);
            }
        }
    }

    /** Against the formula in double precision, without the rounding between the passes: each pass is off by at most one half. */
    @ParameterizedTest
    @CsvSource({"227, 227, 224, 224", "500, 333, 336, 224", "31, 17, 64, 64", "5, 200, 40, 3"})
    void agreesWithTheFormulaInDoublePrecision(int width, int height, int outWidth, int outHeight) {
        RgbImage in = noise(width, height);
        for (Interpolation interpolation : Interpolation.values()) {
            double[][] columns = matrix(width, outWidth, interpolation);
            double[][] rows = matrix(height, outHeight, interpolation);
            RgbImage out = Resampler.resize(in, outWidth, outHeight, interpolation);
            Random random = new Random(5);
            for (int sample = 0; sample < 60; sample++) {
                int x = random.nextInt(outWidth);
                int y = random.nextInt(outHeight);
                double expected = 0;
                for (int j = 0; j < height; j++) {
                    if (rows[y][j] != 0) {
                        double row = 0;
                        for (int i = 0; i < width; i++) {
                            row += columns[x][i] * in.value(i, j, 1);
                        }
                        expected += rows[y][j] * Math.min(Math.max(row, 0), 255);
                    }
                }
                expected = Math.min(Math.max(expected, 0), 255);
                // A half for the last rounding and a half for the first, which negative weights of a cubic amplify to at most 0.65.
                assertEquals(expected, out.value(x, y, 1), 1.2, interpolation + " at " + x + "," + y);
            }
        }
    }

    /** All bits, against one pass over the whole picture after the other, each rounded to 8 bits. */
    @ParameterizedTest
    @CsvSource({"227, 227, 224, 224", "50, 33, 36, 24", "31, 17, 64, 64", "5, 200, 40, 3", "1, 3000, 7, 5", "3000, 1, 5, 7", "2, 2, 1, 1", "7, 9, 7, 20",
            "9, 7, 20, 7", "13, 13, 12, 14"})
    void equalsOnePassAfterTheOther(int width, int height, int outWidth, int outHeight) {
        RgbImage in = noise(width, height);
        for (Interpolation interpolation : Interpolation.values()) {
            byte[] narrow = pass(in.rgb(), width, height, matrix(width, outWidth, interpolation));
            byte[] expected = transposed(pass(transposed(narrow, outWidth, height), height, outWidth, matrix(height, outHeight, interpolation)), outHeight, outWidth);
            assertArrayEquals(expected, Resampler.resize(in, outWidth, outHeight, interpolation).rgb(), interpolation::toString);
        }
    }

    private static byte[] transposed(byte[] rgb, int width, int height) {
        return transposed(new RgbImage(width, height, rgb)).rgb();
    }

    private static byte[] pass(byte[] rgb, int width, int height, double[][] weights) {
        byte[] out = new byte[3 * weights.length * height];
        for (int y = 0; y < height; y++) {
            for (int o = 0; o < weights.length; o++) {
                for (int c = 0; c < 3; c++) {
                    long sum = 1 << 21;
                    for (int i = 0; i < width; i++) {
                        double weight = weights[o][i] * (1 << 22);
                        sum += (rgb[3 * (y * width + i) + c] & 0xff) * (long) (weight < 0 ? weight - 0.5 : weight + 0.5);
                    }
                    out[3 * (y * weights.length + o) + c] = (byte) Math.min(Math.max(sum >> 22, 0), 255);
                }
            }
        }
        return out;
    }

    /** 1x60,000 whose columns alone are resized to 224 would be 40 MB. */
    @Test
    void tallPicturesTakeLittleMemory() {
        RgbImage in = noise(1, 60_000);
        com.sun.management.ThreadMXBean thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        thread.getCurrentThreadAllocatedBytes();
        long before = thread.getCurrentThreadAllocatedBytes();
        RgbImage out = Resampler.resize(in, 224, 224, Interpolation.BILINEAR);
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertEquals(224, out.height());
        assertTrue(allocated < 8_000_000, allocated + " bytes");
    }

    private static double[][] matrix(int in, int out, Interpolation interpolation) {
        double[][] weights = new double[out][in];
        double scale = (double) in / out;
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (int i = 0; i < in; i++) {
                double x = Math.abs((i + 0.5 - (o + 0.5) * scale) / Math.max(scale, 1));
                double weight = interpolation == Interpolation.BILINEAR ? Math.max(1 - x, 0)
                        : x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
                weights[o][i] = weight;
                sum += weight;
            }
            for (int i = 0; i < in; i++) {
                weights[o][i] /= sum;
            }
        }
        return weights;
    }

    @ParameterizedTest
    @EnumSource
    void cropEqualsResizeThenCrop(Interpolation interpolation) {
        RgbImage in = noise(50, 30);
        RgbImage whole = Resampler.resize(in, 37, 41, interpolation);
        RgbImage crop = Resampler.resizeAndCrop(in, 37, 41, 5, 9, 20, 30, interpolation);
        for (int y = 0; y < 30; y++) {
            for (int x = 0; x < 20; x++) {
                for (int c = 0; c < 3; c++) {
                    assertEquals(whole.value(x + 5, y + 9, c), crop.value(x, y, c), "at " + x + "," + y + "," + c);
                }
            }
        }
    }

    @Test
    void cropOfAnEnormousEnlargementIsCheap() {
        // 16,777,216x1 at a height of 224 would be 3.8 thousand million columns.
        RgbImage in = new RgbImage(1 << 24, 1, new byte[3 << 24]);
        RgbImage out = Resampler.resizeAndCrop(in, 224L << 24, 224, (224L << 24) - 224, 0, 224, 224, Interpolation.BICUBIC);
        assertEquals(224, out.width());
    }

    @Test
    void cropOutsideIsRefused() {
        RgbImage in = noise(4, 4);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> Resampler.resizeAndCrop(in, 10, 10, 5, 0, 6, 10, Interpolation.BILINEAR));
        assertEquals("a crop of 6x10 at 5,0 does not lie in a picture of 10x10; make it smaller", e.getMessage());
    }

    static RgbImage noise(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(42).nextBytes(rgb);
        return new RgbImage(width, height, rgb);
    }
}
