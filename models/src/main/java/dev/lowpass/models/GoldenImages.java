package dev.lowpass.models;

import dev.lowpass.kernels.Plane;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.models.image.RgbImage;
import dev.lowpass.runtime.Preprocess;
import java.util.List;

/** Images for a model's golden tensors: 8-bit, {@code [n][y][x][c]}, in the network's channel order, before normalisation. */
public final class GoldenImages {

    private GoldenImages() {}

    /**
     * Pictures by a formula, the same on every machine: a shaded ground, two waves and a disc with a soft edge, of colours, directions
     * and places that the image's number gives. Like photos they are smooth, coloured and have edges, so they excite a trained network.
     *
     * <p>With u and v from 0 to 1 across and down, image n and channel c:
     * {@code value = 128 + 50 (u cos a + v sin a - 1/2) + 30 sin(2 pi ((2 + n) u + v) + c) + 20 cos(2 pi (3 u - (5 + n) v) - 2 c)},
     * with {@code a = n + 2 c / 3}; within the disc of radius 0.25 around ({@code 1/2 + cos(2 n) / 5}, {@code 1/2 + sin(2 n) / 5}),
     * {@code 128 + 100 cos(n + 2 c)} instead, blended by {@code 1 / (1 + exp((distance - 0.25) * 60))}. Rounded, and clipped to 0 to 255.
     *
     * @param count images, at least 1
     */
    public static byte[] of(Preprocess preprocess, int count) {
        if (count < 1) {
            throw new IllegalArgumentException("asked for " + count + " golden images; a model needs at least 1");
        }
        Plane plane = preprocess.input();
        byte[] images = new byte[Math.multiplyExact(count, plane.elements())];
        int at = 0;
        for (int n = 0; n < count; n++) {
            for (int y = 0; y < plane.height(); y++) {
                for (int x = 0; x < plane.width(); x++) {
                    double u = (x + 0.5) / plane.width();
                    double v = (y + 0.5) / plane.height();
                    for (int c = 0; c < plane.channels(); c++) {
                        images[at++] = (byte) Math.min(Math.max((int) Math.floor(value(n, c, u, v) + 0.5), 0), 255);
                    }
                }
            }
        }
        return images;
    }

    // StrictMath: Math's sine may differ by the machine in its last bit, and so in a rounded pixel.
    private static double value(int n, int c, double u, double v) {
        double direction = n + 2 * c / 3.0;
        double ground = 128 + 50 * (u * StrictMath.cos(direction) + v * StrictMath.sin(direction) - 0.5)
                + 30 * StrictMath.sin(2 * Math.PI * ((2 + n) * u + v) + c)
                + 20 * StrictMath.cos(2 * Math.PI * (3 * u - (5 + n) * v) - 2 * c);
        double across = u - 0.5 - StrictMath.cos(2 * n) / 5;
        double down = v - 0.5 - StrictMath.sin(2 * n) / 5;
        double inside = 1 / (1 + StrictMath.exp((Math.sqrt(across * across + down * down) - 0.25) * 60));
        return ground + inside * (128 + 100 * StrictMath.cos(n + 2 * c) - ground);
    }

    /** The user's own pictures, pre-processed. */
    public static byte[] of(Preprocess preprocess, List<RgbImage> pictures) {
        if (pictures.isEmpty()) {
            throw new IllegalArgumentException("asked for 0 golden images; a model needs at least 1");
        }
        ImagePreprocessor preprocessor = new ImagePreprocessor(preprocess);
        int elements = preprocessor.elements();
        byte[] images = new byte[Math.multiplyExact(pictures.size(), elements)];
        for (int i = 0; i < pictures.size(); i++) {
            System.arraycopy(preprocessor.toPixels(pictures.get(i)), 0, images, i * elements, elements);
        }
        return images;
    }
}
