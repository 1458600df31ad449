package dev.lowpass.models.learn;

import dev.lowpass.runtime.file.ModelFile;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What learning and training have in common on the command line. */
final class RunOptions {

    @Option(names = "--seed", defaultValue = "1", description = "Of everything random (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--threads", description = "Workers (default: the processors).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--checkpoint", paramLabel = "FILE", description = "Written every minute; a command that finds it goes on from there (default: FILE.checkpoint).")
    private Path checkpoint;

    @Option(names = "--f16", description = "Store weights in half precision.")
    private boolean half;

    long seed() {
        return seed;
    }

    int threads() {
        Main.requirePositive("--threads", threads);
        return threads;
    }

    Path checkpoint(Path output) {
        return checkpoint == null ? output.resolveSibling(output.getFileName() + ".checkpoint") : checkpoint;
    }

    /** Refuses, before hours of work, an output that cannot be written after them. */
    static void requireWritable(Path output) {
        Path folder = output.toAbsolutePath().getParent();
        if (Files.isDirectory(output)) {
            throw new LearnException(output + " is a folder; name a file with -o");
        }
        if (!Files.isDirectory(folder)) {
            throw new LearnException("there is no folder " + folder + " to write " + output.getFileName() + " to; make it or name another with -o");
        }
        if (!Files.isWritable(folder)) {
            throw new LearnException("the folder " + folder + " cannot be written; change its permissions or name another with -o");
        }
    }

    ModelFile.WeightType weights() {
        return half ? ModelFile.WeightType.F16 : ModelFile.WeightType.F32;
    }

    /** How the command line ends that gives the same again. */
    String recipe() {
        return "--seed " + seed + (half ? " --f16" : "");
    }
}
