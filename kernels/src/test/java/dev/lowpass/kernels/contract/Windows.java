package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Padding;
import dev.lowpass.kernels.Window;
import java.util.List;

/** Windows to test with. */
final class Windows {

    /** Kernels of one, odd, even and unequal sides, strides 1 to 3 and unequal, padding on all, some and no sides. */
    static final List<Window> ALL = List.of(
            Window.square(3, 1, Padding.all(1)),
            Window.square(3, 2, Padding.all(1)),
            Window.square(3, 2, new Padding(0, 0, 1, 1)),
            Window.square(3, 1, Padding.NONE),
            Window.square(3, 2, new Padding(1, 0, 0, 1)),
            Window.square(1, 1, Padding.NONE),
            Window.square(1, 2, Padding.NONE),
            Window.square(5, 1, Padding.all(2)),
            Window.square(5, 2, new Padding(1, 2, 2, 1)),
            new Window(3, 2, 1, 3, new Padding(2, 1, 0, 1)),
            new Window(2, 4, 3, 1, new Padding(1, 3, 1, 0)));

    private Windows() {}
}
