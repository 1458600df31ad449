package dev.lowpass.kernels.cuda;

import java.util.function.IntUnaryOperator;

/** How CUDA's libraries tell their version: a call for each part, by libraryPropertyType of library_types.h. */
final class LibraryVersion {

    private LibraryVersion() {}

    /** @param part gives 0 the major, 1 the minor, 2 the patch version */
    static String of(IntUnaryOperator part) {
        return part.applyAsInt(0) + "." + part.applyAsInt(1) + "." + part.applyAsInt(2);
    }
}
