package dev.lowpass.kernels.reference;

import dev.lowpass.kernels.Activation;
import dev.lowpass.kernels.Backend;
import dev.lowpass.kernels.BandCost;
import dev.lowpass.kernels.Bands;
import dev.lowpass.kernels.Operation;
import dev.lowpass.kernels.OperationSpec;
import dev.lowpass.kernels.Plane;
import dev.lowpass.kernels.Staircase;
import dev.lowpass.kernels.Window;
import dev.lowpass.kernels.Workspace;
import java.util.Arrays;

/**
 * The oracle: each operation as its formula says, in double precision, on the calling thread. It stays this plain; what makes
 * an operation fast belongs into another back end. Bands are not looked at: the staircase alone says what counts.
 */
public final class ReferenceBackend implements Backend {

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String description() {
        return "reference: plain double precision on one thread";
    }

    /** Exactly the multiplications that count. */
    @Override
    public BandCost bandCost() {
        return new BandCost(1, 1, 0);
    }

    @Override
    public Operation conv2d(OperationSpec.Conv2d spec, float[] weight, float[] bias) {
        Plane inPlane = spec.in();
        Plane outPlane = spec.out();
        Window window = spec.window();
        int inChannels = inPlane.channels();
        int outChannels = outPlane.channels();
        // [kernelY][kernelX][in][out]: the innermost loop runs over the output's channels.
        int taps = window.kernelHeight() * window.kernelWidth();
        double[] packed = transpose(weight, outChannels, taps * inChannels);
        double[] biases = biasOrZero(bias, outChannels);
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                for (int y = 0; y < outPlane.height(); y++) {
                    for (int x = 0; x < outPlane.width(); x++) {
                        int to = out + ((n * outPlane.height() + y) * outPlane.width() + x) * outChannels;
                        System.arraycopy(biases, 0, arena, to, outChannels);
                        for (int ky = 0; ky < window.kernelHeight(); ky++) {
                            int inY = y * window.strideY() + ky - window.padding().top();
                            for (int kx = 0; kx < window.kernelWidth(); kx++) {
                                int inX = x * window.strideX() + kx - window.padding().left();
                                if (inY < 0 || inY >= inPlane.height() || inX < 0 || inX >= inPlane.width()) {
                                    continue;
                                }
                                int from = in + ((n * inPlane.height() + inY) * inPlane.width() + inX) * inChannels;
                                for (int c = 0; c < inChannels; c++) {
                                    double value = arena[from + c];
                                    int column = ((ky * window.kernelWidth() + kx) * inChannels + c) * outChannels;
                                    for (int o = 0; o < outChannels; o++) {
                                        arena[to + o] += packed[column + o] * value;
                                    }
                                }
                            }
                        }
                        activate(spec.activation(), arena, to, outChannels);
                    }
                }
            }
        });
    }

    @Override
    public Operation depthwise(OperationSpec.Depthwise spec, float[] weight, float[] bias) {
        double[] weights = toDouble(weight);
        double[] biases = biasOrZero(bias, spec.in().channels());
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                depthwise(spec.in(), spec.window(), spec.activation(), weights, biases,
                        arena, in + n * spec.in().elements(), arena, out + n * spec.out().elements());
            }
        });
    }

    /** One image. */
    private static void depthwise(Plane inPlane, Window window, Activation activation, double[] weight, double[] bias,
            double[] from, int in, double[] to, int out) {
        int channels = inPlane.channels();
        Plane outPlane = window.out(inPlane, channels);
        for (int y = 0; y < outPlane.height(); y++) {
            for (int x = 0; x < outPlane.width(); x++) {
                int pixel = out + (y * outPlane.width() + x) * channels;
                System.arraycopy(bias, 0, to, pixel, channels);
                for (int ky = 0; ky < window.kernelHeight(); ky++) {
                    int inY = y * window.strideY() + ky - window.padding().top();
                    for (int kx = 0; kx < window.kernelWidth(); kx++) {
                        int inX = x * window.strideX() + kx - window.padding().left();
                        if (inY < 0 || inY >= inPlane.height() || inX < 0 || inX >= inPlane.width()) {
                            continue;
                        }
                        int source = in + (inY * inPlane.width() + inX) * channels;
                        int tap = (ky * window.kernelWidth() + kx) * channels;
                        for (int c = 0; c < channels; c++) {
                            to[pixel + c] += weight[tap + c] * from[source + c];
                        }
                    }
                }
                activate(activation, to, pixel, channels);
            }
        }
    }

    @Override
    public Operation pointwise(OperationSpec.Pointwise spec, float[] weight, float[] bias) {
        int inChannels = spec.in().channels();
        int outChannels = spec.outChannels();
        double[] packed = transpose(weight, outChannels, inChannels);
        double[] biases = biasOrZero(bias, outChannels);
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            for (int pixel = 0; pixel < batch * spec.in().area(); pixel++) {
                int to = out + pixel * outChannels;
                for (int o = 0; o < outChannels; o++) {
                    arena[to + o] = biases[o] + (spec.residual() ? arena[residual + pixel * outChannels + o] : 0);
                }
                for (int c = 0; c < inChannels; c++) {
                    double value = arena[in + pixel * inChannels + c];
                    for (int o = 0; o < outChannels; o++) {
                        arena[to + o] += packed[c * outChannels + o] * value;
                    }
                }
                activate(spec.activation(), arena, to, outChannels);
            }
        });
    }

    @Override
    public Operation bandPointwise(OperationSpec.BandPointwise spec, Bands[] bandsByBatch, float[] weight, float[] bias) {
        Expansion expansion = new Expansion(spec, weight, bias);
        int outChannels = spec.outChannels();
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            int rows = batch * spec.in().blocks(spec.block());
            for (int row = 0; row < rows * spec.block() * spec.block(); row++) {
                int to = out + row * outChannels;
                for (int o = 0; o < outChannels; o++) {
                    arena[to + o] = spec.residual() ? arena[residual + row * outChannels + o] : 0;
                }
                expansion.addRow(arena, in + row * spec.in().channels(), row / rows, arena, to);
            }
        });
    }

    /** The sums of a truncated pointwise convolution, a row of channels at a time. */
    private static final class Expansion {
        private final Staircase staircase;
        private final int block;
        private final double[] packed; // [rank][out]
        private final double[] biases;

        Expansion(OperationSpec.BandPointwise spec, float[] weight, float[] bias) {
            staircase = spec.staircase();
            block = spec.block();
            packed = transpose(weight, spec.outChannels(), spec.in().channels());
            biases = biasOrZero(bias, spec.outChannels());
        }

        /** Adds bias and products of the row of zigzag index z. */
        void addRow(double[] from, int in, int z, double[] to, int out) {
            for (int o = 0; z == 0 && o < biases.length; o++) {
                to[out + o] += block * biases[o];
            }
            for (int rank = 0; rank < staircase.prefix(z); rank++) {
                double value = from[in + staircase.channelAt(rank)];
                for (int o = 0; o < biases.length; o++) {
                    to[out + o] += packed[rank * biases.length + o] * value;
                }
            }
        }
    }

    @Override
    public Operation dct(OperationSpec.Dct spec) {
        Plane plane = spec.in();
        BlockDct dct = new BlockDct(plane, spec.block());
        int perImage = plane.blocks(spec.block()) * plane.channels();
        return new ReferenceOperation(spec, dct.scratchElements(), (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                dct.forward(arena, in + n * plane.elements(), arena, out + n * perImage, batch * perImage, spec.staircase(), scratch, 0);
            }
        });
    }

    @Override
    public Operation idct(OperationSpec.Idct spec) {
        Plane plane = spec.in();
        BlockDct dct = new BlockDct(plane, spec.block());
        int perImage = plane.blocks(spec.block()) * plane.channels();
        return new ReferenceOperation(spec, dct.scratchElements(), (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                dct.inverse(arena, in + n * perImage, batch * perImage, arena, out + n * plane.elements(), scratch, 0);
            }
            activate(spec.activation(), arena, out, batch * plane.elements());
        });
    }

    @Override
    public Operation idctDepthwiseDct(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
        Middle middle = new Middle(spec, weight, bias);
        int inPerImage = spec.in().blocks(spec.block()) * spec.in().channels();
        return new ReferenceOperation(spec, middle.scratchElements(), (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                middle.run(arena, in + n * inPerImage, batch * inPerImage, n, batch, arena, out, scratch);
            }
        });
    }

    /** What lies between two truncated pointwise convolutions, an image at a time. */
    private static final class Middle {
        private final OperationSpec.IdctDepthwiseDct spec;
        private final BlockDct inverse;
        private final BlockDct forward;
        private final double[] weights;
        private final double[] biases;
        // Scratch: one image before the depthwise convolution, one after it, and a block for the transforms.
        private final int after;
        private final int half;

        Middle(OperationSpec.IdctDepthwiseDct spec, float[] weight, float[] bias) {
            this.spec = spec;
            inverse = new BlockDct(spec.in(), spec.block());
            forward = new BlockDct(spec.out(), spec.block());
            weights = toDouble(weight);
            biases = biasOrZero(bias, spec.in().channels());
            after = spec.in().elements();
            half = after + spec.out().elements();
        }

        int scratchElements() {
            return half + inverse.scratchElements();
        }

        /** Image n of a batch: {@code from} holds its coefficients, z by z at {@code step}; {@code to} the whole batch's. */
        void run(double[] from, int in, int step, int n, int batch, double[] to, int out, double[] scratch) {
            int outPerImage = spec.out().blocks(spec.block()) * spec.out().channels();
            inverse.inverse(from, in, step, scratch, 0, scratch, half);
            activate(spec.before(), scratch, 0, spec.in().elements());
            depthwise(spec.in(), spec.window(), spec.after(), weights, biases, scratch, 0, scratch, after);
            forward.forward(scratch, after, to, out + n * outPerImage, batch * outPerImage, spec.staircase(), scratch, half);
        }
    }

    @Override
    public Operation expandIdctDepthwiseDct(
            OperationSpec.ExpandIdctDepthwiseDct spec, float[] expandWeight, float[] expandBias, float[] weight, float[] bias) {
        Expansion expansion = new Expansion(spec.expand(), expandWeight, expandBias);
        Middle middle = new Middle(spec.middle(), weight, bias);
        int blocks = spec.in().blocks(spec.block());
        int channels = spec.in().channels();
        int expanded = spec.expand().outChannels();
        // Scratch: what the middle needs, then the expanded coefficients of one image.
        int coefficients = middle.scratchElements();
        return new ReferenceOperation(spec, (long) coefficients + spec.expand().out().elements(), (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                Arrays.fill(scratch, coefficients, coefficients + spec.expand().out().elements(), 0);
                for (int row = 0; row < spec.block() * spec.block() * blocks; row++) {
                    int z = row / blocks;
                    expansion.addRow(arena, in + ((z * batch + n) * blocks + row % blocks) * channels, z, scratch, coefficients + row * expanded);
                }
                middle.run(scratch, coefficients, blocks * expanded, n, batch, arena, out, scratch);
            }
        });
    }

    @Override
    public Operation add(OperationSpec.Add spec) {
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            for (int i = 0; i < batch * spec.in().elements(); i++) {
                arena[out + i] = spec.activation().apply(arena[in + i] + arena[residual + i]);
            }
        });
    }

    @Override
    public Operation globalAveragePool(OperationSpec.GlobalAveragePool spec) {
        int area = spec.in().area();
        int channels = spec.in().channels();
        return new ReferenceOperation(spec, 0, (arena, in, out, residual, batch, scratch) -> {
            for (int n = 0; n < batch; n++) {
                for (int c = 0; c < channels; c++) {
                    double sum = 0;
                    for (int p = 0; p < area; p++) {
                        sum += arena[in + (n * area + p) * channels + c];
                    }
                    arena[out + n * channels + c] = sum / area;
                }
            }
        });
    }

    @Override
    public Workspace newWorkspace(int maxBatch, long elements, long scratchElements, int threads) {
        return new ReferenceWorkspace(maxBatch, elements, scratchElements);
    }

    private static void activate(Activation activation, double[] values, int from, int count) {
        if (activation != Activation.NONE) {
            for (int i = from; i < from + count; i++) {
                values[i] = activation.apply(values[i]);
            }
        }
    }

    /** {@code [rows][columns]} to {@code [columns][rows]}. */
    private static double[] transpose(float[] matrix, int rows, int columns) {
        double[] turned = new double[matrix.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                turned[column * rows + row] = matrix[row * columns + column];
            }
        }
        return turned;
    }

    private static double[] toDouble(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static double[] biasOrZero(float[] bias, int channels) {
        return bias == null ? new double[channels] : toDouble(bias);
    }
}
