package dev.lowpass.bench.command;

/** A peer that opens and then does not run. */
public final class FailingPeer extends WrongPeer {

    @Override
    public String name() {
        return "failing";
    }

    @Override
    void run() {
        throw new IllegalStateException("out of memory");
    }
}
