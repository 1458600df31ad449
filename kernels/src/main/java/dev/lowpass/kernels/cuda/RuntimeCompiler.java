package dev.lowpass.kernels.cuda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles the jar's kernel sources on the user's machine with NVRTC and keeps the results under the user's cache folder, named by
 * the hash of what they were made from. Of the versions of NVRTC that are installed, the newest is taken whose work the driver loads.
 */
final class RuntimeCompiler {

    private static final System.Logger LOG = System.getLogger(RuntimeCompiler.class.getName());

    private static final Pattern INCLUDE = Pattern.compile("^#include \"(\\w+\\.cuh)\"$", Pattern.MULTILINE);

    private RuntimeCompiler() {}

    /** What loads an image into a driver. */
    interface Loader {

        /**
         * Loads an image.
         *
         * @param image machine code, or PTX that ends with a zero
         * @param target what it is made for: sm_90, or compute_90 for PTX
         * @return null, or how the driver refused an image that is not for it
         * @throws CudaException when another image would fare no better
         */
        CudaException load(byte[] image, String target);
    }

    /**
     * Loads an image of {@code SOURCE.cu}: what was kept of an earlier compilation, else what an installed NVRTC makes of it. One that does not
     * know the device's architecture makes PTX for the newest that it knows, which the driver compiles. Where the driver refuses the one's image,
     * or CUDA's rules say that it would (an NVRTC of a later major version), the next one is tried.
     *
     * @param driverVersion the CUDA version that the driver supports, 1000 * major + 10 * minor
     * @throws CudaException when there is no NVRTC, or none that suits: says of each why, and what helps
     */
    static void compile(String source, int computeCapability, int driverVersion, Loader loader) {
        String text = text(source);
        Path kept = cached(source, text, "sm_" + computeCapability);
        byte[] image = Cache.read(kept);
        if (image != null) {
            if (loader.load(image, "sm_" + computeCapability) == null) {
                return;
            }
            Cache.remove(kept); // cut short by a full disk, perhaps, or the driver is an older one now
        }
        List<String> reasons = new ArrayList<>();
        try {
            if (compileByAny(source, text, computeCapability, driverVersion, loader, reasons)) {
                return;
            }
        } catch (NoClassDefFoundError e) {
            throw new CudaException("this build of Lowpass has no kernels compiled for this GPU, and to compile them LWJGL is needed, which is not on"
                    + " the class path; add org.lwjgl:lwjgl with its natives, or use the device cpu", e);
        }
        if (reasons.isEmpty()) {
            String wanted = System.getProperty(Nvrtc.LIBRARY_PROPERTY);
            throw new CudaException("this build of Lowpass has no kernels compiled for this GPU, and NVRTC, which would compile them, is not installed"
                    + (wanted != null ? " as " + wanted : "") + "; install the package cuda-nvrtc of the CUDA toolkit, set " + Nvrtc.LIBRARY_PROPERTY
                    + " to its libnvrtc, or use the device cpu", null);
        }
        throw new CudaException("no installed NVRTC compiles the kernels for this GPU (sm_" + computeCapability + ") and its driver (of CUDA "
                + CudaDevices.release(driverVersion) + "): " + String.join("; ", reasons) + "; install the package cuda-nvrtc of CUDA "
                + CudaDevices.release(driverVersion) + " or a newer driver, set " + Nvrtc.LIBRARY_PROPERTY + " to a libnvrtc that suits, or use the device cpu",
                null);
    }

    /**
     * @param reasons receives of each NVRTC why it was of no use
     * @return whether an image was loaded
     */
    private static boolean compileByAny(String source, String text, int computeCapability, int driverVersion, Loader loader, List<String> reasons) {
        Set<String> versions = new HashSet<>();
        for (String library : Nvrtc.libraries()) {
            Compiled compiled = null;
            String compiler = library;
            try (Nvrtc nvrtc = Nvrtc.open(library)) {
                if (nvrtc == null || !versions.add(nvrtc.version())) {
                    continue;
                }
                compiler = nvrtc.toString();
                compiled = compileBy(nvrtc, source, text, computeCapability, driverVersion);
            } catch (CudaException e) {
                reasons.add(compiler + ": " + e.getMessage());
                continue;
            }
            CudaException refusal = loader.load(compiled.image(), compiled.target());
            if (refusal == null) {
                return true;
            }
            Cache.remove(compiled.kept());
            reasons.add(compiler + ": " + refusal.getMessage());
        }
        return false;
    }

    private record Compiled(byte[] image, String target, Path kept) {}

    /** @throws CudaException when this NVRTC cannot make what this driver loads on this device */
    private static Compiled compileBy(Nvrtc nvrtc, String source, String text, int computeCapability, int driverVersion) {
        if (nvrtc.major() > driverVersion / 1000) {
            throw new CudaException("it is newer than the driver", null);
        }
        int[] known = Arrays.stream(nvrtc.architectures()).filter(architecture -> architecture <= computeCapability).toArray();
        if (known.length == 0) {
            throw new CudaException("it knows " + Arrays.toString(nvrtc.architectures()) + " only", null);
        }
        int newest = known[known.length - 1];
        boolean exact = newest == computeCapability;
        String target = (exact ? "sm_" : "compute_") + newest;
        // Machine code is kept whichever NVRTC made it; PTX until there is another version, which may know the device.
        Path kept = exact ? cached(source, text, target) : cachedPtx(source, text, target, nvrtc.version());
        byte[] image = exact ? null : Cache.read(kept);
        if (image == null) {
            image = nvrtc.compile(text, source + ".cu", options(target), exact);
            Cache.store(kept, image);
        }
        if (!exact) {
            LOG.log(System.Logger.Level.INFO, "{0} does not know sm_{1}: it compiles {2} for {3}, and the driver goes on from there; a newer NVRTC makes better code",
                    nvrtc, computeCapability, source, target);
        }
        return new Compiled(image, target, kept);
    }

    /** Where the machine code of a source is kept. */
    static Path cached(String source, int computeCapability) {
        return cached(source, text(source), "sm_" + computeCapability);
    }

    private static Path cached(String source, String text, String target) {
        return Cache.file(source + "-" + target + "-" + Cache.hash(text, String.join(" ", options(target))) + ".cubin");
    }

    private static Path cachedPtx(String source, String text, String target, String version) {
        return Cache.file(source + "-" + target + "-" + Cache.hash(text, String.join(" ", options(target)), version) + ".ptx");
    }

    private static List<String> options(String target) {
        return List.of("--std=c++17", "--gpu-architecture=" + target);
    }

    private static String text(String source) {
        return expand(source + ".cu", new HashSet<>());
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
