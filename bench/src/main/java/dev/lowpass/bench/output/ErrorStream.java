package dev.lowpass.bench.output;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;

/**
 * The standard error. The JVM greets whoever asks for its vector module with a warning on file descriptor 2, which no option turns
 * off; the launcher therefore has a filter there, and hands the real standard error over under another number.
 */
public final class ErrorStream {

    /** Set by the launcher: the number of the real standard error. */
    private static final String NUMBER_PROPERTY = "lowpass.stderr";

    private ErrorStream() {}

    /** Makes {@code System.err} lead to the real one, if the launcher has handed one over. */
    public static void install() {
        Integer number = Integer.getInteger(NUMBER_PROPERTY);
        if (number == null) {
            return;
        }
        try {
            // Opening /dev/fd/N instead would give a file a second position, so that what others append to it overwrites ours. The launcher
            // opens java.io to this module.
            Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            System.setErr(new PrintStream(new FileOutputStream(constructor.newInstance(number)), true));
        } catch (ReflectiveOperationException | RuntimeException e) {
            return; // what goes through the filter arrives too, if a little later
        }
    }
}
