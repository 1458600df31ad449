package dev.lowpass.bench.report;

import dev.lowpass.bench.latency.Ratio;
import dev.lowpass.bench.output.ProgramVersion;
import dev.lowpass.bench.receipt.Receipt;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The page: figures that the inputs allow, and what was measured on what. */
public final class ReportPage {

    /** More are folded away. */
    private static final int SHOWN_WARNINGS = 3;

    private final Inputs inputs;
    private final Series series = new Series();
    private final StringBuilder html = new StringBuilder();
    private int figures;

    private ReportPage(Inputs inputs) {
        this.inputs = inputs;
    }

    /**
     * The page in HTML.
     *
     * @param files of {@code bench}, {@code explain --measure} and {@code eval}, written with {@code --json}
     * @throws dev.lowpass.bench.receipt.ReceiptException when a file is none of these, or damaged
     * @throws IOException when one cannot be read
     */
    public static String of(List<Path> files) throws IOException {
        ReportPage page = new ReportPage(Inputs.read(files));
        page.write();
        return page.html.toString();
    }

    private void write() throws IOException {
        String models = models().isEmpty() ? "Lowpass" : String.join(", ", models());
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
                .append("<meta name=\"generator\" content=\"lowpass ").append(Svg.escape(ProgramVersion.get())).append("\">\n")
                // An icon of its own keeps browsers from asking a server for one.
                .append("<link rel=\"icon\" href=\"data:,\">\n<title>").append(Svg.escape(models)).append(": measured by Lowpass</title>\n<style>\n").append(style()).append("</style>\n</head>\n<body>\n");
        html.append("<header>\n<p class=\"kicker\">Lowpass report</p>\n<h1>").append(Svg.escape(models)).append("</h1>\n");
        paragraph("lead", lead());
        tiles();
        html.append("</header>\n<main>\n");
        warnings();
        section("How long a call takes", "latency", latencies());
        section("Throughput", "throughput", throughputs());
        section("Where the time goes", "layers", profiles());
        section("What the cutoffs cost", "accuracy", accuracies());
        provenance();
        html.append("</main>\n<footer><p>Written by lowpass ").append(Svg.escape(ProgramVersion.get()))
                .append(". Every number stands in the tables behind the figures; raw samples are in the files named above.</p></footer>\n</body>\n</html>\n");
    }

