package dev.lowpass.runtime.file;

import java.io.IOException;

/** A model file that is refused: the message names the file, the tensor or field, the value, the rule and the remedy. */
public final class ModelFormatException extends IOException {

    private static final long serialVersionUID = 1;

    public ModelFormatException(String message) {
        super(oneLine(message));
    }

    public ModelFormatException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** Names come from the file and may hold anything: a control character would break the message's one line. */
    private static String oneLine(String message) {
        StringBuilder text = null;
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            boolean control = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
            if (control && text == null) {
                text = new StringBuilder(message.length() + 16).append(message, 0, i);
            }
            if (text != null) {
                text.append(control ? String.format("\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        return text == null ? message : text.toString();
    }
}
