package dev.lowpass.models.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lowpass.runtime.Device;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.GraphOp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CostTableTest {

    private static final ModelDefinition DENSE = TinyNetworks.of(
            new MobileNetV2(8, List.of(new MobileNetV2.Stage(2, 8, 1, 1), new MobileNetV2.Stage(2, 8, 2, 2)), 16).graph(TinyNetworks.INPUT, 2), 1);
    private static final ModelDefinition OPEN = CutoffLayers.open(DENSE, 4);

    @TempDir
    Path folder;

    /** A device on which cutting pays on planes of 8 x 8 and not on those of 16 x 16. */
    private static CostTable table() {
        Map<String, CostTable.Op> ops = new LinkedHashMap<>();
        for (GraphOp op : DENSE.graph().ops()) {
            boolean pointwise = op instanceof GraphOp.PointwiseConv2d;
            boolean small = !op.inputs().get(0).equals("input") && DENSE.graph().plane(op.inputs().get(0)).height() == 8;
            ops.put(op.name(), !pointwise ? new CostTable.Op(1, 1, 1) : small ? new CostTable.Op(3, 4, 2) : new CostTable.Op(1, 4, 3));
        }
        return new CostTable("a device", ops);
    }

    @Test
    void onlyBlocksThatPayAreCut() {
        ModelDefinition open = table().open(OPEN);
        for (GraphOp op : open.graph().ops()) {
            if (op instanceof GraphOp.PointwiseConv2d pointwise) {
                // block_2 leads from one stage to the other, and its expand layer loses more than its project layer gains.
                assertEquals(op.name().startsWith("block_3.") || op.name().equals("head"), pointwise.isTruncated(), op.name());
            }
        }
        assertEquals("a device: 23.000 ms uncut; with cutoffs in block_3, head 14.000 to 26.000 ms", table().describe(open));
    }

    @Test
    void costsFallWithCutoffsByWhatTheCoefficientsTake() {
        CostTable table = table();
        ModelDefinition open = table.open(OPEN);
        Costs costs = table.costs(open);
        int cut = CutoffLayers.cut(open.graph()).size();
        assertTrue(cut > 1, "layers " + cut);
        long others = open.graph().ops().stream().filter(op -> !(op instanceof GraphOp.PointwiseConv2d)).count();
        double uncut = open.graph().ops().stream().filter(op -> op instanceof GraphOp.PointwiseConv2d pointwise && !pointwise.isTruncated())
                .mapToDouble(op -> table.ops().get(op.name()).dense()).sum();
        // A whole cut layer takes 4, half of it 2, so all of it is coefficients.
        assertEquals(others + uncut, costs.fixed(), 1e-9);
        assertEquals(others + uncut + 4.0 * cut, costs.whole(), 1e-9);
        Map<String, int[]> quarter = new HashMap<>();
        CutoffLayers.cutoffs(open).forEach((name, all) -> {
            int[] values = new int[all.length];
            java.util.Arrays.fill(values, 4);
            quarter.put(name, values);
        });
        assertEquals((costs.fixed() + cut) / costs.whole(), costs.share(open.graph(), quarter), 1e-9);
    }

    @Test
    void aTableComesBackFromItsFile() throws Exception {
        Path file = folder.resolve("costs.json");
        table().write(file);
        assertEquals(table(), CostTable.read(file, DENSE.graph()));
        LearnException e = assertThrows(LearnException.class, () -> CostTable.read(file, TinyNetworks.everyOp(1).graph()));
        assertEquals(file + " has no costs of op \"expand\", so it is of another network; name another file with --costs", e.getMessage());
        Files.writeString(file, "{\"schema\": 1, ");
        e = assertThrows(LearnException.class, () -> CostTable.read(file, DENSE.graph()));
        assertTrue(e.getMessage().startsWith(file + " is no table of costs: "), e.getMessage());
        Files.writeString(file, "{\"schema\": \"lowpass.costs/1\", \"device\": \"d\", \"ops\": {\"stem\": [1, -2, 3]}}");
        e = assertThrows(LearnException.class, () -> CostTable.read(file, DENSE.graph()));
        assertEquals(file + ": op \"stem\" has [1.0, -2.0, 3.0]; it must have three times in milliseconds: dense, whole, half", e.getMessage());
    }

    @Test
    void halfOfTheCoefficientsAreSpreadFromNoneToAll() {
        int[] all = new int[96];
        java.util.Arrays.fill(all, 49);
        int[] cutoffs = CostTable.spread(all);
        assertEquals(49 / 2.0, java.util.Arrays.stream(cutoffs).average().orElseThrow(), 0.5);
        for (int quarter = 0; quarter < 4; quarter++) {
            int from = quarter * 49 / 4;
            int to = (quarter + 1) * 49 / 4;
            long count = java.util.Arrays.stream(cutoffs).filter(k -> k > from && k <= to || k == 0 && from == 0).count();
            assertEquals(24, count, 3, "cutoffs in quarter " + quarter);
        }
    }

    @Test
    void measuringCoversEveryOp() {
        CostTable table = CostTable.measure(DENSE, OPEN, Device.reference(), 1, 0, 0);
        for (GraphOp op : DENSE.graph().ops()) {
            assertTrue(table.ops().get(op.name()).whole() > 0 || op instanceof GraphOp.Add, op.name() + " " + table.ops().get(op.name()));
        }
        assertTrue(table.dense() > 0, "dense " + table.dense());
    }
}
