package onecert.check;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** The command line. */
public final class Main {
    private Main() {}

    private interface Command {
        void run(Arguments arguments, Answer answer) throws Exception;
    }

    private static final Map<String, Command> COMMANDS = new TreeMap<>(Map.ofEntries(
            Map.entry("chain", Chain::run),
            Map.entry("cms-decrypt", Message::decrypt),
            Map.entry("cms-verify", Message::verify),
            Map.entry("crl", RevocationList::run),
            Map.entry("csr", Request::make),
            Map.entry("csr-verify", Request::verify),
            Map.entry("dump", Dump::run),
            Map.entry("envelope", KeyEnvelope::run),
            Map.entry("ocsp", Status::run),
            Map.entry("ocsp-request", Status::request),
            Map.entry("store", Store::run)));

    /**
     * Runs one sub-command and ends the process; without any words, runs one for each line of the
     * input until that ends, so that many questions need one start of the machine. There the words
     * are separated by tabs, and an answer ends with the line "exit=CODE".
     */
    public static void main(String[] words) throws IOException {
        Security.addProvider(new BouncyCastleProvider());
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        if (words.length > 0) {
            System.exit(run(words, out));
        }
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            out.println("exit=" + run(line.split("\t", -1), out));
        }
    }

    private static int run(String[] words, PrintStream out) {
        Command command = COMMANDS.get(words[0]);
        if (command == null) {
            new Answer(out).put("error", "the first word is one of " + String.join(", ", COMMANDS.keySet()));
            return 2;
        }
        return run(command, Arrays.copyOfRange(words, 1, words.length), out);
    }

    private static int run(Command command, String[] words, PrintStream out) {
        Answer answer = new Answer(out);
        try {
            command.run(new Arguments(words), answer);
            return 0;
        } catch (Arguments.Wrong wrong) {
            answer.put("error", wrong.getMessage());
            return 2;
        } catch (Exception refused) {
            answer.put("error", reasons(refused));
            return 1;
        }
    }

    /** The messages of an exception and its causes: BouncyCastle tells the reason in the innermost. */
    private static String reasons(Throwable thrown) {
        StringBuilder text = new StringBuilder();
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            text.append(text.isEmpty() ? "" : ": ").append(t.getClass().getSimpleName()).append(' ').append(t.getMessage());
        }
        return text.toString();
    }
}
