package dev.lowpass.models.image;

import dev.lowpass.runtime.Preprocess.Interpolation;
import java.util.Arrays;

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

    /** Where sums begin: {@code >>} then rounds to nearest. */
    private static final int HALF = 1 << FRACTION_BITS - 1;

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
        byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(3, width), height)];
        Weights columns = new Weights(image.width(), resizedWidth, left, width, interpolation);
        Weights rows = new Weights(image.height(), resizedHeight, top, height, interpolation);
        int[][] columnWeights = new int[width][];
        Arrays.setAll(columnWeights, columns::fixed);
        resize(image, columns, columnWeights, rows, out);
        return new RgbImage(width, height, out);
    }

    /**
     * Row by row of the picture: its columns are resized, and the result is added to every output row that it weighs in. Sums of integers do not
     * depend on the order, and only the output rows that are begun and not complete take memory: a picture of 1 x 4,000,000 scaled to 224 x 224
     * would otherwise have 2.7 GB between the passes.
     *
     * @param columnWeights of each output column
     * @param out (y, x, c)
     */
    private static void resize(RgbImage image, Weights columns, int[][] columnWeights, Weights rows, byte[] out) {
        int height = rows.first.length;
        byte[] narrowed = new byte[3 * columns.first.length];
        int[][] sums = new int[height][]; // of the output rows [complete, begun)
        int[][] rowWeights = new int[height][];
        int complete = 0;
        int begun = 0;
        for (int y = rows.first[0]; complete < height; y++) {
            for (; begun < height && rows.first[begun] <= y; begun++) {
                sums[begun] = new int[narrowed.length];
                Arrays.fill(sums[begun], HALF);
                rowWeights[begun] = rows.fixed(begun);
            }
            resizeRow(image, y, columns, columnWeights, narrowed);
            for (int row = complete; row < begun; row++) {
                add(narrowed, rowWeights[row][y - rows.first[row]], sums[row]);
            }
            // Neither the first nor the last input row of output rows ever decreases.
            for (; complete < begun && y == rows.first[complete] + rows.count[complete] - 1; complete++) {
                for (int i = 0; i < narrowed.length; i++) {
                    out[complete * narrowed.length + i] = clip(sums[complete][i]);
                }
                sums[complete] = null;
                rowWeights[complete] = null;
            }
        }
    }

    private static void resizeRow(RgbImage image, int y, Weights columns, int[][] weights, byte[] out) {
        byte[] in = image.rgb();
        int row = 3 * image.width() * y;
        for (int x = 0, at = 0; x < weights.length; x++) {
            int from = row + 3 * columns.first[x];
            int red = HALF;
            int green = HALF;
            int blue = HALF;
            for (int w : weights[x]) {
                red += (in[from] & 0xff) * w;
                green += (in[from + 1] & 0xff) * w;
                blue += (in[from + 2] & 0xff) * w;
                from += 3;
            }
            out[at++] = clip(red);
            out[at++] = clip(green);
            out[at++] = clip(blue);
        }
    }

    private static void add(byte[] row, int weight, int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += (row[i] & 0xff) * weight;
        }
    }

    private static byte clip(int fixed) {
        return (byte) Math.min(Math.max(fixed >> FRACTION_BITS, 0), 255);
    }

    /** The weights of one axis, for the output samples of the crop. */
    private static final class Weights {
        final int[] first; // first input sample of each output sample
        final int[] count; // input samples of each output sample
        private final double scale;
        private final double spread;
        private final long from;
        private final Interpolation interpolation;

        Weights(int in, long out, long from, int samples, Interpolation interpolation) {
            this.from = from;
            this.interpolation = interpolation;
            first = new int[samples];
            count = new int[samples];
            scale = (double) in / out;
            spread = Math.max(scale, 1);
            // Where scale is 1, the only weight that is not 0 is 1: such an axis comes out unchanged.
            double support = (interpolation == Interpolation.BICUBIC ? 2 : 1) * spread;
            for (int sample = 0; sample < samples; sample++) {
                double centre = centre(sample);
                first[sample] = Math.max((int) (centre - support + 0.5), 0);
                count[sample] = Math.min((int) (centre + support + 0.5), in) - first[sample];
            }
        }

        private double centre(int sample) {
            return (from + sample + 0.5) * scale;
        }

        /** Of one output sample, by input sample from its first on, with {@link #FRACTION_BITS}. */
        int[] fixed(int sample) {
            double centre = centre(sample);
            double[] weights = new double[count[sample]];
            double sum = 0;
            for (int j = 0; j < weights.length; j++) {
                weights[j] = filter(interpolation, (first[sample] + j - centre + 0.5) * (1 / spread));
                sum += weights[j];
            }
            int[] fixed = new int[weights.length];
            for (int j = 0; j < fixed.length; j++) {
                double weight = weights[j] / sum * (1 << FRACTION_BITS);
                fixed[j] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            return fixed;
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
