package dev.lowpass.kernels;

import java.util.Locale;

/** How a back end that can multiply in several ways chooses one for each layer and batch. Back ends with one way take any. */
public enum TacticChoice {
    /** By measuring them when a session is made; the result is kept under the user's cache folder, by device, driver and plan. */
    MEASURED,
    /** Our own kernels only, by an estimate. */
    KERNELS,
    /** cuBLAS wherever it can. */
    CUBLAS;

    /** The system property that says what is used where nobody says otherwise: {@code measured}, {@code kernels} or {@code cublas}. */
    public static final String PROPERTY = "dev.lowpass.tactics";

    /**
     * What {@link #PROPERTY} says; {@link #MEASURED} when it is not set.
     *
     * @throws IllegalArgumentException when it says something else
     */
    public static TacticChoice byDefault() {
        String name = System.getProperty(PROPERTY);
        try {
            return name == null ? MEASURED : named(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("system property " + PROPERTY + ": " + e.getMessage(), e);
        }
    }

    /** @throws IllegalArgumentException for any other name */
    public static TacticChoice named(String name) {
        for (TacticChoice choice : values()) {
            if (choice.toString().equals(name)) {
                return choice;
            }
        }
        throw new IllegalArgumentException("no way of choosing tactics is named \"" + name + "\"; there are measured, kernels and cublas");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
