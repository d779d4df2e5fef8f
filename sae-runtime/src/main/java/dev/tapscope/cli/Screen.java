package dev.tapscope.cli;

import dev.tapscope.view.Terminal;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Where a command writes: results to {@code out}, progress and errors to {@code err}.
 *
 * @param interactive whether {@code out} is a terminal
 * @param columns its width where known
 */
record Screen(
    PrintStream out,
    PrintStream err,
    Map<String, String> environment,
    boolean interactive,
    OptionalInt columns) {

  /** The process's own streams, in UTF-8; the start script says what the terminal is. */
  static Screen ofProcess() {
    return new Screen(
        new PrintStream(System.out, false, StandardCharsets.UTF_8),
        new PrintStream(System.err, true, StandardCharsets.UTF_8),
        System.getenv(),
        Boolean.getBoolean("tapscope.tty"),
        width(System.getProperty("tapscope.columns", "")));
  }

  /** The same for what is not to be seen unless it matters: errors go somewhere else. */
  Screen quiet(OutputStream errors) {
    return new Screen(
        out, new PrintStream(errors, true, StandardCharsets.UTF_8), environment, false, columns);
  }

  Terminal terminal(Terminal.Choice choice) {
    return Terminal.detect(environment, choice, interactive, columns);
  }

  /** A line of progress. */
  void say(String line) {
    err.println(line);
  }

  private static OptionalInt width(String text) {
    return text.matches("[1-9]\\d{0,4}")
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }
}
