package dev.tapscope.folder;

import dev.tapscope.tap.JsonLines;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A file of one JSON object a line. */
final class LinesFile implements JsonLines {
  private final Path file;
  private final BufferedWriter out;
  private boolean closed;

  LinesFile(Path file) throws IOException {
    this.file = file;
    this.out = Files.newBufferedWriter(WholeFile.temporary(file), StandardCharsets.UTF_8);
  }

  @Override
  public synchronized void add(Map<String, ?> object) {
    if (closed) {
      throw new IllegalStateException("The run folder is closed; nothing more can be written.");
    }
    String line = JsonText.of(object);
    try {
      out.write(line);
      out.write('\n');
    } catch (IOException e) {
      closed = true;
      throw RunDirectory.unwritten(file, e, "its lines so far are in " + WholeFile.temporary(file));
    }
  }

  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      out.close();
      WholeFile.finish(file);
    } catch (IOException e) {
      throw RunDirectory.unwritten(file, e, "its lines so far are in " + WholeFile.temporary(file));
    }
  }
}
