package dev.lowpass.kernels;

/**
 * Where an operation's tensors start in a workspace, in elements. {@code residual} is read only where the specification says
 * so (for {@link OperationSpec.Add} it is the second summand) and may equal {@code out}; {@code in} overlaps {@code out} only
 * for Add.
 */
public record Operands(long in, long out, long residual) {

    /** Operands without a residual. */
    public Operands(long in, long out) {
        this(in, out, -1);
    }
}
