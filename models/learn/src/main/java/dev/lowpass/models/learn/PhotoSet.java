package dev.lowpass.models.learn;

import dev.lowpass.kernels.Plane;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.ImageException;
import dev.lowpass.models.image.ImagePreprocessor;
import dev.lowpass.models.labels.LabelledImages;
import dev.lowpass.runtime.Preprocess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipException;

/**
 * Photos in memory, as a network's pre-processing leaves them before normalisation.
 *
 * @param plane the size of each
 * @param pixels {@code [n][y][x][c]}, 8-bit, in the network's channel order
 * @param labels a class per photo, or null
 * @param classes a name per class, or empty
 */
record PhotoSet(Plane plane, byte[] pixels, int[] labels, List<String> classes) {

    private static final int NAMED_IN_MESSAGE = 3;

    int size() {
        return pixels.length / plane.elements();
    }

    /** The photos at the given indices. */
    PhotoSet select(int[] indices) {
        int elements = plane.elements();
        byte[] chosen = new byte[indices.length * elements];
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(pixels, indices[i] * elements, chosen, i * elements, elements);
        }
        return new PhotoSet(plane, chosen, labels == null ? null : Arrays.stream(indices).map(i -> labels[i]).toArray(), classes);
    }

    PhotoSet withLabels(int[] labels, List<String> classes) {
        return new PhotoSet(plane, pixels, labels, classes);
    }

    /**
     * Two disjoint parts, drawn by a seed: the first of {@code count} photos.
     *
     * @throws LearnException when a part would be empty
     */
    List<PhotoSet> split(int count, long seed) {
        if (count < 1 || count >= size()) {
            throw new LearnException(count + " of " + size() + " photos cannot be held out; leave at least one on either side");
        }
        int[] order = shuffled(size(), new SplittableRandom(seed));
        return List.of(select(Arrays.copyOf(order, count)), select(Arrays.copyOfRange(order, count, order.length)));
    }

    /** The numbers from 0 to {@code count} (exclusive) in random order (Fisher and Yates). */
    static int[] shuffled(int count, SplittableRandom random) {
        int[] order = IntStream.range(0, count).toArray();
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        return order;
    }

    /** A photo's name in its folder, and its bytes. */
    private record Encoded(String name, byte[] bytes) {}

    /**
     * Reads {@code part/CLASS/*} from a folder or from a zip archive; classes in alphabetical order.
     *
     * @throws LearnException when there is no photo, or one cannot be decoded
     */
    static PhotoSet readClasses(Path data, String part, Preprocess preprocess) throws IOException {
        return inside(data, root -> {
            Path folder = root.resolve(part);
            if (!Files.isDirectory(folder)) {
                throw new LearnException(data + " has no folder \"" + part + "\"; it must hold " + part + "/CLASS/*.jpg");
            }
            List<String> classes = new ArrayList<>();
            List<Encoded> photos = new ArrayList<>();
            List<Integer> labels = new ArrayList<>();
            for (Path classFolder : sorted(folder)) {
                if (Files.isDirectory(classFolder)) {
                    for (Path file : sorted(classFolder)) {
                        if (LabelledImages.isImage(file)) {
                            photos.add(new Encoded(file.toString(), Files.readAllBytes(file)));
                            labels.add(classes.size());
                        }
                    }
                    classes.add(classFolder.getFileName().toString().replace("/", ""));
                }
            }
            if (photos.isEmpty()) {
                throw new LearnException(data + " holds no photo under " + part + "/CLASS; add .jpg, .png or .bmp files");
            }
            return decode(photos, preprocess, data).withLabels(labels.stream().mapToInt(Integer::intValue).toArray(), List.copyOf(classes));
        });
    }

    /**
     * Reads every photo of a folder or zip archive, and of the folders in it.
     *
     * @param within a folder in it, or "" for all of it
     * @param paths receives each photo's path, in the photos' order
     * @throws LearnException when there is no photo, or one cannot be decoded
     */
    static PhotoSet readAll(Path data, String within, Preprocess preprocess, List<Path> paths) throws IOException {
        return inside(data, top -> {
            Path root = within.isEmpty() ? top : top.resolve(within);
            if (!Files.isDirectory(root)) {
                throw new LearnException(data + " has no folder \"" + within + "\"; name one that it has");
            }
            List<Encoded> photos = new ArrayList<>();
            for (Path file : LabelledImages.find(root)) {
                photos.add(new Encoded(file.toString(), Files.readAllBytes(file)));
                paths.add(file);
            }
            if (photos.isEmpty()) {
                throw new LearnException(data + (within.isEmpty() ? "" : " within " + within) + " holds no photo; give a folder with .jpg, .png or .bmp files");
            }
            return decode(photos, preprocess, data);
        });
    }

    private interface Reader {
        PhotoSet read(Path root) throws IOException;
    }

    private static PhotoSet inside(Path data, Reader reader) throws IOException {
        if (Files.isDirectory(data)) {
            return reader.read(data);
        }
        if (!Files.exists(data)) {
            throw new LearnException("there is no " + data + "; give a folder or a zip archive of photos");
        }
        try (FileSystem zip = FileSystems.newFileSystem(data, (ClassLoader) null)) {
            return reader.read(zip.getPath("/"));
        } catch (ProviderNotFoundException | ZipException e) {
            throw new LearnException(data + " is neither a folder nor a zip archive; give one of photos", e);
        }
    }

    private static List<Path> sorted(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted(Comparator.comparing(Path::toString)).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static PhotoSet decode(List<Encoded> photos, Preprocess preprocess, Path data) {
        Plane plane = preprocess.input();
        ImagePreprocessor preprocessor = new ImagePreprocessor(preprocess);
        int elements = plane.elements();
        if ((long) photos.size() * elements > Integer.MAX_VALUE - 8) {
            throw new LearnException(data + " holds " + photos.size() + " photos, which take " + (long) photos.size() * elements
                    + " bytes at " + plane + "; at most 2 GB of pixels are learned from: give fewer photos");
        }
        byte[] pixels = new byte[photos.size() * elements];
        Map<Integer, String> broken = new ConcurrentSkipListMap<>();
        IntStream.range(0, photos.size()).parallel().forEach(i -> {
            try {
                byte[] decoded = preprocessor.toPixels(ImageDecoder.decode(photos.get(i).bytes()));
                System.arraycopy(decoded, 0, pixels, i * elements, elements);
            } catch (ImageException e) {
                broken.put(i, photos.get(i).name() + " (" + e.getMessage() + ")");
            }
        });
        if (!broken.isEmpty()) {
            List<String> some = broken.values().stream().limit(NAMED_IN_MESSAGE).toList();
            throw new LearnException(broken.size() + " of the " + photos.size() + " photos in " + data + " cannot be read: " + String.join(", ", some)
                    + (broken.size() > some.size() ? ", ..." : "") + "; remove or replace them");
        }
        return new PhotoSet(plane, pixels, null, List.of());
    }
}
