package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.zip.GZIPInputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The documents of files, one after the other. A file whose name ends with {@code .jsonl} has an
 * object with {@code text}, {@code ids} or {@code messages} a line; any other is plain text, each
 * line that is not blank a document. Either may be compressed by gzip, which its first bytes tell.
 */
final class Documents implements AutoCloseable {
  private static final List<String> CONTENTS = List.of("text", "ids", "messages");
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Queue<Path> files;
  private Optional<BufferedReader> lines = Optional.empty();
  private Path file = Path.of("");
  private boolean objects;
  private int number;

  Documents(List<Path> files) {
    this.files = new ArrayDeque<>(files);
  }

  /**
   * A document.
   *
   * @param file where it stands
   * @param line number of its line there, from 1
   * @param content an object with one of {@code text}, {@code ids} and {@code messages}
   */
  record Document(Path file, int line, ObjectNode content) {}

  /**
   * The next document.
   *
   * @throws TapscopeException {@code corpus-unreadable} or {@code corpus-line}
   */
  Optional<Document> next() {
    return nextLine()
        .map(line ->
            new Document(
                file,
                number,
                objects ? content(line) : MAPPER.createObjectNode().put("text", line)));
  }

  /** Passes over documents without reading what is in them. */
  void skip(long count) {
    for (long i = 0; i < count; i++) {
      nextLine();
    }
  }

  private Optional<String> nextLine() {
    try {
      while (lines.isPresent() || !files.isEmpty()) {
        if (lines.isEmpty()) {
          open(files.remove());
        }
        String line = lines.orElseThrow().readLine();
        number++;
        if (line == null) {
          closeFile();
        } else if (!line.isBlank()) {
          return Optional.of(line);
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw TapscopeException.failed(
          "corpus-unreadable",
          "The corpus %s cannot be read as UTF-8 text, plain or compressed by gzip: %s. Check the path."
              .formatted(file, e),
          e);
    }
  }

  private void open(Path next) throws IOException {
    file = next;
    number = 0;
    objects = next.getFileName().toString().replaceFirst("\\.gz$", "").endsWith(".jsonl");
    InputStream bytes = new BufferedInputStream(Files.newInputStream(next));
    bytes.mark(2);
    boolean gzip = bytes.read() == 0x1f && bytes.read() == 0x8b;
    bytes.reset();
    lines =
        Optional.of(
            new BufferedReader(
                new InputStreamReader(
                    gzip ? new GZIPInputStream(bytes) : bytes,
                    StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT))));
  }

  private void closeFile() throws IOException {
    if (lines.isPresent()) {
      lines.get().close();
      lines = Optional.empty();
    }
  }

  /** The line's content alone: what else it holds, such as labels, is nothing to the model. */
  private ObjectNode content(String line) {
    try {
      JsonNode node = MAPPER.readTree(line);
      for (String key : CONTENTS) {
        if (node.has(key)) {
          return MAPPER.createObjectNode().set(key, node.get(key));
        }
      }
    } catch (JacksonException e) {
      throw badLine("it is no JSON (" + e.getOriginalMessage() + ")");
    }
    throw badLine("it has none of text, ids and messages");
  }

  private TapscopeException badLine(String why) {
    return TapscopeException.failed(
        "corpus-line",
        "Line %d of %s is no document: %s. Correct the line or take it out."
            .formatted(number, file, why));
  }

  @Override
  public void close() {
    try {
      closeFile();
    } catch (IOException e) {
      throw TapscopeException.failed(
          "corpus-unreadable", "The corpus %s could not be closed: %s.".formatted(file, e), e);
    }
  }
}
