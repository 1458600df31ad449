package dev.lowpass.bench.command;

import dev.lowpass.models.image.ImageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths of pictures as arguments and lists name them. */
final class PicturePath {

    private PicturePath() {}

    /**
     * @param folder what a relative name begins in
     * @throws ImageException when no file of this system can have the name: with {@code LC_ALL=C} those are all with letters beyond ASCII
     */
    static Path of(Path folder, String name) throws ImageException {
        try {
            return folder.resolve(name);
        } catch (InvalidPathException e) {
            throw new ImageException(name.replace('\0', '?') + ": no file can have this name here (" + e.getReason()
                    + "); if it has letters beyond ASCII, run lowpass in a UTF-8 locale, for example with LC_ALL=C.UTF-8", e);
        }
    }
}
