package dev.tapscope.train;

import dev.tapscope.io.WholeFile;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code metrics.jsonl}: one JSON object a line. Nothing in it depends on the time of day, so that
 * the file of a training that was resumed equals that of one that never stopped.
 */
final class MetricsLog implements AutoCloseable {
  static final String FILE = "metrics.jsonl";
  private static final JsonMapper JSON = new JsonMapper();

  private static final String REMEDY = "Make room, or make the folder writable.";

  private final LogFile file;

  private MetricsLog(LogFile file) {
    this.file = file;
  }

  /**
   * Goes on after the given step; later lines, of steps that are taken again, are dropped.
   *
   * @throws TapscopeException {@code file-unwritable}
   */
  static MetricsLog after(Path folder, long step) {
    Path file = folder.resolve(FILE);
    try {
      if (Files.exists(file)) {
        keepUntil(file, step);
      }
    } catch (IOException e) {
      throw LogFile.unwritable(file, REMEDY, e);
    } catch (UncheckedIOException e) { // of a line
      throw LogFile.unwritable(file, REMEDY, e.getCause());
    }
    return new MetricsLog(
        LogFile.open(file, REMEDY, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
  }

  private static void keepUntil(Path file, long step) throws IOException {
    WholeFile.writeThrough(
        file,
        out -> {
          try (Stream<String> lines = Files.lines(file)) {
            for (String line :
                (Iterable<String>) lines.takeWhile(l -> stepOf(l) <= step)::iterator) {
              out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            }
          }
        });
  }

  /** The step of a line; after all others for one that was cut off. */
  private static long stepOf(String line) {
    try {
      return JSON.readTree(line).path("step").asLong(Long.MAX_VALUE);
    } catch (JacksonException e) {
      return Long.MAX_VALUE;
    }
  }

  void add(List<StepMetrics> metrics) {
    for (StepMetrics one : metrics) {
      file.write((JSON.writeValueAsString(one.line()) + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Before a checkpoint, so that no line of a step before it can be lost. */
  void flush() {
    file.flush();
  }

  @Override
  public void close() {
    file.close();
  }
}
