package dev.lowpass.models.labels;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which class each image shows: by the folder that it is in, or by a CSV file with the header {@code file,class} and one image a line, where the
 * class is an index or a name. That file is UTF-8, quoted as RFC 4180 says, except that a field may not hold line breaks.
 */
public final class LabelledImages {

    /** Given instead of a file: an image shows what the folder it is in is named after. */
    public static final String FOLDERS = "folders";

    private static final Pattern IMAGE = Pattern.compile("(?is).*\\.(jpg|jpeg|png|bmp)");

    /**
     * One image.
     *
     * @param line its number in the CSV file, from 1; 0 without one
     * @param file as written, or from the folder of all images on
     * @param label as written or as the folder is named: an index or a name
     * @param where it stands, for messages
     */
    public record Entry(int line, String file, String label, String where) {}

    private LabelledImages() {}

    /**
     * The images of a folder and of the folders in it, linked ones too, in the order of their paths as text.
     *
     * @throws IOException when a folder cannot be read
     */
    public static List<Path> find(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return files.filter(LabelledImages::isImage).sorted(Comparator.comparing(Path::toString)).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Whether a file is named like an image that can be decoded. */
    public static boolean isImage(Path file) {
        return file.getFileName() != null && IMAGE.matcher(file.getFileName().toString()).matches() && Files.isRegularFile(file);
    }

    /**
     * The images {@code CLASS/*} of a folder, and those of the folders in it, by path.
     *
     * @throws LabelException when there is none, or one is in no folder of its own
     * @throws IOException when a folder cannot be read
     */
    public static List<Entry> inFolders(Path images) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path file : find(images)) {
            Path relative = images.relativize(file);
            if (relative.getParent() == null) {
                throw new LabelException(file + ": is in no folder that names its class; put each image into a folder with the name of its class");
            }
            entries.add(new Entry(0, relative.toString(), relative.getParent().getFileName().toString(), "the folder of " + file));
        }
        if (entries.isEmpty()) {
            throw new LabelException(images + ": has no image in folders named by class; add .jpg, .png or .bmp files as CLASS/FILE");
        }
        return entries;
    }

    /**
     * @throws LabelException when the file is missing, empty, or a line is not as it should be
     * @throws IOException when it cannot be read
     */
    public static List<Entry> read(Path csv) throws IOException {
        List<String> lines;
        try {
            if (Files.isDirectory(csv)) {
                throw new LabelException(csv + ": is a directory; name a CSV file with the header file,class");
            }
            lines = Files.readAllLines(csv, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new LabelException(csv + ": no such file; name a CSV file with the header file,class", e);
        } catch (CharacterCodingException e) {
            throw new LabelException(csv + ": is not UTF-8 text; save it as UTF-8", e);
        }
        if (lines.isEmpty()) {
            throw new LabelException(csv + ": is empty; it needs the header file,class and a line an image");
        }
        // A byte order mark is what spreadsheets put first.
        String header = lines.get(0).replace("\uFEFF", "");
        List<String> titles = fields(csv, 1, header).stream().map(title -> title.strip().toLowerCase(Locale.ROOT)).toList();
        int file = titles.indexOf("file");
        int label = titles.indexOf("class");
        if (file < 0 || label < 0) {
            throw new LabelException(csv + ": line 1 is \"" + header + "\"; the header must name the columns file and class");
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            List<String> fields = fields(csv, i + 1, lines.get(i));
            if (fields.size() != titles.size()) {
                throw new LabelException(csv + ": line " + (i + 1) + " has " + fields.size() + " fields; the header has " + titles.size()
                        + " (put a name with commas in double quotes)");
            }
            if (fields.get(file).isBlank() || fields.get(label).isBlank()) {
                throw new LabelException(csv + ": line " + (i + 1) + " is \"" + lines.get(i) + "\"; both file and class must be given");
            }
            if (fields.get(file).indexOf('\0') >= 0) {
                throw new LabelException(csv + ": line " + (i + 1) + " has a NUL character in its file name; save the list as plain text");
            }
            entries.add(new Entry(i + 1, fields.get(file).strip(), fields.get(label).strip(), csv + ": line " + (i + 1)));
        }
        if (entries.isEmpty()) {
            throw new LabelException(csv + ": has a header and no lines; add a line an image");
        }
        return entries;
    }

    private static List<String> fields(Path csv, int number, String line) throws LabelException {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"') {
                if (quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                    field.append('"'); // a doubled quote stands for one
                    i++;
                } else {
                    quoted = !quoted;
                }
            } else if (c == ',' && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        if (quoted) {
            throw new LabelException(csv + ": line " + number + " has a double quote that is not closed in this line; close it or double it, and leave out line breaks, which a field may not hold");
        }
        fields.add(field.toString());
        return fields;
    }
}
