package onecert.check;

import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The words after the sub-command: --name value pairs, and the rest. */
final class Arguments {
    private final Map<String, List<String>> named = new TreeMap<>();
    private final List<String> rest = new ArrayList<>();

    /** Wrong usage. */
    static final class Wrong extends Exception {
        private static final long serialVersionUID = 1;

        Wrong(String message) {
            super(message);
        }
    }

    Arguments(String[] words) throws Wrong {
        for (int i = 0; i < words.length; i++) {
            if (!words[i].startsWith("--")) {
                rest.add(words[i]);
                continue;
            }
            if (i + 1 == words.length) {
                throw new Wrong(words[i] + " needs a value");
            }
            named.computeIfAbsent(words[i].substring(2), name -> new ArrayList<>()).add(words[++i]);
        }
    }

    /** Every value given under a name. */
    List<String> all(String name) {
        return named.getOrDefault(name, List.of());
    }

    /** The one value of a name, or the default. */
    String get(String name, String otherwise) throws Wrong {
        List<String> values = all(name);
        if (values.size() > 1) {
            throw new Wrong("--" + name + " is given twice");
        }
        return values.isEmpty() ? otherwise : values.get(0);
    }

    String need(String name) throws Wrong {
        String value = get(name, null);
        if (value == null) {
            throw new Wrong("--" + name + " is missing");
        }
        return value;
    }

    Path file(String name) throws Wrong {
        return Path.of(need(name));
    }

    /** The one file that stands without a name before it. */
    Path file() throws Wrong {
        if (rest.size() != 1) {
            throw new Wrong("exactly one file is expected");
        }
        return Path.of(rest.get(0));
    }

    /** The moment to judge at, as 2026-01-02T03:04:05Z; now unless given. */
    Date at() throws Wrong {
        String text = get("at", null);
        try {
            return text == null ? new Date() : Date.from(Instant.parse(text));
        } catch (java.time.format.DateTimeParseException e) {
            throw new Wrong("--at wants a time like 2026-01-02T03:04:05Z");
        }
    }

    /** A serial in hexadecimal, null if none is given. */
    BigInteger serial() throws Wrong {
        String text = get("serial", null);
        try {
            return text == null ? null : new BigInteger(text, 16);
        } catch (NumberFormatException e) {
            throw new Wrong("--serial wants a hexadecimal number");
        }
    }
}
