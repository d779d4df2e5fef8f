package dev.tapscope.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A command as somebody types it, where none of the jars has been built, and what comes of it. */
record Typed(int exit, String out, String err) {
  static Typed command(String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Screen screen = Screens.of(out, err);
    Path none = Path.of("missing.jar");
    int exit = Tapscope.run(screen, new Places(none, none, none), words);
    return new Typed(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
