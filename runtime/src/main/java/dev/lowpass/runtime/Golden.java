package dev.lowpass.runtime;

import java.nio.FloatBuffer;

/**
 * A model's own proof: images and the logits that double-precision arithmetic gives for them.
 *
 * @param count how many images
 * @param images 8-bit images of the input's size, {@code [n][y][x][c]}, in the network's channel order, before normalisation
 * @param logits {@code [n][class]}
 */
public record Golden(int count, byte[] images, float[] logits) {

    /**
     * The proof of a model by the given images: runs them on {@link Device#reference}, one at a time.
     *
     * @param images as {@link #images}: a whole number of the model's inputs
     */
    public static Golden of(ModelDefinition definition, byte[] images) {
        int elements = definition.graph().input().elements();
        if (images.length % elements != 0) {
            throw new IllegalArgumentException(images.length + " bytes are no whole number of images of " + definition.graph().input() + "; give " + elements
                    + " an image");
        }
        int count = images.length / elements;
        FloatBuffer input = input(definition.preprocess(), images);
        FloatBuffer logits = FloatBuffer.allocate(count * definition.classes());
        try (Model model = Model.of(definition); Session session = model.newSession(SessionOptions.builder().device(Device.reference()).build())) {
            for (int n = 0; n < count; n++) {
                session.run(input.position(n * elements), 1, logits.position(n * definition.classes()));
            }
        }
        return new Golden(count, images, logits.array());
    }

    /** The images normalised, as a session takes them. */
    public FloatBuffer input(Preprocess preprocess) {
        return input(preprocess, images);
    }

    private static FloatBuffer input(Preprocess preprocess, byte[] images) {
        int channels = preprocess.input().channels();
        FloatBuffer input = FloatBuffer.allocate(images.length);
        for (int i = 0; i < images.length; i++) {
            input.put(i, preprocess.normalize(images[i] & 0xff, i % channels));
        }
        return input;
    }
}
