package dev.lowpass.models.labels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledImagesTest {

    @TempDir
    Path folder;

    private Path csv(String text) throws IOException {
        return Files.writeString(folder.resolve("labels.csv"), text);
    }

    private static int index(ClassNumbers numbers, String label) throws LabelException {
        return numbers.index("list.csv: line 7", label);
    }

    @Test
    void readsColumnsByHeaderQuotesAndByteOrderMark() throws IOException {
        Path csv = csv("\uFEFFClass,note,file\r\n\"tench, \"\"Tinca\"\"\",x,a.jpg\r\n\r\n7,,b.jpg\r\n");
        assertEquals(List.of(new LabelledImages.Entry(2, "a.jpg", "tench, \"Tinca\"", csv + ": line 2"), new LabelledImages.Entry(4, "b.jpg", "7", csv + ": line 4")), LabelledImages.read(csv));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                       | : is empty; it needs the header file,class and a line an image
            'a.jpg,1\n'              | : line 1 is "a.jpg,1"; the header must name the columns file and class
            'file,class\n'           | : has a header and no lines; add a line an image
            'file,class\na.jpg\n'    | : line 2 has 1 fields; the header has 2 (put a name with commas in double quotes)
            'file,class\n\na.jpg,\n' | : line 3 is "a.jpg,"; both file and class must be given
            'file,class\n"a.jpg,1\n' | : line 2 has a double quote that is not closed in this line; close it or double it, and leave out line breaks, which a field may not hold
            'file,class\na.jpg,1\n"b\n.jpg",1\n' | : line 3 has a double quote that is not closed in this line; close it or double it, and leave out line breaks, which a field may not hold
            """)
    void refusesBadLists(String text, String message) throws IOException {
        Path csv = csv(text.replace("\\n", "\n"));
        assertEquals(csv + message, assertThrows(LabelException.class, () -> LabelledImages.read(csv)).getMessage());
    }

    @Test
    void refusesWhatIsNoText() throws IOException {
        Path csv = Files.write(folder.resolve("labels.csv"), "file,class\n\u00e9.jpg,1\n".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(csv + ": is not UTF-8 text; save it as UTF-8", assertThrows(LabelException.class, () -> LabelledImages.read(csv)).getMessage());
        Path missing = folder.resolve("none.csv");
        assertEquals(missing + ": no such file; name a CSV file with the header file,class",
                assertThrows(LabelException.class, () -> LabelledImages.read(missing)).getMessage());
    }

    @Test
    void offsetIsReadOffTheModel() throws IOException {
        assertEquals(1, ClassNumbers.automatic(3, List.of("Background", "a", "b")).offset());
        assertEquals(0, ClassNumbers.automatic(3, List.of("a", "background", "b")).offset());
        assertEquals(1, ClassNumbers.automatic(1001, List.of()).offset());
        assertEquals(0, ClassNumbers.automatic(1000, List.of()).offset());
        assertTrue(ClassNumbers.automatic(1001, List.of()).assumption().startsWith("label offset 1: the model has 1001 classes and no labels"));
        assertEquals(2, index(ClassNumbers.automatic(3, List.of("background", "a", "b")), "1"));
        assertEquals(1, index(ClassNumbers.withOffset(3, List.of("background", "a", "b"), 0), "1"));
    }

    @Test
    void namesAreLabelsOrUnambiguousSynonyms() throws IOException {
        ClassNumbers numbers = ClassNumbers.automatic(4, List.of("background", "tench, Tinca tinca", "crane", "crane, bird"));
        assertEquals(1, index(numbers, "Tench, Tinca tinca"));
        assertEquals(1, index(numbers, "tinca tinca"));
        assertEquals(2, index(numbers, "crane")); // a whole label goes before a synonym
        assertEquals(3, index(numbers, "bird"));
        ClassNumbers twice = ClassNumbers.automatic(2, List.of("maillot", "maillot"));
        assertEquals("list.csv: line 7: class \"maillot\" is the name of several of the model's labels; give the whole label or a class number",
                assertThrows(LabelException.class, () -> index(twice, "maillot")).getMessage());
        assertEquals("list.csv: line 7: class \"cat\" is none of the model's labels; see them by 'lowpass inspect --labels', or give a class number",
                assertThrows(LabelException.class, () -> index(numbers, "cat")).getMessage());
        assertEquals("list.csv: line 7: class \"cat\" is a name, but the model has no labels; give class numbers or import the model with --labels",
                assertThrows(LabelException.class, () -> index(ClassNumbers.automatic(3, List.of()), "cat")).getMessage());
    }

    @Test
    void aNumberThatIsALabelIsThatLabel() throws IOException {
        ClassNumbers numbers = ClassNumbers.automatic(4, List.of("0", "1", "10", "2"));
        assertEquals(2, index(numbers, "10"));
        assertEquals(3, index(numbers, "2"));
        assertEquals(3, index(numbers, "3")); // no label, so a class number
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        ClassNumbers numbers = ClassNumbers.automatic(3, List.of("background", "a", "b"));
        assertEquals("list.csv: line 7: class 2 with label offset 1 is class 3 of the model, which has 0 to 2; correct the number, or give 'lowpass eval' a --label-offset",
                assertThrows(LabelException.class, () -> index(numbers, "2")).getMessage());
        assertThrows(LabelException.class, () -> index(numbers, "-1"));
    }
}
