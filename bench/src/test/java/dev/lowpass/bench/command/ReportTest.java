package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.ModelFile.WeightType;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench --paper} and {@code report} on a small network, and the page in a browser where there is one. */
class ReportTest {

    @TempDir
    Path folder;

    private Path model;

    private static void succeed(Object... args) {
        Execution run = Execution.of(args);
        assertEquals(0, run.status(), run.err());
    }

    /** A receipt of a sweep, a profile and an accuracy. */
    private List<Path> receipts() throws IOException {
        model = folder.resolve("tiny <&> \"model\".safetensors");
        ModelFile.write(TinyNetwork.definition(TinyNetwork.LABELS, false), model, WeightType.F32);
        StringBuilder list = new StringBuilder("file,class\n");
        for (int i = 0; i < 6; i++) {
            TinyNetwork.picture(folder.resolve(i + ".png"), 0xff << 8 * (i % 3));
            list.append(i).append(".png,").append(List.of("blue", "green", "red").get(i % 3)).append('\n');
        }
        Path labels = Files.writeString(folder.resolve("labels.csv"), list);
        Path sweep = folder.resolve("sweep.json");
        Path profile = folder.resolve("profile.json");
        Path paper = folder.resolve("paper.json");
        succeed("bench", "-m", model, "--smoke", "--device", "cpu", "--threads", 1, "--batch", "1,3", "--json", sweep);
        succeed("explain", model, "--measure", "--duration", 0.02, "--device", "cpu", "--threads", 1, "--json", profile);
        Execution run = Execution.of("bench", "-m", model, "--device", "cpu", "--threads", 1, "--batch", 2, "--paper", "--images", folder, "--labels", labels, "--json", paper);
        assertEquals(0, run.status(), run.err());
        assertTrue(Pattern.compile("dense +100\\.00 % +[\\d.]+ +100\\.00 % +100\\.00 %").matcher(run.out()).find(), run.out());
        assertTrue(Pattern.compile("cutoffs +[\\d.]+ % +[\\d.]+ +[+-][\\d.]+ % +\\[[+-][\\d.]+, [+-][\\d.]+\\] +100\\.00 % +\\+0\\.00 +100\\.00 % +\\+0\\.00").matcher(run.out()).find(), run.out());
        assertTrue(Pattern.compile("the paper +-22\\.00 % +under -1\\.00").matcher(run.out()).find(), run.out());
        return List.of(sweep, profile, paper);
    }

    private Path page() throws IOException {
        Path page = folder.resolve("report.html");
        succeed(Stream.concat(Stream.concat(Stream.of("report"), receipts().stream()), Stream.of("-o", page)).toArray());
        return page;
    }

    private static int count(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        int count = 0;
        while (matcher.find()) {
            count++;
        }
        return count;
    }

    @Test
    void thePageHasEveryFigureAndNeedsNothingElse() throws IOException {
        String page = Files.readString(page());
        for (String title : List.of("Latency, cpu, fp32, 1 thread, batch 1", "Latency, cpu, fp32, 1 thread, batch 3", "Throughput against batch, cpu, fp32, 1 thread",
                "Dense against truncated, layer by layer, cpu, 1 thread, batch 1, fp32", "Roofline, cpu, 1 thread, batch 1, fp32", "Accuracy against kept work")) {
            assertTrue(page.contains("<h3>" + title + "</h3>"), title);
        }
        assertEquals(6, count(page, "<svg "));
        assertEquals(6, count(page, "role=\"img\" aria-labelledby"));
        assertEquals(6, count(page, "<details><summary>The numbers</summary>\n<div class=\"scroll\" tabindex"));
        Set<String> ids = new HashSet<>();
        Matcher id = Pattern.compile(" id=\"([^\"]+)\"").matcher(page);
        while (id.find()) {
            assertTrue(ids.add(id.group(1)), "twice: " + id.group(1));
        }
        assertEquals(0, count(page, "https?://|url\\(|<script|@import| src="), "nothing may be fetched");
        assertEquals(0, count(page, "NaN|Infinity|null"), "every number is one");
        assertTrue(page.contains("tiny &lt;&amp;&gt; &quot;model&quot;.safetensors"), "names are text, whatever they contain");
        assertFalse(page.contains("tiny <&>"));
    }

    @Test
    void refusesWhatIsNoReceipt() throws IOException {
        Path page = folder.resolve("report.html");
        Path text = Files.writeString(folder.resolve("text.json"), "I am not JSON");
        assertTrue(Execution.of("report", text, "-o", page).message().startsWith("lowpass: " + text + ": is not JSON: "));
        Path other = Files.writeString(folder.resolve("other.json"), "{\"schema\": \"lowpass.doctor/1\"}");
        assertEquals("lowpass: " + other + ": its schema is \"lowpass.doctor/1\", of which a report makes nothing; name what bench, explain --measure or eval wrote with --json",
                Execution.of("report", other, "-o", page).message());
        Path dry = Files.writeString(folder.resolve("dry.json"), "{\"schema\": \"lowpass.explain/1\"}");
        assertTrue(Execution.of("report", dry, "-o", page).message().contains("without --measure"));
        Path missing = folder.resolve("missing.json");
        assertEquals("lowpass: " + missing + ": no such file; check the path", Execution.of("report", missing, "-o", page).message());
        assertEquals("lowpass: cannot write " + text + ": it exists and is not a page of HTML; choose another name or delete it",
                Execution.of("report", other, "-o", text).message());
        assertFalse(Files.exists(page));
        assertEquals("I am not JSON", Files.readString(text));
    }

