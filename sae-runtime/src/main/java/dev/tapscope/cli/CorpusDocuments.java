package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Documents of one or more corpora in one file, as the model reads them.
 *
 * @param file JSON lines
 * @param count number of documents
 */
record CorpusDocuments(Path file, int count) {
  private static final JsonMapper MAPPER = new JsonMapper();

  /**
   * Gathers a corpus.
   *
   * @param folder where the file is put
   */
  static CorpusDocuments gather(Corpus corpus, Path folder) {
    Path all = folder.resolve("documents.jsonl");
    try (Documents documents = new Documents(corpus.paths())) {
      Harvest.write(documents, Integer.MAX_VALUE, all);
    }
    return new CorpusDocuments(all, Math.toIntExact(corpus.documents()));
  }

  /**
   * The same documents as token ids, each with the model's end token after it.
   *
   * @param ends tokens that end a text, of which the first is taken
   */
  CorpusDocuments ended(SampleModel model, SortedSet<Integer> ends, Places places) {
    int end =
        ends.stream()
            .findFirst()
            .orElseThrow(() ->
                TapscopeException.failed(
                    "eos-missing",
                    "The model %s names no token that ends a text, eos_token_id, to end documents with. Leave --eos away."
                        .formatted(model.path())));
    Path ended = file.resolveSibling("ended.jsonl");
    JsonNode tokenized = model.tokenized(places, List.of("--prompts", file.toString()));
    try (BufferedWriter out = Files.newBufferedWriter(ended)) {
      for (JsonNode result : tokenized.path("results")) {
        ObjectNode document = MAPPER.createObjectNode().put("id", result.path("id").asString(""));
        ArrayNode ids = document.putArray("ids");
        result.path("ids").forEach(ids::add);
        ids.add(end);
        out.write(MAPPER.writeValueAsString(document));
        out.newLine();
      }
    } catch (IOException e) {
      throw unwritable(ended, e);
    }
    return new CorpusDocuments(ended, tokenized.path("results").size());
  }

  private static TapscopeException unwritable(Path file, IOException e) {
    return TapscopeException.failed(
        "file-unwritable",
        "%s cannot be written: %s. Make room, or set java.io.tmpdir to another folder."
            .formatted(file, e.getMessage()),
        e);
  }
}
