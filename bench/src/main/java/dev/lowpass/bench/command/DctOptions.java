package dev.lowpass.bench.command;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.lowpass.bench.latency.Percentile;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.Table;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.Operands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Stopwatch;
import dev.lowpass.kernels.Workspace;
import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code bench --dct}: the block DCT of the planes whose layers the model truncates, by our kernels and by cuFFT, on a GPU. Both compute all
 * coefficients, in single precision, and are compared with the reference before they are timed; times are of the device, in turns.
 */
final class DctOptions {

    /** Of the largest coefficient; wrong transforms are off by whole coefficients. */
    private static final double TOLERANCE = 1e-5;

    /** Runs that a sample is the mean of: marks on a device are half a microsecond apart at the least. */
    private static final int RUNS = 20;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--dct", description = "Instead of a sweep, time the block DCT of the planes that the model truncates, by our kernels and by cuFFT, on a GPU.")
    private boolean dct;

    /** What is transformed: blocks of that side. */
    private record Shape(Plane plane, int block) {}

    /** Times, or none where there is no cuFFT. */
    private record Row(Shape shape, List<long[]> ours, List<long[]> cufft, double oursError, double cufftError) {}

    /** One way to compute one shape's DCT. */
    private static final class Subject implements AutoCloseable {
        private final Operation operation;
        private final Workspace workspace;
        private final Operation.Step step;
        private final Stopwatch stopwatch;
        private final int batch;
        private final int elements;
        final List<long[]> turns = new ArrayList<>();

        Subject(Backend backend, Shape shape, int batch, float[] in) {
            this.batch = batch;
            elements = in.length;
            operation = backend.dct(new OperationSpec.Dct(shape.plane(), Staircase.full(shape.block(), shape.plane().channels())));
            workspace = backend.newWorkspace(batch, 2L * elements, operation.scratchElements(batch), 1);
            step = operation.bind(workspace, new Operands(0, elements));
            stopwatch = workspace.newStopwatch(2);
            workspace.write(0, FloatBuffer.wrap(in), 0, elements);
        }

        float[] result() {
            step.run(batch);
            float[] out = new float[elements];
            workspace.read(elements, FloatBuffer.wrap(out), 0, elements);
            return out;
        }

        void turn(int runs) {
            step.run(batch);
            stopwatch.mark(0);
            for (int run = 0; run < runs; run++) {
                step.run(batch);
            }
            stopwatch.mark(1);
            turns.add(new long[] {stopwatch.nanos(0, 1) / runs});
        }

        @Override
        public void close() {
            stopwatch.close();
            workspace.close();
            operation.close();
        }
    }

    boolean isAsked() {
        return dct;
    }

    /** @param turns of each of the two */
    void run(LoadedModel model, int ordinal, int batch, int turns, boolean smoke, JsonReport report) throws IOException {
        Set<Shape> shapes = shapes(model.definition());
        if (shapes.isEmpty()) {
            throw new CommandException(model.path() + ": has no cutoffs, so it has no DCT to time; import it with --cutoffs, or learn some");
        }
        Backend ours = Backends.cuda(ordinal);
        Backend cufft = null;
        String absent = null;
        try {
            cufft = Backends.cudaWithCufft(ordinal);
        } catch (CudaException e) {
            absent = e.getMessage();
        }
        List<Row> rows = new ArrayList<>();
        for (Shape shape : shapes) {
            rows.add(measure(shape, ours, cufft, batch, turns, smoke ? 1 : RUNS));
        }
        if (!report.toStandardOutput()) {
            print(model, (cufft == null ? ours : cufft).description(), batch, rows, absent);
        }
        String description = cufft == null ? null : cufft.description();
        String reason = absent;
        report.write("lowpass.dct/1", json -> {
            model.writeTo(json);
            json.writeStringField("device", ours.description());
            json.writeStringField("cufft", description);
            json.writeStringField("cufft_absent", reason);
            json.writeNumberField("batch", batch);
            json.writeArrayFieldStart("planes");
            for (Row row : rows) {
                write(json, row);
            }
            json.writeEndArray();
        });
    }

