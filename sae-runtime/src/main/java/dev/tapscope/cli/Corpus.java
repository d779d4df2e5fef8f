package dev.tapscope.cli;

import dev.tapscope.sae.Sha256;
import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.json.JsonMapper;

/**
 * A corpus, and its form that the model reads: one JSON object a line with an id and its content.
 *
 * @param paths its files in order
 * @param files the same, counted and hashed
 * @param characters length of all its documents, written as JSON
 */
record Corpus(List<Path> paths, List<Asked.CorpusFile> files, long characters) {
  private static final JsonMapper MAPPER = new JsonMapper();

  /**
   * Reads every document once, so that what is wrong with one is known before a model starts.
   *
   * @throws TapscopeException {@code corpus-unreadable}, {@code corpus-line} or {@code
   *     corpus-empty}
   */
  static Corpus of(List<Path> paths) {
    List<Asked.CorpusFile> files = new ArrayList<>();
    long characters = 0;
    for (Path path : paths) {
      long count = 0;
      try (Documents documents = new Documents(List.of(path))) {
        for (Optional<Documents.Document> document = documents.next();
            document.isPresent();
            document = documents.next()) {
          count++;
          characters += length(document.get());
        }
        files.add(
            new Asked.CorpusFile(
                path.getFileName().toString(), Files.size(path), Sha256.of(path), count));
      } catch (IOException e) {
        throw TapscopeException.failed(
            "corpus-unreadable", "The size of %s cannot be told: %s.".formatted(path, e), e);
      }
      requireDocuments(path, count);
    }
    return new Corpus(List.copyOf(paths), files, characters);
  }

  long documents() {
    return files.stream().mapToLong(Asked.CorpusFile::documents).sum();
  }

  /**
   * What was written for the model.
   *
   * @param characters length of the documents, as {@link Corpus#characters} counts
   */
  record Written(long count, long characters) {}

  /**
   * Writes the next documents for the model.
   *
   * @param most number of documents
   * @param id what the model calls a document
   */
  static Written write(
      Documents documents, int most, Function<Documents.Document, String> id, Path target) {
    long count = 0;
    long characters = 0;
    try (BufferedWriter out = Files.newBufferedWriter(target)) {
      while (count < most) {
        Optional<Documents.Document> document = documents.next();
        if (document.isEmpty()) {
          break;
        }
        count++;
        characters += length(document.get());
        out.write(
            MAPPER.writeValueAsString(
                document.get().content().put("id", id.apply(document.get()))));
        out.newLine();
      }
    } catch (IOException e) {
      throw TapscopeException.failed(
          "corpus-unwritable",
          "The documents for the model cannot be written to %s: %s. Make room there."
              .formatted(target, e),
          e);
    }
    return new Written(count, characters);
  }

  private static long length(Documents.Document document) {
    return document.content().toString().length();
  }

  private static void requireDocuments(Path source, long count) {
    if (count == 0) {
      throw TapscopeException.failed(
          "corpus-empty",
          "The corpus %s holds no document. Give one with some text.".formatted(source));
    }
  }
}