    private static String style() throws IOException {
        try (InputStream in = ReportPage.class.getResourceAsStream("report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Set<String> models() {
        Set<String> models = new LinkedHashSet<>();
        inputs.receipts().forEach(one -> models.add(Inputs.fileName(one.receipt().model().file())));
        inputs.profiles().forEach(one -> models.add(one.model()));
        inputs.accuracies().forEach(one -> models.add(one.model()));
        models.remove("");
        return models;
    }

    private String lead() {
        Set<String> machines = new LinkedHashSet<>();
        inputs.receipts().forEach(one -> machines.add(one.receipt().machine().cpu() + one.receipt().machine().gpus().stream().map(gpu -> ", " + gpu.name()).collect(Collectors.joining())));
        inputs.profiles().forEach(one -> machines.add(one.cpu()));
        machines.remove("");
        String where = machines.isEmpty() ? "" : "Measured on " + String.join(" and ", machines) + ". ";
        return where + (inputs.receipts().size() > 1
                ? "What is of one file ran in one process, in turns, on the same weights and pictures; different files stand beside one another, and need not be of one machine or model."
                : "What is compared ran in one process, in turns, on the same weights and pictures.");
    }

    // ---- key figures ----

    private void tiles() {
        List<String[]> tiles = new ArrayList<>();
        for (Inputs.Measured one : inputs.receipts()) {
            List<Receipt.Measurement> setting = groups(one.receipt()).values().stream().findFirst().orElse(List.of());
            Receipt.Measurement ours = setting.stream().filter(ReportPage::isOurs).filter(m -> !m.cutoffs().equals(Receipt.DENSE)).findFirst()
                    .orElse(setting.stream().filter(ReportPage::isOurs).findFirst().orElse(null));
            if (ours == null) {
                continue;
            }
            tiles.add(new String[] {LatencyFigure.millis(ours.summary().medianNanos() / 1e6) + " ms", "median call, " + cutoffs(ours) + ", " + setting(ours)});
            for (Receipt.Measurement other : setting) {
                if (other != ours && tiles.size() < 4) {
                    Ratio ratio = Ratio.of(other.latencies(), ours.latencies());
                    tiles.add(new String[] {String.format(Locale.ROOT, "%.2f\u00d7", ratio.value()), String.format(Locale.ROOT, "as fast as %s (95 %% interval %.2f to %.2f)",
                            name(other, one), ratio.low(), ratio.high())});
                }
            }
            break;
        }
        inputs.profiles().stream().map(Inputs.Profiled::profile).filter(profile -> profile.truncatedNanos() != null).findFirst().ifPresent(profile -> tiles.add(new String[] {
                String.format(Locale.ROOT, "%+.1f %%", 100.0 * profile.truncatedNanos() / profile.denseNanos() - 100),
                "compute time of the cutoffs against dense, " + ProfileFigures.setting(profile) + "; the paper has \u221222 %"}));
        Map<String, List<Inputs.Accuracy>> byModel = inputs.accuracies().stream().collect(Collectors.groupingBy(Inputs.Accuracy::file, LinkedHashMap::new, Collectors.toList()));
        byModel.values().stream().filter(points -> points.size() > 1 && points.get(0).images() != null && points.get(0).keptShare() >= 1).findFirst().ifPresent(points -> tiles.add(new String[] {
                String.format(Locale.ROOT, "%+.2f points", 100 * (points.get(1).share() - points.get(0).share())),
                String.format(Locale.ROOT, "top-1 on %d pictures with %.1f %% of the pointwise work; the paper has less than \u22121", points.get(0).images(), 100 * points.get(1).keptShare())}));
        if (tiles.isEmpty()) {
            return;
        }
        html.append("<ul class=\"tiles\">\n");
        for (String[] tile : tiles) {
            html.append("<li><strong>").append(Svg.escape(tile[0])).append("</strong><span>").append(Svg.escape(tile[1])).append("</span></li>\n");
        }
        html.append("</ul>\n");
    }

    private void warnings() {
        List<String> warnings = new ArrayList<>();
        for (Inputs.Measured one : inputs.receipts()) {
            if (one.receipt().warnings() != null) {
                one.receipt().warnings().forEach(warning -> warnings.add(warning));
            }
            one.receipt().measurements().stream().filter(m -> m.absent() != null).forEach(m -> warnings.add(name(m, one) + " is absent: " + m.absent()));
        }
        for (Inputs.Profiled one : inputs.profiles()) {
            one.profile().doubt().ifPresent(doubt -> warnings.add(ProfileFigures.setting(one.profile()) + ": " + doubt));
        }
        if (!warnings.isEmpty()) {
            List<String> distinct = warnings.stream().distinct().toList();
            html.append("<aside class=\"warnings\" aria-label=\"Warnings\"><details").append(distinct.size() <= SHOWN_WARNINGS ? " open" : "").append("><summary>Read with care: ").append(distinct.size())
                    .append(distinct.size() == 1 ? " warning" : " warnings").append("</summary><ul>\n");
            distinct.forEach(warning -> html.append("<li>").append(Svg.escape(warning)).append("</li>\n"));
            html.append("</ul></details></aside>\n");
        }
    }

    // ---- figures ----

    private String nextId() {
        return "figure-" + ++figures;
    }

    /** Present measurements by all but engine and cutoffs, the smallest batch and fewest threads first as they were measured. */
    private static Map<String, List<Receipt.Measurement>> groups(Receipt receipt) {
        return receipt.measurements().stream().filter(one -> one.absent() == null)
                .collect(Collectors.groupingBy(ReportPage::setting, LinkedHashMap::new, Collectors.toList()));
    }

    private static boolean isOurs(Receipt.Measurement one) {
        return one.engine().equals("lowpass");
    }

    private static String cutoffs(Receipt.Measurement one) {
        return one.cutoffs().equals(Receipt.DENSE) ? "dense" : one.cutoffs();
    }

    private static String setting(Receipt.Measurement one) {
        return one.device() + ", " + one.precision() + ", " + one.threads() + (one.threads() == 1 ? " thread" : " threads") + ", batch " + one.batch()
                + (one.concurrency() == 1 ? "" : ", " + one.concurrency() + " callers")
                + (one.requestRate() == null ? "" : String.format(Locale.ROOT, ", %s requests/s at random", Axis.label(one.requestRate())));
    }

    /** With several receipts, of which: by its file, for they may be of several machines or models. */
    private String name(Receipt.Measurement one, Inputs.Measured of) {
        return one.engine() + ", " + cutoffs(one) + (inputs.receipts().size() > 1 ? " (" + of.file() + ")" : "");
    }

    private List<Figure> latencies() {
        Map<String, List<LatencyFigure.Row>> rows = new LinkedHashMap<>();
        for (Inputs.Measured one : inputs.receipts()) {
            groups(one.receipt()).forEach((setting, measurements) -> measurements.forEach(
                    m -> rows.computeIfAbsent(setting, key -> new ArrayList<>()).add(LatencyFigure.Row.of(name(m, one), m))));
        }
        List<Figure> all = new ArrayList<>();
        rows.forEach((setting, list) -> all.add(LatencyFigure.of(nextId(), setting, list, series)));
        return all;
    }

    /** What a line of a figure varies. */
    private interface Quantity {
        double of(Receipt.Measurement measurement);
    }

    private List<Figure> throughputs() {
        List<Figure> all = new ArrayList<>();
        lines(all, "Throughput against batch", "Images a second by how many a call brings.", "images a call", "images/s",
                m -> m.requestRate() == null, m -> m.device() + ", " + m.precision() + ", " + m.threads() + " threads" + (m.concurrency() == 1 ? "" : ", " + m.concurrency() + " callers"),
                Receipt.Measurement::batch, m -> m.summary().imagesPerSecond());
        lines(all, "Throughput against callers", "Images a second by how many callers wait for their results at once.", "callers", "images/s",
                m -> m.requestRate() == null, m -> m.device() + ", " + m.precision() + ", " + m.threads() + " threads, batch " + m.batch(),
                Receipt.Measurement::concurrency, m -> m.summary().imagesPerSecond());
        lines(all, "Throughput against threads", "Images a second by how many threads share a call.", "threads", "images/s",
                m -> m.requestRate() == null, m -> m.device() + ", " + m.precision() + ", batch " + m.batch() + (m.concurrency() == 1 ? "" : ", " + m.concurrency() + " callers"),
                Receipt.Measurement::threads, m -> m.summary().imagesPerSecond());
        lines(all, "Tail latency under load", "The 99th percentile of requests that arrive at random, from when each was due: waiting is counted.", "requests/s", "p99 ms",
                m -> m.requestRate() != null, m -> m.device() + ", " + m.precision() + ", " + m.threads() + " threads, batch " + m.batch() + ", " + m.concurrency() + " callers",
                Receipt.Measurement::requestRate, m -> LatencyFigure.Row.of("", m).millis(99));
        return all;
    }

    private void lines(List<Figure> all, String title, String description, String xName, String yName, java.util.function.Predicate<Receipt.Measurement> counts,
            java.util.function.Function<Receipt.Measurement, String> group, Quantity x, Quantity y) {
        Map<String, Map<String, SortedMap<Double, Double>>> groups = new LinkedHashMap<>();
        for (Inputs.Measured one : inputs.receipts()) {
            for (Receipt.Measurement m : one.receipt().measurements()) {
                if (m.absent() == null && counts.test(m)) {
                    groups.computeIfAbsent(group.apply(m), key -> new LinkedHashMap<>()).computeIfAbsent(name(m, one), key -> new TreeMap<>()).put(x.of(m), y.of(m));
                }
            }
        }
        groups.forEach((setting, lines) -> {
            if (lines.values().stream().anyMatch(line -> line.size() > 1)) {
                all.add(LineFigure.of(nextId(), title + ", " + setting.replaceAll("\\b1 (thread|caller)s\\b", "1 $1"), description, xName, yName, lines, series));
            }
        });
    }

    private List<Figure> profiles() {
        List<Figure> all = new ArrayList<>();
        for (Inputs.Profiled one : inputs.profiles()) {
            all.add(ProfileFigures.blocks(nextId(), one.profile()));
            if (one.profile().peak() != null) {
                all.add(ProfileFigures.roofline(nextId(), one.profile()));
            }
        }
        return all;
    }

    /** One for each way of measuring, for these do not compare. */
    private List<Figure> accuracies() {
        Map<Optional<String>, List<Inputs.Accuracy>> byMeasure = inputs.accuracies().stream()
                .collect(Collectors.groupingBy(one -> Optional.ofNullable(one.measure()), LinkedHashMap::new, Collectors.toList()));
        return byMeasure.values().stream().map(points -> AccuracyFigure.of(nextId(), points, series)).toList();
    }

    // ---- HTML ----

    private void paragraph(String style, String text) {
        html.append("<p class=\"").append(style).append("\">").append(Svg.escape(text)).append("</p>\n");
    }

    private void section(String title, String id, List<Figure> content) {
        if (content.isEmpty()) {
            return;
        }
        html.append("<section aria-labelledby=\"").append(id).append("\">\n<h2 id=\"").append(id).append("\">").append(Svg.escape(title)).append("</h2>\n<div class=\"cards\">\n");
        content.forEach(this::figure);
        html.append("</div>\n</section>\n");
    }

    private void figure(Figure figure) {
        html.append("<figure>\n<figcaption><h3>").append(Svg.escape(figure.title())).append("</h3><p>").append(Svg.escape(figure.description())).append("</p></figcaption>\n");
        if (!figure.legend().isEmpty()) {
            html.append("<ul class=\"legend\">");
            figure.legend().forEach((name, style) -> html.append("<li><i class=\"").append(style).append("\"></i>").append(Svg.escape(name)).append("</li>"));
            html.append("</ul>\n");
        }
        html.append("<div class=\"plot\">").append(figure.svg()).append("</div>\n<details><summary>The numbers</summary>\n");
        figure.tables().forEach(this::table);
        html.append("</details>\n</figure>\n");
    }

    private void table(Figure.Numbers numbers) {
        html.append("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
        numbers.header().forEach(cell -> html.append("<th scope=\"col\">").append(Svg.escape(cell)).append("</th>"));
        html.append("</tr></thead><tbody>\n");
        for (List<String> row : numbers.rows()) {
            html.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                html.append(i == 0 ? "<th scope=\"row\">" : "<td>").append(Svg.escape(row.get(i))).append(i == 0 ? "</th>" : "</td>");
            }
            html.append("</tr>\n");
        }
        html.append("</tbody></table></div>\n");
    }

    private void provenance() {
        html.append("<section aria-labelledby=\"how\">\n<h2 id=\"how\">How it was measured</h2>\n<div class=\"cards\">\n");
        for (Inputs.Measured one : inputs.receipts()) {
            Receipt receipt = one.receipt();
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("file", one.file());
            facts.put("command", "lowpass " + String.join(" ", receipt.program().commandLine()));
            facts.put("when", receipt.createdAt());
            facts.put("program", receipt.program().version() + (receipt.program().commit() == null ? "" : ", commit " + receipt.program().commit()
                    + (Boolean.TRUE.equals(receipt.program().changed()) ? ", changed" : "")));
            facts.put("model", receipt.model().file() + ", SHA-256 " + receipt.model().sha256());
            receipt.model().cutoffSets().forEach(set -> facts.put("MACs " + set.name(), String.format(Locale.ROOT, "%.1f M, %.1f %% of pointwise kept", set.macs() / 1e6,
                    set.pointwiseMacs() == 0 ? 100.0 : 100.0 * set.keptPointwiseMacs() / set.pointwiseMacs())));
            facts.put("processor", receipt.machine().cpu() + ", " + receipt.machine().processors() + " for the JVM");
            if (!receipt.machine().gpus().isEmpty()) {
                facts.put("GPU", receipt.machine().gpus().stream().map(gpu -> gpu.name() + ", driver " + gpu.driver()).collect(Collectors.joining("; ")));
            }
            facts.put("clocks", clocks(receipt.clocksBefore()) + " before, " + clocks(receipt.clocksAfter()) + " after");
            facts.put("Java", receipt.machine().java() + " on " + receipt.machine().os());
            facts.put("JVM options", String.join(" ", receipt.machine().jvmOptions()));
            facts.put("engines", receipt.engines().stream().map(library -> library.name() + " " + library.version()).collect(Collectors.joining(", ")));
            Receipt.Settings settings = receipt.settings();
            facts.put("settings", String.format(Locale.ROOT, "warm-up %.0f ms, %.1f s timed, turns of %.0f ms, the first %.0f ms of each not timed; a reading of the clock takes %d ns", settings.warmUpMillis(),
                    settings.durationSeconds(), settings.turnMillis(), settings.settleMillis(), settings.timerNanos()));
            facts(facts);
        }
        for (Inputs.Profiled one : inputs.profiles()) {
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("file", one.file());
            facts.put("device", one.profile().deviceDescription());
            facts.put("passes", one.profile().runs() + " of each network, every other one timed step by step");
            facts.put("peak", one.profile().peak() == null ? "unknown" : one.profile().peak().method());
            facts(facts);
        }
        for (String file : inputs.accuracies().stream().map(Inputs.Accuracy::file).distinct().toList()) {
            facts(Map.of("accuracy from", file));
        }
        html.append("</div>\n</section>\n");
    }

    private static String clocks(Receipt.Clocks clocks) {
        if (clocks == null) {
            return "unknown";
        }
        String cpu = clocks.cpuMegahertz() == null || clocks.cpuMegahertz().isEmpty() ? "processor unknown"
                : String.format(Locale.ROOT, "%.0f MHz", clocks.cpuMegahertz().stream().mapToDouble(Double::doubleValue).average().orElse(0));
        return cpu + (clocks.loadAverage() == null ? "" : String.format(Locale.ROOT, " at load %.1f", clocks.loadAverage()));
    }

    private void facts(Map<String, String> facts) {
        html.append("<dl>");
        facts.forEach((name, fact) -> html.append("<div><dt>").append(Svg.escape(name)).append("</dt><dd>").append(Svg.escape(fact)).append("</dd></div>"));
        html.append("</dl>\n");
    }
}
