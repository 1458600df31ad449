package dev.lowpass.bench.command;

import dev.lowpass.runtime.ModelDefinition;
import dev.lowpass.runtime.graph.Graph;
import dev.lowpass.runtime.graph.GraphOp;
import java.util.Collection;

/**
 * Multiply-accumulates of one image, as {@link Graph#macs} counts them.
 *
 * @param dense with every coefficient
 * @param kept with those below the cutoffs
 */
record Macs(long dense, long kept) {

    /** Of one op. */
    static Macs of(ModelDefinition model, GraphOp op) {
        return new Macs(model.graph().macs(op), model.keptMacs(op));
    }

    /** Of every op. */
    static Macs of(ModelDefinition model) {
        return sum(model, model.graph().ops());
    }

    /** Of the pointwise convolutions that are {@linkplain Graph#truncatable truncatable}. */
    static Macs ofPointwise(ModelDefinition model) {
        return sum(model, model.graph().truncatable());
    }

    private static Macs sum(ModelDefinition model, Collection<? extends GraphOp> ops) {
        return ops.stream().map(op -> of(model, op)).reduce(new Macs(0, 0), (a, b) -> new Macs(a.dense + b.dense, a.kept + b.kept));
    }

    /** The share that is kept, 0 to 1; 1 where there is nothing. */
    double keptShare() {
        return dense == 0 ? 1 : (double) kept / dense;
    }
}
