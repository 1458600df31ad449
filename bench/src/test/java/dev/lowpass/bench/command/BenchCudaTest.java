package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lowpass.bench.receipt.Receipt;
import dev.lowpass.bench.receipt.ReceiptFile;
import dev.lowpass.bench.receipt.ReceiptSchema;
import dev.lowpass.kernels.emulator.EmulatedDevice;
import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.file.ModelFile;
import dev.lowpass.runtime.file.ModelFile.WeightType;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bench on the emulated CUDA device, beside the CPU. */
@Tag("cuda")
class BenchCudaTest {

    @TempDir
    Path folder;

    /** The emulated device, and the file of a small network with cutoffs. */
    private Path startWithModel() throws IOException {
        EmulatedDevice.startWithProjectKernels();
        Path model = folder.resolve("tiny.safetensors");
        ModelFile.write(TinyNetwork.definition(TinyNetwork.LABELS, false), model, WeightType.F32);
        return model;
    }

    @Test
    void measuresEveryPrecisionThatTheDeviceOffers() throws IOException {
        Path model = startWithModel();
        Path file = folder.resolve("receipt.json");
        List<String> precisions = Device.cuda(0).precisions().stream().map(BenchRun::name).toList();
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cuda,cpu", "--threads", "1,2", "--batch", "1,3", "--precision", String.join(",", precisions),
                "--concurrency", 2, "--dumpProfile", "--json", file);
        assertEquals(0, run.status(), run.err());
        assertEquals(List.of(), ReceiptSchema.violations(file));
        List<Receipt.Measurement> onDevice = ReceiptFile.read(file).measurements().stream().filter(one -> one.device().equals("cuda:0")).toList();
        // Threads are the processor's business: two batches, two cutoff sets.
        assertEquals(4 * precisions.size(), onDevice.size());
        for (Receipt.Measurement one : onDevice) {
            assertTrue(one.phases().hostToDeviceNanos().length > 0 && one.profile().size() > 3, one.toString());
        }
        // What the processor does not compute in is said to be absent.
        List<Receipt.Measurement> onProcessor = ReceiptFile.read(file).measurements().stream().filter(one -> one.device().equals("cpu")).toList();
        assertEquals(8 * precisions.size(), onProcessor.size());
        assertEquals(precisions.stream().filter(name -> !name.equals("fp32")).collect(Collectors.toSet()),
                onProcessor.stream().filter(one -> one.absent() != null).map(Receipt.Measurement::precision).collect(Collectors.toSet()));
        assertEquals(List.of(), EmulatedDevice.live());
    }

    /** Which cuBLAS there is, and why it is not the newest. */
    @Test
    void explainAndDoctorTellOfCublas() throws IOException {
        Path model = startWithModel();
        System.setProperty("dev.lowpass.cublas", EmulatedDevice.library("libcublas.so.13") + File.pathSeparator + EmulatedDevice.library("libcublas.so.12"));
        try {
            String reason = "libcublas.so.13 is 13.0.0, newer than the driver (of CUDA 12.6)";
            Execution explain = Execution.of("explain", model, "--device", "cuda");
            assertTrue(explain.out().contains(" on cuda\ncuda: Emulated device (sm_90)") && explain.out().contains(reason), explain.out() + explain.err());
            Execution doctor = Execution.of("doctor");
            assertTrue(doctor.out().contains(reason), doctor.out() + doctor.err());
        } finally {
            System.clearProperty("dev.lowpass.cublas");
        }
        assertEquals(List.of(), EmulatedDevice.live());
    }

    @Test
    void timesTheDctBesideCufft() throws IOException {
        Path model = startWithModel();
        Path file = folder.resolve("dct.json");
        Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cuda", "--dct", "--batch", 3, "--json", file);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("DCT by cuFFT 10.0.0"), run.out());
        JsonNode planes = new ObjectMapper().readTree(file.toFile()).get("planes");
        assertTrue(planes.size() > 0, run.out());
        for (JsonNode plane : planes) {
            assertEquals(2, plane.get("ours_nanos").size(), plane.toString());
            assertEquals(2, plane.get("cufft_nanos").size(), plane.toString());
        }
        assertEquals(List.of(), EmulatedDevice.live());
    }

    @Test
    void saysWhyThereIsNoCufft() throws IOException {
        Path model = startWithModel();
        System.setProperty("dev.lowpass.cufft", "/nowhere/libcufft.so");
        try {
            Execution run = Execution.of("bench", "-m", model, "--smoke", "--device", "cuda", "--dct");
            assertEquals(0, run.status(), run.err());
            assertEquals("cuFFT is absent: there is no cuFFT (looked for: /nowhere/libcufft.so); install the package libcufft of the CUDA toolkit or set dev.lowpass.cufft"
                    + " to its library", run.out().lines().reduce((before, line) -> line).orElseThrow());
        } finally {
            System.clearProperty("dev.lowpass.cufft");
        }
        assertEquals("lowpass: Option --dct times a GPU's kernels, and the device is cpu; give --device cuda (see 'lowpass bench --help')",
                Execution.of("bench", "-m", model, "--device", "cpu", "--dct").message());
    }
}
