package dev.lowpass.runtime.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places values of known size and lifetime in one arena so that no two that live at the same time overlap: largest first, each at
 * the lowest offset that fits (greedy by size, Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
 * 2020). Offsets are multiples of {@value #ALIGNMENT} elements: a cache line of floats.
 */
final class ArenaPlanner {

    static final int ALIGNMENT = 16;

    /**
     * A value to place.
     *
     * @param elements its size
     * @param first the step that writes it
     * @param last the last step that reads it
     */
    record Lifetime(long elements, int first, int last) {
        boolean meets(Lifetime other) {
            return first <= other.last && other.first <= last;
        }
    }

    private final long[] offsets;
    private long elements;

    private ArenaPlanner(int values) {
        offsets = new long[values];
    }

    static ArenaPlanner place(List<Lifetime> lifetimes) {
        ArenaPlanner arena = new ArenaPlanner(lifetimes.size());
        List<Integer> bySize = new ArrayList<>();
        for (int value = 0; value < lifetimes.size(); value++) {
            bySize.add(value);
        }
        bySize.sort(Comparator.comparingLong((Integer value) -> lifetimes.get(value).elements()).reversed());
        List<Integer> placed = new ArrayList<>(); // by rising offset
        for (int value : bySize) {
            Lifetime lifetime = lifetimes.get(value);
            long offset = 0;
            for (int other : placed) {
                if (lifetime.meets(lifetimes.get(other)) && arena.offsets[other] < offset + lifetime.elements()) {
                    offset = Math.max(offset, align(arena.offsets[other] + lifetimes.get(other).elements()));
                }
            }
            arena.offsets[value] = offset;
            arena.elements = Math.max(arena.elements, align(offset + lifetime.elements()));
            placed.add(value);
            placed.sort(Comparator.comparingLong(v -> arena.offsets[v]));
        }
        return arena;
    }

    private static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    long offset(int value) {
        return offsets[value];
    }

    /** The arena's size. */
    long elements() {
        return elements;
    }
}
