package onecert.check;

import java.io.PrintStream;

/** The lines a sub-command prints. */
final class Answer {
    private final PrintStream out;

    Answer(PrintStream out) {
        this.out = out;
    }

    /** Prints one line; a value never makes two. */
    void put(String key, Object value) {
        out.println(key + "=" + String.valueOf(value).replaceAll("[\\r\\n]+", " "));
    }

    /** Something about the object that makes it wrong. The message becomes the line "error". */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String why) {
            super(why);
        }
    }

    /** Ends the sub-command unless what was checked holds. */
    static void require(boolean holds, String otherwise) throws Refused {
        if (!holds) {
            throw new Refused(otherwise);
        }
    }
}
