package dev.lowpass.kernels.emulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs a program on the emulated device: {@code WithEmulatedDevice FOLDER MAIN-CLASS [ARGUMENT...]}. FOLDER is what the tests have built,
 * {@code kernels/target/emulator}. (A JVM does not outlive having the device's libraries put into it by LD_PRELOAD.)
 */
public final class WithEmulatedDevice {

    private WithEmulatedDevice() {}

    public static void main(String[] arguments) throws Throwable {
        EmulatedDevice.load(Path.of(arguments[0]).toAbsolutePath());
        Class<?> program = Class.forName(arguments[1]);
        MethodHandles.publicLookup().findStatic(program, "main", MethodType.methodType(void.class, String[].class))
                .invoke(Arrays.copyOfRange(arguments, 2, arguments.length));
    }
}
