package dev.lowpass.models.learn;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Preprocess;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Photos on their way into a network: normalised, and for training moved, mirrored, cropped and perhaps made smaller. */
final class Augmentation {

    private static final double STRETCH = 0.25;

    private final PhotoSet photos;
    private final float[][] normalized;

    Augmentation(PhotoSet photos, Preprocess preprocess) {
        this.photos = photos;
        normalized = new float[photos.plane().channels()][256];
        for (int c = 0; c < normalized.length; c++) {
            for (int value = 0; value < 256; value++) {
                normalized[c][value] = preprocess.normalize(value, c);
            }
        }
    }

    /** Photos as they are, {@code [n][y][x][c]}, in the order of their indices. */
    float[] plain(int... indices) {
        int elements = photos.plane().elements();
        float[] out = new float[indices.length * elements];
        for (int i = 0; i < indices.length; i++) {
            plain(indices[i], out, i * elements);
        }
        return out;
    }

    private void plain(int index, float[] out, int at) {
        Plane plane = photos.plane();
        int elements = plane.elements();
        byte[] pixels = photos.pixels();
        for (int i = 0; i < elements; i++) {
            out[at + i] = normalized[i % plane.channels()][pixels[index * elements + i] & 0xff];
        }
    }

    /**
     * What is done to photos at random.
     *
     * @param shift pixels by which they are moved at most; borders are reflected
     * @param crop the smallest share that is seen: the root of its share of the area, 1 the whole. A crop is stretched one way by a factor of
     *     up to e^{@value #STRETCH} = 1.28 and shrunk by it the other way
     * @param cutout the side of a square anywhere, partly outside perhaps, that is grey, as a share of the height (DeVries and Taylor, arXiv
     *     1708.04552); 0 for none
     */
    record Strength(int shift, double crop, double cutout) {
        Strength(int shift, double crop) {
            this(shift, crop, 0);
        }
    }

    /** A photo moved and cropped, mirrored or not, and sampled bilinearly to {@code outHeight} x {@code outWidth}; then a square of it greyed. */
    void random(int index, int outHeight, int outWidth, Strength strength, boolean mirror, SplittableRandom random, float[] out, int at) {
        Plane plane = photos.plane();
        int height = plane.height();
        int width = plane.width();
        int channels = plane.channels();
        int base = index * plane.elements();
        byte[] pixels = photos.pixels();
        int shift = strength.shift();
        int dy = random.nextInt(2 * shift + 1) - shift;
        int dx = random.nextInt(2 * shift + 1) - shift;
        double viewY = 1;
        double viewX = 1;
        if (strength.crop() < 1) {
            double view = 1 - (1 - strength.crop()) * random.nextDouble();
            double stretch = Math.exp(STRETCH * (2 * random.nextDouble() - 1));
            viewY = Math.min(1, view * stretch);
            viewX = Math.min(1, view / stretch);
        }
        float scaleY = (float) (viewY * height / outHeight);
        float scaleX = (float) (viewX * width / outWidth);
        float top = viewY < 1 ? (float) ((1 - viewY) * height * random.nextDouble()) : 0;
        float left = viewX < 1 ? (float) ((1 - viewX) * width * random.nextDouble()) : 0;
        int first = at;
        for (int y = 0; y < outHeight; y++) {
            float sy = top + (y + 0.5f) * scaleY - 0.5f;
            int y0 = (int) Math.floor(sy);
            float fy = sy - y0;
            int row0 = reflect(y0 + dy, height);
            int row1 = reflect(y0 + 1 + dy, height);
            for (int x = 0; x < outWidth; x++) {
                float sx = left + ((mirror ? outWidth - 1 - x : x) + 0.5f) * scaleX - 0.5f;
                int x0 = (int) Math.floor(sx);
                float fx = sx - x0;
                int column0 = reflect(x0 + dx, width);
                int column1 = reflect(x0 + 1 + dx, width);
                for (int c = 0; c < channels; c++) {
                    float[] values = normalized[c];
                    float a = values[pixels[base + (row0 * width + column0) * channels + c] & 0xff];
                    if (fx != 0 || fy != 0) {
                        float b = values[pixels[base + (row0 * width + column1) * channels + c] & 0xff];
                        float d = values[pixels[base + (row1 * width + column0) * channels + c] & 0xff];
                        float e = values[pixels[base + (row1 * width + column1) * channels + c] & 0xff];
                        a = (1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * d + fx * e);
                    }
                    out[at++] = a;
                }
            }
        }
        if (strength.cutout() > 0) {
            int side = (int) Math.round(strength.cutout() * outHeight);
            int y = random.nextInt(outHeight) - side / 2;
            int x = random.nextInt(outWidth) - side / 2;
            int start = Math.max(0, x);
            int end = Math.min(outWidth, x + side);
            for (int row = Math.max(0, y); row < Math.min(outHeight, y + side); row++) {
                int from = first + row * outWidth * channels;
                Arrays.fill(out, from + start * channels, from + end * channels, 0);
            }
        }
    }

    /**
     * What was pasted into each of a batch's photos.
     *
     * @param with which photo of the batch it was part of
     * @param share of the pixels that it covers, 0 for none
     */
    record Mixed(int[] with, double[] share) {}

    /**
     * Pastes a rectangle of the next photo of a batch, at its place, into some (CutMix: Yun et al., arXiv 1905.04899). Its sides are the
     * photo's by a factor whose square is uniform from 0 to 1, its centre is anywhere, and what lies outside is cut off.
     *
     * @param batch photos {@code [n][y][x][c]}, changed in place
     * @param plane the size of each
     * @param mix the share of photos that get one
     * @param randoms one for each photo
     */
    static Mixed mix(float[] batch, Plane plane, double mix, SplittableRandom... randoms) {
        int n = randoms.length;
        Mixed mixed = new Mixed(new int[n], new double[n]);
        float[] before = mix > 0 ? batch.clone() : batch;
        for (int i = 0; i < n; i++) {
            int other = (i + 1) % n;
            mixed.with[i] = other;
            if (mix == 0 || randoms[i].nextDouble() >= mix) {
                continue;
            }
            double factor = Math.sqrt(randoms[i].nextDouble());
            int height = (int) Math.round(factor * plane.height());
            int width = (int) Math.round(factor * plane.width());
            int y = randoms[i].nextInt(plane.height()) - height / 2;
            int x = randoms[i].nextInt(plane.width()) - width / 2;
            int left = Math.max(0, x);
            int right = Math.min(plane.width(), x + width);
            int top = Math.max(0, y);
            int bottom = Math.min(plane.height(), y + height);
            for (int row = top; row < bottom; row++) {
                int at = (row * plane.width() + left) * plane.channels();
                System.arraycopy(before, other * plane.elements() + at, batch, i * plane.elements() + at, (right - left) * plane.channels());
            }
            mixed.share[i] = (double) (bottom - top) * (right - left) / plane.area();
        }
        return mixed;
    }

    private static int reflect(int i, int size) {
        int r = i < 0 ? -i : i >= size ? 2 * size - 2 - i : i;
        return Math.max(0, Math.min(size - 1, r));
    }
}
