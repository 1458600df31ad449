package dev.lowpass.bench.output;

import dev.lowpass.runtime.file.Reason;
import dev.lowpass.runtime.file.WholeFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that a command will write. {@link #requireWritable} says before the work whether it can be; {@link #write} leaves either
 * the old file or the whole new one. Devices and pipes are written straight.
 */
public final class OutputFile {

    /** What goes into the file. */
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    private OutputFile() {}

    /** @throws OutputException when the file could not be created or replaced, as far as can be told without doing so */
    public static void requireWritable(Path file) {
        if (Files.isDirectory(file)) {
            throw new OutputException("cannot write " + file + ": it is a directory; name a file in it");
        }
        Path folder = folder(file);
        if (!Files.exists(folder)) {
            throw new OutputException("cannot write " + file + ": the folder " + folder + " does not exist; create it or choose another");
        }
        if (!Files.isDirectory(folder)) {
            throw new OutputException("cannot write " + file + ": " + folder + " is not a folder; choose another path");
        }
        boolean straight = isStraight(file);
        if (straight ? !Files.isWritable(file) : !Files.isWritable(folder)) {
            throw new OutputException("cannot write " + file + ": this user may not write to " + (straight ? file : folder) + "; choose another path");
        }
    }

    /** @throws OutputException when it cannot be written; the old file, if any, is then as it was */
    public static void write(Path file, Content content) {
        requireWritable(file);
        try {
            if (isStraight(file)) {
                try (OutputStream out = Files.newOutputStream(file)) {
                    content.writeTo(out);
                }
            } else {
                // A link is kept: what it leads to is replaced.
                WholeFile.replace(Files.exists(file) ? file.toRealPath() : file, part -> {
                    try (OutputStream out = Files.newOutputStream(part)) {
                        content.writeTo(out);
                    }
                });
            }
        } catch (IOException e) {
            throw new OutputException("cannot write " + file + ": " + Reason.of(e) + "; choose another path or make room", e);
        }
    }

    private static boolean isStraight(Path file) {
        return Files.exists(file) && !Files.isRegularFile(file);
    }

    private static Path folder(Path file) {
        return file.toAbsolutePath().getParent();
    }
}
