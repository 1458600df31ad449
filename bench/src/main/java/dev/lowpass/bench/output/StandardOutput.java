package dev.lowpass.bench.output;

import dev.lowpass.runtime.file.Reason;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The process's standard output, which says at once when nobody reads it any more or the disk is full. {@code System.out} would
 * only set a flag, and a long command would go on for nobody.
 */
public final class StandardOutput extends OutputStream {

    private final OutputStream out;

    public StandardOutput() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    StandardOutput(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    /**
     * @throws ClosedOutputException when the reader is gone
     * @throws OutputException when writing fails for another reason
     */
    @Override
    public void write(byte[] bytes, int from, int count) {
        try {
            out.write(bytes, from, count);
        } catch (IOException e) {
            // Java ignores SIGPIPE; the system's EPIPE arrives as this text and nothing else.
            if (String.valueOf(e.getMessage()).contains("Broken pipe")) {
                throw new ClosedOutputException(e);
            }
            throw new OutputException("cannot write to the standard output: " + Reason.of(e) + "; redirect it elsewhere or make room", e);
        }
    }
}
