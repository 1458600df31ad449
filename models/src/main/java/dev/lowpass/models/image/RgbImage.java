package dev.lowpass.models.image;

/**
 * An 8-bit picture. The array is the owner's: do not change it.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param rgb {@code [y][x][3]}: red, green, blue, each 0 to 255 (unsigned)
 */
public record RgbImage(int width, int height, byte[] rgb) {

    public RgbImage {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException("an image of " + width + "x" + height + " has an empty side; both must be at least 1");
        }
        if (rgb.length != 3L * width * height) {
            throw new IllegalArgumentException("an image of " + width + "x" + height + " has " + rgb.length
                    + " bytes; it needs 3 * width * height = "
                    + 3L * width * height);
        }
    }

    /** The value (0 to 255) of channel {@code c} (0 red, 1 green, 2 blue) at column {@code x} of row {@code y}. */
    public int value(int x, int y, int c) {
        return rgb[3 * (y * width + x) + c] & 0xff;
    }

    /**
     * The picture as it should be seen, by the EXIF 2.3 tag Orientation (0x0112), which tells where the stored row 0 and column 0
     * belong: 1 top left, 2 top right, 3 bottom right, 4 bottom left, then with rows and columns exchanged 5 left top, 6 right top,
     * 7 right bottom, 8 left bottom.
     *
     * @param orientation 1 to 8; anything else counts as 1, as the standard reserves it
     */
    public RgbImage oriented(int orientation) {
        if (orientation < 2 || orientation > 8) {
            return this;
        }
        boolean exchanged = orientation >= 5;
        int outWidth = exchanged ? height : width;
        int outHeight = exchanged ? width : height;
        // Whether the stored column (row) runs against the direction in which it is shown.
        boolean columnReversed = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean rowReversed = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        byte[] out = new byte[rgb.length];
        int at = 0;
        for (int y = 0; y < outHeight; y++) {
            for (int x = 0; x < outWidth; x++) {
                int column = exchanged ? y : x;
                int row = exchanged ? x : y;
                int from = 3 * ((rowReversed ? height - 1 - row : row) * width + (columnReversed ? width - 1 - column : column));
                out[at++] = rgb[from];
                out[at++] = rgb[from + 1];
                out[at++] = rgb[from + 2];
            }
        }
        return new RgbImage(outWidth, outHeight, out);
    }
}
