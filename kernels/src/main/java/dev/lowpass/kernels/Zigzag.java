package dev.lowpass.kernels;

/**
 * JPEG's zigzag order of a block's coefficients: (0,0) (0,1) (1,0) (2,0) (1,1) (0,2) (0,3) ..., as (row, column).
 * Diagonal {@code d = row + column} runs downwards (row rising) when d is odd and upwards when it is even.
 */
public final class Zigzag {

    public static final int MIN_BLOCK = 2;
    public static final int MAX_BLOCK = 16;

    private static final Zigzag[] OF_BLOCK = new Zigzag[MAX_BLOCK + 1];

    static {
        for (int block = MIN_BLOCK; block <= MAX_BLOCK; block++) {
            OF_BLOCK[block] = new Zigzag(block);
        }
    }

    private final int block;
    private final int[] positionOfIndex;
    private final int[] indexOfPosition;

    private Zigzag(int block) {
        this.block = block;
        positionOfIndex = new int[block * block];
        indexOfPosition = new int[block * block];
        int z = 0;
        for (int diagonal = 0; diagonal < 2 * block - 1; diagonal++) {
            int low = Math.max(0, diagonal - block + 1);
            int high = Math.min(diagonal, block - 1);
            for (int i = low; i <= high; i++) {
                int row = diagonal % 2 == 1 ? i : low + high - i;
                int position = row * block + diagonal - row;
                positionOfIndex[z] = position;
                indexOfPosition[position] = z++;
            }
        }
    }

    /** The order for {@code block} x {@code block} coefficients, 2 to 16. */
    public static Zigzag of(int block) {
        checkBlock(block);
        return OF_BLOCK[block];
    }

    /** @throws IllegalArgumentException unless the block side is from 2 to 16 */
    public static void checkBlock(int block) {
        if (block < MIN_BLOCK || block > MAX_BLOCK) {
            throw new IllegalArgumentException("block " + block + " is out of range; a DCT block side is from " + MIN_BLOCK + " to " + MAX_BLOCK);
        }
    }

    public int block() {
        return block;
    }

    /** Coefficients of a block: {@code block * block}. */
    public int coefficients() {
        return block * block;
    }

    /** The row (vertical frequency) of zigzag index {@code z}. */
    public int row(int z) {
        return positionOfIndex[z] / block;
    }

    /** The column (horizontal frequency) of zigzag index {@code z}. */
    public int column(int z) {
        return positionOfIndex[z] % block;
    }

    /** The zigzag index of the coefficient at (row, column). */
    public int index(int row, int column) {
        return indexOfPosition[row * block + column];
    }

    /** The zigzag indices of all coefficients, row by row. */
    public int[] indices() {
        return indexOfPosition.clone();
    }
}
