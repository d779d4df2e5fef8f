package dev.tapscope.agent;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps the lines somebody is told, besides telling them. Thread-safe. */
final class Transcript {
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final PrintStream to;

  Transcript(PrintStream to) {
    this.to = to;
  }

  /** Where lines are told. */
  PrintStream stream() {
    OutputStream keeping =
        new OutputStream() {
          private final ByteArrayOutputStream line = new ByteArrayOutputStream();

          @Override
          public synchronized void write(int b) {
            if (b == '\n') {
              String text = line.toString(StandardCharsets.UTF_8).stripTrailing();
              line.reset();
              lines.add(text);
              to.println(text);
            } else {
              line.write(b);
            }
          }
        };
    return new PrintStream(keeping, true, StandardCharsets.UTF_8);
  }

  /** The lines so far; others may be added. */
  List<String> lines() {
    return lines;
  }
}
