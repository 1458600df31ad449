package dev.lowpass.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;

/**
 * Finds what a device can run for a source: the folder that {@code dev.lowpass.cuda.images} names, if it names one; else the jar's fat
 * binary, made by nvcc when the jar was built; else what NVRTC makes of the jar's source, kept under the user's cache folder.
 */
final class KernelImages {

    /** Names a folder of {@code SOURCE.fatbin} files to be used in place of the jar's. */
    static final String FOLDER_PROPERTY = "dev.lowpass.cuda.images";

    private KernelImages() {}

    /** Loads the kernels of {@code SOURCE.cu} into the current context. */
    static CUmodule load(String source, int computeCapability) {
        CUmodule module = new CUmodule();
        byte[] image = image(source);
        if (image != null) {
            int status = Driver.load(module, image);
            if (status == Driver.SUCCESS) {
                return module;
            }
            if (!unsuitable(status) || System.getProperty(FOLDER_PROPERTY) != null) {
                throw Driver.failure(status, "cuModuleLoadData", "image " + source + " of " + image.length + " bytes");
            }
        }
        loadCompiled(module, source, computeCapability);
        return module;
    }

    /** Loads what NVRTC makes of the source. What the driver refuses is not kept. */
    static void loadCompiled(CUmodule module, String source, int computeCapability) {
        RuntimeCompiler.compile(source, computeCapability, Driver.version(), (image, target) -> {
            int status = Driver.load(module, image);
            if (status == Driver.SUCCESS) {
                return null;
            }
            CudaException failure = Driver.failure(status, "cuModuleLoadData", "image " + source + " compiled for " + target + ", " + image.length + " bytes");
            if (unsuitable(status)) {
                return failure;
            }
            throw failure;
        });
    }

    /** Whether an image is sound but made for other devices or a newer driver. */
    private static boolean unsuitable(int status) {
        return status == CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU || status == CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION
                || status == CUresult.CUDA_ERROR_INVALID_IMAGE || status == CUresult.CUDA_ERROR_INVALID_SOURCE || status == CUresult.CUDA_ERROR_INVALID_PTX
                || status == CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND;
    }

    /** The fat binary, or null when there is none. */
    private static byte[] image(String source) {
        String folder = System.getProperty(FOLDER_PROPERTY);
        try {
            if (folder != null) {
                return Files.readAllBytes(Path.of(folder, source + ".fatbin"));
            }
            return resource(source + ".fatbin");
        } catch (IOException e) {
            throw new UncheckedIOException("the kernels' image " + source + ".fatbin cannot be read"
                    + (folder == null ? " from the jar" : "; " + FOLDER_PROPERTY + " must name a folder that has it"), e);
        }
    }

    /** The text of a source. */
    static String text(String name) {
        try {
            byte[] content = resource(name);
            if (content == null) {
                throw new IOException(name + " is missing");
            }
            return new String(content, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the kernels' source " + name + " cannot be read from the jar", e);
        }
    }

    /** A file beside this class, or null when there is none. */
    static byte[] resource(String name) throws IOException {
        try (InputStream in = KernelImages.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        }
    }
}
