package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Staircase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Staircases and bandings to test with. */
final class Staircases {

    private Staircases() {}

    /** All dropped, all cut to the mean, all kept, mixed in falling order, and mixed in any order with 0 and B*B among them. */
    static List<Staircase> all(int block, int channels, SplittableRandom random) {
        int coefficients = block * block;
        List<Staircase> all = new ArrayList<>();
        for (int cutoff : new int[] {0, 1, coefficients}) {
            all.add(Staircase.of(block, IntStream.generate(() -> cutoff).limit(channels).toArray()));
        }
        all.add(mixed(block, channels, random, true));
        all.add(mixed(block, channels, random, false));
        return all;
    }

    static Staircase mixed(int block, int channels, SplittableRandom random, boolean sorted) {
        int coefficients = block * block;
        int[] cutoffs = new int[channels];
        for (int c = 0; c < channels; c++) {
            // The square draws many low cutoffs, as learned ones are.
            double share = random.nextDouble();
            cutoffs[c] = (int) Math.round(share * share * coefficients);
        }
        if (channels > 2) {
            cutoffs[channels / 2] = 0;
            cutoffs[channels - 1] = coefficients;
        }
        if (sorted) {
            int[] falling = IntStream.of(cutoffs).boxed().sorted((a, b) -> b - a).mapToInt(i -> i).toArray();
            return Staircase.of(block, falling);
        }
        return Staircase.of(block, cutoffs);
    }

    /** One band, a band for each coefficient, and random bands. */
    static List<Bands> bandings(Staircase staircase, SplittableRandom random) {
        int coefficients = staircase.block() * staircase.block();
        int[] each = IntStream.rangeClosed(1, coefficients).toArray();
        int[] some = IntStream.rangeClosed(1, coefficients).filter(z -> z == coefficients || random.nextInt(3) == 0).toArray();
        return List.of(new Bands(staircase, coefficients), new Bands(staircase, each), new Bands(staircase, some));
    }

    /** The same bands for every batch up to {@code maxBatch}. */
    static Bands[] forEveryBatch(Bands bands, int maxBatch) {
        Bands[] every = new Bands[maxBatch];
        Arrays.fill(every, bands);
        return every;
    }

    static String describe(Staircase staircase) {
        return "cutoffs " + Arrays.toString(IntStream.range(0, staircase.channels()).map(staircase::cutoff).toArray());
    }
}
