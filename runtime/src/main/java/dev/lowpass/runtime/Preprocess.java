package dev.lowpass.runtime;

import dev.lowpass.kernels.Plane;
import java.util.Collections;
import java.util.List;

/**
 * How a photo becomes the network's input: decode to 8-bit RGB, resize, crop, order the channels, then
 * {@code (value - mean[c]) / std[c]} with value from 0 to 255.
 *
 * @param input the network's input plane
 * @param resize what the photo is resized to
 * @param resizeTo the side in pixels for {@link Resize#SHORTEST_SIDE}; ignored otherwise
 * @param interpolation the resampling filter, antialiased
 * @param mean per channel, in units of a pixel's 0 to 255
 * @param std per channel, in the same units, never 0
 * @param channelOrder the order in which the network wants the colours
 */
public record Preprocess(Plane input, Resize resize, int resizeTo, Interpolation interpolation, List<Float> mean, List<Float> std, ChannelOrder channelOrder) {

    /** What a photo is resized to before the crop. */
    public enum Resize {
        /** To the input's height and width, whatever the photo's proportions. */
        STRETCH,
        /** So that the shortest side is {@code resizeTo}, proportions kept; the centre of the input's size is then cropped. */
        SHORTEST_SIDE
    }

    /** The resampling filter. */
    public enum Interpolation {
        BILINEAR,
        BICUBIC
    }

    /** The order of colours. */
    public enum ChannelOrder {
        RGB,
        BGR
    }

    public Preprocess {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (mean.size() != input.channels() || std.size() != input.channels()) {
            throw new IllegalArgumentException("mean has " + mean.size() + " and std " + std.size() + " values for an input of "
                    + input.channels() + " channels; give one a channel");
        }
        for (float value : std) {
            if (!(Math.abs(value) > 0) || Float.isInfinite(value)) {
                throw new IllegalArgumentException("std holds " + value + "; each value must be finite and not 0");
            }
        }
        for (float value : mean) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("mean holds " + value + "; each value must be finite");
            }
        }
        if (resize == Resize.SHORTEST_SIDE && resizeTo < Math.max(input.height(), input.width())) {
            throw new IllegalArgumentException("resize to a shortest side of " + resizeTo + " is smaller than the crop of " + input.height() + "x"
                    + input.width() + "; use at least " + Math.max(input.height(), input.width()));
        }
    }

    /** TensorFlow's usual pre-processing: shortest side to the input's, centre crop, values to [-1, 1]. */
    public static Preprocess tensorflow(Plane input) {
        return new Preprocess(input, Resize.SHORTEST_SIDE, Math.max(input.height(), input.width()), Interpolation.BILINEAR,
                Collections.nCopies(input.channels(), 127.5f), Collections.nCopies(input.channels(), 127.5f), ChannelOrder.RGB);
    }

    /** The normalised value of an 8-bit one, in the network's channel {@code channel}. */
    public float normalize(int value, int channel) {
        return (value - mean.get(channel)) / std.get(channel);
    }
}
