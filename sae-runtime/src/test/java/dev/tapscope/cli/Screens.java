package dev.tapscope.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;

/** Screens that nobody looks at. */
final class Screens {
  private Screens() {}

  static Screen of(OutputStream out, OutputStream err) {
    return new Screen(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        Map.of(),
        false,
        OptionalInt.empty());
  }
}
