package gemma2.text;

import gemma2.io.Fields;
import gemma2.io.InputException;
import gemma2.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads a SentencePiece model from the metadata of a GGUF file.
 *
 * <p>Converters mark as control pieces what a model's {@code tokenizer_config.json} calls special,
 * {@code <start_of_turn>} too, which SentencePiece takes from text. So control is what has a part
 * of its own, beginning, end and padding; of the others a piece is user-defined. And they write
 * user-defined pieces with spaces.
 */
final class GgufVocabulary {

  private static final String MODEL = "tokenizer.ggml.model";
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String SCORES = "tokenizer.ggml.scores";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String UNKNOWN = "tokenizer.ggml.unknown_token_id";

  private final Fields metadata;
  private final List<Json> tokens;
  private final List<Integer> types;
  private final int bos;
  private final int eos;
  private final int padding;
  private final int unknown;

  private GgufVocabulary(Fields metadata) {
    this.metadata = metadata;
    refuseOtherTokenizers();
    this.tokens = metadata.array(TOKENS);
    this.types = types();
    this.bos = id("tokenizer.ggml.bos_token_id");
    this.eos = id("tokenizer.ggml.eos_token_id");
    this.padding = idWhereGiven("tokenizer.ggml.padding_token_id", -1);
    this.unknown = idWhereGiven(UNKNOWN, types.indexOf(2));
  }

  /** Empty when the metadata says nothing of a tokenizer. */
  static Optional<Vocabulary> find(Fields metadata) {
    return metadata.find(MODEL).isEmpty()
        ? Optional.empty()
        : Optional.of(new GgufVocabulary(metadata).vocabulary());
  }

  private Vocabulary vocabulary() {
    List<Piece> pieces = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      pieces.add(piece(id));
    }
    List<Float> scores = scores();
    Map<String, Integer> ids = Vocabulary.index(metadata.source(), pieces);
    boolean byteFallback = pieces.stream().anyMatch(piece -> piece.type() == Piece.Type.BYTE);
    return new Vocabulary(
        metadata.source(),
        pieces,
        ids,
        unknown,
        bos,
        eos,
        padding < 0 ? OptionalInt.empty() : OptionalInt.of(padding),
        byteFallback,
        Vocabulary.Merges.byScore(pieces, ids, scores));
  }

  private void refuseOtherTokenizers() {
    if (!metadata.string(MODEL).equals("llama")) {
      throw metadata.wrong(MODEL, "\"llama\", which is SentencePiece", metadata.get(MODEL));
    }
    refuse("tokenizer.ggml.add_space_prefix", true, "puts a space in front of every text");
    refuse("tokenizer.ggml.remove_extra_whitespaces", true, "removes spaces from text");
    if (metadata.find("tokenizer.ggml.precompiled_charsmap").isPresent()) {
      throw refusal("tokenizer.ggml.precompiled_charsmap", "rewrites characters");
    }
    refuse("tokenizer.ggml.add_bos_token", false, "lets texts begin without BOS");
    refuse("tokenizer.ggml.add_eos_token", true, "ends every text with EOS");
  }

  private void refuse(String key, boolean value, String what) {
    if (metadata.flag(key, !value) == value) {
      throw refusal(key, what);
    }
  }

  private InputException refusal(String key, String what) {
    return new InputException(
        "tokenizer-unsupported",
        "%s: by \"%s\" the tokenizer %s, which Gemma 2's does not. Get another conversion of the"
                .formatted(metadata.source(), key, what)
            + " model.");
  }

  private Piece piece(int id) {
    String text = metadata.asString(TOKENS, tokens.get(id));
    if (text.isEmpty()) {
      throw new InputException(
          "tokenizer-corrupt",
          "%s: piece %d has no text. Get the file again.".formatted(metadata.source(), id));
    }
    Piece.Type type = type(id);
    return new Piece(type == Piece.Type.USER_DEFINED ? text.replace(' ', '▁') : text, type);
  }

  /**
   * Types are SentencePiece's: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
   */
  private Piece.Type type(int id) {
    if (id == unknown) {
      return Piece.Type.UNKNOWN;
    }
    if (id == bos || id == eos || id == padding) {
      return Piece.Type.CONTROL;
    }
    return switch (types.get(id)) {
      case 1 -> Piece.Type.NORMAL;
      case 3, 4 -> Piece.Type.USER_DEFINED;
      case 6 -> Piece.Type.BYTE;
      default -> Piece.Type.CONTROL;
    };
  }

  private List<Integer> types() {
    List<Integer> read = new ArrayList<>();
    for (Json type : oneForEachToken(TYPES)) {
      read.add(metadata.asInteger(TYPES, type, 1, 6));
    }
    return read;
  }

  private List<Float> scores() {
    List<Float> scores = new ArrayList<>();
    for (Json score : oneForEachToken(SCORES)) {
      if (!(score instanceof Json.Num(String digits)) || Double.isNaN(Double.parseDouble(digits))) {
        throw metadata.wrong(SCORES, "an array of numbers", score);
      }
      scores.add(Float.parseFloat(digits));
    }
    return scores;
  }

  private List<Json> oneForEachToken(String key) {
    List<Json> items = metadata.array(key);
    if (items.size() != tokens.size()) {
      throw metadata.wrong(
          key,
          "an array of one for each of the %d tokens".formatted(tokens.size()),
          new Json.Num(String.valueOf(items.size())));
    }
    return items;
  }

  private int idWhereGiven(String key, int otherwise) {
    return metadata.find(key).isPresent() ? id(key) : otherwise;
  }

  private int id(String key) {
    return metadata.integer(key, 0, tokens.size() - 1);
  }
}
