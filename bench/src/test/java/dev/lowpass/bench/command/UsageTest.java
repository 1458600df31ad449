package dev.lowpass.bench.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class UsageTest {

    @Test
    void versionNamesProgramAndJava() {
        Execution version = Execution.of("--version");
        assertEquals(0, version.status());
        assertTrue(version.out().matches("lowpass \\d+\\.\\d+\\.\\d+\\S*\\R.*Java \\d+(?s:.*)"), version.out());
    }

    @Test
    void helpListsEveryCommand() {
        Execution help = Execution.of("--help");
        assertEquals(0, help.status());
        for (String command : List.of("classify", "eval", "inspect", "explain", "verify", "import", "export", "bench", "compare", "report", "doctor")) {
            assertTrue(help.out().contains("\n  " + command + " "), command + " in " + help.out());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classify", "eval", "inspect", "explain", "verify", "import", "export", "bench", "compare", "report", "doctor"})
    void everyCommandHasHelpAndVersion(String command) {
        Execution help = Execution.of(command, "--help");
        assertEquals(0, help.status());
        assertTrue(help.out().startsWith("Usage: lowpass " + command + " "), help.out());
        assertTrue(help.out().contains("--verbose") && help.out().contains("Exit codes:"), help.out());
        assertEquals(0, Execution.of(command, "--version").status());
    }

    /** The remedy of a command that has no batch is memory alone. */
    @ParameterizedTest
    @CsvSource({"import, allow more", "classify, allow more", "eval, 'use a smaller --batch, or allow more'", "bench, 'use a smaller --batch, or allow more'"})
    void outOfMemoryAdvisesWhatTheCommandHas(String command, String advice) {
        StringWriter err = new StringWriter();
        CommandLine root = CommandLines.create(new PrintWriter(new StringWriter()), new PrintWriter(err));
        root.getSubcommands().get(command).setErr(new PrintWriter(err));
        assertEquals(1, CommandLines.report(root.getSubcommands().get(command), new OutOfMemoryError()));
        assertTrue(err.toString().matches("lowpass: out of memory: the JVM's heap ends at [^;]+; " + advice + ", for example by LOWPASS_JAVA_OPTS=-Xmx8g\\R"), err.toString());
    }

    @Test
    void noCommandIsUsageError() {
        Execution nothing = Execution.of();
        assertEquals(2, nothing.status());
        assertEquals("lowpass: Missing command; name one of classify, eval, inspect, explain, verify, import, export, bench, compare, report, doctor (see 'lowpass --help')", nothing.message());
    }

    @Test
    void unknownCommandAndOptionAreUsageErrors() {
        Execution command = Execution.of("clasify");
        assertEquals(2, command.status());
        assertEquals("lowpass: Unmatched argument at index 0: 'clasify'; did you mean classify? (see 'lowpass --help')", command.message());
        Execution option = Execution.of("doctor", "--jsn", "x");
        assertEquals(2, option.status());
        assertTrue(option.message().startsWith("lowpass: Unknown option: '--jsn'") || option.message().startsWith("lowpass: Unknown options: '--jsn'"), option.message());
    }

    @Test
    void missingParametersAreUsageErrors() {
        assertEquals("lowpass: Missing required parameter: 'MODEL' (see 'lowpass verify --help')", Execution.of("verify").message());
        assertEquals(2, Execution.of("verify").status());
        Execution eval = Execution.of("eval", "-m", "x");
        assertEquals(2, eval.status());
        assertEquals("lowpass: Missing required options: '--images=DIR', '--labels=CSV' (see 'lowpass eval --help')", eval.message());
    }
}
