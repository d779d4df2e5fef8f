package gemma2.cli;

import gemma2.io.Fields;
import gemma2.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What a command line came to. */
record Outcome(int code, String out, String err) {

  static Outcome run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    int code = Main.run(args, console);
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  Fields json() {
    return Fields.of("stdout", Json.parse("stdout", out));
  }

  Fields result(int index) {
    return Fields.of("result", json().array("results").get(index));
  }
}
