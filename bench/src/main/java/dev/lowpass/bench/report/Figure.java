package dev.lowpass.bench.report;

import java.util.List;
import java.util.Map;

/**
 * A figure of the page with its numbers.
 *
 * @param id unique on the page
 * @param title what it shows
 * @param description what is to be seen, in words: read out, and shown under the title
 * @param svg the image, an element
 * @param legend the styles of its colours by what they stand for; empty where the image says it all
 * @param tables the numbers
 */
record Figure(String id, String title, String description, String svg, Map<String, String> legend, List<Numbers> tables) {

    /** A table: the first column names the row, the others are numbers. */
    record Numbers(List<String> header, List<List<String>> rows) {}
}
