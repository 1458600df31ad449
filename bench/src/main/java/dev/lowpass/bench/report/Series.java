package dev.lowpass.bench.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names that stand for a colour each, in the order in which they first came; the same on the whole page. */
final class Series {

    /** Colours of the style sheet; further names share them from the first on. */
    private static final int COLOURS = 8;

    /** Styles of this project's own two networks, the same in every figure. */
    static final String DENSE = "s0";
    static final String TRUNCATED = "s1";

    private final List<String> names = new ArrayList<>();

    Series() {
        names.add("lowpass, dense");
        names.add("lowpass, cutoffs");
    }

    /** The style of a name: {@code s0}, {@code s1}, ... */
    String style(String name) {
        if (!names.contains(name)) {
            names.add(name);
        }
        return "s" + names.indexOf(name) % COLOURS;
    }

    /** Names with their styles, for a legend. */
    Map<String, String> styles(Collection<String> of) {
        Map<String, String> styles = new LinkedHashMap<>();
        of.forEach(name -> styles.put(name, style(name)));
        return styles;
    }
}
