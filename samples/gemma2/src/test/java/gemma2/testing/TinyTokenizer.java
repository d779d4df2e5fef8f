package gemma2.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes a SentencePiece model. The pieces, in this order: {@code <pad> <eos> <bos> <unk>}, three
 * user-defined ones, 256 bytes, then the letters and merges of a vocabulary made up for the tests.
 */
public final class TinyTokenizer {

  public static final int BYTES = 10;
  public static final int LETTERS = BYTES + 256;

  private final ByteArrayOutputStream model = new ByteArrayOutputStream();
  private final ByteArrayOutputStream trainer = new ByteArrayOutputStream();
  private final ByteArrayOutputStream normalizer = new ByteArrayOutputStream();

  /** A file of no pieces, with the settings of Gemma's. */
  public static TinyTokenizer empty() {
    TinyTokenizer tokenizer = new TinyTokenizer();
    tokenizer.trainer(3, 2).trainer(35, 1).trainer(40, 3).trainer(41, 2).trainer(42, 1);
    tokenizer.trainer(43, 0);
    return tokenizer.normalizer(3, 0).normalizer(4, 0);
  }

  /** The pieces of the tests. */
  public static TinyTokenizer standard() {
    TinyTokenizer tokenizer = empty().special();
    for (int b = 0; b < 256; b++) {
      tokenizer.piece("<0x%02X>".formatted(b), 0, 6);
    }
    return tokenizer.letters();
  }

  /** Ids 0 to 9. */
  public TinyTokenizer special() {
    piece("<pad>", 0, 3).piece("<eos>", 0, 3).piece("<bos>", 0, 3).piece("<unk>", 0, 2);
    piece("<start_of_turn>", 0, 4).piece("<end_of_turn>", 0, 4);
    return piece("\n", 0, 4).piece("\n\n", 0, 4).piece("▁▁", 0, 4).piece("▁▁▁", 0, 4);
  }

  /** Ids from 266 on: a b c d ▁ ab bc ▁a abc cd user model, then their letters. */
  public TinyTokenizer letters() {
    piece("a", -20, 1).piece("b", -20, 1).piece("c", -20, 1).piece("d", -20, 1).piece("▁", -20, 1);
    piece("ab", -2, 1).piece("bc", -1, 1).piece("▁a", -3, 1).piece("abc", -4, 1);
    piece("cd", -1, 1);
    for (String letter : "u s e r m o l".split(" ")) {
      piece(letter, -20, 1);
    }
    return this;
  }

  /** Appends a piece; types are 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte. */
  public TinyTokenizer piece(String text, float score, int type) {
    ByteArrayOutputStream piece = new ByteArrayOutputStream();
    bytes(piece, 1, text.getBytes(StandardCharsets.UTF_8));
    piece.write(2 << 3 | 5);
    piece.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(score).array());
    varintField(piece, 3, type);
    bytes(model, 1, piece.toByteArray());
    return this;
  }

  /** A field of the trainer's settings; the last one counts. */
  public TinyTokenizer trainer(int field, int value) {
    varintField(trainer, field, value);
    return this;
  }

  /** A field of the normalizer's settings; the last one counts. */
  public TinyTokenizer normalizer(int field, int value) {
    varintField(normalizer, field, value);
    return this;
  }

  /** A table of characters to be rewritten, as other models have it. */
  public TinyTokenizer charsMap() {
    bytes(normalizer, 2, new byte[] {1, 2, 3});
    return this;
  }

  /** The file's bytes. */
  public byte[] bytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(model.toByteArray());
    bytes(all, 2, trainer.toByteArray());
    bytes(all, 3, normalizer.toByteArray());
    return all.toByteArray();
  }

  /** Writes tokenizer.model. */
  public void write(Path folder) {
    try {
      Files.write(folder.resolve("tokenizer.model"), bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void varintField(ByteArrayOutputStream out, int field, int value) {
    varint(out, field << 3);
    varint(out, value);
  }

  private static void bytes(ByteArrayOutputStream out, int field, byte[] bytes) {
    varint(out, field << 3 | 2);
    varint(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void varint(ByteArrayOutputStream out, int value) {
    int rest = value;
    while (rest >= 0x80) {
      out.write(rest & 0x7F | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }
}
