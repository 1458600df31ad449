package dev.lowpass.runtime.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.plan.ArenaPlanner.Lifetime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ArenaPlannerTest {

    @Test
    void reusesTheMemoryOfAValueThatIsDead() {
        ArenaPlanner arena = ArenaPlanner.place(List.of(new Lifetime(64, 0, 1), new Lifetime(32, 1, 2), new Lifetime(64, 2, 3)));
        assertEquals(0, arena.offset(0));
        assertEquals(64, arena.offset(1));
        assertEquals(0, arena.offset(2));
        assertEquals(96, arena.elements());
    }

    @Test
    void alignsOffsets() {
        ArenaPlanner arena = ArenaPlanner.place(List.of(new Lifetime(17, 0, 1), new Lifetime(5, 0, 1)));
        assertEquals(0, arena.offset(0));
        assertEquals(32, arena.offset(1));
        assertEquals(48, arena.elements());
    }

    @Test
    void fillsAGapBetweenLivingValues() {
        ArenaPlanner arena = ArenaPlanner.place(List.of(
                new Lifetime(160, 0, 9), new Lifetime(96, 0, 4), new Lifetime(80, 3, 9), new Lifetime(32, 5, 9)));
        assertEquals(0, arena.offset(0));
        assertEquals(160, arena.offset(1));
        assertEquals(256, arena.offset(2));
        assertEquals(160, arena.offset(3));
    }

    @Test
    void neverLetsLivingValuesOverlap() {
        Random random = new Random(11);
        for (int round = 0; round < 300; round++) {
            List<Lifetime> lifetimes = new ArrayList<>();
            for (int value = 0; value < 1 + random.nextInt(25); value++) {
                int first = random.nextInt(20);
                lifetimes.add(new Lifetime(1 + random.nextInt(500), first, first + random.nextInt(6)));
            }
            ArenaPlanner arena = ArenaPlanner.place(lifetimes);
            for (int a = 0; a < lifetimes.size(); a++) {
                assertTrue(arena.offset(a) + lifetimes.get(a).elements() <= arena.elements());
                for (int b = 0; b < a; b++) {
                    boolean apart = arena.offset(a) + lifetimes.get(a).elements() <= arena.offset(b)
                            || arena.offset(b) + lifetimes.get(b).elements() <= arena.offset(a);
                    assertTrue(apart || !lifetimes.get(a).meets(lifetimes.get(b)), "round " + round + ": values " + a + " and " + b);
                }
            }
        }
    }
}
