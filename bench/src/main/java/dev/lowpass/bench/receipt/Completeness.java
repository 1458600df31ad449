package dev.lowpass.bench.receipt;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Whether records that were read from a file have all that they must have: a file may have been edited, or be another program's. */
public final class Completeness {

    private Completeness() {}

    /**
     * @param file that the record was read from
     * @param field of the file that holds the record; empty for the whole file
     * @throws ReceiptException when a component that is not {@link MayBeAbsent}, or an element of a list, is null anywhere below; it names the first
     */
    public static void require(Path file, String field, Record record) throws ReceiptException {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            String name = (field.isEmpty() ? "" : field + ".") + component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
            Object value;
            try {
                value = component.getAccessor().invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e); // this module's own public records
            }
            if (value != null || !component.isAnnotationPresent(MayBeAbsent.class)) {
                requireValue(file, name, value);
            }
        }
    }

    private static void requireValue(Path file, String name, Object value) throws ReceiptException {
        if (value == null) {
            throw new ReceiptException(file + ": lacks the field \"" + name + "\"; name a file that lowpass wrote with --json, as it wrote it");
        } else if (value instanceof Record record) {
            require(file, name, record);
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                requireValue(file, name + "[" + i + "]", list.get(i));
            }
        }
    }
}
