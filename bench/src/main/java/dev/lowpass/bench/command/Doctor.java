package dev.lowpass.bench.command;

import dev.lowpass.bench.machine.Machine;
import dev.lowpass.bench.output.JsonReport;
import dev.lowpass.bench.output.ProgramVersion;
import dev.lowpass.bench.output.Quantity;
import dev.lowpass.kernels.Backends;
import dev.lowpass.kernels.cuda.CudaException;
import dev.lowpass.models.image.ImageDecoder;
import dev.lowpass.runtime.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lowpass doctor}. */
@Command(name = "doctor", description = "Show what this machine offers and what is missing. Exit code 1 if something that is needed does not work.")
final class Doctor implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        JsonReport report = json.report();
        Machine machine = Machine.current();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("lowpass", ProgramVersion.get());
        facts.put("java", machine.java() + " at " + System.getProperty("java.home"));
        facts.put("system", machine.os());
        facts.put("cpu", machine.cpu());
        facts.put("threads", machine.processors() + ", " + machine.cpuLimit()
                .map(limit -> String.format(Locale.ROOT, "of a container's limit of %.2f processors", limit))
                .orElse("no container limit"));
        facts.put("memory", Quantity.bytes(machine.memory()) + ", heap up to " + Quantity.bytes(machine.maxHeap()) + ", "
                + machine.memoryLimit().map(limit -> "a container's limit of " + Quantity.bytes(limit)).orElse("no container limit"));
        facts.put("vectors", Device.cpu().description());
        String fault = pictureFault();
        facts.put("pictures", fault == null ? "JPEG, PNG and BMP" : fault);
        facts.put("cuda", cuda());
        facts.put("auto", Device.auto().name());
        if (!report.toStandardOutput()) {
            facts.forEach((name, fact) -> spec.commandLine().getOut().println(String.format(Locale.ROOT, "%-9s %s", name, fact)));
        }
        report.write("lowpass.doctor/1", generator -> {
            generator.writeObjectFieldStart("facts");
            for (Map.Entry<String, String> fact : facts.entrySet()) {
                generator.writeStringField(fact.getKey(), fact.getValue());
            }
            generator.writeEndObject();
        });
        if (fault != null) {
            throw new CommandException("pictures cannot be read: " + fault);
        }
        return ExitCode.OK;
    }

    /** Decodes a bitmap of one white pixel, which needs the decoder's native library; null when that went well. */
    private static String pictureFault() {
        ByteBuffer bmp = ByteBuffer.allocate(58).order(ByteOrder.LITTLE_ENDIAN);
        bmp.put((byte) 'B').put((byte) 'M').putInt(58).putInt(0).putInt(54); // file header: size, reserved, offset of the pixels
        bmp.putInt(40).putInt(1).putInt(1).putShort((short) 1).putShort((short) 24); // 1x1, one plane, 24 bits
        bmp.position(54).put((byte) 255).put((byte) 255).put((byte) 255);
        try {
            return ImageDecoder.decode(bmp.array()).value(0, 0, 0) == 255 ? null : "the decoder reads a white pixel as another";
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    /** The first GPU, or the one reason why there is none and what helps. */
    private static String cuda() {
        try {
            return Device.cuda(0).description();
        } catch (CudaException e) {
            return "none: " + (Backends.hasJCuda() ? e.getMessage()
                    : "no JCuda, which ./lowpass fetches where it finds NVIDIA's driver (libcuda.so.1), or when --device cuda is given; install the driver of"
                            + " the GPU, then run a command with --device cuda");
        }
    }
}
