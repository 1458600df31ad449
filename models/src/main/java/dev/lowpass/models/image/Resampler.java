package dev.lowpass.models.image;

import dev.lowpass.runtime.Preprocess.Interpolation;

/**
 * Resizes with an antialiased separable filter, by the definition of Pillow's {@code Image.resize}.
 *
 * <p>Per axis, with {@code scale = in / out}: output sample i has its centre at {@code c = (i + 0.5) * scale} of the input; input
 * sample j (centre {@code j + 0.5}) weighs {@code f((j + 0.5 - c) / max(scale, 1))}, and the weights are normalised to a sum of 1.
 * f is the triangle {@code 1 - |x|} (bilinear) or Keys' cubic with a = -0.5 (bicubic; IEEE Trans. ASSP 29(6), 1981). So a reduction
 * averages over all it covers, and an enlargement interpolates.
 *
 * <p>Weights are rounded to 22 fractional bits, halves away from 0. Columns are resized first, and rounded and clipped to 8 bits, then
 * rows; an axis that keeps its size is left alone.
 */
public final class Resampler {

    /** 32 bits less 8 for the sample and 2 for the overshoot of a cubic. */
    private static final int FRACTION_BITS = 22;

    private Resampler() {}

    /** The whole picture, resized to width x height. */
    public static RgbImage resize(RgbImage image, int width, int height, Interpolation interpolation) {
        return resizeAndCrop(image, width, height, 0, 0, width, height, interpolation);
    }

    /**
     * What cropping the resized picture would give, without making more of it than the crop: a strip of 20,000x1 scaled to a height of
     * 224 would have 4.5 million columns.
     *
     * @param resizedWidth columns that the whole picture is resized to
     * @param resizedHeight rows that the whole picture is resized to
     * @param left first column of the crop
     * @param top first row of the crop
     * @param width columns of the crop
     * @param height rows of the crop
     * @throws IllegalArgumentException when the crop is empty or does not lie in the resized picture
     */
    public static RgbImage resizeAndCrop(
            RgbImage image, long resizedWidth, long resizedHeight, long left, long top, int width, int height, Interpolation interpolation) {
        if (width < 1 || height < 1 || left < 0 || top < 0 || left + width > resizedWidth || top + height > resizedHeight) {
            throw new IllegalArgumentException("a crop of " + width + "x" + height + " at " + left + "," + top
                    + " does not lie in a picture of "
                    + resizedWidth + "x" + resizedHeight + "; make it smaller");
        }
        Weights columns = new Weights(image.width(), resizedWidth, left, width, interpolation);
        Weights rows = new Weights(image.height(), resizedHeight, top, height, interpolation);
        // Only the rows that the second pass reads.
        int firstRow = rows.first[0];
        int endRow = rows.first[height - 1] + rows.count[height - 1];
        byte[] narrowed = new byte[Math.multiplyExact(3 * width, endRow - firstRow)];
        resizeRows(image, firstRow, endRow, columns, narrowed);
        byte[] out = new byte[Math.multiplyExact(3 * width, height)];
        resizeColumns(narrowed, 3 * width, firstRow, rows, out);
        return new RgbImage(width, height, out);
    }

    private static void resizeRows(RgbImage image, int firstRow, int endRow, Weights weights, byte[] out) {
        byte[] in = image.rgb();
        int at = 0;
        for (int y = firstRow; y < endRow; y++) {
            int row = 3 * image.width() * y;
            for (int x = 0; x < weights.first.length; x++) {
                int from = row + 3 * weights.first[x];
                int weight = weights.offset(x);
                int red = 1 << FRACTION_BITS - 1; // one half: >> rounds to nearest
                int green = red;
                int blue = red;
                for (int i = 0; i < weights.count[x]; i++, from += 3) {
                    int w = weights.fixed[weight + i];
                    red += (in[from] & 0xff) * w;
                    green += (in[from + 1] & 0xff) * w;
                    blue += (in[from + 2] & 0xff) * w;
                }
                out[at++] = clip(red);
                out[at++] = clip(green);
                out[at++] = clip(blue);
            }
        }
    }

    private static void resizeColumns(byte[] in, int rowBytes, int firstRow, Weights weights, byte[] out) {
        for (int y = 0; y < weights.first.length; y++) {
            int weight = weights.offset(y);
            for (int x = 0; x < rowBytes; x++) {
                int sum = 1 << FRACTION_BITS - 1;
                int from = (weights.first[y] - firstRow) * rowBytes + x;
                for (int i = 0; i < weights.count[y]; i++, from += rowBytes) {
                    sum += (in[from] & 0xff) * weights.fixed[weight + i];
                }
                out[y * rowBytes + x] = clip(sum);
            }
        }
    }

    private static byte clip(int fixed) {
        return (byte) Math.min(Math.max(fixed >> FRACTION_BITS, 0), 255);
    }

    /** The weights of one axis, for the output samples of the crop. */
    private static final class Weights {
        final int[] first; // first input sample of each output sample
        final int[] count; // input samples of each output sample
        final int[] fixed; // (output sample, input sample - first), padded to stride
        private final int stride;

        Weights(int in, long out, long from, int samples, Interpolation interpolation) {
            first = new int[samples];
            count = new int[samples];
            double scale = (double) in / out;
            double spread = Math.max(scale, 1);
            // Where scale is 1, the only weight that is not 0 is 1: such an axis comes out unchanged.
            double support = (interpolation == Interpolation.BICUBIC ? 2 : 1) * spread;
            stride = (int) Math.min(2L * (long) Math.ceil(support) + 1, in);
            fixed = new int[Math.multiplyExact(stride, samples)];
            double[] weights = new double[stride];
            for (int sample = 0; sample < samples; sample++) {
                double centre = (from + sample + 0.5) * scale;
                int low = Math.max((int) (centre - support + 0.5), 0);
                int end = Math.min((int) (centre + support + 0.5), in);
                double sum = 0;
                for (int j = low; j < end; j++) {
                    double weight = filter(interpolation, (j - centre + 0.5) * (1 / spread));
                    weights[j - low] = weight;
                    sum += weight;
                }
                for (int j = 0; j < end - low; j++) {
                    double weight = weights[j] / sum * (1 << FRACTION_BITS);
                    fixed[sample * stride + j] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
                }
                first[sample] = low;
                count[sample] = end - low;
            }
        }

        int offset(int sample) {
            return sample * stride;
        }
    }

    private static double filter(Interpolation interpolation, double offset) {
        double x = Math.abs(offset);
        if (interpolation == Interpolation.BILINEAR) {
            return x < 1 ? 1 - x : 0;
        }
        double a = -0.5;
        if (x < 1) {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }
}
