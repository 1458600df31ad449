package dev.lowpass.bench.command;

import dev.lowpass.bench.output.OutputFile;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.models.GoldenImages;
import dev.lowpass.models.ModelImport;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.models.image.RgbImage;
import dev.lowpass.runtime.Golden;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.file.ModelFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lowpass import}. */
@Command(
        name = "import",
        description = {
            "Make a model file of another program's.",
            "TensorFlow Lite files of MobileNetV1, V2 and alike, float or int8. Weights become real numbers. Pixels of a float input are assumed "
                    + "to become -1 to 1, and a note says how to change that. The model carries golden images and "
                    + "the logits that double precision gives for them, by which 'lowpass verify' checks it."
        })
final class Import implements Callable<Integer> {

    private static final int DEFAULT_GOLDEN_IMAGES = 2;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The file to import: .tflite.")
    private Path source;

    @Option(names = {"-o", "--output"}, paramLabel = "MODEL", required = true, description = "The model file to write: .safetensors.")
    private Path target;

    @Option(names = "--labels", paramLabel = "FILE", description = "A text file with the name of a class on each line; a background class in front may be left out.")
    private Path labels;

    @Option(names = "--cutoffs", paramLabel = "FILE", description = "A safetensors file with the cutoffs of pointwise layers.")
    private Path cutoffs;

    @Option(
            names = "--golden",
            paramLabel = "IMAGE",
            description = "A picture to verify the model by, instead of " + DEFAULT_GOLDEN_IMAGES + " generated ones; may be given several times.")
    private List<Path> golden = new ArrayList<>();

    @Option(names = "--licence", paramLabel = "TEXT", description = "The model's licence, to be kept in the file.")
    private String licence;

    @Option(names = "--f16", description = "Store weights in half precision: half the size, rounded to 11 bits.")
    private boolean half;

    @Option(names = "--force", description = "Replace MODEL if it exists.")
    private boolean force;

    @Override
    public Integer call() throws IOException {
        OutputFile.requireWritable(target);
        if (Files.exists(target) && !force) {
            throw new CommandException(target + ": exists already; give --force to replace it, or another name");
        }
        for (Path input : inputs()) {
            if (Files.exists(target) && Files.exists(input) && Files.isSameFile(input, target)) {
                throw new ParameterException(spec.commandLine(), "MODEL is one of the files to read, " + target + "; write to another");
            }
        }
        List<RgbImage> pictures = new ArrayList<>();
        for (Path picture : golden) {
            pictures.add(ImageDecoder.decode(picture));
        }
        ModelImport.Result imported = ModelImport.read(source, new ModelImport.Options(labels, cutoffs, licence));
        imported.notes().forEach(note -> spec.commandLine().getErr().println("lowpass: " + note));
        ModelFile.WeightType weights = half ? ModelFile.WeightType.F16 : ModelFile.WeightType.F32;
        ModelDefinition model = ModelFile.asStored(imported.model(), weights);
        byte[] images = pictures.isEmpty()
                ? GoldenImages.of(model.preprocess(), DEFAULT_GOLDEN_IMAGES)
                : GoldenImages.of(model.preprocess(), pictures);
        model = model.withGolden(Golden.of(model, images));
        ModelFile.write(model, target, weights);
        print(model);
        return ExitCode.OK;
    }

    private List<Path> inputs() {
        List<Path> inputs = new ArrayList<>(golden);
        Stream.of(source, labels, cutoffs).filter(Objects::nonNull).forEach(inputs::add);
        return inputs;
    }

    private void print(ModelDefinition model) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Macs pointwise = Macs.ofPointwise(model);
        out.println(target + ": " + Quantity.bytes(Files.size(target)) + ", " + model.graph().ops().size() + " ops, input " + model.graph().input() + ", "
                + model.classes() + " classes, " + Quantity.percent(pointwise.keptShare()) + " of pointwise MACs kept, "
                + model.golden().orElseThrow().count() + (model.golden().orElseThrow().count() == 1 ? " golden image" : " golden images"));
    }
}
