package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A corpus in the form the model reads: one JSON object a line with an id and its content. */
final class Corpus {
  private static final String[] CONTENTS = {"text", "ids", "messages"};
  private static final JsonMapper MAPPER = new JsonMapper();

  private Corpus() {}

  /**
   * Rewrites a corpus.
   *
   * @param source a {@code .jsonl} file whose lines have {@code text}, {@code ids} or {@code
   *     messages}; any other file is plain text, each line that is not blank a document
   * @return number of documents
   * @throws TapscopeException {@code corpus-unreadable}, {@code corpus-line} or {@code
   *     corpus-empty}
   */
  static int write(Path source, Path target) {
    boolean objects = source.getFileName().toString().endsWith(".jsonl");
    int number = 0;
    int documents = 0;
    try (BufferedReader lines = Files.newBufferedReader(source);
        BufferedWriter out = Files.newBufferedWriter(target)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (!line.isBlank()) {
          ObjectNode document = objects ? content(source, number, line) : text(line);
          document.put("id", "line " + number);
          out.write(MAPPER.writeValueAsString(document));
          out.newLine();
          documents++;
        }
      }
    } catch (IOException e) {
      throw TapscopeException.failed(
          "corpus-unreadable",
          "The corpus " + source + " cannot be read as UTF-8 text: " + e + ". Check the path.",
          e);
    }
    if (documents == 0) {
      throw TapscopeException.failed(
          "corpus-empty", "The corpus " + source + " holds no document. Give one with some text.");
    }
    return documents;
  }

  private static ObjectNode text(String line) {
    return MAPPER.createObjectNode().put("text", line);
  }

  /** The line's content alone: what else it holds, such as labels, is nothing to the model. */
  private static ObjectNode content(Path source, int number, String line) {
    try {
      JsonNode node = MAPPER.readTree(line);
      for (String key : CONTENTS) {
        if (node.has(key)) {
          return MAPPER.createObjectNode().set(key, node.get(key));
        }
      }
    } catch (JacksonException e) {
      throw badLine(source, number, "it is no JSON (" + e.getOriginalMessage() + ")");
    }
    throw badLine(source, number, "it has none of text, ids and messages");
  }

  private static TapscopeException badLine(Path source, int number, String why) {
    return TapscopeException.failed(
        "corpus-line",
        "Line %d of %s is no document: %s. Correct the line or take it out."
            .formatted(number, source, why));
  }
}
