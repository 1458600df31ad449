package dev.lowpass.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what nvcc's {@code -fatbin --no-compress} writes. NVIDIA documents the container nowhere; fields and their places are those that
 * {@code fatbinary} of CUDA 13.0 was seen to write, and that the project cuda-fatbin-decompression describes: a header of magic number,
 * version, header bytes (16 bits) and bytes to follow (64 bits), then entries of kind and version (16 bits each), header bytes (32),
 * payload bytes (64), compressed bytes (32), 8 bytes more, architecture (32) and, at byte 40, flags (64).
 */
final class FatBinary {

    /** Before the architecture of an entry of PTX, as {@code sm_} is before that of a binary. */
    static final String PTX = "compute_";

    private static final int MAGIC = 0xba55ed50;
    private static final short KIND_PTX = 1;
    private static final short KIND_ELF = 2;
    private static final long COMPRESSED = 0xa000;

    private static final int ELF_MAGIC = 0x464c457f;
    private static final String CODE_SECTION = ".text.";
    private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)\\s*\\(");

    private FatBinary() {}

    /** The names of the kernels of each entry, by {@code sm_90} or {@code compute_90}. Throws AssertionError on anything unexpected. */
    static Map<String, Set<String>> kernels(byte[] bytes) {
        ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(image.getInt(0) == MAGIC, "no fat binary: it starts with " + Integer.toHexString(image.getInt(0)));
        int at = image.getShort(6);
        require(at + image.getLong(8) == bytes.length, "a fat binary of " + bytes.length + " bytes says it has " + at + " + " + image.getLong(8));
        Map<String, Set<String>> kernels = new TreeMap<>();
        while (at < bytes.length) {
            int header = image.getInt(at + 4);
            int payload = Math.toIntExact(image.getLong(at + 8));
            int architecture = image.getInt(at + 28);
            require((image.getLong(at + 40) & COMPRESSED) == 0, "the entry for " + architecture + " is compressed");
            ByteBuffer content = image.slice(at + header, payload).order(ByteOrder.LITTLE_ENDIAN);
            short kind = image.getShort(at);
            require(kind == KIND_PTX || kind == KIND_ELF, "an entry of kind " + kind);
            String name = (kind == KIND_PTX ? PTX : "sm_") + architecture;
            require(kernels.put(name, kind == KIND_PTX ? ofPtx(content) : ofElf(content)) == null, "two entries for " + name);
            at += header + payload;
        }
        return kernels;
    }

    private static Set<String> ofPtx(ByteBuffer content) {
        Set<String> kernels = new TreeSet<>();
        Matcher entries = ENTRY.matcher(StandardCharsets.ISO_8859_1.decode(content));
        while (entries.find()) {
            kernels.add(entries.group(1));
        }
        return kernels;
    }

    /** A cubin is an ELF file of 64 bits: each kernel's code is a section of its own. */
    private static Set<String> ofElf(ByteBuffer elf) {
        require(elf.getInt(0) == ELF_MAGIC, "a binary that is no ELF file");
        int sections = Math.toIntExact(elf.getLong(40));
        int sectionBytes = elf.getShort(58);
        int count = elf.getShort(60);
        int names = Math.toIntExact(elf.getLong(sections + elf.getShort(62) * sectionBytes + 24));
        Set<String> kernels = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            int section = sections + i * sectionBytes;
            StringBuilder name = new StringBuilder();
            for (int at = names + elf.getInt(section); elf.get(at) != 0; at++) {
                name.append((char) elf.get(at));
            }
            if (name.toString().startsWith(CODE_SECTION)) {
                require(elf.getLong(section + 32) > 0, name + " is empty");
                kernels.add(name.substring(CODE_SECTION.length()));
            }
        }
        return kernels;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }
}
