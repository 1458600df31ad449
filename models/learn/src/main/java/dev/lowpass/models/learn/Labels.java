package dev.lowpass.models.learn;

import dev.lowpass.models.labels.ClassNumbers;
import dev.lowpass.models.labels.LabelException;
import dev.lowpass.models.labels.LabelledImages;
import dev.lowpass.runtime.ModelDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which class of a model each photo shows. */
final class Labels {

    private Labels() {}

    /**
     * @param source a CSV file as {@link LabelledImages} reads it, whose files name photos by as many folders as they need; or
     *     {@value LabelledImages#FOLDERS}
     * @throws LearnException when a photo has no label
     * @throws LabelException when the file is not as it should be, or a label is no class of the model
     */
    static int[] of(String source, List<Path> photos, ModelDefinition model) throws IOException {
        ClassNumbers numbers = ClassNumbers.automatic(model.classes(), model.labels());
        return source.equals(LabelledImages.FOLDERS) ? byFolders(photos, numbers) : byList(Path.of(source), photos, numbers);
    }

    private static int[] byFolders(List<Path> photos, ClassNumbers numbers) throws LabelException {
        int[] labels = new int[photos.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = numbers.index("the folder of " + photos.get(i), folder(photos.get(i)));
        }
        return labels;
    }

    private static int[] byList(Path csv, List<Path> photos, ClassNumbers numbers) throws IOException {
        Map<String, LabelledImages.Entry> byFile = readCsv(csv);
        int[] labels = new int[photos.size()];
        List<String> missing = new ArrayList<>();
        Map<String, Path> named = new HashMap<>();
        for (int i = 0; i < labels.length; i++) {
            LabelledImages.Entry entry = byFile.get(line(photos.get(i), byFile, named, csv));
            if (entry == null) {
                missing.add(photos.get(i).getFileName().toString());
            } else {
                labels[i] = numbers.index(entry.where(), entry.label());
            }
        }
        if (!missing.isEmpty()) {
            throw new LearnException(csv + " has no label for " + missing.size() + " of the " + photos.size() + " photos, the first is " + missing.get(0)
                    + "; add a line for each or remove the photos");
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
    private static String line(Path photo, Map<String, LabelledImages.Entry> byFile, Map<String, Path> named, Path csv) {
        for (int from = 0; from < photo.getNameCount(); from++) {
            String file = photo.subpath(from, photo.getNameCount()).toString().replace('\\', '/');
            if (byFile.containsKey(file)) {
                Path other = named.put(file, photo);
                if (other != null) {
                    throw new LearnException(file + " of " + csv + " is the name of two photos, " + other + " and " + photo + "; write their folders before their names");
                }
                return file;
            }
        }
        return null;
    }

    private static Map<String, LabelledImages.Entry> readCsv(Path csv) throws IOException {
        if (!Files.exists(csv)) {
            throw new LearnException("there is no file " + csv + "; give a CSV file with the header file,class, or \"" + LabelledImages.FOLDERS + "\"");
        }
        Map<String, LabelledImages.Entry> entries = new HashMap<>();
        for (LabelledImages.Entry entry : LabelledImages.read(csv)) {
            LabelledImages.Entry before = entries.put(entry.file(), entry);
            if (before != null && !before.label().equals(entry.label())) {
                throw new LearnException(entry.where() + " says that " + entry.file() + " is " + entry.label() + ", and line " + before.line() + " says " + before.label()
                        + "; leave one of them");
            }
        }
        return entries;
    }
}
