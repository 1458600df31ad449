package dev.lowpass.models.image;

import com.drew.imaging.ImageProcessingException;
import com.drew.imaging.jpeg.JpegMetadataReader;
import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import dev.lowpass.runtime.file.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lwjgl.stb.STBImage;
import org.lwjgl.system.MemoryUtil;

/**
 * Reads JPEG (baseline and progressive), PNG and BMP into 8-bit RGB, upright by its EXIF orientation. Grey and palette pictures
 * become RGB, 16-bit samples lose their low byte, and what is transparent is laid on white.
 */
public final class ImageDecoder {

    /** The largest picture that is read, in pixels: 100 megapixels, up to 1.8 GB while it is decoded. */
    public static final long MAX_PIXELS = 100_000_000;

    /** The largest file that is read, in bytes; a 100-megapixel BMP with alpha fits. */
    private static final long MAX_BYTES = 500_000_000;

    private static final String FORMATS = "JPEG, PNG and BMP are read";

    private enum Format {
        JPEG,
        PNG,
        BMP
    }

    /** What encoders make has some ten scans; an empty one takes a few bytes, and as much time as the picture's size asks for. */
    private static final int MAX_SCANS = 200;

    private ImageDecoder() {}

    /**
     * Reads a file; what it is called does not matter, what it holds does.
     *
     * @throws ImageException when it is missing, no regular file, empty, truncated, larger than {@link #MAX_PIXELS}, a JPEG of more than
     *     200 scans or not a picture of these formats, and when reading it fails
     * @throws IllegalStateException when the native library that decodes pictures does not load
     */
    public static RgbImage decode(Path file) throws ImageException {
        String name = file.toString();
        byte[] bytes;
        try {
            if (Files.isDirectory(file)) {
                throw new ImageException(name + ": is a directory; name a picture in it (" + FORMATS + ")");
            }
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new ImageException(name + ": is no regular file; name a picture (" + FORMATS + ")");
            }
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new ImageException(name + ": has " + size + " bytes; pictures of at most " + MAX_BYTES + " bytes are read ("
                        + FORMATS + ")");
            }
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new ImageException(name + ": no such file; check the path (" + FORMATS + ")", e);
        } catch (AccessDeniedException e) {
            throw new ImageException(name + ": may not be read by this user; change its permissions (" + FORMATS + ")", e);
        } catch (ImageException e) {
            throw e;
        } catch (IOException e) {
            // A file as a folder of its path, links in a circle, too long a name, a disk that fails.
            throw new ImageException(name + ": cannot be read (" + Reason.of(e) + "); check the path (" + FORMATS + ")", e);
        }
        return decode(name, bytes, MAX_PIXELS);
    }

    /**
     * Reads an encoded picture from memory.
     *
     * @throws ImageException as {@link #decode(Path)}
     * @throws IllegalStateException as {@link #decode(Path)}
     */
    public static RgbImage decode(byte[] encoded) throws ImageException {
        return decode(encoded, MAX_PIXELS);
    }

    /**
     * Reads an encoded picture from memory, if it is not too large: a file of a few kilobytes can hold {@link #MAX_PIXELS}, so a server that takes
     * pictures from strangers sets a limit of its own. While it is decoded a pixel takes up to about 15 bytes, natively and on the heap (a PNG of
     * 16-bit RGBA), and 3 more where EXIF says to turn the picture.
     *
     * @param maxPixels width times height, 1 to {@link #MAX_PIXELS}
     * @throws ImageException as {@link #decode(Path)}, and for a larger picture, before it is decoded
     * @throws IllegalStateException as {@link #decode(Path)}
     */
    public static RgbImage decode(byte[] encoded, long maxPixels) throws ImageException {
        if (maxPixels < 1 || maxPixels > MAX_PIXELS) {
            throw new IllegalArgumentException("maxPixels is " + maxPixels + "; it must be from 1 to " + MAX_PIXELS);
        }
        return decode("image of " + encoded.length + " bytes", encoded, maxPixels);
    }

    private static RgbImage decode(String name, byte[] bytes, long maxPixels) throws ImageException {
        Format format = format(name, bytes);
        // stb reads zeros beyond the end of a JPEG or BMP and calls that a picture; Java must notice.
        boolean whole = switch (format) {
            case JPEG -> jpegEnds(name, bytes);
            case PNG -> pngEnds(bytes);
            case BMP -> bmpEnds(bytes);
        };
        if (!whole) {
            throw new ImageException(name + ": is truncated: its " + bytes.length + " bytes end before the " + format
                    + " picture does; copy or download it again (" + FORMATS + ")");
        }
        if (format == Format.PNG && !startsWith(bytes, 8, 0, 0, 0, 13, 'I', 'H', 'D', 'R')) {
            throw undecodable(name, format, startsWith(bytes, 12, 'C', 'g', 'B', 'I') ? "it is of the kind that Xcode makes for iOS" : "its first chunk is no IHDR");
        }
        RgbImage stored;
        try {
            stored = load(name, format, bytes, maxPixels);
        } catch (LinkageError e) {
            throw new IllegalStateException(name + ": cannot be decoded, since the native library of LWJGL stb does not load ("
                    + firstLine(e)
                    + "); put org.lwjgl:lwjgl and org.lwjgl:lwjgl-stb with the natives classifier of this system on the class path; on a module path also add "
                    + "--add-modules ALL-MODULE-PATH, since nothing requires the modules of natives by name", e);
        }
        return stored.oriented(orientation(format, bytes));
    }

    private static Format format(String name, byte[] bytes) throws ImageException {
        if (bytes.length == 0) {
            throw new ImageException(name + ": is empty; " + FORMATS);
        }
        if (startsWith(bytes, 0, 0xff, 0xd8, 0xff)) {
            return Format.JPEG;
        }
        if (startsWith(bytes, 0, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n')) {
            return Format.PNG;
        }
        if (startsWith(bytes, 0, 'B', 'M')) {
            return Format.BMP;
        }
        String is;
        if (startsWith(bytes, 0, 'G', 'I', 'F', '8')) {
            is = "is a GIF";
        } else if (startsWith(bytes, 0, 'R', 'I', 'F', 'F') && startsWith(bytes, 8, 'W', 'E', 'B', 'P')) {
            is = "is a WebP picture";
        } else if (startsWith(bytes, 4, 'f', 't', 'y', 'p')) {
            is = "is a HEIC, AVIF or MP4 file";
        } else if (startsWith(bytes, 0, 'I', 'I', '*', 0) || startsWith(bytes, 0, 'M', 'M', 0, '*')) {
            is = "is a TIFF";
        } else {
            is = "is not a picture (it begins with " + beginning(bytes) + ")";
        }
        throw new ImageException(name + ": " + is + "; " + FORMATS + ", so convert it to one of them");
    }

    private static boolean startsWith(byte[] bytes, int at, int... magic) {
        if (bytes.length < at + magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((bytes[at + i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static String beginning(byte[] bytes) {
        int length = Math.min(bytes.length, 12);
        StringBuilder hex = new StringBuilder("bytes");
        boolean text = true;
        for (int i = 0; i < length; i++) {
            text &= bytes[i] >= ' ' && bytes[i] < 0x7f;
            hex.append(String.format(" %02x", bytes[i]));
        }
        return text ? '"' + new String(bytes, 0, length, StandardCharsets.US_ASCII) + '"' : hex.toString();
    }

    /**
     * Whether the segments lead to an end-of-image marker (ITU-T T.81, B.1.1). What follows it does not matter.
     *
     * @throws ImageException when there are more than {@link #MAX_SCANS} scans before it
     */
    private static boolean jpegEnds(String name, byte[] bytes) throws ImageException {
        int scans = 0;
        int at = 2;
        while (at + 1 < bytes.length) {
            if (bytes[at] != (byte) 0xff) {
                at++; // entropy-coded data after a scan's header, or junk that decoders skip
                continue;
            }
            int marker = bytes[at + 1] & 0xff;
            if (marker == 0xd9) {
                return true;
            }
            if (marker == 0xda && ++scans > MAX_SCANS) {
                throw new ImageException(name + ": is a JPEG of more than " + MAX_SCANS + " scans, each of which takes time; save it again with another program ("
                        + FORMATS + ")");
            }
            if (marker == 0xff) {
                at++; // fill byte
            } else if (marker <= 0x01 || marker >= 0xd0 && marker <= 0xd8) {
                at += 2; // stuffed zero, TEM, restart, start of image: no length follows
            } else {
                if (at + 3 >= bytes.length) {
                    return false;
                }
                at += 2 + Math.max(2, (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff);
            }
        }
        return false;
    }

    /** Whether the chunks lead to an IEND chunk. */
    private static boolean pngEnds(byte[] bytes) {
        return chunk(bytes, 0x49454e44).isPresent();
    }

    /** What the first PNG chunk of a type holds (PNG specification, 5.3: length, type, data, CRC). */
    private static Optional<byte[]> chunk(byte[] bytes, int type) {
        ByteBuffer png = ByteBuffer.wrap(bytes);
        long at = 8;
        while (at + 12 <= bytes.length) {
            long length = png.getInt((int) at) & 0xffffffffL;
            if (png.getInt((int) at + 4) == type && at + 12 + length <= bytes.length) {
                return Optional.of(Arrays.copyOfRange(bytes, (int) at + 8, (int) (at + 8 + length)));
            }
            at += 12 + length;
        }
        return Optional.empty();
    }

    /** Whether an uncompressed BMP's rows are all there; a header that makes no sense is left to stb to refuse. */
    private static boolean bmpEnds(byte[] bytes) {
        if (bytes.length < 26) {
            return false;
        }
        ByteBuffer bmp = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long data = bmp.getInt(10) & 0xffffffffL;
        boolean core = bmp.getInt(14) == 12; // BITMAPCOREHEADER: 16-bit sides
        if (!core && bytes.length < 54) {
            return false;
        }
        long width = core ? bmp.getShort(18) & 0xffff : bmp.getInt(18);
        long height = core ? bmp.getShort(20) & 0xffff : Math.abs((long) bmp.getInt(22));
        long bits = bmp.getShort(core ? 24 : 28) & 0xffff;
        int compression = core ? 0 : bmp.getInt(30);
        if (width < 1 || bits > 32 || compression != 0 && compression != 3) {
            return true;
        }
        // Rows are padded to 4 bytes.
        long rowBytes = (width * bits + 31) / 32 * 4;
        // Both factors are below 2^34 and 2^32: compare by division so that nothing overflows.
        return height == 0 || (bytes.length - data) / height >= rowBytes;
    }

    private static RgbImage load(String name, Format format, byte[] bytes, long maxPixels) throws ImageException {
        ByteBuffer encoded = MemoryUtil.memAlloc(bytes.length);
        // Not on LWJGL's stack: that belongs to the thread, and would keep the loader of an application that a server has replaced.
        IntBuffer sizes = MemoryUtil.memAllocInt(3);
        try {
            encoded.put(bytes).flip();
            IntBuffer width = sizes.slice(0, 1);
            IntBuffer height = sizes.slice(1, 1);
            IntBuffer channels = sizes.slice(2, 1);
            if (format == Format.PNG) {
                // stb looks no further into a PNG of more than 2^30 samples, and then only says that it knows no such format.
                width.put(0, ByteBuffer.wrap(bytes).getInt(16));
                height.put(0, ByteBuffer.wrap(bytes).getInt(20));
            } else if (!STBImage.stbi_info_from_memory(encoded, width, height, channels)) {
                width.put(0, 0); // loading fails as well, and with a better reason
            } else if (format == Format.BMP) {
                height.put(0, Math.abs(height.get(0))); // negative where the top row comes first; of -2^31 what follows makes 2^31
            }
            long pixels = (width.get(0) & 0xffffffffL) * (height.get(0) & 0xffffffffL);
            if (pixels > maxPixels) {
                throw new ImageException(name + ": is " + (width.get(0) & 0xffffffffL) + "x" + (height.get(0) & 0xffffffffL) + ", "
                        + megapixels(pixels) + " megapixels; at most " + megapixels(maxPixels) + " are read, so scale it down first (" + FORMATS + ")");
            }
            ByteBuffer decoded = STBImage.stbi_load_from_memory(encoded, width, height, channels, 0);
            if (decoded == null) {
                throw undecodable(name, format, "stb: " + STBImage.stbi_failure_reason());
            }
            try {
                if (width.get(0) < 1 || height.get(0) < 1) {
                    throw undecodable(name, format, "it has " + width.get(0) + "x" + height.get(0) + " pixels");
                }
                return new RgbImage(width.get(0), height.get(0), rgb(decoded, width.get(0) * height.get(0), channels.get(0)));
            } finally {
                STBImage.stbi_image_free(decoded);
            }
        } finally {
            MemoryUtil.memFree(sizes);
            MemoryUtil.memFree(encoded);
        }
    }

    /** Millions, to a hundredth where there are few. */
    private static String megapixels(long pixels) {
        return pixels % 1_000_000 == 0 || pixels >= 100_000_000 ? Long.toString(pixels / 1_000_000) : String.format(Locale.ROOT, "%.2f", pixels / 1e6);
    }

    private static ImageException undecodable(String name, Format format, String reason) {
        return new ImageException(name + ": is not a " + format + " that can be decoded (" + reason
                + "); save it again with another program (" + FORMATS + ")");
    }

    /** @param channels of stb's result: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
    private static byte[] rgb(ByteBuffer decoded, int pixels, int channels) {
        byte[] rgb = new byte[3 * pixels];
        if (channels == 3) {
            decoded.get(0, rgb);
            return rgb;
        }
        boolean alpha = channels == 2 || channels == 4;
        int colours = alpha ? channels - 1 : channels;
        for (int pixel = 0; pixel < pixels; pixel++) {
            int opacity = alpha ? decoded.get(pixel * channels + colours) & 0xff : 255;
            for (int c = 0; c < 3; c++) {
                int value = decoded.get(pixel * channels + (colours == 3 ? c : 0)) & 0xff;
                // value * a + white * (1 - a), rounded to nearest
                rgb[3 * pixel + c] = (byte) ((value * opacity + 255 * (255 - opacity) + 127) / 255);
            }
        }
        return rgb;
    }

    /** The EXIF orientation; 1 where there is none. Broken metadata does not spoil a picture that is sound. */
    private static int orientation(Format format, byte[] bytes) {
        try {
            Metadata metadata = switch (format) {
                case JPEG -> JpegMetadataReader.readMetadata(new ByteArrayInputStream(bytes), List.of(new ExifReader()));
                case PNG -> pngExif(bytes);
                case BMP -> new Metadata();
            };
            ExifIFD0Directory exif = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
            Integer orientation = exif == null ? null : exif.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            return orientation == null ? 1 : orientation;
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            return 1;
        }
    }

    /** Of an eXIf chunk only: a reader of all metadata would also inflate compressed text, of any size. */
    private static Metadata pngExif(byte[] bytes) {
        Metadata metadata = new Metadata();
        chunk(bytes, 0x65584966).ifPresent(exif -> new ExifReader().extract(new ByteArrayReader(exif), metadata));
        return metadata;
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}
