package dev.lowpass.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class WindowTest {

    @Test
    void outputSides() {
        assertEquals(112, Window.square(3, 2, new Padding(0, 0, 1, 1)).outHeight(224));
        assertEquals(112, Window.square(3, 2, Padding.all(1)).outWidth(224));
        assertEquals(7, Window.square(3, 1, Padding.all(1)).outHeight(7));
        assertEquals(1, Window.square(7, 1, Padding.NONE).outHeight(7));
        assertEquals(3, Window.square(3, 2, Padding.NONE).outWidth(8)); // the last column is not reached
    }

    @Test
    void rowsAndColumnsApart() {
        Window window = new Window(3, 5, 1, 2, new Padding(1, 2, 0, 2));
        assertEquals(new Plane(8, 5, 4), window.out(new Plane(9, 10, 3), 4));
    }

    @Test
    void refusesWhatCannotSlide() {
        refused("kernel 0x3 is empty; sides must be at least 1", 0, 3, 1, 1, Padding.NONE);
        refused("kernel 3x0 is empty; sides must be at least 1", 3, 0, 1, 1, Padding.NONE);
        refused("stride 1x0 must be at least 1", 3, 3, 1, 0, Padding.NONE);
        refused("stride -1x1 must be at least 1", 3, 3, -1, 1, Padding.NONE);
        refused("Padding[top=0, left=0, bottom=3, right=0] is not smaller than the kernel 3x3; an output would see padding only",
                3, 3, 1, 1, new Padding(0, 0, 3, 0));
        refused("Padding[top=0, left=1, bottom=0, right=0] is not smaller than the kernel 3x1; an output would see padding only",
                3, 1, 1, 1, new Padding(0, 1, 0, 0));
    }

    private static void refused(String message, int kernelHeight, int kernelWidth, int strideY, int strideX, Padding padding) {
        assertEquals(message, assertThrows(IllegalArgumentException.class,
                () -> new Window(kernelHeight, kernelWidth, strideY, strideX, padding)).getMessage());
    }

    @Test
    void refusesPlanesSmallerThanTheKernel() {
        assertEquals("kernel side 5 is larger than the padded plane side 4",
                assertThrows(IllegalArgumentException.class, () -> Window.square(5, 1, Padding.all(1)).outHeight(2)).getMessage());
    }
}
