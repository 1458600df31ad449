package dev.lowpass.kernels.cuda;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles the jar's kernel sources on the user's machine with NVRTC and keeps the results under the user's cache folder, named by
 * the hash of what they were made from.
 */
final class RuntimeCompiler {

    private static final Pattern INCLUDE = Pattern.compile("^#include \"(\\w+\\.cuh)\"$", Pattern.MULTILINE);

    private RuntimeCompiler() {}

    /** An image of {@code SOURCE.cu} for that compute capability. */
    static byte[] compile(String source, int computeCapability) {
        String text = expand(source + ".cu", new HashSet<>());
        Path cached = cached(source, text, computeCapability);
        byte[] image = Cache.read(cached);
        if (image == null) {
            image = Nvrtc.compile(text, source + ".cu", options(computeCapability));
            Cache.store(cached, image);
        }
        return image;
    }

    /** Where the image of a source is kept. */
    static Path cached(String source, int computeCapability) {
        return cached(source, expand(source + ".cu", new HashSet<>()), computeCapability);
    }

    private static Path cached(String source, String text, int computeCapability) {
        return Cache.file(source + "-sm_" + computeCapability + "-" + Cache.hash(text, String.join(" ", options(computeCapability))) + ".cubin");
    }

    private static List<String> options(int computeCapability) {
        return List.of("--std=c++17", "--gpu-architecture=sm_" + computeCapability);
    }

    /** Has the source compiled anew when it is wanted next. */
    static void forget(String source, int computeCapability) {
        Cache.remove(cached(source, computeCapability));
    }

    /** The source with its includes in place, each once; NVRTC then needs no files. */
    private static String expand(String name, Set<String> seen) {
        String text = KernelImages.text(name).replace("#pragma once\n", "");
        Matcher includes = INCLUDE.matcher(text);
        StringBuilder expanded = new StringBuilder();
        int end = 0;
        while (includes.find()) {
            expanded.append(text, end, includes.start());
            if (seen.add(includes.group(1))) {
                expanded.append(expand(includes.group(1), seen));
            }
            end = includes.end();
        }
        return expanded.append(text, end, text.length()).toString();
    }
}
