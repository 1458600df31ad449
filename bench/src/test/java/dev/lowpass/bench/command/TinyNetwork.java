package dev.lowpass.bench.command;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Window;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.Model;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.Preprocess;
import dev.lowpass.runtime.Session;
import dev.lowpass.runtime.SessionOptions;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import javax.imageio.ImageIO;

/**
 * A network of an 8x8 picture that tells its strongest colour: a stem that averages 2x2, a truncated expand and project with a
 * residual, pooling and a classifier of red, green and blue. The middle adds a little noise and changes no order.
 */
final class TinyNetwork {

    static final List<String> LABELS = List.of("red", "green", "blue");

    private static final Plane INPUT = new Plane(8, 8, 3);

    private TinyNetwork() {}

    static ModelDefinition definition(List<String> labels, boolean background) {
        int classes = background ? 4 : 3;
        List<GraphOp> ops = List.of(
                new GraphOp.Conv2d("stem", Graph.INPUT, 3, 3, Window.square(2, 2, Padding.NONE), Activation.NONE),
                new GraphOp.PointwiseConv2d("block1.expand", "stem", 3, 6, 4, Activation.RELU6),
                new GraphOp.DepthwiseConv2d("block1.depthwise", "block1.expand", 6, Window.square(3, 1, Padding.all(1)), Activation.RELU6),
                new GraphOp.PointwiseConv2d("block1.project", "block1.depthwise", 6, 3, 4, Activation.NONE),
                new GraphOp.Add("block1.add", "block1.project", "stem", Activation.NONE),
                new GraphOp.GlobalAveragePool("pool", "block1.add"),
                new GraphOp.PointwiseConv2d("classifier", "pool", 3, classes, 0, Activation.NONE));
        float[] stem = new float[3 * 3 * 2 * 2]; // (out, in, y, x)
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < 4; i++) {
                stem[(c * 3 + c) * 4 + i] = 0.25f;
            }
        }
        float[] classifier = new float[classes * 3];
        float[] bias = new float[classes];
        for (int c = 0; c < 3; c++) {
            classifier[(classes - 3 + c) * 3 + c] = 4;
        }
        if (background) {
            bias[0] = -100;
        }
        Random random = new Random(2);
        Map<String, Parameters> parameters = Map.of(
                "stem", new Parameters(stem, new float[3]),
                "block1.expand", new Parameters(noise(random, 18), noise(random, 6), new int[] {16, 8, 4}),
                "block1.depthwise", new Parameters(noise(random, 54), noise(random, 6)),
                "block1.project", new Parameters(noise(random, 18), noise(random, 3), new int[] {16, 16, 12, 4, 0, 1}),
                "classifier", new Parameters(classifier, bias));
        return new ModelDefinition(Graph.of(INPUT, ops), parameters, Preprocess.tensorflow(INPUT), labels, Map.of("source", "made by a test"), Optional.empty());
    }

    private static float[] noise(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() - 0.5f) / 10;
        }
        return values;
    }

    /** With three images and their logits. */
    static ModelDefinition withGolden(ModelDefinition definition) {
        byte[] images = new byte[3 * INPUT.elements()];
        new Random(3).nextBytes(images);
        FloatBuffer input = FloatBuffer.allocate(images.length);
        for (int i = 0; i < images.length; i++) {
            input.put(i, definition.preprocess().normalize(images[i] & 0xff, i % 3));
        }
        float[] logits = new float[3 * definition.classes()];
        try (Model model = Model.of(definition);
                Session session = model.newSession(SessionOptions.builder().device(Device.reference()).maxBatch(3).build())) {
            session.run(input, 3, FloatBuffer.wrap(logits));
        }
        return definition.withGolden(new Golden(3, images, logits));
    }

    /** A picture of one colour. */
    static Path picture(Path file, int rgb) throws IOException {
        BufferedImage image = new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 200; i++) {
            image.setRGB(i % 20, i / 20, rgb);
        }
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}
