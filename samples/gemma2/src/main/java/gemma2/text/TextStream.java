package gemma2.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns tokens into text one by one. Bytes are held back until they make a whole character; bytes
 * that never do become U+FFFD.
 */
public final class TextStream {

  private final Tokenizer tokenizer;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** The bytes of a character that is not whole yet. */
  private final ByteBuffer pending = ByteBuffer.allocate(8);

  public TextStream(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The text of many tokens. */
  public static String decode(Tokenizer tokenizer, int[] ids) {
    TextStream stream = new TextStream(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.next(id));
    }
    return text.append(stream.finish()).toString();
  }

  /** The text that this token completes, perhaps none. */
  public String next(int id) {
    Piece piece = tokenizer.piece(id);
    if (piece.type() != Piece.Type.BYTE) {
      return finish() + tokenizer.decode(id);
    }
    pending.put((byte) Integer.parseInt(piece.text().substring(3, 5), 16));
    return drain(false);
  }

  /** What is left: U+FFFD for a character that was never finished. */
  public String finish() {
    String rest = drain(true);
    utf8.reset();
    return rest;
  }

  private String drain(boolean end) {
    CharBuffer out = CharBuffer.allocate(16);
    pending.flip();
    utf8.decode(pending, out, end);
    if (end) {
      utf8.flush(out);
    }
    pending.compact();
    return out.flip().toString();
  }
}
