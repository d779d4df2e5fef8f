package dev.tapscope.cli;

import dev.tapscope.store.Asked;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is run over a corpus for its activations. */
final class ReadingFlags {
  private static final Set<String> KINDS = Set.of("bos", "eos", "pad");

  @Mixin private CorpusModelFlags model;
  @Mixin private CorpusFlags corpus;

  @Option(
      names = "--documents-per-piece",
      defaultValue = "512",
      paramLabel = "N",
      description =
          "Documents of one run of the model (${DEFAULT-VALUE}), and of one file of a store. What"
              + " is ended loses the piece under way, no more.")
  private int documentsPerPiece;

  @Option(
      names = "--keep",
      split = ",",
      paramLabel = "bos,eos,pad",
      description = "Tokens whose rows are left out otherwise.")
  private Set<String> keep = Set.of();

  @Option(
      names = "--leave-out",
      split = ",",
      paramLabel = "ID",
      description = "More token ids whose rows are left out.")
  private Set<Integer> leaveOut = Set.of();

  /** Whether a model or a corpus was named. */
  boolean given() {
    return model.given() || corpus.given();
  }

  /**
   * What is run.
   *
   * @throws TapscopeException {@code model-missing}, {@code corpus-place} or {@code jar-missing}
   */
  HarvestedModel model(Places places) {
    return model.reading(places);
  }

  /**
   * Checks what can be checked before the corpus is read.
   *
   * @throws TapscopeException {@code keep-unknown} or {@code piece-size}
   */
  void check() {
    if (!KINDS.containsAll(keep)) {
      throw TapscopeException.usage(
          "keep-unknown",
          "--keep takes bos, eos and pad, joined by commas; %s were given."
              .formatted(String.join(", ", keep)));
    }
    if (documentsPerPiece < 1) {
      throw TapscopeException.usage(
          "piece-size",
          "Pieces of %d documents were asked for. Give at least 1.".formatted(documentsPerPiece));
    }
  }

  /**
   * Reads every document once.
   *
   * @throws TapscopeException {@code option-missing}, and what is wrong with a document
   */
  Corpus corpus() {
    return Corpus.of(corpus.files());
  }

  /** All that decides the rows. */
  Asked asked(String sites, String dtype, HarvestedModel read, Corpus documents) {
    return new Asked(
        sites,
        dtype,
        model.profile(),
        read.command(),
        read.files(),
        documents.files(),
        documentsPerPiece,
        List.copyOf(new TreeSet<>(keep)),
        List.copyOf(new TreeSet<>(leaveOut)));
  }
}
