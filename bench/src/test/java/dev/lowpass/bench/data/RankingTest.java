package dev.lowpass.bench.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class RankingTest {

    @Test
    void probabilitiesAreTheSoftmax() {
        // e^0 : e^ln3 = 1 : 3
        List<Ranking.Entry> top = Ranking.top(new float[] {0, (float) Math.log(3)}, 5);
        assertEquals(List.of(1, 0), top.stream().map(Ranking.Entry::index).toList());
        assertEquals(0.75, top.get(0).probability(), 1e-7);
        assertEquals(0.25, top.get(1).probability(), 1e-7);
    }

    @Test
    void hugeLogitsDoNotOverflow() {
        List<Ranking.Entry> top = Ranking.top(new float[] {1e30f, 1e30f, 0}, 2);
        assertEquals(0.5, top.get(0).probability(), 1e-12);
        assertEquals(0.5, top.get(1).probability(), 1e-12);
    }

    @Test
    void equalLogitsGoByIndex() {
        assertArrayEquals(new int[] {1, 3, 0}, Ranking.best(new float[] {2, 5, -1, 5}, 3));
    }
}
