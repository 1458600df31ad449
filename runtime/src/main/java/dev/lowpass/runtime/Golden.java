package dev.lowpass.runtime;

/**
 * A model's own proof: images and the logits that double-precision arithmetic gives for them.
 *
 * @param count how many images
 * @param images 8-bit images of the input's size, {@code [n][y][x][c]}, in the network's channel order, before normalisation
 * @param logits {@code [n][class]}
 */
public record Golden(int count, byte[] images, float[] logits) {}