    private static Set<Shape> shapes(ModelDefinition model) {
        Set<Shape> shapes = new LinkedHashSet<>();
        for (GraphOp op : model.graph().ops()) {
            if (op instanceof GraphOp.PointwiseConv2d pointwise && pointwise.isTruncated()) {
                shapes.add(new Shape(model.graph().inputPlane(op), pointwise.block()));
            }
        }
        return shapes;
    }

    private static Row measure(Shape shape, Backend ours, Backend cufft, int batch, int turns, int runs) {
        SplittableRandom random = new SplittableRandom(1);
        float[] in = new float[Math.multiplyExact(batch, shape.plane().elements())];
        for (int i = 0; i < in.length; i++) {
            in[i] = (float) (2 * random.nextDouble() - 1);
        }
        float[] expected;
        try (Subject reference = new Subject(Backends.reference(), shape, batch, in)) {
            expected = reference.result();
        }
        try (Subject first = new Subject(ours, shape, batch, in); Subject second = cufft == null ? null : new Subject(cufft, shape, batch, in)) {
            double oursError = error(expected, first.result(), shape, "our kernel");
            double cufftError = second == null ? 0 : error(expected, second.result(), shape, "cuFFT");
            for (int turn = 0; turn < turns; turn++) {
                first.turn(runs);
                if (second != null) {
                    second.turn(runs);
                }
            }
            return new Row(shape, first.turns, second == null ? List.of() : second.turns, oursError, cufftError);
        }
    }

    private static double error(float[] expected, float[] actual, Shape shape, String whose) {
        double largest = 0;
        double error = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            // Written so that NaN counts.
            error = Math.abs(expected[i] - actual[i]) <= error ? error : Math.abs(expected[i] - actual[i]);
        }
        if (!(error <= TOLERANCE * largest)) {
            throw new CommandException(String.format(Locale.ROOT, "the DCT of %s in blocks of %d by %s is off by %.1e of the largest coefficient, and %.0e is allowed; nothing was timed",
                    shape.plane(), shape.block(), whose, error / largest, TOLERANCE));
        }
        return error / largest;
    }

    private void print(LoadedModel model, String device, int batch, List<Row> rows, String absent) {
        PrintWriter out = command.commandLine().getOut();
        out.println(model.path() + ", block DCT of batches of " + batch + " on " + device);
        Table table = new Table().left("plane").right("block").right("ours").right("GB/s").right("error").right("cuFFT").right("error").right("cuFFT/ours");
        for (Row row : rows) {
            double ours = Percentile.median(row.ours);
            double cufft = row.cufft.isEmpty() ? 0 : Percentile.median(row.cufft);
            table.row(row.shape.plane(), row.shape.block(), micros(ours), String.format(Locale.ROOT, "%.1f", 8.0 * batch * row.shape.plane().elements() / ours),
                    String.format(Locale.ROOT, "%.1e", row.oursError), row.cufft.isEmpty() ? "absent" : micros(cufft),
                    row.cufft.isEmpty() ? "" : String.format(Locale.ROOT, "%.1e", row.cufftError), row.cufft.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", cufft / ours));
        }
        table.print(out);
        out.println("Medians of device time; GB/s: each element read and written once. cuFFT's row takes three launches: reordering, transforms, combination.");
        if (absent != null) {
            out.println("cuFFT is absent: " + absent);
        }
    }

    private static String micros(double nanos) {
        return String.format(Locale.ROOT, "%.2f us", nanos / 1e3);
    }

    private static void write(JsonGenerator json, Row row) throws IOException {
        json.writeStartObject();
        json.writeStringField("plane", row.shape.plane().toString());
        json.writeNumberField("block", row.shape.block());
        samples(json, "ours_nanos", row.ours);
        json.writeNumberField("ours_error", row.oursError);
        if (!row.cufft.isEmpty()) {
            samples(json, "cufft_nanos", row.cufft);
            json.writeNumberField("cufft_error", row.cufftError);
        }
        json.writeEndObject();
    }

    private static void samples(JsonGenerator json, String name, List<long[]> turns) throws IOException {
        json.writeArrayFieldStart(name);
        for (long[] turn : turns) {
            json.writeNumber(turn[0]);
        }
        json.writeEndArray();
    }
}
