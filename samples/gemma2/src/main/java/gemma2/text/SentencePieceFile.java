package gemma2.text;

import gemma2.io.InputException;
import gemma2.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Reads {@code tokenizer.model}, a SentencePiece model of type BPE. Field numbers are those of
 * sentencepiece_model.proto.
 */
final class SentencePieceFile {

  private static final int BPE = 2;

  private final String source;
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();

  // The defaults of sentencepiece_model.proto.
  private int modelType = 1;
  private boolean byteFallback = false;
  private int unknown = 0;
  private int bos = 1;
  private int eos = 2;
  private int padding = -1;
  private boolean charsMapped = false;
  private boolean dummyPrefix = true;
  private boolean spacesRemoved = true;
  private boolean spacesEscaped = true;

  private SentencePieceFile(String source) {
    this.source = source;
  }

  static Vocabulary read(Path file) {
    SentencePieceFile model = new SentencePieceFile(file.toString());
    model.readModel(new ProtoReader(file.toString(), TextFile.readBytes(file)));
    return model.vocabulary();
  }

  private void readModel(ProtoReader model) {
    while (model.next()) {
      switch (model.field()) {
        case 1 -> readPiece(model.message());
        case 2 -> readTrainer(model.message());
        case 3 -> readNormalizer(model.message());
        default -> model.skip();
      }
    }
  }

  private void readPiece(ProtoReader piece) {
    String text = "";
    float score = 0;
    int type = 1;
    while (piece.next()) {
      switch (piece.field()) {
        case 1 -> text = piece.string();
        case 2 -> score = piece.number();
        case 3 -> type = piece.integer();
        default -> piece.skip();
      }
    }
    if (text.isEmpty()) {
      throw new InputException(
          "tokenizer-corrupt",
          "%s: piece %d has no text. Get the file again.".formatted(source, pieces.size()));
    }
    if (Float.isNaN(score)) {
      throw new InputException(
          "tokenizer-corrupt",
          "%s: piece %d, %s, has no score. Get the file again."
              .formatted(source, pieces.size(), text));
    }
    pieces.add(new Piece(text, type(text, type)));
    scores.add(score);
  }

  private Piece.Type type(String text, int type) {
    return switch (type) {
      case 1 -> Piece.Type.NORMAL;
      case 2 -> Piece.Type.UNKNOWN;
      case 3 -> Piece.Type.CONTROL;
      case 4 -> Piece.Type.USER_DEFINED;
      case 6 -> Piece.Type.BYTE;
      default ->
          throw new InputException(
              "tokenizer-unsupported",
              "%s: piece %s has type %d, and only normal, unknown, control, user-defined and byte"
                      .formatted(source, text, type)
                  + " pieces are supported. Use a Gemma tokenizer.");
    };
  }

  private void readTrainer(ProtoReader trainer) {
    while (trainer.next()) {
      switch (trainer.field()) {
        case 3 -> modelType = trainer.integer();
        case 35 -> byteFallback = trainer.flag();
        case 40 -> unknown = trainer.integer();
        case 41 -> bos = trainer.integer();
        case 42 -> eos = trainer.integer();
        case 43 -> padding = trainer.integer();
        default -> trainer.skip();
      }
    }
  }

  private void readNormalizer(ProtoReader normalizer) {
    while (normalizer.next()) {
      switch (normalizer.field()) {
        case 2 -> charsMapped = normalizer.byteCount() > 0;
        case 3 -> dummyPrefix = normalizer.flag();
        case 4 -> spacesRemoved = normalizer.flag();
        case 5 -> spacesEscaped = normalizer.flag();
        default -> normalizer.skip();
      }
    }
  }

  private Vocabulary vocabulary() {
    refuse(modelType != BPE, "is not of type BPE");
    refuse(charsMapped, "rewrites characters before it splits text");
    refuse(dummyPrefix, "puts a space in front of every text");
    refuse(spacesRemoved, "removes spaces from text");
    refuse(!spacesEscaped, "does not write spaces as ▁");
    Map<String, Integer> ids = Vocabulary.index(source, pieces);
    return new Vocabulary(
        source,
        pieces,
        ids,
        unknown,
        bos,
        eos,
        padding < 0 ? OptionalInt.empty() : OptionalInt.of(padding),
        byteFallback,
        Vocabulary.Merges.byScore(pieces, ids, scores));
  }

  private void refuse(boolean unsupported, String what) {
    if (unsupported) {
      throw new InputException(
          "tokenizer-unsupported",
          "The tokenizer %s %s, which Gemma 2 does not and this program cannot."
                  .formatted(source, what)
              + " Use the tokenizer that came with the model.");
    }
  }
}
