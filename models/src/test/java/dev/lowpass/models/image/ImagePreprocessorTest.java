package dev.lowpass.models.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.kernels.Plane;
import dev.lowpass.models.SharedData;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Preprocess.ChannelOrder;
import dev.lowpass.runtime.Preprocess.Interpolation;
import dev.lowpass.runtime.Preprocess.Resize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImagePreprocessorTest {

    private static Preprocess preprocess(int height, int width, Resize resize, int resizeTo, ChannelOrder order) {
        return new Preprocess(new Plane(height, width, 3), resize, resizeTo, Interpolation.BILINEAR, List.of(10f, 20f, 30f), List.of(1f,
                2f, 4f), order);
    }

    @Test
    void shortestSideThenCentreCrop() {
        RgbImage in = ResamplerTest.noise(60, 41);
        byte[] pixels = new ImagePreprocessor(preprocess(20, 16, Resize.SHORTEST_SIDE, 25, ChannelOrder.RGB)).toPixels(in);
        // 25 * 60 / 41 = 36.6: 36 columns; (36 - 16) / 2 = 10 to the left, (25 - 20) / 2 = 2 above.
        assertArrayEquals(Resampler.resizeAndCrop(in, 36, 25, 10, 2, 16, 20, Interpolation.BILINEAR).rgb(), pixels);
    }

    @Test
    void squarePhotosAreStretchedAndCroppedAlike() {
        RgbImage in = ResamplerTest.noise(227, 227);
        Preprocess tensorflow = Preprocess.tensorflow(new Plane(224, 224, 3));
        assertArrayEquals(Resampler.resize(in, 224, 224, Interpolation.BILINEAR).rgb(), new ImagePreprocessor(tensorflow).toPixels(in));
    }

    @Test
    void stretchIgnoresProportions() {
        RgbImage in = ResamplerTest.noise(9, 30);
        assertArrayEquals(Resampler.resize(in, 16, 20, Interpolation.BILINEAR).rgb(),
                new ImagePreprocessor(preprocess(20, 16, Resize.STRETCH, 0, ChannelOrder.RGB)).toPixels(in));
    }

    @Test
    void extremePhotosWork() {
        ImagePreprocessor preprocessor = new ImagePreprocessor(Preprocess.tensorflow(new Plane(224, 224, 3)));
        assertEquals(224 * 224 * 3, preprocessor.toPixels(ResamplerTest.noise(1, 1)).length);
        assertEquals(224 * 224 * 3, preprocessor.toPixels(ResamplerTest.noise(20_000, 1)).length);
        assertEquals(224 * 224 * 3, preprocessor.toPixels(ResamplerTest.noise(3, 20_000)).length);
    }

    @Test
    void normalisesInTheNetworksOrder() {
        RgbImage in = new RgbImage(1, 1, new byte[] {(byte) 200, 100, 50});
        FloatBuffer target = FloatBuffer.allocate(8);
        target.position(1);
        new ImagePreprocessor(preprocess(1, 1, Resize.STRETCH, 0, ChannelOrder.BGR)).toInput(in, target, 4);
        // Blue 50 in channel 0, (50 - 10) / 1; green (100 - 20) / 2; red (200 - 30) / 4.
        assertArrayEquals(new float[] {0, 0, 0, 0, 40, 40, 42.5f, 0}, target.array());
        assertEquals(1, target.position(), "the position stays");
        new ImagePreprocessor(preprocess(1, 1, Resize.STRETCH, 0, ChannelOrder.RGB)).toInput(in, target, 0);
        assertArrayEquals(new float[] {190, 40, 5, 0, 40, 40, 42.5f, 0}, target.array());
    }

    @Test
    void wrongSizesAreRefused() {
        ImagePreprocessor preprocessor = new ImagePreprocessor(Preprocess.tensorflow(new Plane(2, 2, 3)));
        RgbImage in = ResamplerTest.noise(2, 2);
        assertEquals("an image of 2x2x3 takes 12 elements from 5 on, but the buffer's limit is 16; give a larger buffer",
                assertThrows(IllegalArgumentException.class, () -> preprocessor.toInput(in, FloatBuffer.allocate(16), 5)).getMessage());
        assertEquals("an image of 2x2x3 takes 12 bytes from 12 on, but the pixels have 12",
                assertThrows(IllegalArgumentException.class, () -> preprocessor.toInput(in.rgb(), 12, FloatBuffer.allocate(12),
                        0)).getMessage());
        Preprocess grey = Preprocess.tensorflow(new Plane(2, 2, 1));
        assertEquals("the network's input of 2x2x1 has 1 channels; pictures give 3, so feed this network from buffers",
                assertThrows(IllegalArgumentException.class, () -> new ImagePreprocessor(grey)).getMessage());
    }

    /**
     * The golden images were decoded by libjpeg and resized by Pillow. stb's inverse DCT, chroma upsampling and colour conversion round
     * differently, so the photos agree to a fraction of a level on average and not to the bit.
     */
    @Test
    void realPhotosMatchTheGoldenInput() throws IOException {
        Path golden = SharedData.require("golden/mobilenet_v2_imagenet_dense.safetensors");
        Path photos = SharedData.require("data/imagenet-val");
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(golden)).order(ByteOrder.LITTLE_ENDIAN);
        int header = (int) file.getLong(0);
        String json = new String(file.array(), 8, header, StandardCharsets.UTF_8);
        assertTrue(json.replace(" ", "").contains("\"input\":{\"dtype\":\"U8\",\"shape\":[4,224,224,3],\"data_offsets\":[0,602112]}"), json);
        ImagePreprocessor preprocessor = new ImagePreprocessor(Preprocess.tensorflow(new Plane(224, 224, 3)));
        List<String> names = Files.readAllLines(photos.resolve("labels.csv")).subList(1, 5);
        for (int image = 0; image < 4; image++) {
            String name = names.get(image).split(",")[0];
            byte[] pixels = preprocessor.toPixels(ImageDecoder.decode(photos.resolve(name)));
            long sum = 0;
            int max = 0;
            for (int i = 0; i < pixels.length; i++) {
                int difference = Math.abs((pixels[i] & 0xff) - (file.get(8 + header + image * pixels.length + i) & 0xff));
                sum += difference;
                max = Math.max(max, difference);
            }
            double mean = sum / (double) pixels.length;
            System.out.printf("%s: differs from the golden input by %.3f levels on average, %d at most%n", name, mean, max);
            assertTrue(mean < 0.5, name + ": mean difference " + mean);
            assertTrue(max < 24, name + ": largest difference " + max);
        }
    }
}
