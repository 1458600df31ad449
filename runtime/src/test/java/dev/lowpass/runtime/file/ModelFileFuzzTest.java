package dev.lowpass.runtime.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.lowpass.kernels.Staircase;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.graph.Parameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages a valid model in thousands of ways; each must be refused in one line or still be a whole model. */
class ModelFileFuzzTest {

    private static final byte[] VALID = SmallNetwork.file().assemble();
    private static final int HEADER = (int) ByteBuffer.wrap(VALID).order(ByteOrder.LITTLE_ENDIAN).getLong();

    @TempDir
    Path folder;

    private void fuzz(int cases, int mostAccepted, BiFunction<byte[], Random, byte[]> damage) throws IOException {
        int accepted = 0;
        for (int seed = 0; seed < cases; seed++) {
            byte[] bytes = damage.apply(VALID.clone(), new Random(seed));
            Path path = HandMadeFile.write(folder.resolve("m.safetensors"), bytes);
            try {
                ModelDefinition model = ModelFile.read(path);
                requireWhole(model);
                if (accepted++ % 25 == 0) { // a write waits for the disk
                    requireWritable(model);
                }
            } catch (ModelFormatException e) {
                assertTrue(e.getMessage().startsWith(path + ": ") && e.getMessage().lines().count() == 1, "seed " + seed + ": " + e.getMessage());
            } catch (RuntimeException | StackOverflowError e) {
                fail("seed " + seed + " of " + cases + " gave " + e, e);
            }
        }
        assertTrue(accepted <= mostAccepted, accepted + " of " + cases + " damaged files were accepted; the damage misses the format");
    }

    private static void requireWhole(ModelDefinition model) {
        assertFalse(model.graph().ops().isEmpty());
        for (GraphOp op : model.graph().ops()) {
            Parameters parameters = model.parameters(op);
            if (parameters != null) {
                for (float value : parameters.weight()) {
                    assertTrue(Float.isFinite(value));
                }
                assertEquals(model.graph().plane(op.name()).channels(), parameters.bias().length);
            }
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                assertEquals(pointwise.inChannels(), Staircase.of(pointwise.block(), parameters.cutoffs()).channels());
                assertTrue(model.graph().inputPlane(op).divisibleBy(pointwise.block()));
            }
        }
    }

    private void requireWritable(ModelDefinition model) throws IOException {
        Path copy = folder.resolve("copy.safetensors");
        ModelFile.write(model, copy, ModelFile.WeightType.F32);
        ModelFileTest.assertSame(model, ModelFile.read(copy));
    }

    @Test
    void truncations() throws IOException {
        fuzz(500, 0, (bytes, random) -> Arrays.copyOf(bytes, random.nextInt(bytes.length)));
    }

    @Test
    void flippedBytesAnywhere() throws IOException {
        fuzz(1500, 750, (bytes, random) -> {
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
            }
            return bytes;
        });
    }

    @Test
    void flippedBitsInTheHeader() throws IOException {
        fuzz(1500, 150, (bytes, random) -> {
            bytes[random.nextInt(8 + HEADER)] ^= (byte) (1 << random.nextInt(8));
            return bytes;
        });
    }

    /** Edits that keep the header's length right and mostly its syntax, so that they get far. */
    @Test
    void editedHeaders() throws IOException {
        String[] values = {"0", "-1", "1", "2", "7", "16", "2147483647", "2147483648", "9223372036854775807", "1e9", "\\\"\\\"", "[]", "{}", "null", "true", "\\\"input\\\"", ""};
        fuzz(3000, 600, (bytes, random) -> {
            String header = new String(bytes, 8, HEADER, StandardCharsets.UTF_8);
            for (int i = random.nextInt(3); i >= 0; i--) {
                header = edit(header, random, values);
            }
            return HandMadeFile.file(header, Arrays.copyOfRange(bytes, 8 + HEADER, bytes.length));
        });
    }

    private static String edit(String header, Random random, String[] values) {
        int at = 1 + random.nextInt(header.length() - 1);
        switch (random.nextInt(4)) {
            case 0: { // one number by another value
                while (!Character.isDigit(header.charAt(at))) {
                    at = (at + 1) % header.length();
                }
                int end = at;
                while (end < header.length() && Character.isDigit(header.charAt(end))) {
                    end++;
                }
                return header.substring(0, at) + values[random.nextInt(values.length)] + header.substring(end);
            }
            case 1: { // a piece away
                return header.substring(0, at) + header.substring(Math.min(header.length(), at + 1 + random.nextInt(40)));
            }
            case 2: { // a piece twice
                int end = Math.min(header.length(), at + 1 + random.nextInt(60));
                return header.substring(0, end) + header.substring(at);
            }
            default: { // one quoted word by another
                String[] words = header.split("\"", -1);
                words[1 + random.nextInt(words.length - 1)] = words[1 + random.nextInt(words.length - 1)];
                return String.join("\"", words);
            }
        }
    }
}
