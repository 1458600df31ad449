package dev.lowpass.bench.output;

import java.util.Locale;

/** Numbers as people read them; the same in every locale. */
public final class Quantity {

    private Quantity() {}

    /** {@code 300,774,272}. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** {@code 300.8 M}: millions with one decimal. */
    public static String millions(long value) {
        return String.format(Locale.ROOT, "%,.1f M", value / 1e6);
    }

    /** {@code 80.06 %} of a share of 0.8006. */
    public static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** {@code 6.4 MiB}; below a kibibyte {@code 512 bytes}. */
    public static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + (bytes == 1 ? " byte" : " bytes");
        }
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        double value = bytes / 1024.0;
        int unit = 0;
        // 1023.95 would be printed as 1024.0.
        while (value >= 1023.95 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
