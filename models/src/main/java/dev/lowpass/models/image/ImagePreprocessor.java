package dev.lowpass.models.image;

import dev.lowpass.kernels.Plane;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Preprocess.ChannelOrder;
import dev.lowpass.runtime.Preprocess.Resize;
import java.nio.FloatBuffer;

/** Makes a network's input of pictures, as a {@link Preprocess} says. Thread-safe. */
public final class ImagePreprocessor {

    private final Preprocess preprocess;
    private final Plane input;
    private final float[] normalized; // (channel, 8-bit value)

    /** @throws IllegalArgumentException unless the input has three channels */
    public ImagePreprocessor(Preprocess preprocess) {
        this.preprocess = preprocess;
        input = preprocess.input();
        if (input.channels() != 3) {
            throw new IllegalArgumentException("the network's input of " + input + " has " + input.channels()
                    + " channels; pictures give 3, so feed this network from buffers");
        }
        normalized = new float[3 * 256];
        for (int i = 0; i < normalized.length; i++) {
            normalized[i] = preprocess.normalize(i & 0xff, i >> 8);
        }
    }

    /** Elements of one image: {@code height * width * 3}. */
    public int elements() {
        return input.elements();
    }

    /**
     * Resizes, crops and orders the channels.
     *
     * <p>With {@link Resize#SHORTEST_SIDE} the longer side becomes {@code floor(resizeTo * longer / shorter)}, and where an odd number of
     * rows or columns is cropped away the larger half goes from below and from the right.
     *
     * @return {@code [y][x][c]} in the network's channel order, before normalisation
     */
    public byte[] toPixels(RgbImage image) {
        long width = input.width();
        long height = input.height();
        if (preprocess.resize() == Resize.SHORTEST_SIDE) {
            long to = preprocess.resizeTo();
            long shortest = Math.min(image.width(), image.height());
            width = to * image.width() / shortest;
            height = to * image.height() / shortest;
        }
        byte[] pixels = Resampler.resizeAndCrop(image, width, height, (width - input.width()) / 2, (height - input.height()) / 2,
                input.width(), input.height(), preprocess.interpolation()).rgb();
        if (preprocess.channelOrder() == ChannelOrder.BGR) {
            for (int i = 0; i < pixels.length; i += 3) {
                byte red = pixels[i];
                pixels[i] = pixels[i + 2];
                pixels[i + 2] = red;
            }
        }
        return pixels;
    }

    /**
     * Resizes, crops, orders the channels and normalises.
     *
     * @param target receives {@code [y][x][c]}; its position and limit stay
     * @param at index in the target of the first element
     * @throws IllegalArgumentException when the image does not fit into the target there
     */
    public void toInput(RgbImage image, FloatBuffer target, int at) {
        toInput(toPixels(image), 0, target, at);
    }

    /**
     * Normalises one image that {@link #toPixels} has made, or one of a model's golden images.
     *
     * @param pixels {@code [y][x][c]} in the network's channel order
     * @param from index in the pixels of the image's first byte
     * @param target receives {@code [y][x][c]}; its position and limit stay
     * @param at index in the target of the first element
     * @throws IllegalArgumentException when there is no whole image in the pixels, or it does not fit into the target there
     */
    public void toInput(byte[] pixels, int from, FloatBuffer target, int at) {
        int elements = elements();
        if (from < 0 || from > pixels.length - elements) {
            throw new IllegalArgumentException("an image of " + input + " takes " + elements + " bytes from " + from
                    + " on, but the pixels have "
                    + pixels.length);
        }
        if (at < 0 || at > target.limit() - elements) {
            throw new IllegalArgumentException("an image of " + input + " takes " + elements + " elements from " + at
                    + " on, but the buffer's limit is " + target.limit() + "; give a larger buffer");
        }
        for (int i = 0, c = 0; i < elements; i++, c = c == 2 ? 0 : c + 1) {
            target.put(at + i, normalized[c << 8 | pixels[from + i] & 0xff]);
        }
    }
}
