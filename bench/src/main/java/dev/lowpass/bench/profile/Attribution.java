package dev.lowpass.bench.profile;

import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import dev.lowpass.runtime.plan.Plan;
import java.util.ArrayList;
import java.util.List;

/** Which ops of a graph the steps of its plan serve. */
final class Attribution {

    private final ModelDefinition model;
    private final List<Plan.Step> steps;

    Attribution(ModelDefinition model, Plan plan) {
        this.model = model;
        steps = plan.steps();
    }

    /** The block of a step; a change of domain belongs to those for whom it is made. */
    String block(int step) {
        return GraphOp.blockName(owner(step));
    }

    /**
     * The op that a step is for: the first that it carries out; of a forward transform the first that reads it, of an inverse one the
     * one whose coefficients it reads.
     */
    String owner(int step) {
        Plan.Step it = steps.get(step);
        if (!it.ops().isEmpty()) {
            return it.ops().get(0);
        }
        List<String> others = it.spec() instanceof OperationSpec.Dct ? readers(step) : producer(step);
        return others.isEmpty() ? it.spec().kernelName() : others.get(0);
    }

    boolean isTransform(int step) {
        return isTransform(steps.get(step));
    }

    /** The number of the step that carries out an op, without a change of domain behind it. */
    static int stepOf(List<Plan.Step> steps, String op) {
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).ops().contains(op) && !isTransform(steps.get(i))) {
                return i;
            }
        }
        throw new IllegalStateException("no step of the plan runs op \"" + op + "\"");
    }

    private static boolean isTransform(Plan.Step step) {
        OperationSpec spec = step.spec();
        return spec instanceof OperationSpec.Dct || spec instanceof OperationSpec.Idct;
    }

    /** In words. */
    String covers(int step) {
        Plan.Step it = steps.get(step);
        if (it.spec() instanceof OperationSpec.IdctDepthwiseDct) {
            GraphOp.DepthwiseConv2d depthwise = (GraphOp.DepthwiseConv2d) model.graph().op(it.ops().get(0));
            String reader = model.graph().consumers(depthwise.name()).get(0).name();
            return "inverse DCT of " + depthwise.input() + ", " + depthwise.name() + ", DCT for " + reader;
        } else if (it.spec() instanceof OperationSpec.ExpandIdctDepthwiseDct) {
            String depthwise = it.ops().get(it.ops().size() - 1);
            return it.ops().get(0) + ", inverse DCT, " + depthwise + ", DCT for " + model.graph().consumers(depthwise).get(0).name();
        } else if (it.spec() instanceof OperationSpec.Dct) {
            return "DCT for " + String.join(", ", readers(step));
        } else if (it.spec() instanceof OperationSpec.Idct) {
            return "inverse DCT of " + String.join(", ", it.ops().isEmpty() ? producer(step) : it.ops());
        }
        return String.join(", ", it.ops());
    }

    /**
     * The ops that a step carries out besides one, but for a residual that the last of them adds: its time is theirs too.
     */
    static List<String> others(ModelDefinition model, Plan.Step step, String op) {
        return step.ops().stream().filter(other -> !other.equals(op) && !(model.graph().op(other) instanceof GraphOp.Add)).toList();
    }

    /** Ops of the steps that read what a step wrote, until it is written over. */
    private List<String> readers(int step) {
        long at = steps.get(step).operands().out();
        List<String> readers = new ArrayList<>();
        for (int i = step + 1; i < steps.size(); i++) {
            Plan.Step later = steps.get(i);
            if (!later.ops().isEmpty() && later.operands().in() == at) {
                readers.add(later.ops().get(0));
            } else if (!later.ops().isEmpty() && addsResidual(later) && later.operands().residual() == at) {
                readers.add(later.ops().get(later.ops().size() - 1));
            }
            if (later.operands().out() == at) {
                break;
            }
        }
        return readers;
    }

    private static boolean addsResidual(Plan.Step step) {
        return step.spec() instanceof OperationSpec.Add
                || step.spec() instanceof OperationSpec.Pointwise pointwise && pointwise.residual()
                || step.spec() instanceof OperationSpec.BandPointwise band && band.residual()
                || step.spec() instanceof OperationSpec.Chain chain && chain.residual();
    }

    /** The last op of the step that wrote what a step reads. */
    private List<String> producer(int step) {
        long at = steps.get(step).operands().in();
        for (int i = step - 1; i >= 0; i--) {
            Plan.Step earlier = steps.get(i);
            if (earlier.operands().out() == at) {
                return earlier.ops().isEmpty() ? producer(i) : List.of(earlier.ops().get(earlier.ops().size() - 1));
            }
        }
        return List.of(Graph.INPUT);
    }
}
