package dev.lowpass.kernels;

/**
 * IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits; the smallest subnormal is 2^-24, the largest finite
 * value 65504.
 */
public final class Half {

    /** The largest finite value. */
    public static final float MAX = 65504;

    private Half() {}

    /** The nearest half, ties to the even one; from 65520 on infinity; NaN stays a (quiet) NaN. */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= 0x477ff000) { // 65520, halfway from 65504 to what would be 65536
            return (short) (sign | 0x7c00);
        }
        int shift = 13; // a float has 13 fraction bits more
        int fraction;
        if (magnitude < 0x38800000) { // below 2^-14: a subnormal, in units of 2^-24
            int exponent = magnitude >>> 23;
            shift = 126 - exponent;
            if (shift > 24) { // below 2^-25, half the smallest subnormal
                return (short) sign;
            }
            fraction = magnitude & 0x7fffff | 0x800000;
        } else {
            fraction = magnitude - (112 << 23); // from bias 127 to bias 15
        }
        int kept = fraction >>> shift;
        int dropped = fraction & (1 << shift) - 1;
        int tie = 1 << shift - 1;
        if (dropped > tie || dropped == tie && (kept & 1) == 1) {
            kept++; // a carry out of the fraction rightly raises the exponent
        }
        return (short) (sign | kept);
    }

    /** Exact: every half is a float. */
    public static float toFloat(short half) {
        int exponent = half >>> 10 & 0x1f;
        int fraction = half & 0x3ff;
        int sign = (half & 0x8000) << 16;
        if (exponent == 0) { // zero or subnormal: a whole multiple of 2^-24
            return Float.intBitsToFloat(sign | Float.floatToRawIntBits(fraction * 0x1p-24f));
        }
        int widened = exponent == 0x1f ? 0xff : exponent + 112;
        return Float.intBitsToFloat(sign | widened << 23 | fraction << 13);
    }
}
