package gemma2.text;

import gemma2.io.Fields;
import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads {@code tokenizer.json}, the format of Hugging Face tokenizers, for a BPE model over unsplit
 * text with spaces written as ▁.
 *
 * <p>The file does not tell control pieces, which never come from text, from user-defined ones: the
 * four that Gemma's SentencePiece model calls control or unknown are told by their names.
 */
final class TokenizerJsonFile {

  private static final String BOS = "<bos>";
  private static final String EOS = "<eos>";
  private static final String PADDING = "<pad>";
  private static final Set<String> CONTROL = Set.of(BOS, EOS, PADDING);

  private final String source;
  private final Fields root;
  private final Fields model;

  private TokenizerJsonFile(String source, Fields root) {
    this.source = source;
    this.root = root;
    this.model = root.object("model");
  }

  static Vocabulary read(Path file) {
    String source = file.toString();
    Fields root = Fields.of(source, Json.parse(source, TextFile.read(file)));
    return new TokenizerJsonFile(source, root).vocabulary();
  }

  private record Pair(String left, String right) {}

  private Vocabulary vocabulary() {
    if (!model.string("type").equals("BPE")) {
      throw model.wrong("type", "\"BPE\"", model.get("type"));
    }
    checkNormalizer();
    checkPreTokenizer();
    boolean byteFallback = model.flag("byte_fallback", false);
    String unknown = model.string("unk_token");
    List<Piece> pieces = pieces(unknown, byteFallback);
    Map<String, Integer> ids = Vocabulary.index(source, pieces);
    Map<Pair, Integer> ranks = ranks();
    return new Vocabulary(
        source,
        pieces,
        ids,
        ids.getOrDefault(unknown, -1),
        ids.getOrDefault(BOS, -1),
        ids.getOrDefault(EOS, -1),
        ids.containsKey(PADDING) ? OptionalInt.of(ids.get(PADDING)) : OptionalInt.empty(),
        byteFallback,
        (left, right) -> {
          Integer rank = ranks.get(new Pair(left, right));
          return rank == null ? Vocabulary.Merges.NEVER : rank;
        });
  }

  /** Only {@code Replace " " by "▁"}. */
  private void checkNormalizer() {
    Fields normalizer = root.object("normalizer");
    boolean escapesSpaces =
        normalizer.string("type").equals("Replace")
            && normalizer.string("content").equals("▁")
            && normalizer.object("pattern").find("String").equals(Optional.of(new Json.Str(" ")));
    if (!escapesSpaces) {
      throw root.wrong(
          "normalizer", "the replacement of spaces by ▁ and nothing else", root.get("normalizer"));
    }
  }

  /** None, or a split at spaces, which are gone by then. */
  private void checkPreTokenizer() {
    if (root.find("pre_tokenizer").isPresent()) {
      Fields split = root.object("pre_tokenizer");
      boolean atSpaces =
          split.string("type").equals("Split")
              && split.object("pattern").find("String").equals(Optional.of(new Json.Str(" ")));
      if (!atSpaces) {
        throw root.wrong("pre_tokenizer", "absent or a split at spaces", root.get("pre_tokenizer"));
      }
    }
  }

  private List<Piece> pieces(String unknown, boolean byteFallback) {
    Map<String, Integer> ids = new HashMap<>();
    Fields vocab = model.object("vocab");
    for (String text : vocab.names()) {
      ids.put(text, vocab.integer(text, 0, Integer.MAX_VALUE));
    }
    Set<String> added = new HashSet<>();
    for (Json item : root.array("added_tokens")) {
      Fields token = Fields.of(source + ", \"added_tokens\"", item);
      added.add(token.string("content"));
      ids.put(token.string("content"), token.integer("id", 0, Integer.MAX_VALUE));
    }
    Piece[] pieces = new Piece[ids.size()];
    ids.forEach((text, id) -> {
      if (id >= pieces.length || pieces[id] != null) {
        throw new InputException(
            "tokenizer-corrupt",
            "%s: the id %d of piece %s is %s. Get the file again."
                .formatted(
                    source,
                    id,
                    text,
                    id >= pieces.length
                        ? "beyond the vocabulary of " + pieces.length
                        : "given to " + pieces[id].text() + " too"));
      }
      pieces[id] = new Piece(text, type(text, unknown, byteFallback, added));
    });
    return Arrays.asList(pieces);
  }

  private static Piece.Type type(
      String text, String unknown, boolean byteFallback, Set<String> added) {
    if (text.equals(unknown)) {
      return Piece.Type.UNKNOWN;
    }
    if (CONTROL.contains(text)) {
      return Piece.Type.CONTROL;
    }
    if (added.contains(text)) {
      return Piece.Type.USER_DEFINED;
    }
    return byteFallback && text.matches("<0x[0-9A-F]{2}>") ? Piece.Type.BYTE : Piece.Type.NORMAL;
  }

  /** Merges are written {@code ["a", "b"]}, in older files {@code "a b"}. */
  private Map<Pair, Integer> ranks() {
    Map<Pair, Integer> ranks = new HashMap<>();
    for (Json merge : model.array("merges")) {
      List<String> parts = new ArrayList<>();
      if (merge instanceof Json.Str(String both)) {
        parts.addAll(Arrays.asList(both.split(" ", -1)));
      } else {
        model.asArray("merges", merge).forEach(p -> parts.add(model.asString("merges", p)));
      }
      if (parts.size() != 2) {
        throw model.wrong("merges", "pairs of pieces", merge);
      }
      ranks.putIfAbsent(new Pair(parts.get(0), parts.get(1)), ranks.size());
    }
    return ranks;
  }
}
