package dev.lowpass.bench.command;

/** A command that cannot go on: the message says why and what to do, in one line. */
final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommandException(String message) {
        super(message);
    }
}
