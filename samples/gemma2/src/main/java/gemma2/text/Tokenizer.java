package gemma2.text;

import gemma2.io.Gguf;
import gemma2.io.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to token ids and back. Spaces become ▁; user-defined pieces are taken whole, the longest
 * first; the rest is merged by BPE; characters without a piece become bytes. Control pieces never
 * come from text. Immutable and safe to share.
 */
public final class Tokenizer {

  private final Vocabulary vocabulary;

  /** The user-defined pieces by their first character, longest first. */
  private final Map<Character, List<Whole>> userDefined = new HashMap<>();

  /** A piece taken from text whole. */
  private record Whole(String text, int id) {}

  public Tokenizer(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    for (int id = 0; id < size(); id++) {
      Piece piece = vocabulary.pieces().get(id);
      if (piece.type() == Piece.Type.USER_DEFINED) {
        Whole whole = new Whole(escapeSpaces(piece.text()), id);
        userDefined.computeIfAbsent(whole.text().charAt(0), c -> new ArrayList<>()).add(whole);
      }
    }
    Comparator<Whole> byLength = Comparator.comparingInt(whole -> whole.text().length());
    userDefined.values().forEach(wholes -> wholes.sort(byLength.reversed()));
  }

  /**
   * Reads {@code tokenizer.model} of a folder or, where there is none, {@code tokenizer.json}; or
   * what the metadata of a GGUF file says. Empty when there is neither.
   */
  public static Optional<Tokenizer> find(Path model) {
    Optional<Gguf> gguf = Gguf.find(model);
    return gguf.isPresent()
        ? GgufVocabulary.find(gguf.get().metadata()).map(Tokenizer::new)
        : findInFolder(model);
  }

  private static Optional<Tokenizer> findInFolder(Path folder) {
    Path sentencePiece = folder.resolve("tokenizer.model");
    Path json = folder.resolve("tokenizer.json");
    if (Files.exists(sentencePiece)) {
      return Optional.of(new Tokenizer(SentencePieceFile.read(sentencePiece)));
    }
    if (Files.exists(json)) {
      return Optional.of(new Tokenizer(TokenizerJsonFile.read(json)));
    }
    return Optional.empty();
  }

  /** How many ids there are. */
  public int size() {
    return vocabulary.pieces().size();
  }

  /** The id that begins a text. */
  public int bos() {
    return vocabulary.bos();
  }

  /** The id that ends a text. */
  public int eos() {
    return vocabulary.eos();
  }

  /** The id that fills up texts of unequal length, where the tokenizer names one. */
  public OptionalInt padding() {
    return vocabulary.padding();
  }

  /**
   * The text of one token: ▁ as a space, a byte as {@code <0x0A>}, control pieces by name, and an
   * id that has no piece, as a model with a padded vocabulary may produce, as {@code <283>}.
   */
  public String decode(int id) {
    Piece piece = piece(id);
    return piece.type() == Piece.Type.BYTE ? piece.text() : piece.text().replace('▁', ' ');
  }

  /** The id of a piece that must be there. */
  public int require(String piece) {
    Integer id = vocabulary.ids().get(piece);
    if (id == null) {
      throw new InputException(
          "tokenizer-piece",
          "The tokenizer %s has no piece %s, which a chat needs. Use the tokenizer that came with"
                  .formatted(vocabulary.source(), piece)
              + " the model, or give the prompt as plain text.");
    }
    return id;
  }

  /** The ids of a text, nothing put in front. */
  public int[] encode(String text) {
    String escaped = escapeSpaces(text);
    List<Integer> ids = new ArrayList<>();
    int plainFrom = 0;
    int at = 0;
    while (at < escaped.length()) {
      Optional<Whole> whole = userDefinedAt(escaped, at);
      if (whole.isEmpty()) {
        at += Character.charCount(escaped.codePointAt(at));
      } else {
        merge(escaped.substring(plainFrom, at), ids);
        ids.add(whole.get().id());
        at += whole.get().text().length();
        plainFrom = at;
      }
    }
    merge(escaped.substring(plainFrom), ids);
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  Piece piece(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("There is no token id " + id + ".");
    }
    return id < size() ? vocabulary.pieces().get(id) : new Piece("<" + id + ">", Piece.Type.NORMAL);
  }

  /** Half a surrogate pair is no character: it becomes U+FFFD. */
  private static String escapeSpaces(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints()
        .map(c -> c == ' ' ? '▁' : c)
        .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
        .forEach(escaped::appendCodePoint);
    return escaped.toString();
  }

  private Optional<Whole> userDefinedAt(String text, int at) {
    return userDefined.getOrDefault(text.charAt(at), List.of()).stream()
        .filter(whole -> text.startsWith(whole.text(), at))
        .findFirst();
  }

  private void merge(String text, List<Integer> ids) {
    boolean afterUnknown = false;
    for (String piece : Bpe.split(vocabulary.merges(), text)) {
      OptionalInt id = vocabulary.fromText(piece);
      if (id.isPresent()) {
        ids.add(id.getAsInt());
      } else if (vocabulary.byteFallback()) {
        for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
          ids.add(vocabulary.ids().get(Vocabulary.bytePiece(b & 0xFF)));
        }
      } else if (!afterUnknown) {
        // Unknown characters in a row are one unknown piece.
        ids.add(vocabulary.unknown());
      }
      afterUnknown = id.isEmpty();
    }
  }
}
