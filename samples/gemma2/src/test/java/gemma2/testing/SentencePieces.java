package gemma2.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The pieces of a SentencePiece model, in the order of their ids. */
public final class SentencePieces {

  /** A piece; types are 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  public record Scored(String text, float score, int type) {}

  private SentencePieces() {}

  /** Reads the pieces of a model, whose fields are as sentencepiece_model.proto numbers them. */
  public static List<Scored> of(byte[] model) {
    List<Scored> pieces = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(model);
    while (in.hasRemaining()) {
      int key = varint(in);
      int length = varint(in);
      ByteBuffer message = in.slice(in.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      in.position(in.position() + length);
      if (key == (1 << 3 | 2)) {
        pieces.add(piece(message));
      }
    }
    return pieces;
  }

  private static Scored piece(ByteBuffer in) {
    String text = "";
    float score = 0;
    int type = 1;
    while (in.hasRemaining()) {
      switch (varint(in)) {
        case 1 << 3 | 2 -> {
          byte[] bytes = new byte[varint(in)];
          in.get(bytes);
          text = new String(bytes, StandardCharsets.UTF_8);
        }
        case 2 << 3 | 5 -> score = in.getFloat();
        case 3 << 3 -> type = varint(in);
        default -> throw new IllegalArgumentException("a piece has three fields");
      }
    }
    return new Scored(text, score, type);
  }

  private static int varint(ByteBuffer in) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }
}
