package dev.lowpass.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TableTest {

    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        Table table = new Table().left("name").right("MACs").left("note");
        table.row("a", "1,234,567", "");
        table.row("longer name", 5, "x");
        StringWriter text = new StringWriter();
        table.print(new PrintWriter(text, true));
        assertEquals("""
                name              MACs  note
                a            1,234,567
                longer name          5  x
                """.replace("\n", System.lineSeparator()), text.toString());
    }

    @Test
    void refusesRowOfOtherLength() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> new Table().left("a").row("b", "c"));
        assertEquals("a row of 2 cells in a table of 1 columns; give one a column", e.getMessage());
    }

    @Test
    void quantitiesReadTheSameEverywhere() {
        assertEquals("300,774,272", Quantity.count(300_774_272));
        assertEquals("300.8 M", Quantity.millions(300_774_272));
        assertEquals("80.06 %", Quantity.percent(0.80058));
        assertEquals("1 byte", Quantity.bytes(1));
        assertEquals("1023 bytes", Quantity.bytes(1023));
        assertEquals("1.0 KiB", Quantity.bytes(1024));
        assertEquals("1.0 MiB", Quantity.bytes((1 << 20) - 1));
        assertEquals("6.4 MiB", Quantity.bytes(6_710_886));
        assertEquals("2048.0 TiB", Quantity.bytes(1L << 51));
    }
}
