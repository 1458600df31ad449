package dev.lowpass.models.learn;

import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which class of a model each photo shows. */
final class Labels {

    /** Instead of a file: the name of the folder that a photo is in. */
    static final String FOLDERS = "folders";

    private static final int IMAGENET_WITH_BACKGROUND = 1001;

    private Labels() {}

    /**
     * @param source a CSV file with the lines {@code file,class}, the class a number or a name; or {@value #FOLDERS}
     * @throws LearnException when a photo has no label, or a label is no class of the model
     */
    static int[] of(String source, List<Path> photos, ModelDefinition model) throws IOException {
        Map<String, Integer> numbers = new HashMap<>();
        for (int i = 0; i < model.labels().size(); i++) {
            numbers.putIfAbsent(model.labels().get(i), i);
        }
        // ImageNet's lists count from 0 without the background that TensorFlow's networks put first.
        boolean background = model.labels().isEmpty() ? model.classes() == IMAGENET_WITH_BACKGROUND : model.labels().get(0).equals("background");
        Map<String, String> byFile = source.equals(FOLDERS) ? null : readCsv(Path.of(source));
        int[] labels = new int[photos.size()];
        List<String> missing = new ArrayList<>();
        Map<String, Path> named = new HashMap<>();
        for (int i = 0; i < labels.length; i++) {
            Path photo = photos.get(i);
            String label = byFile == null ? folder(photo) : byFile.get(line(photo, byFile, named, source));
            if (label == null) {
                missing.add(photo.getFileName().toString());
            } else {
                labels[i] = number(label, numbers, background, model.classes(), source);
            }
        }
        if (!missing.isEmpty()) {
            throw new LearnException(source + " has no label for " + missing.size() + " of the " + photos.size() + " photos, the first is " + missing.get(0)
                    + "; add a line \"file,class\" for each or remove the photos");
        }
        return labels;
    }

    private static String folder(Path photo) {
        Path folder = photo.getParent();
        if (folder == null || folder.getFileName() == null) {
            throw new LearnException("photo " + photo + " is in no folder that could be its class; put each into a folder with the name of its class");
        }
        return folder.getFileName().toString().replace("/", "");
    }

    /**
     * The file of a line that names the photo: by as many of the folders it is in as any line has.
     *
     * @param named the photo that each line names, filled in
     */
    private static String line(Path photo, Map<String, String> byFile, Map<String, Path> named, String source) {
        for (int from = 0; from < photo.getNameCount(); from++) {
            String file = photo.subpath(from, photo.getNameCount()).toString().replace('\\', '/');
            if (byFile.containsKey(file)) {
                Path other = named.put(file, photo);
                if (other != null) {
                    throw new LearnException(file + " of " + source + " is the name of two photos, " + other + " and " + photo + "; write their folders before their names");
                }
                return file;
            }
        }
        return null;
    }

    private static int number(String label, Map<String, Integer> numbers, boolean background, int classes, String source) {
        Integer known = numbers.get(label);
        if (known != null) {
            return known;
        }
        try {
            int number = Integer.parseInt(label) + (background ? 1 : 0);
            if (number >= 0 && number < classes) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new LearnException("label \"" + label + "\" of " + source + " is no class of the model, which has " + classes
                + (numbers.isEmpty() ? " and no names; use numbers from 0" : "; use a number from 0 or a name that inspect lists"));
    }

    private static Map<String, String> readCsv(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new LearnException("there is no file " + file + "; --labels takes a CSV file or \"" + FOLDERS + "\"");
        }
        Map<String, String> labels = new HashMap<>();
        int number = 0;
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new LearnException(file + " is not UTF-8 text; save it as UTF-8", e);
        }
        for (String text : lines) {
            String line = text.replace("\uFEFF", ""); // a byte order mark, which spreadsheets put first
            number++;
            int comma = line.indexOf(',');
            if (line.isBlank()) {
                continue;
            }
            if (comma < 1) {
                throw new LearnException(file + " line " + number + " is \"" + line + "\"; each line must be file,class");
            }
            String name = line.substring(0, comma).strip();
            String label = line.substring(comma + 1).strip();
            String before = labels.put(name, label);
            if (before != null && !before.equals(label)) {
                throw new LearnException(file + " line " + number + " says that " + name + " is " + label + ", and a line before it says " + before + "; leave one of them");
            }
        }
        return labels;
    }
}
