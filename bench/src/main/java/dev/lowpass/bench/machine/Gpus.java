package dev.lowpass.bench.machine;

import dev.lowpass.bench.receipt.Receipt;
import java.util.ArrayList;
import java.util.List;

/**
 * NVIDIA GPUs and their state, as nvidia-smi tells them; none where it is not installed.
 *
 * @param gpus what they are
 * @param clocks their state, in the same order
 */
public record Gpus(List<Receipt.Gpu> gpus, List<Receipt.GpuClocks> clocks) {

    private static final String FIELDS = "name,uuid,driver_version,memory.total,clocks.sm,clocks.mem,temperature.gpu,power.draw";

    public static Gpus current() {
        return parse(Program.lines("nvidia-smi", "--query-gpu=" + FIELDS, "--format=csv,noheader,nounits").orElse(List.of()));
    }

    /** Lines of comma-separated values in the order of the fields; memory in MiB, {@code [N/A]} for what is not told. */
    static Gpus parse(List<String> lines) {
        List<Receipt.Gpu> gpus = new ArrayList<>();
        List<Receipt.GpuClocks> clocks = new ArrayList<>();
        for (String line : lines) {
            String[] fields = line.split(",", -1);
            if (fields.length != FIELDS.split(",").length) {
                continue; // a notice, not a GPU
            }
            Double mebibytes = number(fields[3]);
            gpus.add(new Receipt.Gpu(fields[0].strip(), fields[1].strip(), fields[2].strip(), mebibytes == null ? 0 : (long) (mebibytes * (1 << 20))));
            clocks.add(new Receipt.GpuClocks(number(fields[4]), number(fields[5]), number(fields[6]), number(fields[7])));
        }
        return new Gpus(gpus, clocks);
    }

    private static Double number(String text) {
        try {
            return Double.valueOf(text.strip());
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
