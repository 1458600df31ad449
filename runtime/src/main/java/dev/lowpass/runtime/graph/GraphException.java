package dev.lowpass.runtime.graph;

/** A network that cannot be: the message names the op, the value, the rule and the remedy. */
public final class GraphException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    public GraphException(String message) {
        super(message);
    }
}
