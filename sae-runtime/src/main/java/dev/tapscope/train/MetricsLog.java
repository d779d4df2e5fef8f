package dev.tapscope.train;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

  private final Path file;
  private final BufferedWriter out;

  private MetricsLog(Path file, BufferedWriter out) {
    this.file = file;
    this.out = out;
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
      return new MetricsLog(
          file,
          Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static void keepUntil(Path file, long step) throws IOException {
    Path part = file.resolveSibling(FILE + ".tmp");
    try (Stream<String> lines = Files.lines(file);
        BufferedWriter kept = Files.newBufferedWriter(part)) {
      for (String line : (Iterable<String>) lines.takeWhile(l -> stepOf(l) <= step)::iterator) {
        kept.write(line);
        kept.write('\n');
      }
    }
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
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
    try {
      for (StepMetrics one : metrics) {
        out.write(JSON.writeValueAsString(one.line()));
        out.write('\n');
      }
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** Before a checkpoint, so that no line of a step before it can be lost. */
  void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static TapscopeException unwritable(Path file, IOException e) {
    return TapscopeException.failed(
        "file-unwritable",
        "%s cannot be written: %s. Training has stopped; the last checkpoint is kept. Make room, or make the folder writable, and go on with --resume."
            .formatted(file, e),
        e);
  }
}
