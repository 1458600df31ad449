package dev.lowpass.models.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {

    @TempDir
    Path folder;

    /** 3 columns, 2 rows, all pixels different. */
    private static BufferedImage small(int type) {
        BufferedImage image = new BufferedImage(3, 2, type);
        int[] colours = {0xff0000, 0x00ff00, 0x0000ff, 0x123456, 0xffffff, 0x000000};
        for (int i = 0; i < 6; i++) {
            image.setRGB(i % 3, i / 3, 0xff000000 | colours[i]);
        }
        return image;
    }

    private static final byte[] SMALL = {
        (byte) 0xff, 0, 0, 0, (byte) 0xff, 0, 0, 0, (byte) 0xff, 0x12, 0x34, 0x56, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0, 0, 0
    };

    private static byte[] encode(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out), "ImageIO writes " + format);
        return out.toByteArray();
    }

    private static void assertDecodes(int width, int height, byte[] rgb, byte[] encoded) throws IOException {
        RgbImage image = ImageDecoder.decode(encoded);
        assertEquals(width + "x" + height, image.width() + "x" + image.height());
        assertArrayEquals(rgb, image.rgb());
    }

    @Test
    void losslessColour() throws IOException {
        assertDecodes(3, 2, SMALL, encode(small(BufferedImage.TYPE_INT_RGB), "png"));
        assertDecodes(3, 2, SMALL, encode(small(BufferedImage.TYPE_INT_RGB), "bmp"));
    }

    /** A negative height says that the top row comes first. */
    @Test
    void bmpFromTheTopDown() throws IOException {
        byte[] bmp = encode(small(BufferedImage.TYPE_INT_RGB), "bmp");
        ByteBuffer header = ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(2, header.getInt(22));
        header.putInt(22, -2);
        byte[] turned = new byte[18];
        System.arraycopy(SMALL, 9, turned, 0, 9);
        System.arraycopy(SMALL, 0, turned, 9, 9);
        assertDecodes(3, 2, turned, bmp);
        header.putInt(22, Integer.MIN_VALUE); // has no absolute value
        assertTrue(assertThrows(ImageException.class, () -> ImageDecoder.decode(bmp)).getMessage().contains("is truncated"));
    }

    @Test
    void palette() throws IOException {
        byte[] red = new byte[256]; // a full palette: ImageIO mispacks the pixels of a BMP with 16 colours or fewer
        byte[] green = new byte[256];
        byte[] blue = new byte[256];
        for (int i = 0; i < 256; i++) {
            red[i] = (byte) (255 - i);
            green[i] = (byte) i;
            blue[i] = (byte) (7 * i);
        }
        BufferedImage image = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_INDEXED, new IndexColorModel(8, 256, red, green, blue));
        byte[] expected = new byte[3 * 256];
        for (int i = 0; i < 256; i++) {
            image.getRaster().setSample(i, 0, 0, i);
            expected[3 * i] = red[i];
            expected[3 * i + 1] = green[i];
            expected[3 * i + 2] = blue[i];
        }
        assertDecodes(256, 1, expected, encode(image, "png"));
        assertDecodes(256, 1, expected, encode(image, "bmp"));

        BufferedImage four = new BufferedImage(4, 1, BufferedImage.TYPE_BYTE_BINARY, new IndexColorModel(2, 4, new byte[] {0, -128, -1, 9},
                new byte[] {1, 2, 3, 4}, new byte[] {5, 6, 7, 8}));
        four.getRaster().setSamples(0, 0, 4, 1, 0, new int[] {0, 1, 2, 3});
        assertDecodes(4, 1, new byte[] {0, 1, 5, -128, 2, 6, -1, 3, 7, 9, 4, 8}, encode(four, "png"));
    }

    @Test
    void greyOfOneEightAndSixteenBits() throws IOException {
        BufferedImage grey = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_GRAY);
        grey.getRaster().setSamples(0, 0, 3, 1, 0, new int[] {0, 77, 255});
        byte[] expected = {0, 0, 0, 77, 77, 77, (byte) 255, (byte) 255, (byte) 255};
        assertDecodes(3, 1, expected, encode(grey, "png"));

        BufferedImage deep = new BufferedImage(3, 1, BufferedImage.TYPE_USHORT_GRAY);
        deep.getRaster().setSamples(0, 0, 3, 1, 0, new int[] {0x00ff, 0x4dff, 0xffff});
        assertDecodes(3, 1, expected, encode(deep, "png"));

        BufferedImage binary = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
        binary.setRGB(1, 0, 0xffffffff);
        assertDecodes(2, 1, new byte[] {0, 0, 0, -1, -1, -1}, encode(binary, "png"));
    }

    /** Value 0, 100 and 200 at opacity 0, 51 (a fifth) and 255 on white: 255, 100 / 5 + 255 * 4 / 5 = 224, 200. */
    @Test
    void transparencyIsLaidOnWhite() throws IOException {
        BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00000000);
        image.setRGB(1, 0, 51 << 24 | 0x646464);
        image.setRGB(2, 0, 0xffc8c8c8);
        assertDecodes(3, 1, new byte[] {-1, -1, -1, (byte) 224, (byte) 224, (byte) 224, (byte) 200, (byte) 200, (byte) 200}, encode(image,
                "png"));
    }

    /** A smooth ramp survives JPEG within a few levels. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void jpegBaselineAndProgressive(boolean progressive) throws IOException {
        RgbImage image = ImageDecoder.decode(rampJpeg(progressive));
        assertEquals("64x40", image.width() + "x" + image.height());
        for (int y = 0; y < 40; y++) {
            for (int x = 0; x < 64; x++) {
                assertEquals(4 * x, image.value(x, y, 0), 6, "red at " + x + "," + y);
                assertEquals(6 * y, image.value(x, y, 1), 6, "green at " + x + "," + y);
                assertEquals(100, image.value(x, y, 2), 6, "blue at " + x + "," + y);
            }
        }
    }

    private static byte[] rampJpeg(boolean progressive) throws IOException {
        BufferedImage ramp = new BufferedImage(64, 40, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 40; y++) {
            for (int x = 0; x < 64; x++) {
                ramp.setRGB(x, y, 4 * x << 16 | 6 * y << 8 | 100);
            }
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(0.97f);
            param.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(ramp, null, null), param);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** A TIFF structure of one directory with one entry: Orientation (0x0112), SHORT, count 1. */
    private static byte[] exif(int orientation) {
        return ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) 1)
                .putShort((short) 0x0112).putShort((short) 3).putInt(1).putShort((short) orientation).putShort((short) 0).putInt(0).array();
    }

    private static byte[] insert(byte[] bytes, int at, byte[] inserted) {
        return ByteBuffer.allocate(bytes.length + inserted.length).put(bytes, 0, at).put(inserted).put(bytes, at, bytes.length - at).array();
    }

    /** Where the stored top left corner is to be seen, by the standard: red there, whatever the orientation. */
    @ParameterizedTest
    @CsvSource({"1, left, top", "2, right, top", "3, right, bottom", "4, left, bottom", "5, left, top", "6, right, top", "7, right, bottom",
        "8, left, bottom"})
    void jpegOrientation(int orientation, String column, String row) throws IOException {
        BufferedImage picture = new BufferedImage(32, 16, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                picture.setRGB(x, y, 0xff0000); // a red corner on black
            }
        }
        for (int x = 16; x < 32; x++) {
            for (int y = 0; y < 8; y++) {
                picture.setRGB(x, y, 0x0000ff); // and blue along the stored first row
            }
        }
        byte[] tiff = exif(orientation);
        byte[] segment = ByteBuffer.allocate(10 + tiff.length).putShort((short) 0xffe1).putShort((short) (8 + tiff.length))
                .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(tiff).array();
        RgbImage image = ImageDecoder.decode(insert(encode(picture, "jpeg"), 2, segment));
        boolean exchanged = orientation >= 5;
        assertEquals(exchanged ? "16x32" : "32x16", image.width() + "x" + image.height());
        int x = column.equals("left") ? 2 : image.width() - 3;
        int y = row.equals("top") ? 2 : image.height() - 3;
        assertTrue(image.value(x, y, 0) > 200 && image.value(x, y, 2) < 60, "red corner");
        int blueX = exchanged ? x : image.width() - 1 - x;
        int blueY = exchanged ? image.height() - 1 - y : y;
        assertTrue(image.value(blueX, blueY, 2) > 150 && image.value(blueX, blueY, 0) < 60, "the stored first row leads from red to blue");
    }

    /** 2x3 pixels a b c / d e f: every orientation written out by hand. */
    @ParameterizedTest
    @CsvSource({"0, abc/def", "1, abc/def", "2, cba/fed", "3, fed/cba", "4, def/abc", "5, ad/be/cf", "6, da/eb/fc", "7, fc/eb/da",
            "8, cf/be/ad", "9, abc/def"})
    void orientedByHand(int orientation, String expected) {
        byte[] rgb = new byte[18];
        for (int i = 0; i < 18; i++) {
            rgb[i] = (byte) ('a' + i / 3);
        }
        RgbImage image = new RgbImage(3, 2, rgb).oriented(orientation);
        StringBuilder seen = new StringBuilder();
        for (int y = 0; y < image.height(); y++) {
            seen.append(y == 0 ? "" : "/");
            for (int x = 0; x < image.width(); x++) {
                seen.append((char) image.value(x, y, x % 3));
            }
        }
        assertEquals(expected, seen.toString());
    }

    @Test
    void pngOrientation() throws IOException {
        byte[] tiff = exif(6);
        byte[] png = encode(small(BufferedImage.TYPE_INT_RGB), "png");
        RgbImage image = ImageDecoder.decode(insert(png, 33, chunk("eXIf", tiff))); // after the signature and IHDR
        assertEquals("2x3", image.width() + "x" + image.height());
        assertEquals(0x12, image.value(0, 0, 0), "the stored bottom left is seen top left");
    }

    @Test
    void brokenMetadataDoesNotSpoilThePicture() throws IOException {
        byte[] segment = ByteBuffer.allocate(14).putShort((short) 0xffe1).putShort((short) 12).put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .putInt(0x49492a00).array();
        assertEquals(64, ImageDecoder.decode(insert(rampJpeg(false), 2, segment)).width());
    }

    @Test
    void smallestAndVeryWide() throws IOException {
        BufferedImage dot = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        dot.setRGB(0, 0, 0x112233);
        assertDecodes(1, 1, new byte[] {0x11, 0x22, 0x33}, encode(dot, "png"));
        assertDecodes(1, 1, new byte[] {0x11, 0x22, 0x33}, encode(dot, "bmp"));
        assertEquals(1, ImageDecoder.decode(encode(dot, "jpeg")).width());
        for (String format : new String[] {"png", "bmp", "jpeg"}) {
            assertEquals(20_000, ImageDecoder.decode(encode(new BufferedImage(20_000, 1, BufferedImage.TYPE_INT_RGB), format)).width(),
                    format);
        }
    }

    private static String refusal(Path file) {
        ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.decode(file));
        assertFalse(e.getMessage().contains("\n"), "one line: " + e.getMessage());
        return e.getMessage();
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    @Test
    void whatIsNoPictureIsRefusedByName() throws IOException {
        Path missing = folder.resolve("missing.png");
        assertEquals(missing + ": no such file; check the path (JPEG, PNG and BMP are read)", refusal(missing));
        assertEquals(folder + ": is a directory; name a picture in it (JPEG, PNG and BMP are read)", refusal(folder));
        Path empty = file("empty.jpg", new byte[0]);
        assertEquals(empty + ": is empty; JPEG, PNG and BMP are read", refusal(empty));
        Path text = file("text.jpg", "Dear diary, this is no photo.".getBytes(StandardCharsets.US_ASCII));
        assertEquals(text
                + ": is not a picture (it begins with \"Dear diary, \"); JPEG, PNG and BMP are read, so convert it to one of them", refusal(text));
        Path bytes = file("bytes.jpg", new byte[] {0, 1, 2, (byte) 0xfe});
        assertEquals(bytes
                + ": is not a picture (it begins with bytes 00 01 02 fe); JPEG, PNG and BMP are read, so convert it to one of them", refusal(bytes));
        Path gif = file("animation.png", encode(small(BufferedImage.TYPE_INT_RGB), "gif"));
        assertEquals(gif + ": is a GIF; JPEG, PNG and BMP are read, so convert it to one of them", refusal(gif));
        Path webp = file("photo.webp", "RIFF....WEBPVP8 ".getBytes(StandardCharsets.US_ASCII));
        assertEquals(webp + ": is a WebP picture; JPEG, PNG and BMP are read, so convert it to one of them", refusal(webp));
    }

    /** Whatever the system says of a path is said of that picture, so that a command can go on with the next. */
    @Test
    void whatTheSystemRefusesToReadIsAnImageException() throws IOException {
        String check = "); check the path (JPEG, PNG and BMP are read)";
        Path below = file("a.jpg", encode(small(BufferedImage.TYPE_INT_RGB), "jpeg")).resolve("x.jpg");
        // Java 25 says that there is no such file.
        assertTrue(refusal(below).startsWith(below + ": ") && refusal(below).endsWith("; check the path (JPEG, PNG and BMP are read)"), refusal(below));
        Path longName = folder.resolve("n".repeat(5000) + ".jpg");
        assertTrue(refusal(longName).startsWith(longName + ": cannot be read (") && refusal(longName).endsWith(check), refusal(longName));
        Path circle = folder.resolve("one.jpg");
        try {
            Files.createSymbolicLink(folder.resolve("two.jpg"), circle);
            Files.createSymbolicLink(circle, folder.resolve("two.jpg"));
        } catch (UnsupportedOperationException e) {
            return; // links are for systems that have them
        }
        assertTrue(refusal(circle).startsWith(circle + ": cannot be read (") && refusal(circle).endsWith(check), refusal(circle));
    }

    /** An empty scan of 14 bytes takes as long as one that says something. */
    @Test
    void manyScansAreRefused() throws IOException {
        byte[] jpeg = rampJpeg(true);
        int scan = 2;
        while (jpeg[scan] != (byte) 0xff || jpeg[scan + 1] != (byte) 0xda) {
            scan += 2 + ByteBuffer.wrap(jpeg).getShort(scan + 2);
        }
        byte[] empty = Arrays.copyOfRange(jpeg, scan, scan + 14);
        ByteBuffer scans = ByteBuffer.allocate(200 * empty.length);
        for (int i = 0; i < 200; i++) {
            scans.put(empty);
        }
        byte[] many = insert(jpeg, scan, scans.array());
        assertEquals("image of " + many.length + " bytes: is a JPEG of more than 200 scans, each of which takes time; save it again with another program "
                + "(JPEG, PNG and BMP are read)", assertThrows(ImageException.class, () -> ImageDecoder.decode(many)).getMessage());
        assertEquals(64, ImageDecoder.decode(insert(jpeg, scan, Arrays.copyOf(scans.array(), 100 * empty.length))).width());
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpeg", "png", "bmp"})
    void everyTruncationIsRefused(String format) throws IOException {
        byte[] whole = format.equals("jpeg") ? rampJpeg(true) : encode(small(BufferedImage.TYPE_INT_RGB), format);
        // The CRC of a PNG's last chunk carries nothing; everything else is needed.
        int needed = whole.length - (format.equals("png") ? 4 : 1);
        for (int length = 8; length < needed; length += Math.max(1, needed / 40)) {
            byte[] part = Arrays.copyOf(whole, length);
            ImageException e = assertThrows(ImageException.class, () -> ImageDecoder.decode(part), "of " + whole.length + " bytes " + length);
            assertEquals("image of " + length + " bytes: is truncated: its " + length + " bytes end before the "
                    + format.toUpperCase(java.util.Locale.ROOT)
                    + " picture does; copy or download it again (JPEG, PNG and BMP are read)", e.getMessage());
        }
    }

    private static byte[] chunk(String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        return ByteBuffer.allocate(12 + data.length).putInt(data.length).put(name).put(data).putInt((int) crc.getValue()).array();
    }

    private static byte[] png(int width, int height, byte[] compressed) {
        byte[] header = chunk("IHDR",
                ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put((byte) 2).put(new byte[3]).array());
        byte[] data = chunk("IDAT", compressed);
        byte[] end = chunk("IEND", new byte[0]);
        return ByteBuffer.allocate(8 + header.length + data.length + end.length)
                .put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}).put(header).put(data).put(end).array();
    }

    @Test
    void absurdSizesAreRefusedBeforeTheyAreDecoded() throws IOException {
        Path bomb = file("bomb.png", png(40_000, 30_000, new byte[10]));
        String message = refusal(bomb);
        assertEquals(bomb
                + ": is 40000x30000, 1200 megapixels; at most 100 are read, so scale it down first (JPEG, PNG and BMP are read)", message);
    }

    @Test
    void aServerSetsALimitOfItsOwn() throws IOException {
        byte[] bomb = png(1500, 1000, new byte[10]);
        assertEquals("image of " + bomb.length + " bytes: is 1500x1000, 1.50 megapixels; at most 1 are read, so scale it down first (JPEG, PNG and BMP are read)",
                assertThrows(ImageException.class, () -> ImageDecoder.decode(bomb, 1_000_000)).getMessage());
        assertEquals("maxPixels is 0; it must be from 1 to 100000000", assertThrows(IllegalArgumentException.class, () -> ImageDecoder.decode(bomb, 0)).getMessage());
    }

    @Test
    void pngsThatBeginWithAnotherChunkAreRefused() throws IOException {
        byte[] sound = png(2, 2, new byte[0]);
        byte[] signature = Arrays.copyOf(sound, 8);
        String after = "; save it again with another program (JPEG, PNG and BMP are read)";
        Path end = file("end.png", insert(signature, 8, chunk("IEND", new byte[0])));
        assertEquals(end + ": is not a PNG that can be decoded (its first chunk is no IHDR)" + after, refusal(end));
        Path ios = file("ios.png", insert(sound, 8, chunk("CgBI", new byte[4])));
        assertEquals(ios + ": is not a PNG that can be decoded (it is of the kind that Xcode makes for iOS)" + after, refusal(ios));
    }

    /** 300 MB of text in a chunk of 300 KB, which nobody reads. */
    @Test
    void compressedTextIsNotInflated() throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.write("note\0\0".getBytes(StandardCharsets.US_ASCII));
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(text)) {
            for (int i = 0; i < 300; i++) {
                deflater.write(new byte[1 << 20]);
            }
        }
        byte[] picture = insert(encode(small(BufferedImage.TYPE_INT_RGB), "png"), 33, chunk("zTXt", text.toByteArray()));
        com.sun.management.ThreadMXBean thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        ImageDecoder.decode(picture);
        long before = thread.getCurrentThreadAllocatedBytes();
        ImageDecoder.decode(picture);
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 50_000_000, allocated + " bytes");
    }

    @Test
    void corruptedPicturesAreRefusedWithTheDecodersReason() throws IOException {
        byte[] noise = new byte[1000];
        new Random(3).nextBytes(noise);
        Path broken = file("broken.png", png(100, 100, noise));
        String message = refusal(broken);
        assertTrue(message.matches("\\Q" + broken + "\\E: is not a PNG that can be decoded \\(stb: .+\\); save it again with another program "
                + "\\(JPEG, PNG and BMP are read\\)"), message);
        Path text = file("text.bmp",
                "BM is what this text happens to begin with, and it is long enough for a header.".getBytes(StandardCharsets.US_ASCII));
        assertTrue(refusal(text).startsWith(text + ": is "), refusal(text));
    }

    /** Any damage gives a picture or an ImageException, and nothing else. */
    @Test
    void damageNeverEscapesAsAnotherException() throws IOException {
        Random random = new Random(11);
        for (String format : new String[] {"jpeg", "png", "bmp"}) {
            byte[] whole = format.equals("jpeg") ? rampJpeg(false) : encode(small(BufferedImage.TYPE_INT_RGB), format);
            for (int round = 0; round < 400; round++) {
                byte[] damaged = whole.clone();
                for (int i = 0; i <= round % 4; i++) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                try {
                    ImageDecoder.decode(damaged);
                } catch (ImageException expected) {
                    assertFalse(expected.getMessage().contains("\n"));
                }
            }
        }
    }

    /** Refusing after the encoded bytes were copied must give that memory back: a leak would be 1 GB. */
    @Test
    void refusalsDoNotLeakNativeMemory() throws IOException {
        Path statm = Path.of("/proc/self/statm");
        assumeTrue(Files.isReadable(statm), "resident memory is only known from /proc/self/statm, which this system lacks");
        byte[] noise = new byte[1 << 20];
        new Random(4).nextBytes(noise);
        byte[] broken = png(100, 100, noise);
        long before = 0;
        for (int round = 0; round < 1050; round++) {
            if (round == 50) {
                before = residentPages(statm);
            }
            assertThrows(ImageException.class, () -> ImageDecoder.decode(broken));
        }
        long grown = (residentPages(statm) - before) * 4096;
        assertTrue(grown < 300_000_000, "resident memory grew by " + grown + " bytes");
    }

    private static long residentPages(Path statm) throws IOException {
        return Long.parseLong(Files.readString(statm).split(" ")[1]);
    }
}
