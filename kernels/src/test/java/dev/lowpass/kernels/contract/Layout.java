package dev.lowpass.kernels.contract;

import dev.lowpass.kernels.Plane;

/** How a batch lies in memory, to say where an element is. */
record Layout(Plane plane, int batch, int block) {

    static Layout spatial(Plane plane, int batch) {
        return new Layout(plane, batch, 0);
    }

    static Layout frequency(Plane plane, int batch, int block) {
        return new Layout(plane, batch, block);
    }

    int channel(int index) {
        return index % plane.channels();
    }

    /** The zigzag index, in the frequency domain. */
    int z(int index) {
        return index / (batch * plane.blocks(block) * plane.channels());
    }

    int image(int index) {
        return block == 0 ? index / plane.elements() : index / (plane.blocks(block) * plane.channels()) % batch;
    }

    String describe(int index) {
        int position = index / plane.channels();
        if (block == 0) {
            return "(n=" + image(index) + ", y=" + position / plane.width() % plane.height() + ", x=" + position % plane.width() + ", c="
                    + channel(index) + ")";
        }
        return "(z=" + z(index) + ", n=" + image(index) + ", block=" + position % plane.blocks(block) + ", c=" + channel(index) + ")";
    }

    @Override
    public String toString() {
        return (block == 0 ? "spatial " : "frequency b" + block + " ") + plane + ", batch " + batch;
    }
}
