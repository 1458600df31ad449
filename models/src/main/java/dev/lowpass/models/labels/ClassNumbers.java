package dev.lowpass.models.labels;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Which logit a list's class means. Data sets number their classes from 0 and leave out the background; networks trained in
 * TensorFlow often have a logit for it in front, so that their classes are one further on.
 */
public final class ClassNumbers {

    private static final int UNKNOWN_NAME = -1;
    private static final int AMBIGUOUS_NAME = -2;

    private final int classes;
    private final int offset;
    private final String assumption;
    private final Map<String, Integer> byName = new HashMap<>();
    private final Set<String> wholeLabels;

    private ClassNumbers(int classes, List<String> labels, int offset, String assumption) {
        this.classes = classes;
        this.offset = offset;
        this.assumption = assumption;
        for (int i = 0; i < labels.size(); i++) {
            add(labels.get(i), i);
        }
        wholeLabels = Set.copyOf(byName.keySet());
        // "tench, Tinca tinca" is also found by "tench", unless a label or another synonym is that already.
        Map<String, Integer> synonyms = new HashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            for (String part : labels.get(i).split(",")) {
                int index = i;
                synonyms.merge(key(part), i, (a, b) -> a == index ? a : AMBIGUOUS_NAME);
            }
        }
        synonyms.forEach(byName::putIfAbsent);
    }

    private void add(String label, int index) {
        byName.merge(key(label), index, (a, b) -> AMBIGUOUS_NAME);
    }

    /**
     * Reads the offset off the model: 1 when its first label is "background", or when it has no labels and ImageNet's 1,001 classes;
     * otherwise 0.
     *
     * @param classes the model's logits
     * @param labels the model's labels, or empty
     */
    public static ClassNumbers automatic(int classes, List<String> labels) {
        if (!labels.isEmpty()) {
            return key(labels.get(0)).equals("background")
                    ? new ClassNumbers(classes, labels, 1, "label offset 1: the model's class 0 is \"" + labels.get(0) + "\", so class n of the list is its class n + 1")
                    : new ClassNumbers(classes, labels, 0, "label offset 0: class numbers of the list are the model's own");
        }
        return classes == 1001
                ? new ClassNumbers(classes, labels, 1, "label offset 1: the model has 1001 classes and no labels, which is taken for ImageNet after a background class")
                : new ClassNumbers(classes, labels, 0, "label offset 0: the model has no labels; class numbers of the list are taken for its own");
    }

    /** With an offset that the user gives: class n of the list is the model's class n + offset. */
    public static ClassNumbers withOffset(int classes, List<String> labels, int offset) {
        return new ClassNumbers(classes, labels, offset, "label offset " + offset + ", as given");
    }

    /** One line on what was assumed. */
    public String assumption() {
        return assumption;
    }

    public int offset() {
        return offset;
    }

    /**
     * The model's class of a label.
     *
     * @param where the label stands, for the message
     * @param label one of the model's labels, else a class number of the list; so folders named 0, 1, 10, 2 mean the labels of these names
     * @throws LabelException for a number that the model does not have, or a name that is not one of its labels
     */
    public int index(String where, String label) throws LabelException {
        if (wholeLabels.contains(key(label))) {
            return named(where, label);
        }
        int number;
        try {
            number = Integer.parseInt(label);
        } catch (NumberFormatException e) {
            return named(where, label);
        }
        if (number < 0) {
            throw new LabelException(where + ": class " + number + " is negative; classes are numbered from 0");
        }
        long index = (long) number + offset;
        if (index < 0 || index >= classes) {
            throw new LabelException(where + ": class " + number + " with label offset " + offset + " is class " + index
                    + " of the model, which has 0 to " + (classes - 1) + "; correct the number, or give 'lowpass eval' a --label-offset");
        }
        return (int) index;
    }

    private int named(String where, String label) throws LabelException {
        int index = byName.getOrDefault(key(label), UNKNOWN_NAME);
        if (index == AMBIGUOUS_NAME) {
            throw new LabelException(where + ": class \"" + label + "\" is the name of several of the model's labels; give the whole label or a class number");
        }
        if (index == UNKNOWN_NAME) {
            throw new LabelException(where + ": class \"" + label + "\" is "
                    + (byName.isEmpty() ? "a name, but the model has no labels; give class numbers or import the model with --labels"
                            : "none of the model's labels; see them by 'lowpass inspect --labels', or give a class number"));
        }
        return index;
    }

    private static String key(String label) {
        return label.strip().toLowerCase(Locale.ROOT);
    }
}
