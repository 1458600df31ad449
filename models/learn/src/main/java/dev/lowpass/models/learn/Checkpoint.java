package dev.lowpass.models.learn;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * All that an interrupted training needs to go on as if it had not been.
 *
 * @param recipe what decides the result, as text: a checkpoint only goes on with the recipe that it was made by
 * @param step steps done
 * @param vector the parameters
 * @param momentum the optimiser's memory, of the same length or a multiple of it
 */
record Checkpoint(String recipe, long step, float[] vector, float[] momentum) {

    private static final int MAGIC = 0x4c504350;

    /** Writes beside the target and moves into place, so that a kill leaves the old checkpoint or the new one. */
    void write(Path file) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part), 1 << 16))) {
                out.writeInt(MAGIC);
                out.writeUTF(recipe);
                out.writeLong(step);
                write(out, vector);
                write(out, momentum);
            }
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LearnException failure = new LearnException("cannot write the checkpoint " + file + ": " + e.getMessage()
                    + "; the last one is whole: make room and start the same command again", e);
            try {
                Files.deleteIfExists(part);
            } catch (IOException left) {
                failure.addSuppressed(left);
            }
            throw failure;
        }
    }

    /**
     * @param recipe that is expected
     * @param length of the vector that is expected
     * @param remembered length of the memory that is expected
     * @return nothing when there is no such file
     * @throws LearnException when the file is no checkpoint, or one of another network
     */
    static Optional<Checkpoint> read(Path file, String recipe, int length, int remembered) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            if (in.readInt() != MAGIC) {
                throw new LearnException(file + " is no checkpoint of this command; delete it or name another file with --checkpoint");
            }
            String made = in.readUTF();
            if (!made.equals(recipe)) {
                throw new LearnException("checkpoint " + file + " was made by another command: " + made + ", not " + recipe
                        + "; give the same options, delete it, or name another file with --checkpoint");
            }
            long step = in.readLong();
            float[] vector = read(in, file);
            float[] momentum = read(in, file);
            if (vector.length != length) {
                throw new LearnException("checkpoint " + file + " holds " + vector.length + " parameters, but this network has " + length
                        + "; delete it or name another file with --checkpoint");
            }
            if (momentum.length != remembered) {
                throw new LearnException("checkpoint " + file + " was made by another version; delete it or name another file with --checkpoint");
            }
            return Optional.of(new Checkpoint(made, step, vector, momentum));
        } catch (java.io.EOFException e) {
            throw new LearnException("checkpoint " + file + " is truncated; delete it or name another file with --checkpoint", e);
        }
    }

    private static void write(DataOutputStream out, float[] values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        bytes.asFloatBuffer().put(values);
        out.writeInt(values.length);
        out.write(bytes.array());
    }

    private static float[] read(DataInputStream in, Path file) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > (1 << 28)) {
            throw new LearnException("checkpoint " + file + " is corrupt; delete it or name another file with --checkpoint");
        }
        byte[] bytes = in.readNBytes(4 * length);
        if (bytes.length < 4 * length) {
            throw new java.io.EOFException();
        }
        float[] values = new float[length];
        ByteBuffer.wrap(bytes).asFloatBuffer().get(values);
        return values;
    }
}
