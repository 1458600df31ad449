package dev.lowpass.runtime.file;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ThreadLocalRandom;

/** Replaces a file by a whole new one, or not at all. */
public final class WholeFile {

    /** What goes into the file. */
    public interface Content {

        /** @param part a file to create and write, in the target's folder */
        void writeTo(Path part) throws IOException;
    }

    private WholeFile() {}

    /**
     * Writes a part beside the target and moves it into place: the target is either what it was or the whole new file. Where the target is
     * a symbolic link to a file, that file is replaced, and the link stays.
     *
     * @throws IOException when that fails; the part is gone and the target as it was
     */
    public static void replace(Path name, Content content) throws IOException {
        Path target = Files.isSymbolicLink(name) && Files.exists(name) ? name.toRealPath() : name;
        Path part = target.resolveSibling("." + target.getFileName() + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
        // A signal ends the JVM without the finally below. The list of such files grows with every write, by a path each.
        if (part.getFileSystem() == FileSystems.getDefault()) {
            part.toFile().deleteOnExit();
        }
        try {
            content.writeTo(part);
            try {
                Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