    @Test
    void refusesADamagedProfile() throws IOException {
        Path page = folder.resolve("report.html");
        Path profile = receipts().get(1);
        String text = Files.readString(profile);
        Path damaged = folder.resolve("damaged.json");
        Files.writeString(damaged, text.replaceFirst("\"kernel\"", "\"colonel\""));
        assertEquals("lowpass: " + damaged + ": lacks the field \"measured.steps[0].kernel\"; name a file that lowpass wrote with --json, as it wrote it",
                Execution.of("report", damaged, "-o", page).message());
        String zero = text.replaceFirst("\"stepwise_nanos\" ?: ?\\d+", "\"stepwise_nanos\":0");
        assertFalse(zero.equals(text));
        Files.writeString(damaged, zero);
        assertTrue(Execution.of("report", damaged, "-o", page).message().startsWith("lowpass: " + damaged + ": its field \"measured\" is damaged: times and bytes must be above 0"));
        assertFalse(Files.exists(page));
    }

    @Test
    void paperMeasuresInOneSetting() {
        Execution run = Execution.of("bench", "-m", folder.resolve("any.safetensors"), "--device", "cpu", "--paper", "--images", folder, "--labels", "any.csv", "--threads", "1,2");
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: --paper measures in one setting, and --threads has 2 values; give one"), run.message());
        run = Execution.of("bench", "-m", folder.resolve("any.safetensors"), "--device", "cpu", "--paper", "--images", folder, "--labels", "any.csv", "--request-rate", 5);
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: --paper has no use for --request-rate; leave it out"), run.message());
        run = Execution.of("explain", folder.resolve("any.safetensors"), "--measure", "--bands");
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: --measure lists every step by itself; leave out --bands and --steps"), run.message());
        run = Execution.of("bench", "-m", folder.resolve("any.safetensors"), "--device", "cpu", "--paper", "--images", folder, "--labels", "any.csv", "--peers", "onnxruntime");
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: --paper runs no peers; leave out --peers"), run.message());
    }

    @Test
    void paperNeedsPicturesAndCutoffs() throws IOException {
        Path dense = folder.resolve("dense.safetensors");
        ModelFile.write(TinyNetwork.definition(TinyNetwork.LABELS, false).dense(), dense, WeightType.F32);
        Execution run = Execution.of("bench", "-m", dense, "--paper");
        assertEquals(2, run.status());
        assertTrue(run.message().startsWith("lowpass: Option --paper measures accuracy; give --images DIR and --labels CSV"), run.err());
        assertEquals(2, Execution.of("bench", "-m", dense, "--images", folder).status());
        assertTrue(Execution.of("bench", "-m", dense, "--device", "cpu", "--paper", "--images", folder, "--labels", folder.resolve("labels.csv")).message()
                .contains("has no cutoffs, so there is nothing to compare"));
    }

    private static Optional<Path> browser() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator))
                .flatMap(place -> Stream.of("chromium", "chromium-browser", "google-chrome").map(name -> Path.of(place, name)))
                .filter(Files::isExecutable).findFirst();
    }

    /** Takes a picture of the page, as wide as asked for; the browser's messages must hold no complaint of the page. */
    private BufferedImage screenshot(Path browser, Path page, boolean dark, int width) throws IOException, InterruptedException {
        Path picture = folder.resolve((dark ? "dark" : "light") + width + ".png");
        Path messages = folder.resolve("messages.txt");
        List<String> command = new ArrayList<>(List.of(browser.toString(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--enable-logging=stderr", "--user-data-dir=" + folder.resolve("profile of the browser"), "--window-size=" + width + ",1600",
                "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1), "--screenshot=" + picture, page.toUri().toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(messages.toFile()).start();
        boolean ended = process.waitFor(300, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = Files.readString(messages);
        assertTrue(ended && Files.exists(picture), said);
        assertEquals(List.of(), said.lines().filter(line -> line.contains("CONSOLE")).toList());
        return ImageIO.read(picture.toFile());
    }

    private static double brightness(BufferedImage image) {
        double sum = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int rgb = image.getRGB(x, y);
                sum += (rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255);
            }
        }
        return sum / (3.0 * image.getWidth() * image.getHeight());
    }

    private static int colours(BufferedImage image) {
        Set<Integer> colours = new HashSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y));
            }
        }
        return colours.size();
    }

    @Test
    void aBrowserShowsItInLightAndDark() throws IOException, InterruptedException {
        Optional<Path> browser = browser();
        assumeTrue(browser.isPresent(), "skipped: no chromium on the PATH to look at the page with");
        Path page = page();
        BufferedImage light = screenshot(browser.get(), page, false, 1200);
        BufferedImage dark = screenshot(browser.get(), page, true, 1200);
        assertEquals(1200, light.getWidth());
        assertTrue(brightness(light) > 200, "light: " + brightness(light));
        assertTrue(brightness(dark) < 70, "dark: " + brightness(dark));
        // Smoothed text and the series' colours: an empty page, or an unstyled one, has few.
        assertTrue(colours(light) > 150 && colours(dark) > 150, colours(light) + " and " + colours(dark) + " colours");
    }
}
