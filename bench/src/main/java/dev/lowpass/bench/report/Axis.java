package dev.lowpass.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An axis from values to units of the image.
 *
 * @param low the value at {@code from}
 * @param high the value at {@code to}
 * @param logarithmic whether equal ratios are equally far apart; the values are then above 0
 */
record Axis(double low, double high, double from, double to, boolean logarithmic) {

    /** From 0, or from {@code low}, to a little more than the largest value. */
    static Axis linear(double low, double high, double from, double to) {
        return new Axis(low, high > low ? low + (high - low) * 1.05 : low + 1, from, to, false);
    }

    static Axis logarithmic(double low, double high, double from, double to) {
        return new Axis(low, high > low ? high : low * 2, from, to, true);
    }

    double at(double value) {
        double share = logarithmic ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low);
        return from + share * (to - from);
    }

    /** Round values, about {@code count} of them: 1, 2 or 5 times a power of ten; on a logarithmic axis powers of ten, or 1, 2, 5 where few fit. */
    List<Double> ticks(int count) {
        List<Double> ticks = new ArrayList<>();
        if (!logarithmic) {
            double raw = (high - low) / count;
            double power = Math.pow(10, Math.floor(Math.log10(raw)));
            double step = raw / power < 1.5 ? power : raw / power < 3.5 ? 2 * power : raw / power < 7.5 ? 5 * power : 10 * power;
            for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9); i++) {
                ticks.add(i * step);
            }
            return ticks;
        }
        double decades = Math.log10(high / low);
        double[] mantissas = decades < count / 2.5 ? new double[] {1, 2, 5} : new double[] {1};
        int every = decades > 1.5 * count ? 2 : 1;
        for (int exponent = (int) Math.floor(Math.log10(low)); exponent <= Math.log10(high) + 1; exponent++) {
            for (double mantissa : mantissas) {
                double value = mantissa * Math.pow(10, exponent);
                if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9) && Math.floorMod(exponent, every) == 0) {
                    ticks.add(value);
                }
            }
        }
        return ticks;
    }

    /** As short as it can be without losing what tells ticks apart. */
    static String label(double value) {
        double size = Math.abs(value);
        if (size >= 1e9) {
            return trim(value / 1e9) + " G";
        } else if (size >= 1e6) {
            return trim(value / 1e6) + " M";
        } else if (size >= 1e4) {
            return trim(value / 1e3) + " k";
        }
        return trim(value);
    }

    private static String trim(double value) {
        String text = String.format(Locale.ROOT, "%.4g", value);
        double parsed = Double.parseDouble(text);
        return parsed == Math.rint(parsed) ? String.format(Locale.ROOT, "%.0f", parsed) : String.format(Locale.ROOT, "%s", parsed);
    }
}
