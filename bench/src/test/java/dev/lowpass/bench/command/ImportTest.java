package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code import}: its refusals, and the way from a real TFLite file to the name of what is in a photo. */
class ImportTest {

    @TempDir
    Path folder;

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static Path shared(String relative) {
        Path file = Path.of(System.getProperty("lowpass.shared", "../shared")).resolve(relative).normalize();
        assumeTrue(Files.exists(file), file + " is absent: put the shared data beside the checkout to run this test");
        return file;
    }

    @Test
    void refusalsAreOneLineAndLeaveNothing() throws IOException {
        Path target = folder.resolve("model.safetensors");
        Path text = Files.writeString(folder.resolve("text.tflite"), "this is no flat buffer at all");
        Path picture = Files.writeString(folder.resolve("text.jpg"), "text");
        List<String> before = files();
        assertFails("lowpass: " + folder.resolve("none.tflite") + ": no such file; check the path", "import", folder.resolve("none.tflite"), "-o", target);
        assertFails("lowpass: " + text + ": ", "import", text, "-o", target);
        assertFails("lowpass: " + picture + ": is not of a format that can be imported; give a .tflite file", "import", picture, "-o", target);
        assertFails("lowpass: " + picture + ": is not a picture", "import", text, "-o", target, "--golden", picture);
        Path nowhere = folder.resolve("none").resolve("model.safetensors");
        assertFails("lowpass: cannot write " + nowhere + ": the folder " + nowhere.getParent() + " does not exist; create it or choose another",
                "import", text, "-o", nowhere);
        assertEquals(before, files());
    }

    @Test
    void anExistingFileIsKeptUnlessForced() throws IOException {
        Path target = Files.writeString(folder.resolve("model.safetensors"), "precious");
        Path text = Files.writeString(folder.resolve("text.tflite"), "this is no flat buffer at all");
        assertFails("lowpass: " + target + ": exists already; give --force to replace it, or another name", "import", text, "-o", target);
        assertFails("lowpass: " + text + ": ", "import", text, "-o", target, "--force");
        assertEquals("precious", Files.readString(target), "a failed import replaces nothing");
        Execution same = Execution.of("import", text, "-o", text, "--force");
        assertEquals(2, same.status());
        assertTrue(same.message().startsWith("lowpass: MODEL is one of the files to read"), same.err());
    }

    private static void assertFails(String message, Object... args) {
        Execution run = Execution.of(args);
        assertEquals(1, run.status(), run.err());
        assertTrue(run.message().startsWith(message), run.err());
        assertEquals("", run.out());
    }

    @Test
    void realNetworkFromFileToClass() throws IOException {
        Path source = shared("models/tf2_mobilenet_v2_1.0_224_ptq.tflite");
        Path photo = shared("data/imagenet-val/ILSVRC2012_val_00000560.JPEG");
        Path model = folder.resolve("mobilenet.safetensors");
        Execution run = Execution.of("import", source, "-o", model, "--labels", shared("data/imagenet-val/classes.txt"), "--cutoffs",
                shared("golden/mobilenet_v2_imagenet_cutoffs.safetensors"), "--golden", photo, "--licence", "Apache-2.0", "--f16");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("1001 classes, 80.06 % of pointwise MACs kept, 1 golden image"), run.out());
        assertTrue(run.message().contains("class 0 is called \"background\""), run.err());
        assertEquals(List.of("mobilenet.safetensors"), files());
        Execution verify = Execution.of("verify", model, "--device", "cpu");
        assertEquals(0, verify.status(), verify.err());
        Execution classify = Execution.of("classify", "-m", model, "--top", "1", photo);
        assertTrue(classify.out().contains("passenger car, coach, carriage"), classify.out());
        Execution explain = Execution.of("explain", model);
        assertTrue(explain.out().contains("pointwise MACs kept  214,508,416 of 267,939,840 (80.06 %), without the classifier"), explain.out());
        Execution inspect = Execution.of("inspect", model);
        assertTrue(inspect.out().contains("parameters     3,489,097") && inspect.out().contains("licence        Apache-2.0"), inspect.out());
    }
}
